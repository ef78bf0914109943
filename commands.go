package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/sandbox"
)

var commandActor = models.Actor{Kind: "command", Name: "command line"}

// database is what a command needs to know to open one.
type database struct {
	DatabaseURL   string `help:"PostgreSQL to use." required:"" env:"DATABASE_URL"`
	MasterKey     string `help:"Master keys." env:"KARTIFY_MASTER_KEY"`
	MasterKeyFile string `help:"File with the master keys." env:"KARTIFY_MASTER_KEY_FILE" type:"path"`
}

func (d database) open(ctx context.Context) (context.Context, *models.DB, error) {
	config := Config{MasterKey: d.MasterKey, MasterKeyFile: d.MasterKeyFile}
	keys, err := config.keys()
	if err != nil {
		return nil, nil, err
	}
	if err := migrations.Check(ctx, d.DatabaseURL); err != nil {
		return nil, nil, err
	}
	db, err := models.Open(ctx, models.Options{URL: d.DatabaseURL, MaxConns: 4, Keys: keys})
	if err != nil {
		return nil, nil, err
	}
	return models.AsSystem(ctx), db, nil
}

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is missing."`
	Status migrateStatus `cmd:"" help:"List the migrations."`
	Down   migrateDown   `cmd:"" help:"Take every table away again, with all data."`
}

// databaseURL is all that a migration needs to know.
type databaseURL struct {
	DatabaseURL string `help:"PostgreSQL to use." required:"" env:"DATABASE_URL"`
}

type migrateUp struct{ databaseURL }

func (m *migrateUp) Run(ctx context.Context) error { return migrations.Up(ctx, m.DatabaseURL) }

type migrateStatus struct{ databaseURL }

func (m *migrateStatus) Run(ctx context.Context) error {
	steps, err := migrations.Status(ctx, m.DatabaseURL)
	if err != nil {
		return err
	}
	for _, s := range steps {
		mark := "missing"
		if s.Applied {
			mark = "applied"
		}
		fmt.Printf("%s  %s\n", mark, s.Name)
	}
	return nil
}

type migrateDown struct {
	databaseURL
	Yes bool `help:"Yes, drop every table and all data."`
}

func (m *migrateDown) Run(ctx context.Context) error {
	if !m.Yes {
		return errors.New("this drops every table and all data; repeat it with --yes to do so")
	}
	return migrations.Down(ctx, m.DatabaseURL)
}

type sandboxCommand struct {
	Addr string `help:"Address to listen on." default:"127.0.0.1:8090" env:"KARTIFY_SANDBOX_ADDR"`
	Dir  string `help:"Folder for the ledger and the state; without it everything is forgotten." type:"path"`
}

func (s *sandboxCommand) Run(ctx context.Context) error {
	box, err := sandbox.New(sandbox.Config{Dir: s.Dir})
	if err != nil {
		return err
	}
	defer box.Close() //nolint:errcheck // the journal is written as it goes
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.Addr, err)
	}
	fmt.Printf("The gateway sandbox is at http://%s/_sandbox/\n", listener.Addr())
	return serve(ctx, &http.Server{Handler: box.Handler(), ReadHeaderTimeout: 5 * time.Second}, listener, 2*time.Second)
}

type usersCommand struct {
	Create usersCreate `cmd:"" help:"Create a person and print the link where they set their password."`
	Reset  usersReset  `cmd:"" help:"Print a one-time link where a person sets a new password."`
	List   usersList   `cmd:"" help:"List the people."`
}

// links says where people reach kartify, for the links that a command prints.
type links struct {
	PublicURL string `help:"Where people reach kartify." env:"KARTIFY_PUBLIC_URL"`
	Addr      string `help:"Its address, when that is not set." default:"127.0.0.1:8080" env:"KARTIFY_ADDR"`
}

func (l links) to(path string) string {
	return (&Config{PublicURL: l.PublicURL, Addr: l.Addr}).link(path)
}

