//go:build linux || darwin

package localdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// process is a server that this program started.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it is gone
}

// startProcess runs postgres as the folder's owner, in a process group of its own, so that Ctrl-C
// reaches us first.
func startProcess(f folder, bin binaries, args []string) (*process, error) {
	out, err := os.OpenFile(f.log(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // our own file
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()                               // the server has its own handle
	cmd := exec.Command(filepath.Join(bin.dir, "postgres"), args...) //nolint:gosec,noctx // found by findBinaries; it outlives the call
	cmd.Dir, cmd.Env = f.dir, environment()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = f.owner.attributes()
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)

	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel sends the death signal when the thread that forked ends
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
		close(p.done)
	}()
	return p, <-started
}

// stop asks the server to close its sessions and write its data, and waits for it.
func (p *process) stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it recovers from its log at the next start
	<-p.done
	return fmt.Errorf("PostgreSQL did not stop in time and was ended at once: %w", context.Cause(ctx))
}

// attributes make a child run as the owner.
func (o owner) attributes() *syscall.SysProcAttr {
	if !o.drop {
		return &syscall.SysProcAttr{}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: o.uid, Gid: o.gid}}
}

// tail is the last lines of a log, for an error.
func tail(path string) string {
	raw, err := os.ReadFile(path) //nolint:gosec // our own log
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return cmp.Or(strings.Join(lines[max(0, len(lines)-8):], "\n"), "nothing was logged")
}
