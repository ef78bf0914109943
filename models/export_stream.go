package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// exportStreams counts the exports this process is sending, so that pages keep their connections.
type exportStreams struct{ busy atomic.Int32 }

func (s *exportStreams) take() bool {
	if s.busy.Add(1) > maxStreams {
		s.busy.Add(-1)
		return false
	}
	return true
}

func (s *exportStreams) release() { s.busy.Add(-1) }

// ExportStream is an export that is sent while it is made. Send must follow.
type ExportStream struct {
	*Export
	db   *DB
	plan *ExportPlan
	by   Actor
}

// StreamExport prepares an export to be sent while it is made. What stands against it is a Problem, and
// shows before the first byte.
func (db *DB) StreamExport(ctx context.Context, req ExportRequest) (*ExportStream, error) {
	if !db.streams.take() {
		return nil, conflictf("Other exports are being sent at this moment. Try again in a minute, or have the file made in the background.")
	}
	req.Streamed = true
	plan, err := db.startExport(ctx, req)
	if err != nil {
		db.streams.release()
		return nil, err
	}
	return &ExportStream{Export: plan.Export, db: db, plan: plan, by: req.User.Actor(req.Address)}, nil
}

// Send writes the file. Only without an error was it all of it; otherwise whoever receives it must be
// told by breaking the connection off.
func (s *ExportStream) Send(ctx context.Context, to io.Writer) error {
	defer s.db.streams.release()
	limited, cancel := context.WithTimeout(ctx, streamPatience)
	defer cancel()
	var far progress
	beating, stop := s.db.beat(limited, s.Export, &far)
	err := s.db.writeExport(beating, s.plan, to, &far)
	stop()
	s.State = ExportDone
	if err != nil {
		s.fail(err, fmt.Sprintf("The download broke off after %d orders.", s.Written))
	}
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if settled := s.db.settleExport(settling, s.Export, s.by); settled != nil {
		err = errors.Join(err, settled)
	}
	if err != nil {
		return fmt.Errorf("send export %s: %w", s.ID, err)
	}
	return nil
}
