//go:build linux || darwin

package localdb

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a data folder and what lies in it.
type folder struct {
	dir    string // belongs to the server's user, mode 0700
	socket string // folder of the Unix socket: dir, or a short one when dir is long
	owner  owner  // the user the server runs as
}

func (f folder) data() string { return filepath.Join(f.dir, "data") }
func (f folder) log() string  { return filepath.Join(f.dir, "server.log") }
func (f folder) lock() string { return filepath.Join(f.dir, "lock") }

// longestSocket is how long the path of a Unix socket may be on the systems we run on.
const longestSocket = 103

// openFolder makes the data folder when it is absent, and checks that the server could live there.
// A folder with anything else in it is refused: nothing of it is touched.
func openFolder(dir string) (folder, error) {
	f := folder{dir: dir, socket: dir}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("open the data folder: %w", err)
	}
	if len(entries) > 0 && !ours(entries) {
		return f, fmt.Errorf("%s holds other files; give the database a folder of its own", dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // the server's user must pass through
		return f, fmt.Errorf("make the data folder: %w", err)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return f, fmt.Errorf("make the data folder: %w", err)
	}
	if f.owner, err = chooseOwner(f.data()); err != nil {
		return f, err
	}
	if err := f.owner.mayEnter(parent); err != nil {
		return f, err
	}
	if err := f.owner.makeDir(dir); err != nil {
		return f, fmt.Errorf("make the data folder: %w", err)
	}
	if len(filepath.Join(dir, ".s.PGSQL."+port+".lock")) > longestSocket {
		sum := sha256.Sum256([]byte(dir))
		f.socket = filepath.Join("/tmp", "kartify-"+hex.EncodeToString(sum[:8]))
		if err := f.owner.makeDir(f.socket); err != nil {
			return f, fmt.Errorf("make a folder for the socket: %w", err)
		}
	}
	return f, nil
}

// removeFolder deletes a data folder. What is none, or in use, is left as it is.
func removeFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the data folder: %w", err)
	}
	if len(entries) > 0 && !ours(entries) {
		return fmt.Errorf("%s holds other files; it is not deleted", dir)
	}
	pid, err := folder{dir: dir}.runningPID()
	if err != nil {
		return err
	}
	if pid != 0 {
		return fmt.Errorf("a PostgreSQL (process %d) runs in %s; stop what started it first", pid, dir)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("delete the data folder: %w", err)
	}
	return nil
}

// ours says whether a folder that is not empty was made by us.
func ours(entries []fs.DirEntry) bool {
	for _, e := range entries {
		if e.Name() == "lock" {
			return true
		}
	}
	return false
}

// major is the PostgreSQL version that made the data, or "" when there is none yet.
func (f folder) major() (string, error) {
	raw, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the version of the data folder: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// secret is a password kept in the folder, made at first use.
func (f folder) secret(name string) (string, error) {
	path := filepath.Join(f.dir, name+".password")
	raw, err := os.ReadFile(path) //nolint:gosec // our own file
	if err == nil && len(raw) > 0 {
		return strings.TrimSpace(string(raw)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read a password of the database: %w", err)
	}
	password := rand.Text()
	if err := os.WriteFile(path, []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("write a password of the database: %w", err)
	}
	if err := f.owner.give(path); err != nil { // initdb reads it
		return "", fmt.Errorf("write a password of the database: %w", err)
	}
	return password, nil
}
