package localdb

import "syscall"

// dieWithParent has the server stop cleanly when this program dies, even by a kill.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
