package main

import (
	"context"
	"fmt"
)

type totalsCommand struct {
	Rebuild totalsRebuild `cmd:"" help:"Count the totals of days anew, when fsck finds them wrong. Changes of orders wait meanwhile."`
}

type totalsRebuild struct{ database }

func (t *totalsRebuild) Run(ctx context.Context) error {
	ctx, db, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.RebuildDayTotals(ctx)
	if err == nil {
		fmt.Printf("The totals of days are counted anew: %d rows\n", rows)
	}
	return err
}
