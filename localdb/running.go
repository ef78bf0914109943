//go:build linux || darwin

package localdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// awaitRunning says whether a server runs in the folder and answers. One that is starting or
// stopping is waited for. The file of a server that died is left for the next one to judge.
func (f folder) awaitRunning(ctx context.Context, url string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		pid, err := f.runningPID()
		if pid == 0 || err != nil {
			return false, err
		}
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			closeConn(conn)
			return true, nil
		}
		if isState(err, wrongPassword) {
			return false, fmt.Errorf("a PostgreSQL (process %d) runs in %s that does not know our password: %w", pid, f.dir, err)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("a PostgreSQL (process %d) runs in %s and does not answer; end it and start again: %w", pid, f.dir, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// runningPID is the process of the server in the folder, or 0. When the file names a process that
// is not this server, because its number was given out again, the file is marked as stale: the server
// would otherwise refuse to start.
func (f folder) runningPID() (int, error) {
	path := filepath.Join(f.data(), "postmaster.pid")
	raw, err := os.ReadFile(path) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("see whether PostgreSQL runs: %w", err)
	}
	first, rest, _ := bytes.Cut(raw, []byte("\n"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(first)))
	if err != nil || pid <= 0 || syscall.Kill(pid, 0) != nil { // gone, or another user's
		return 0, nil
	}
	if f.serves(pid) {
		return pid, nil
	}
	// Its other lines stay: by them the server checks that no old session is left on its memory.
	stale := append([]byte(strconv.Itoa(unusedPID)+"\n"), rest...)
	if err := os.WriteFile(path, stale, 0o600); err != nil { //nolint:gosec // our own folder
		return 0, fmt.Errorf("mark a stale postmaster.pid: %w", err)
	}
	return 0, nil
}

// unusedPID is above what any system gives out.
const unusedPID = 1<<31 - 2

// serves says whether a live process is the server of this folder, whose working directory is the
// data; where that cannot be seen, whether it is a PostgreSQL at all.
func (f folder) serves(pid int) bool {
	if cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
		data, err := filepath.EvalSymlinks(f.data())
		return err == nil && cwd == data
	}
	name, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec,noctx // a number, and at once
	return err != nil || strings.Contains(string(name), "postgres")
}
