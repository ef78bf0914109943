//go:build linux || darwin

package localdbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/localdb"
	"github.com/kartify/kartify/localdb/internal/lockfile"
	"github.com/kartify/kartify/localdb/internal/scratch"
)

// The server has to outlive the program that started it, because others share it, and must not
// outlive them all. So it has a keeper: this very program, run once more with keeperEnv set. The
// keeper ends the server when nobody has been connected for a while.
const (
	keeperEnv = "KARTIFY_TEST_KEEPER" // the base folder, in a keeper's environment
	lull      = 3 * time.Second       // how long nobody is connected before the server ends
	templates = 6                     // how many are kept from run to run
)

func init() {
	base := os.Getenv(keeperEnv)
	if base == "" {
		return
	}
	syscall.CloseOnExec(3) // the server would keep it open
	if err := keep(base, os.NewFile(3, "report")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// baseDir is this user's folder for the tests' server. What is in it may be deleted at any time.
func baseDir() (string, error) {
	base := filepath.Join(scratch.Dir(), "kartify-test-"+strconv.Itoa(os.Geteuid()))
	err := os.Mkdir(base, 0o711)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(base)
	if err != nil {
		return "", err
	}
	if !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s is not a folder of this user", base)
	}
	return base, nil
}

// joinServer connects to the server of base, which it has started when it does not run.
func joinServer(ctx context.Context, base string) (*host, error) {
	// Held until this program is connected: the keeper does not end the server meanwhile.
	unlock, err := lockfile.Lock(ctx, filepath.Join(base, "lock"))
	if err != nil {
		return nil, fmt.Errorf("wait for another test run to start: %w", err)
	}
	defer unlock()
	if url, err := os.ReadFile(urlFile(base)); err == nil {
		if h, err := openHost(ctx, string(url)); err == nil {
			return h, nil
		}
	}
	if err := startKeeper(base); err != nil {
		return nil, err
	}
	url, err := os.ReadFile(urlFile(base))
	if err != nil {
		return nil, err
	}
	return openHost(ctx, string(url))
}

func urlFile(base string) string { return filepath.Join(base, "url") }

// startKeeper runs a keeper, apart from this program, and waits until its server answers.
func startKeeper(base string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(base, "keeper.log")) // not ours: go test would wait for it
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	report, reporting, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = report.Close() }()
	cmd := exec.Command(self) //nolint:noctx // ourselves, outliving the call
	cmd.Dir, cmd.Env = base, append(os.Environ(), keeperEnv+"="+base)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.ExtraFiles = []*os.File{reporting}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is not for it
	err = cmd.Start()
	_ = reporting.Close()
	if err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }()
	if err := report.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	said, err := io.ReadAll(report) // until the keeper closes it
	if err != nil || string(said) != "ready" {
		return fmt.Errorf("the keeper of the tests' PostgreSQL did not get it to run: %s (%w)", said, err)
	}
	return nil
}

// keep runs the server of base until nobody needs it. On report it says "ready", or why not.
func keep(base string, report io.WriteCloser) error {
	ctx := context.Background()
	server, h, err := openServer(ctx, base)
	if err != nil {
		_, _ = io.WriteString(report, err.Error())
		return err
	}
	_, _ = io.WriteString(report, "ready")
	_ = report.Close()

	for quiet := time.Now(); ; time.Sleep(300 * time.Millisecond) {
		alone, err := h.alone(ctx)
		if err != nil {
			return errors.Join(err, server.Stop(ctx))
		}
		if !alone {
			quiet = time.Now()
		}
		if time.Since(quiet) < lull {
			continue
		}
		if done, err := stopIfAlone(ctx, base, server, h); done || err != nil {
			return err
		}
		quiet = time.Now()
	}
}

// openServer starts the server. It does not wait for the disk, so after a crash of the machine its
// files cannot be trusted: they are thrown away when they do not start or were not closed cleanly.
func openServer(ctx context.Context, base string) (*localdb.Server, *host, error) {
	dir := filepath.Join(base, "postgres")
	options := localdb.Options{Dir: dir, Fast: true, Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	_, statErr := os.Stat(filepath.Join(dir, "data", "postmaster.pid"))
	server, err := localdb.Start(ctx, options)
	unclean := statErr == nil && err == nil && server.Started()
	if unclean {
		err = errors.New("the tests' PostgreSQL was not closed cleanly")
		_ = server.Stop(ctx)
	}
	if _, statErr := os.Stat(dir); err != nil && statErr == nil {
		fmt.Println(err)
		if err := os.RemoveAll(dir); err != nil {
			return nil, nil, err
		}
		server, err = localdb.Start(ctx, options)
	}
	if err != nil {
		return nil, nil, err
	}
	url := server.URL("postgres")
	h := &host{url: url, idle: make(chan *pgx.Conn, 1)}
	if err := h.dropOldTemplates(ctx, templates); err != nil {
		return nil, nil, errors.Join(err, server.Stop(ctx))
	}
	if err := os.WriteFile(urlFile(base), []byte(url), 0o600); err != nil {
		return nil, nil, errors.Join(err, server.Stop(ctx))
	}
	return server, h, nil
}

// alone says whether nobody but the keeper is connected.
func (h *host) alone(ctx context.Context) (bool, error) {
	conn, err := h.conn(ctx)
	if err != nil {
		return false, err
	}
	defer h.release(conn)
	var others int
	err = conn.QueryRow(ctx, "select count(*) from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()").Scan(&others)
	return others == 0, err
}

// stopIfAlone ends the server, unless a program is about to connect.
func stopIfAlone(ctx context.Context, base string, server *localdb.Server, h *host) (bool, error) {
	soon, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	unlock, err := lockfile.Lock(soon, filepath.Join(base, "lock"))
	if err != nil {
		return false, nil //nolint:nilerr // somebody is starting
	}
	defer unlock()
	if alone, err := h.alone(ctx); !alone || err != nil {
		return false, err
	}
	return true, server.Stop(ctx)
}
