package models

import (
	"context"
	"fmt"

	"github.com/kartify/kartify/gateways"
)

// ReadPaymentJob asks for a payment to be read at its provider.
type ReadPaymentJob struct {
	PaymentID int64 `json:"payment_id"`
}

// Kind names the job.
func (ReadPaymentJob) Kind() string { return "read_payment" }

// ReadPayment asks the provider how a payment stands now, and enters what is new. One that cannot be asked is
// left to the nightly look-ups.
func (db *DB) ReadPayment(ctx context.Context, id int64) error {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", id).Error; err != nil {
		return fmt.Errorf("read payment %d: %w", id, err)
	}
	_, err := db.askAndFollow(ctx, &p, Actor{Kind: "job", Name: driverName(db.drivers[p.Gateway], &p)}, "look-up after the capture")
	if err != nil && passing(err) {
		return fmt.Errorf("ask about payment %d: %w", id, err)
	}
	return nil
}

// lookAfterCapture has a payment read of which a part was drawn: some ways to pay give the rest back at once.
func (db *DB) lookAfterCapture(ctx context.Context, p *Payment, op *Operation) error {
	if op.State != Succeeded || op.Kind != gateways.Capture || p.Held().Minor == 0 || op.Source == FromProvider {
		return nil
	}
	return db.enqueue(ctx, ReadPaymentJob{PaymentID: p.ID})
}
