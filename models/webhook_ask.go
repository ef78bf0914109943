package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
)

// question is what a gateway must be asked before a webhook can be acted upon. It is an error to the
// transaction that found out, which ends without a trace and runs again with the answer.
type question struct {
	operation int64 // what became of it
	payment   *paymentAt
	order     *orderAt
}

// paymentAt is a payment as its gateway knows it.
type paymentAt struct {
	store              int64
	gateway, mode, ref string
}

// orderAt is an order of ours as a gateway knows it.
type orderAt struct {
	store              int64
	gateway, mode, ref string
}

// answer is what the gateway said.
type answer struct {
	result    gateways.Result
	payment   gateways.Payment
	payments  []gateways.Payment // of an order
	err       error
	with      origin    // the settings with which it was asked: their store, gateway, mode and id
	at        time.Time // when it was asked, by the database's clock
	exchanges []gateways.Exchange
}

// answers are what was asked while acting on one webhook.
type answers map[string]answer

func (q *question) key() string {
	if q.order != nil {
		return fmt.Sprintf("order %d %s %s", q.order.store, q.order.gateway, q.order.ref)
	}
	if q.payment != nil {
		return fmt.Sprintf("payment %d %s %s", q.payment.store, q.payment.gateway, q.payment.ref)
	}
	return fmt.Sprintf("operation %d", q.operation)
}

func (q *question) Error() string { return "the gateway must be asked about " + q.key() }

// ask puts a question to the gateway, outside any transaction. A driver that breaks down gave no answer.
func (db *DB) ask(ctx context.Context, q *question) (a answer) {
	ctx, trace := gateways.WithTrace(ctx)
	ctx, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			a.err = &gateways.Error{Kind: gateways.Unknown, Verb: "payment", Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
		a.exchanges = trace.Exchanges()
	}()
	if a.at, a.err = db.now(ctx); a.err != nil {
		return a
	}
	switch {
	case q.payment != nil:
		a.payment, a.with, a.err = db.readPayment(ctx, *q.payment)
		return a
	case q.order != nil:
		a.payments, a.with, a.err = db.readOrder(ctx, *q.order)
		return a
	}
	var op Operation
	if a.err = db.in(ctx).First(&op, "id = ?", q.operation).Error; a.err != nil {
		return a
	}
	prepared, err := db.prepareLookup(ctx, &op)
	if err != nil {
		a.err = err
		return a
	}
	a.result, a.err = gateways.Find(ctx, prepared.gateway, prepared.request)
	return a
}

// readPayment asks a gateway how a payment stands, with the settings of its account.
func (db *DB) readPayment(ctx context.Context, at paymentAt) (gateways.Payment, origin, error) {
	settings, err := db.settingsFor(ctx, origin{store: at.store, gateway: at.gateway, mode: at.mode}, gateways.Payment{Ref: at.ref})
	if err != nil {
		return gateways.Payment{}, origin{}, err
	}
	gateway, _, err := db.open(ctx, settings.ID)
	if err != nil {
		return gateways.Payment{}, origin{}, err
	}
	reader, ok := gateway.(gateways.Reader)
	if !ok {
		return gateways.Payment{}, origin{}, &gateways.Error{Kind: gateways.Declined, Verb: "payment", Message: "This gateway cannot be asked about a payment."}
	}
	payment, err := reader.Payment(ctx, at.ref)
	return payment, settings.origin(), err //nolint:wrapcheck // a gateways.Error says what may be done
}

// readOrder asks a gateway for every attempt to pay for an order of ours, with the settings of its account.
func (db *DB) readOrder(ctx context.Context, at orderAt) ([]gateways.Payment, origin, error) {
	settings, err := db.settingsFor(ctx, origin{store: at.store, gateway: at.gateway, mode: at.mode}, gateways.Payment{OrderRef: at.ref})
	if err != nil {
		return nil, origin{}, err
	}
	gateway, _, err := db.open(ctx, settings.ID)
	if err != nil {
		return nil, origin{}, err
	}
	reader, ok := gateway.(gateways.OrderReader)
	if !ok {
		return nil, origin{}, errNoOrders
	}
	payments, err := reader.OrderPayments(ctx, at.ref)
	return payments, settings.origin(), err //nolint:wrapcheck // a gateways.Error says what may be done
}

// origin says where what is read with these settings comes from.
func (s *GatewaySettings) origin() origin {
	return origin{store: s.StoreID, gateway: s.Gateway, mode: s.Mode, settings: s.ID}
}

// errNoOrders is of a gateway that can only be asked about a payment by its own id.
var errNoOrders = &gateways.Error{Kind: gateways.Declined, Verb: "payment", Message: "This gateway cannot be asked about an order."}

// passing says whether asking again later may give another answer.
func passing(err error) bool {
	var problem *Problem
	if errors.As(err, &problem) {
		return false // no settings are stored
	}
	kind := gateways.KindOf(err)
	return kind == gateways.Unknown || kind == gateways.Unavailable
}
