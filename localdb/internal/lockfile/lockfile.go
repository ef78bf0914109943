//go:build linux || darwin

// Package lockfile keeps programs on one machine from doing a thing at the same time.
package lockfile

import (
	"context"
	"os"
	"syscall"
	"time"
)

// Lock waits until nobody else holds the file, which is made when absent. The lock goes with the
// process that holds it, however it ends.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller's own file
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
