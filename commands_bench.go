package main

import (
	"context"
	"fmt"
	"os"

	"github.com/kartify/kartify/bench"
)

type benchCommand struct {
	Names    []string `arg:"" optional:"" name:"name" help:"What to measure: all, list, growth, search, finder, exports, start, status, webhooks, reconcile."`
	Orders   int      `help:"Orders of the large database; the small one has a tenth." default:"1000000"`
	Rounds   int      `help:"Turns that each side takes." default:"5"`
	Requests int      `help:"Requests of each turn." default:"200"`
	Data     string   `help:"Folder of the private PostgreSQL; its data is kept for the next run." type:"path"`
}

// Run measures, and prints what was measured beside what it should be.
func (b *benchCommand) Run(ctx context.Context) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return bench.Run(ctx, bench.Options{
		Names: b.Names, Dir: b.Data, Orders: b.Orders, Rounds: max(b.Rounds, 1), Requests: max(b.Requests, 10), Program: program, Log: say, Out: os.Stdout,
	})
}
