//go:build !linux && !darwin

package localdb

import (
	"context"
	"errors"
)

// On other systems kartify uses the database of DATABASE_URL and starts none.
type (
	folder  struct{ socket string }
	process struct{ done chan struct{} }
)

var errUnsupported = errors.New("kartify starts its own PostgreSQL on Linux and macOS; on this system set DATABASE_URL to one that runs")

func startIn(context.Context, string, Options) (*Server, error) { return nil, errUnsupported }

// Replica starts no second server on this system.
func (s *Server) Replica(context.Context, string) (*Server, error) { return nil, errUnsupported }

func removeFolder(string) error { return errUnsupported }

func (p *process) stop(context.Context) error { return nil }
