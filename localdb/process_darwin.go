package localdb

import "syscall"

// dieWithParent does nothing: macOS has no such signal. A server that outlives us is used by the
// next start.
func dieWithParent(*syscall.SysProcAttr) {}
