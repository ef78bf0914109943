//go:build linux || darwin

package localdb

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Replica starts a second server in dir that streams every change from s, for those who try out what a replica
// is for. s must write its log for replicas, which it does unless it is Fast.
func (s *Server) Replica(ctx context.Context, dir string) (*Server, error) {
	if s.given != "" {
		return nil, errors.New("only a private PostgreSQL is given a replica")
	}
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	quiet := func(string, ...any) {}
	major, err := s.folder.major()
	if err != nil {
		return nil, err
	}
	bin, err := findBinaries(ctx, f.owner, major, quiet)
	if err != nil {
		return nil, err
	}
	master, err := s.folder.secret(superuser)
	if err != nil {
		return nil, err
	}
	from := address(superuser, master, s.folder.socket, "postgres")
	cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, "pg_basebackup"), "--pgdata", f.data(), "--dbname", from, "--write-recovery-conf", "--checkpoint", "fast") //nolint:gosec // found by findBinaries
	cmd.Dir, cmd.Env, cmd.SysProcAttr = f.dir, environment(), f.owner.attributes()
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the database: %w: %s", err, said)
	}
	r := &Server{folder: f, password: s.password}
	if err := r.run(ctx, bin, master, settings(f, Options{})); err != nil {
		return nil, err
	}
	return r, nil
}
