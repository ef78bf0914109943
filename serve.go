package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/metrics"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
	letters "github.com/kartify/kartify/views/mail"
	"github.com/kartify/kartify/web"
)

type serveCommand struct {
	Config
	Migrate bool `help:"Apply missing migrations first." env:"KARTIFY_MIGRATE"`
}

// Run serves until it is told to stop, then finishes what is under way.
func (s *serveCommand) Run(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	log := s.logger()
	slog.SetDefault(log)
	if s.Migrate {
		if err := migrations.Up(ctx, s.DatabaseURL); err != nil {
			return err
		}
	}
	if err := migrations.Check(ctx, s.DatabaseURL); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.Addr, err)
	}
	app, err := s.start(ctx, log)
	if err != nil {
		_ = listener.Close()
		return err
	}
	defer app.stop()
	if path, err := app.db.SetupLink(models.AsSystem(ctx)); err != nil {
		return err
	} else if path != "" {
		fmt.Printf("Nobody can sign in yet. Create the owner at %s (once, within 24 hours)\n", s.link(path))
	}
	debug.FreeOSMemory()
	if err := giveBack(); err != nil {
		log.WarnContext(ctx, "the pages of the start stay in memory", "error", err)
	}
	log.InfoContext(ctx, "kartify serves", "addr", listener.Addr().String())
	if s.MetricsAddr != "" {
		stop, err := app.watched(ctx, s.MetricsAddr)
		if err != nil {
			return err
		}
		defer stop()
	}
	if s.TLSCert != "" {
		return app.serveTLS(ctx, listener, s.TLSCert, s.TLSKey, s.DrainPause)
	}
	return app.serve(ctx, listener, s.DrainPause)
}

// app is a running kartify: its pages and its workers.
type app struct {
	db     *models.DB
	jobs   *jobs.Jobs
	server *http.Server
	work   bool

	health  *health
	metrics *metrics.Metrics
	stopped sync.Once // the jobs
}

// start joins everything: database, queue, pages.
func (c *Config) start(ctx context.Context, log *slog.Logger) (*app, error) {
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	post, err := c.mail()
	if err != nil {
		return nil, err
	}
	guard, err := c.guard()
	if err != nil {
		return nil, err
	}
	db, err := models.Open(ctx, models.Options{
		URL: c.DatabaseURL, MaxConns: c.MaxConns, Keys: keys, Drivers: all.Drivers, BaseURLs: c.bases(), Timings: c.timings(), Log: log,
		Mail: post, Letters: letters.Write, Public: c.PublicURL, Notify: guard, ReplicaURL: c.ReplicaURL, ReplicaLag: c.ReplicaLag,
	})
	if err != nil {
		return nil, err
	}
	queue, err := jobs.New(db, log)
	if err != nil {
		db.Close()
		return nil, err
	}
	a := &app{db: db, jobs: queue, work: !c.NoWorkers, metrics: metrics.New(db, log), health: &health{url: c.DatabaseURL, log: log}}
	if a.work {
		a.health.queue = queue
		queue.OnRun(a.metrics.Run)
	}
	options := handlers.Options{DB: db, Ready: a.health.ready, Frames: c.FyndFrames, Quirks: fyndapi.Quirks{ClearSecrets: c.FyndClearSecrets, EmptyGET: c.FyndEmptyGET}, Web: web.Config{
		PublicURL: c.PublicURL, TLS: c.TLSCert != "", TrustedProxies: c.TrustedProxies, Log: log, Observe: a.metrics.Request,
	}}
	if c.MetricsAddr == "" {
		options.Metrics = a.metrics.Handler()
	}
	site, err := handlers.New(options)
	if err != nil {
		db.Close()
		return nil, err
	}
	a.server = web.Server(a.health.parting(site), log)
	if err := db.Wall(ctx); err != nil {
		log.WarnContext(ctx, "the second wall between stores does not stand", "why", err)
	}
	if a.work {
		if err := queue.Start(context.WithoutCancel(ctx)); err != nil {
			db.Close()
			return nil, err
		}
	}
	return a, nil
}

func (a *app) serveTLS(ctx context.Context, listener net.Listener, cert, key string, pause time.Duration) error {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	a.server.TLSConfig = config
	return a.serve(ctx, tls.NewListener(listener, config), pause)
}

func (c *Config) logger() *slog.Logger {
	if c.LogFormat == "text" {
		return slog.New(web.LogHandler(slog.NewTextHandler(os.Stdout, nil)))
	}
	return slog.New(web.LogHandler(slog.NewJSONHandler(os.Stdout, nil)))
}

// link is a path as an address people can open.
func (c *Config) link(path string) string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/") + path
	}
	return "http://" + c.Addr + path
}
