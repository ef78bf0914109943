//go:build linux || darwin

package localdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is the user that the server runs as. PostgreSQL refuses to run as root.
type owner struct {
	name     string
	uid, gid uint32
	drop     bool // we are root, and the server is not
}

// chooseOwner is ourselves, unless we are root: then whoever owns the data already, or else the
// user postgres, or else nobody.
func chooseOwner(data string) (owner, error) {
	if os.Geteuid() != 0 {
		return owner{name: "this user", uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil //nolint:gosec // ids fit
	}
	names := []string{"postgres", "nobody"}
	if info, err := os.Stat(data); err == nil {
		if uid := info.Sys().(*syscall.Stat_t).Uid; uid != 0 {
			u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
			if err != nil {
				return owner{}, fmt.Errorf("find the user that owns %s: %w", data, err)
			}
			names = []string{u.Username}
		}
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return owner{}, fmt.Errorf("read the ids of user %s: %w", name, err)
		}
		return owner{name: name, uid: uint32(uid), gid: uint32(gid), drop: true}, nil
	}
	return owner{}, errors.New("PostgreSQL does not run as root, and this system has neither a user postgres nor a user nobody; add one, or set DATABASE_URL")
}

// mayEnter says which folder on the way to dir keeps the server's user out, or nil.
func (o owner) mayEnter(dir string) error {
	if !o.drop {
		return nil
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return fmt.Errorf("look at %s: %w", d, err)
		}
		if !o.passes(info) {
			return fmt.Errorf("PostgreSQL runs as user %s, who may not enter %s (%s); choose another data folder", o.name, d, info.Mode())
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

func (o owner) passes(info fs.FileInfo) bool {
	stat := info.Sys().(*syscall.Stat_t)
	switch {
	case stat.Uid == o.uid:
		return info.Mode()&0o100 != 0
	case stat.Gid == o.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

// makeDir makes a folder that only the server's user may enter. One that is there must be ours.
func (o owner) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		return o.give(dir)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	uid := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", dir)
	case uid != o.uid && (!o.drop || uid != 0):
		return fmt.Errorf("%s belongs to another user (id %d)", dir, uid)
	}
	if err := o.give(dir); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a folder is entered by its x
}

// give makes a file the server's.
func (o owner) give(path string) error {
	if !o.drop {
		return nil
	}
	return os.Lchown(path, int(o.uid), int(o.gid))
}