type usersCreate struct {
	database
	links
	Email  string  `arg:"" help:"Their e-mail address."`
	Name   string  `help:"Their name." required:""`
	Role   string  `help:"owner, manager, support, finance, viewer or auditor." required:"" enum:"owner,manager,support,finance,viewer,auditor"`
	Stores []int64 `help:"The stores they see; all when none is named."`
}

func (u *usersCreate) Run(ctx context.Context) error {
	ctx, db, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	_, path, err := db.CreateUser(ctx, commandActor, models.UserDetails{
		Email: u.Email, Name: u.Name, Role: models.Role(u.Role), AllStores: len(u.Stores) == 0, StoreIDs: u.Stores,
	})
	if err == nil {
		fmt.Printf("%s sets a password at %s (once, within 24 hours)\n", u.Email, u.to(path))
	}
	return err
}

type usersReset struct {
	database
	links
	Email string `arg:"" help:"Their e-mail address."`
}

func (u *usersReset) Run(ctx context.Context) error {
	ctx, db, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	person, err := db.UserByEmail(ctx, u.Email)
	if errors.Is(err, models.ErrNotFound) {
		return fmt.Errorf("there is nobody with the address %s; kartify users list names those there are", u.Email)
	}
	if err != nil {
		return err
	}
	path, err := db.ResetLink(ctx, commandActor, person.ID)
	if err == nil {
		fmt.Printf("%s sets a new password at %s (once, within 24 hours)\n", u.Email, u.to(path))
	}
	return err
}

type usersList struct{ database }

func (u *usersList) Run(ctx context.Context) error {
	ctx, db, err := u.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	people, err := db.Users(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range people {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.ID, p.Email, p.Name, p.Role, p.State())
	}
	return w.Flush()
}

type routesCommand struct {
	JSON bool `name:"json" help:"As JSON."`
}

func (r *routesCommand) Run() error {
	table := handlers.Table()
	if r.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(table)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, route := range table {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", route.Method, route.Path, route.Permission)
	}
	return w.Flush()
}

type fsckCommand struct{ database }

func (f *fsckCommand) Run(ctx context.Context) error {
	ctx, db, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	findings, err := db.Fsck(ctx)
	if err != nil {
		return err
	}
	for _, finding := range findings {
		fmt.Printf("broken: %s: %s\n", finding.Invariant, strings.Join(finding.Records, ", "))
	}
	if len(findings) > 0 {
		return fmt.Errorf("%d of %d invariants are broken", len(findings), models.Invariants())
	}
	fmt.Printf("%d invariants hold\n", models.Invariants())
	return nil
}

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Recompute every chain of the audit log and name the first row that does not fit."`
}

type auditVerify struct{ database }

func (a *auditVerify) Run(ctx context.Context) error {
	ctx, db, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	report, err := db.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	for _, chain := range report.Chains {
		fmt.Printf("chain %d: %d rows, head %s\n", chain.Chain, chain.Rows, chain.Head)
	}
	if problems := report.Problems(); len(problems) > 0 {
		lines := make([]string, len(problems))
		for i, problem := range problems {
			lines[i] = problem.String()
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	fmt.Printf("%d rows are as they were written\n", report.Rows())
	return nil
}

type secretsCommand struct {
	Rewrap secretsRewrap `cmd:"" help:"Seal every secret again with the first master key."`
}

type secretsRewrap struct{ database }

func (s *secretsRewrap) Run(ctx context.Context) error {
	ctx, db, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	n, err := db.RewrapSecrets(ctx, commandActor)
	if err == nil {
		fmt.Printf("%d secrets were sealed again\n", n)
	}
	return err
}

// serve answers until ctx ends, then lets requests under way finish for as long as grace.
func serve(ctx context.Context, server *http.Server, listener net.Listener, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		_ = server.Close()
	}
	return nil
}
