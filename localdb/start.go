//go:build linux || darwin

package localdb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/localdb/internal/lockfile"
)

// superuser is for the launcher alone.
const superuser = "postgres"

// startIn uses the server that runs in dir, or starts one there. Programs that come at the same
// time wait for each other.
func startIn(ctx context.Context, dir string, o Options) (*Server, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	unlock, err := lockfile.Lock(ctx, f.lock())
	if err != nil {
		return nil, fmt.Errorf("wait for another start in %s: %w", dir, err)
	}
	defer unlock()

	s := &Server{folder: f}
	if s.password, err = f.secret(role); err != nil {
		return nil, err
	}
	running, err := f.awaitRunning(ctx, s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	if running {
		o.Log("PostgreSQL is already running in %s.", dir)
		return s, nil
	}
	if err := s.launch(ctx, o); err != nil {
		return nil, err
	}
	return s, nil
}

// launch starts a server on the folder, with a new data folder when there is none.
func (s *Server) launch(ctx context.Context, o Options) error {
	f := s.folder
	major, err := f.major()
	if err != nil {
		return err
	}
	bin, err := findBinaries(ctx, f.owner, major, o.Log)
	if err != nil {
		return err
	}
	master, err := f.secret(superuser)
	if err != nil {
		return err
	}
	if major == "" {
		o.Log("Making a database in %s with PostgreSQL %s (%s).", f.dir, bin.version, bin.dir)
		if err := f.initialise(ctx, bin); err != nil {
			return err
		}
	}
	began := time.Now()
	for {
		err := s.run(ctx, bin, master, settings(f, o))
		if err == nil {
			break
		}
		if !errors.Is(err, errOldSessions) || time.Since(began) > 10*time.Second {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	o.Log("PostgreSQL %s runs in %s (%d ms).", bin.version, f.dir, time.Since(began).Milliseconds())
	return nil
}

// errOldSessions says that processes of a server that was killed are still ending.
var errOldSessions = errors.New("sessions of a killed server are still ending")

// run starts the server and waits until it answers. One that does not is stopped again.
func (s *Server) run(ctx context.Context, bin binaries, master string, args []string) error {
	var err error
	if s.process, err = startProcess(s.folder, bin, args); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err = s.awaitReady(ctx, master); err == nil {
		return nil
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_ = s.process.stop(stopping) // the first error says more
	return err
}

// initialise makes the data folder aside and moves it into place, so that a half-made one is never
// taken for data.
func (f folder) initialise(ctx context.Context, bin binaries) error {
	fresh := f.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear what an interrupted start left: %w", err)
	}
	// Collation C sorts alike everywhere; the character type makes ILIKE and trigrams know every
	// script. Not every system has the first of these.
	var out []byte
	var err error
	for _, ctype := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, "initdb"), //nolint:gosec // found by findBinaries
			"--pgdata="+fresh, "--username="+superuser, "--pwfile="+filepath.Join(f.dir, superuser+".password"),
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--lc-ctype="+ctype, "--no-sync", "--no-instructions")
		cmd.Dir, cmd.Env, cmd.SysProcAttr = f.dir, environment(), f.owner.attributes()
		if out, err = cmd.CombinedOutput(); err == nil {
			break
		}
		_ = os.RemoveAll(fresh)
	}
	if err != nil {
		return fmt.Errorf("make a data folder with initdb: %w: %s", err, out)
	}
	if err := os.Rename(fresh, f.data()); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return nil
}

// settings are the server's command line.
func settings(f folder, o Options) []string {
	set := map[string]string{
		"listen_addresses":        "", // no TCP
		"unix_socket_directories": f.socket,
		"unix_socket_permissions": "0700",
		"port":                    port,
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"lc_messages":             "C",
		"max_connections":         "200",
		"shared_buffers":          "128MB",
		"jit":                     "off", // compiling costs more than our short queries
	}
	if o.Fast {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "autovacuum"} {
			set[name] = "off"
		}
		set["wal_level"], set["max_wal_senders"], set["max_wal_size"] = "minimal", "0", "256MB"
	}
	maps.Copy(set, o.Settings)
	args := []string{"-D", f.data()}
	for name, value := range set {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// awaitReady waits until the server answers role, which it makes when it is new.
func (s *Server) awaitReady(ctx context.Context, master string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // after a crash it replays its log first
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		switch {
		case err == nil:
			closeConn(conn)
			return nil
		case isState(err, wrongPassword):
			if err := s.makeRole(ctx, master); err != nil {
				return err
			}
			return s.CreateDatabase(ctx, role)
		}
		select {
		case <-s.process.done:
			return ended(tail(s.folder.log()))
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w (%w)", err, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// ended is the error of a server that did not start, from the end of its log.
func ended(log string) error {
	if strings.Contains(log, "pre-existing shared memory block") {
		return fmt.Errorf("%w:\n%s", errOldSessions, log)
	}
	return fmt.Errorf("PostgreSQL ended while it started:\n%s", log)
}

// makeRole makes the role kartify, or gives it the password we know.
func (s *Server) makeRole(ctx context.Context, master string) error {
	conn, err := pgx.Connect(ctx, address(superuser, master, s.folder.socket, "postgres"))
	if err != nil {
		return fmt.Errorf("make the role %s: %w", role, err)
	}
	defer closeConn(conn)
	_, err = conn.Exec(ctx, "create role "+role)
	if err != nil && !isState(err, duplicateObject) {
		return fmt.Errorf("make the role %s: %w", role, err)
	}
	// rand.Text has no quote in it
	_, err = conn.Exec(ctx, "alter role "+role+" login createdb nosuperuser nobypassrls password '"+s.password+"'")
	if err != nil {
		return fmt.Errorf("make the role %s: %w", role, err)
	}
	return nil
}

// environment is all that PostgreSQL gets of ours.
func environment() []string {
	return []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC"}
}
