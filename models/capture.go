package models

import (
	"context"
	"fmt"

	"github.com/kartify/kartify/money"
)

// CaptureRequest asks for held money to be drawn.
type CaptureRequest struct {
	Wish
	Amount   money.Amount // the zero value is all that is held
	ByLines  bool         // Lines and Shipping say the amount instead
	Lines    []LineChoice
	Shipping bool
}

// CapturePayment records that somebody wants held money drawn, and queues it. Where the gateway answers, it is
// asked first how the payment stands. A Problem says why nothing was done: a Conflict when the payment is
// captured, given back, run out or busy; else it names the field that is wrong. The same wish again gives the
// same operation back.
func (db *DB) CapturePayment(ctx context.Context, req CaptureRequest) (*Operation, error) {
	done, err := db.act(ctx, acting{
		wish: req.Wish, read: readWanted, digest: digestOf(CaptureAction, req.OrderID, req.PaymentID, req.Amount, req.ByLines, req.Lines, req.Shipping, req.Reason, req.Note),
		want: Want{Action: CaptureAction, Amount: req.Amount, ByLines: req.ByLines, Lines: req.Lines, Shipping: req.Shipping},
	})
	if err != nil {
		return nil, fmt.Errorf("capture payment %d: %w", req.PaymentID, err)
	}
	return done.first()
}
