// Kartify is the admin where an online store sees every order and the money behind it, and puts money
// right in one click without ever moving it twice.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // the stores' zones, on machines that have none

	"github.com/alecthomas/kong"
)

type cli struct {
	Demo    demoCommand    `cmd:"" help:"Start everything on this machine, with a store full of orders, and say where to go."`
	Serve   serveCommand   `cmd:"" help:"Serve the admin, the provider callbacks and the background work."`
	Migrate migrateCommand `cmd:"" help:"Bring the database to this version's schema, or take it away."`
	Sandbox sandboxCommand `cmd:"" help:"Run the gateway sandbox: the providers' side of every wire."`
	Users   usersCommand   `cmd:"" help:"Create and list people, and give out new password links."`
	Stores  storesCommand  `cmd:"" help:"Add stores."`
	Routes  routesCommand  `cmd:"" help:"Print the route table with the permission of each route."`
	Fsck    fsckCommand    `cmd:"" help:"Check the invariants of the money records."`
	Totals  totalsCommand  `cmd:"" help:"Work with the totals of days that the dashboard plots."`
	Audit   auditCommand   `cmd:"" help:"Work with the audit log."`
	Secrets secretsCommand `cmd:"" help:"Work with sealed secrets."`

	Erase    eraseCommand    `cmd:"" help:"Erase a person, or a whole shop, and keep what accounting needs."`
	Import   importCommand   `cmd:"" help:"Take records over from files."`
	Generate generateCommand `cmd:"" help:"Add made-up orders, for demonstrations and measurements."`
	Bench    benchCommand    `cmd:"" help:"Measure kartify against the raw limits of this machine, on a private database."`
}

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // pages are short-lived garbage, and there is little else: collecting half as often is worth some megabytes
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	parser := kong.Parse(&c,
		kong.Name("kartify"),
		kong.Description("The admin where a store sees every order and the money behind it."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err := parser.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "kartify:", err)
		stop()
		os.Exit(1) //nolint:gocritic // the context is stopped
	}
}
