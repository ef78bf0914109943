package models

import (
	"context"
	"fmt"

	"github.com/kartify/kartify/lang"
)

// CancelRequest asks for a payment to be undone.
type CancelRequest struct{ Wish }

// Cancellation is what undoing a payment came to: operations, in the order they are sent, or none when it was
// undone already, and then Said says so.
type Cancellation struct {
	Operations []*Operation
	Said       string
	Text       lang.Text // the same, for whoever reads another language
}

// CancelOrCredit undoes a payment: what is held is given back, what was drawn is returned, and where part was
// drawn both is done, each as an operation of its own. Which, the payment decides: the gateway is asked right
// before, and when it does not answer nothing is done. What was undone elsewhere is entered as such. A Problem
// says why nothing can be done. The same wish again gives the same operations back.
func (db *DB) CancelOrCredit(ctx context.Context, req CancelRequest) (Cancellation, error) {
	done, err := db.act(ctx, acting{
		wish: req.Wish, read: readNeeded, digest: digestOf(CancelAction, req.OrderID, req.PaymentID, req.Reason, req.Note), want: Want{Action: CancelAction},
	})
	if err != nil {
		return Cancellation{}, fmt.Errorf("cancel payment %d: %w", req.PaymentID, err)
	}
	if len(done.ops) == 0 && done.plan.Code != SkipDone {
		return Cancellation{}, done.plan.problem()
	}
	return Cancellation{Operations: done.ops, Said: done.plan.Skip, Text: done.plan.Text}, nil
}
