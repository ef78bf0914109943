//go:build linux || darwin

// Package scratch says where files go that may be lost.
package scratch

import (
	"os"
	"syscall"
)

// Dir is a folder for files that may be lost: in memory where there is room, since a database is
// made there in a tenth of the time that a slow disk takes.
func Dir() string {
	const memory, room = "/dev/shm", 4 << 30 // bytes
	var stat syscall.Statfs_t
	if err := syscall.Statfs(memory, &stat); err != nil || stat.Bavail*uint64(stat.Bsize) < room {
		return os.TempDir()
	}
	return memory
}
