package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/migrations"
)

// drain is how long requests under way may take to finish after a stop.
const drain = 20 * time.Second

// health is whether this copy should be sent requests.
type health struct {
	url     string     // of the database
	queue   *jobs.Jobs // nil when this copy serves pages only
	log     *slog.Logger
	leaving atomic.Bool

	mu      sync.Mutex
	checked time.Time
	schema  error
}

// recheck is how often the schema is looked at.
const recheck = time.Minute

// ready says why no requests should come here, or nil.
func (h *health) ready(ctx context.Context) error {
	if h.leaving.Load() {
		return errors.New("this copy is about to stop")
	}
	if err := h.knowsSchema(ctx); err != nil {
		return err
	}
	if h.queue == nil {
		return nil
	}
	return h.queue.Working()
}

// knowsSchema looks now and then whether the tables are those this program knows. Newer ones are no reason to
// stop: while copies are replaced one by one, the first new one brings them.
func (h *health) knowsSchema(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.schema == nil && time.Since(h.checked) < recheck {
		return nil
	}
	err := migrations.Check(ctx, h.url)
	if errors.Is(err, migrations.ErrNewer) {
		h.log.WarnContext(ctx, "a newer kartify has changed the database; replace this copy", "why", err)
		err = nil
	}
	h.schema, h.checked = err, time.Now()
	return err
}

// parting has browsers and proxies leave once this copy is about to stop: every answer closes its connection,
// so that none is cut while a request is on its way.
func (h *health) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.leaving.Load() && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// serve answers until ctx ends. Then it says that it is not ready, goes on for pause so that whoever sends
// requests here takes notice, finishes those under way within the time of drain, and lets jobs end meanwhile.
func (a *app) serve(ctx context.Context, listener net.Listener, pause time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- a.server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.health.leaving.Store(true)
	a.health.log.Info("kartify is about to stop: requests and jobs under way are finished", "pause", pause)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-time.After(pause):
	}
	var wait sync.WaitGroup
	wait.Go(a.stopJobs)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := a.server.Shutdown(ending)
	if err != nil {
		_ = a.server.Close()
		a.health.log.Warn("some requests were cut short", "error", err)
	}
	wait.Wait()
	return nil
}

// stopJobs lets jobs under way finish, once.
func (a *app) stopJobs() {
	if !a.work {
		return
	}
	a.stopped.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		if err := a.jobs.Stop(ctx); err != nil {
			a.health.log.Warn("some jobs were cut short; another copy or the next start takes them up", "error", err)
		}
	})
}

// stop lets jobs under way finish, then gives the database back.
func (a *app) stop() {
	a.stopJobs()
	a.db.Close()
}

// watched serves the metrics at an address of their own until ctx ends.
func (a *app) watched(ctx context.Context, addr string) (stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on KARTIFY_METRICS_ADDR %s: %w", addr, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}
