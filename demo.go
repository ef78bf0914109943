package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kartify/kartify/localdb"
	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/generate"
	"github.com/kartify/kartify/sandbox"
)

type demoCommand struct {
	Addr        string `help:"Address of the admin; when it is busy the next free port is taken." default:"127.0.0.1:8080"`
	SandboxAddr string `help:"Address of the gateway sandbox, likewise." default:"127.0.0.1:8090"`
	Data        string `help:"Folder for the database and the sandbox's ledger." type:"path"`
	Fresh       bool   `help:"Forget the last demo and begin anew."`
	Orders      int    `help:"Have so many made-up orders besides those of the cast."`
	DatabaseURL string `help:"An empty PostgreSQL database to use instead of a private one." env:"DATABASE_URL"`
	Verbose     bool   `help:"Show the log."`
}

// Run starts everything, says where to go, and stops everything at Ctrl-C. A second start finds the same data.
func (d *demoCommand) Run(ctx context.Context) error {
	if err := d.folder(); err != nil {
		return err
	}
	started := time.Now()
	server, err := localdb.Start(ctx, localdb.Options{Dir: filepath.Join(d.Data, "postgres"), URL: d.DatabaseURL, Log: say})
	if err != nil {
		return err
	}
	defer server.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // it ends with this program in any case
	if err := server.CreateDatabase(ctx, "kartify_demo"); err != nil {
		return err
	}
	url := server.URL("kartify_demo")
	if err := migrations.Up(ctx, url); err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Config{Dir: filepath.Join(d.Data, "sandbox"), Log: d.log()})
	if err != nil {
		return err
	}
	defer box.Close() //nolint:errcheck // the journal is written as it goes
	boxListener, err := listenNear(ctx, d.SandboxAddr)
	if err != nil {
		return err
	}
	listener, err := listenNear(ctx, d.Addr)
	if err != nil {
		return err
	}
	boxBase, base := "http://"+boxListener.Addr().String(), "http://"+listener.Addr().String()

	background, stop := context.WithCancel(ctx)
	defer stop()
	post, err := sink.Start("127.0.0.1:0", filepath.Join(d.Data, "mail"), sink.Behave)
	if err != nil {
		return err
	}
	defer post.Close() //nolint:errcheck // every message is in its folder
	others := http.NewServeMux()
	others.Handle("/", box.Handler())
	others.Handle("/_sink/", post.Handler())
	others.Handle("/_shop/", cast.Shop())
	boxDone := make(chan error, 1)
	go func() {
		boxDone <- serve(background, &http.Server{Handler: others, ReadHeaderTimeout: 5 * time.Second}, boxListener, time.Second)
	}()

	config, err := d.config(url, base, boxBase, post.URL())
	if err != nil {
		return err
	}
	app, err := config.start(ctx, d.log())
	if err != nil {
		return err
	}
	defer app.stop()
	now, system := time.Now(), models.AsSystem(ctx)
	if err := cast.Load(system, app.db, now); err != nil {
		return err
	}
	if err := cast.Settings(system, app.db); err != nil {
		return err
	}
	if err := cast.Fynd(system, app.db, base); err != nil {
		return err
	}
	if err := cast.Webhooks(system, app.db); err != nil {
		return err
	}
	side := cast.Sandbox{Base: boxBase, Kartify: base}
	if err := side.Load(ctx, now); err != nil {
		return err
	}
	if err := side.Returns(system, app.db); err != nil {
		return err
	}
	if err := cast.Notifications(system, app.db, shopOn(boxListener)); err != nil {
		return err
	}
	if err := cast.Mail(system, app.db, now); err != nil {
		return err
	}
	if err := generate.UpTo(system, app.db, d.Orders, say); err != nil {
		return err
	}
	if err := d.remember(url); err != nil {
		return err
	}
	d.welcome(base, boxBase, time.Since(started))
	if err := serve(ctx, app.server, listener, 3*time.Second); err != nil {
		return err
	}
	say("Stopping. The data stays in %s.", d.Data)
	stop()
	return <-boxDone
}

// shopOn is where a shop beside the sandbox is told of payments.
func shopOn(box net.Listener) string {
	_, port, _ := net.SplitHostPort(box.Addr().String()) // a listener has a port
	return "http://127.0.0.1:" + port + "/_shop/payments"
}

