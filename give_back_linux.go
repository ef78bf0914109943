package main

import (
	"fmt"
	"os"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// giveBack lets go of the pages of the program's file that the start has touched and serving does not need: its
// code and constants, not its data. What is wanted again comes back from the kernel's memory of the file, without
// a disk; what is not is the first to go when the machine runs short. See madvise(2), MADV_COLD and MADV_DONTNEED.
func giveBack() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program's file: %w", err)
	}
	self, err := procfs.Self()
	if err != nil {
		return fmt.Errorf("look at the own process: %w", err)
	}
	maps, err := self.ProcMaps()
	if err != nil {
		return fmt.Errorf("read where the program lies in memory: %w", err)
	}
	for _, m := range maps {
		if m.Pathname != program || m.Perms.Write || !m.Perms.Read {
			continue
		}
		for _, advice := range []uintptr{unix.MADV_COLD, unix.MADV_DONTNEED} {
			if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, advice); errno != 0 && errno != unix.EINVAL { // an old kernel does not know cold
				return fmt.Errorf("give pages back: %w", errno)
			}
		}
	}
	return nil
}
