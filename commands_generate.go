package main

import (
	"context"
	"time"

	"github.com/kartify/kartify/models/generate"
)

type generateCommand struct {
	database
	Orders int       `help:"How many orders." required:""`
	Seed   uint64    `help:"The same seed, day and stores give the same orders." default:"1"`
	Stores []int64   `name:"store" help:"The stores that get orders; every store when none is named."`
	Until  time.Time `help:"The day after the newest order, as 2026-11-01; today when not given." format:"2006-01-02"`
}

// Run adds the orders in one transaction, during which nobody else can use the order tables.
func (g *generateCommand) Run(ctx context.Context) error {
	ctx, db, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return generate.Run(ctx, db, generate.Options{Orders: g.Orders, Seed: g.Seed, Stores: g.Stores, Until: g.Until, Log: say})
}