// folder makes the data folder; with --fresh only what a demo left there is removed.
func (d *demoCommand) folder() error {
	if d.Data == "" {
		dir, err := localdb.DefaultDir()
		if err != nil {
			return err
		}
		d.Data = filepath.Join(filepath.Dir(dir), "demo")
	}
	if err := os.MkdirAll(d.Data, 0o755); err != nil { //nolint:gosec // the database's own user must pass through
		return fmt.Errorf("make the data folder: %w", err)
	}
	if !d.Fresh {
		return nil
	}
	if err := localdb.Remove(filepath.Join(d.Data, "postgres")); err != nil {
		return fmt.Errorf("forget the last demo: %w", err)
	}
	for _, name := range []string{"sandbox", "mail", "master.key", "env"} {
		if err := os.RemoveAll(filepath.Join(d.Data, name)); err != nil {
			return fmt.Errorf("forget the last demo: %w", err)
		}
	}
	return nil
}

// config is what the demo's kartify is told: the sandbox in place of the providers, a key of its own.
func (d *demoCommand) config(url, base, box, post string) (*Config, error) {
	path := filepath.Join(d.Data, "master.key")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(path, []byte(models.NewMasterKey()), 0o600); err != nil {
			return nil, fmt.Errorf("write the master key: %w", err)
		}
	}
	t := models.DefaultTimings
	config := &Config{
		Addr: strings.TrimPrefix(base, "http://"), DatabaseURL: url, MasterKeyFile: path, PublicURL: base, MaxConns: 20,
		RazorpayURL: box + "/razorpay/v1", FyndURL: box + "/fynd", KlarnaURL: box + "/klarna", SveaURL: box + "/svea",
		PayKeeperURL: box + "/paykeeper", CCAvenueURL: box + "/ccavenue", FyndFrames: []string{box},
		LookupWindow: t.LookupWindow, LookupPage: t.LookupPage, LookupRate: t.LookupRate, DeclineAfter: t.DeclineAfter, StatusDelay: t.StatusDelay,
		NotifyTries: t.NotifyTries, NotifySteps: t.NotifySteps, NotifyNetworks: []string{"127.0.0.0/8"}, // a shop under development on this machine
		SMTPURL: post, MailFrom: "orders@ruosh.example",
		SessionIdle: 8 * time.Hour, SessionAbsolute: 24 * time.Hour, FormLifetime: t.FormLifetime, CallTimeout: t.CallTimeout, Lease: t.Lease,
		ResendAfter: 10 * time.Second, Sweep: 2 * time.Second, LookupSteps: []time.Duration{3 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute},
		SecretOverlap: t.SecretOverlap,
	}
	return config, config.check()
}

// remember leaves the settings with which other commands find the demo's data. They hold the database's password.
func (d *demoCommand) remember(url string) error {
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
	text := "export DATABASE_URL=" + quoted(url) + "\nexport KARTIFY_MASTER_KEY_FILE=" + quoted(filepath.Join(d.Data, "master.key")) + "\n"
	if err := os.WriteFile(filepath.Join(d.Data, "env"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write the settings of the demo: %w", err)
	}
	return nil
}

func (d *demoCommand) log() *slog.Logger {
	level := slog.LevelError
	if d.Verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

func (d *demoCommand) welcome(base, box string, took time.Duration) {
	fmt.Printf(`
kartify is ready (%.1f s): %s

  Sign in with the password %s as
    owner@ruosh.example     everything
    support@ruosh.example   orders and Refund Money
    manager@ruosh.example   orders and logs, to read
    finance@ruosh.example   refunds and settings
    auditor@ruosh.example   the audit log
    viewer@ruosh.example    orders, to read

  Orders Fynd wants refunded: %[2]s/sales/orders?event=REFUND_INITIATED
  Nobody got an e-mail, why:  %[2]s/sales/orders/1032 (and 1013, 1033 to 1036)
  The gateways' side:         %[4]s/_sandbox/
  A shop on Fynd, to buy in:  %[4]s/_sandbox/fynd/shop
  E-mails to customers:       %[4]s/_sink/

  Other commands on its data: . %[5]s/env && go run . users list

Ctrl-C stops everything; the data stays in %[5]s.
`, took.Seconds(), base, cast.Password, box, d.Data)
}

// listenNear listens on an address, or on the next free port when it is busy.
func listenNear(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("address %q: write it as 127.0.0.1:8080", addr)
	}
	first, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", addr, err)
	}
	for n := first; n < first+20; n++ {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, fmt.Sprint(n)))
		if err == nil {
			return listener, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
		say("Port %d is busy; trying %d.", n, n+1)
	}
	return nil, fmt.Errorf("ports %d to %d are all busy; name another with --addr", first, first+19)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
