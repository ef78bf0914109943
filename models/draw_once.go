package models

import (
	"context"

	"github.com/kartify/kartify/gateways"
)

// restGoesBack books what a capture gave back: some ways to pay are drawn once, and what a part leaves of the hold
// is the buyer's again.
func (db *DB) restGoesBack(ctx context.Context, p *Payment, op *Operation, via string) error {
	rest := p.Held()
	if op.State != Succeeded || op.Kind != gateways.Capture || op.Source == FromProvider || rest.Minor == 0 || p.CaptureReservedMinor > 0 ||
		!db.drivers[p.Gateway].Can.DrawsOnce(p.Method) {
		return nil
	}
	a := &adoption{db: db, p: p, by: JobActor, via: via, said: "The rest of the hold, " + rest.String() + ", went back with the capture."}
	return a.enter(ctx, gateways.Void, gateways.Result{Status: gateways.Succeeded, Amount: rest, Word: op.Word})
}
