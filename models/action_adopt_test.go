package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// portal does something at the provider that nobody here asked for.
func (t *till) portal(verb gateways.Verb, minor int64) {
	t.Helper()
	g, err := t.bogus.Driver().Open(gatewaytest.Settings())
	if err != nil {
		t.Fatal(err)
	}
	_, err = gateways.Perform(t.ctx, g, gateways.Request{Verb: verb, PaymentRef: t.ref(), Amount: sek(minor), IdempotencyKey: fmt.Sprintf("portal_%d", len(t.bogus.Calls()))})
	if err != nil {
		t.Fatal(err)
	}
}

func (t *till) ref() string {
	var ref string
	t.scan(&ref, `SELECT ref FROM payments WHERE id = $1`, t.payment)
	return ref
}

func (t *till) entered() string {
	var text string
	t.scan(&text, `SELECT coalesce(string_agg(concat_ws(' ', kind, source, state, amount_minor), ', ' ORDER BY id), '') FROM operations WHERE payment_id = $1`, t.payment)
	return text
}

// What was done in the portal is entered when the payment is next looked at, once.
func TestWhatThePortalDidIsEntered(t *testing.T) {
	till := openHold(t, keyed())
	till.portal(gateways.Void, 11875)
	for range 2 {
		done, err := till.cancel()
		if err != nil || len(done.Operations) > 0 || done.Said != "The authorization was given back already; nothing was drawn." {
			t.Errorf("cancel: %+v, %v", done, err)
		}
	}
	if got := till.entered(); got != "void provider succeeded 11875" {
		t.Errorf("entered: %s", got)
	}

	till.hold("captured there")
	till.portal(gateways.Capture, 11875)
	for range 2 {
		if _, err := till.capture(0); problemOf(err) != "All of 118.75 SEK has been captured." {
			t.Errorf("capture: %v", err)
		}
	}
	if got := till.entered(); got != "capture provider succeeded 11875" {
		t.Errorf("entered: %s", got)
	}
	till.portal(gateways.Refund, 3000)
	done, err := till.cancel()
	if err != nil || len(done.Operations) != 1 || done.Operations[0].Amount() != sek(8875) {
		t.Errorf("cancel after a refund there: %+v, %v", done, err)
	}
	till.run(done.Operations[0], models.Succeeded)

	till.hold("captured there in part")
	till.portal(gateways.Capture, 4000)
	till.portal(gateways.Void, 7875)
	if _, err := till.capture(0); problemOf(err) != "All of 40.00 SEK has been captured." {
		t.Errorf("capture after a release there: %v", err)
	}
	if got := till.entered() + ": " + till.counters(); got != "capture provider succeeded 4000, void provider succeeded 7875: success 4000 4000 0 0 f" {
		t.Errorf("entered: %s", got)
	}

	till.hold("changed there")
	till.portal(gateways.Update, 9000)
	op := till.done(till.capture(0))
	if op.Amount() != sek(9000) {
		t.Errorf("captured %v after the amount was changed there", op.Amount())
	}
	till.sound()

	// Nor is what was ours and has no id of the provider's entered again.
	till.hold("without ids")
	till.done(till.capture(0))
	till.done(till.credit(1000))
	till.exec(`UPDATE operations SET ref = '', idempotency_key = 'another_key_' || id WHERE payment_id = $1`, till.payment)
	if done, err = till.cancel(); err != nil || done.Operations[0].Amount() != sek(10875) {
		t.Errorf("cancel: %+v, %v", done, err)
	}
	till.run(done.Operations[0], models.Succeeded)
	if got := till.entered(); got != "capture staff succeeded 11875, refund staff succeeded 1000, refund staff succeeded 10875" {
		t.Errorf("entered: %s", got)
	}
}

// A refund of ours whose answer was lost is not taken for one of the portal's.
func TestOursIsNotTakenForThePortals(t *testing.T) {
	till := openHold(t, onlyOnce())
	till.done(till.capture(0))
	till.bogus.Next(gatewaytest.DropAfter)
	op, err := till.credit(4000)
	if err != nil {
		t.Fatal(err)
	}
	till.run(op, models.UnknownOutcome, models.Succeeded)
	done, err := till.cancel() // reads the payment, the lost refund among its refunds
	if err != nil {
		t.Fatal(err)
	}
	till.run(op, models.Succeeded)
	for _, other := range done.Operations {
		till.run(other, models.Succeeded)
	}
	if got := till.counters(); got != "refunded 11875 11875 11875 0 f" {
		t.Errorf("the books say %s: %s", got, till.entered())
	}
	till.sound()
}

// A refund made in the portal that is still on its way is entered and seen as such, wherever the provider counts
// it; when it is done the payment is returned in part. Nothing is sent for it.
func TestThePortalsRefundOnItsWayIsEntered(t *testing.T) {
	for _, done := range []bool{true, false} {
		till := openHold(t, &gatewaytest.Bogus{Class: gateways.Once, QuietPeriod: 100 * time.Millisecond, CountsDone: done})
		till.done(till.capture(0))
		till.bogus.Next(gatewaytest.Pend)
		till.portal(gateways.Refund, 3000)
		sent := len(till.bogus.Calls())
		look := func() {
			t.Helper()
			if _, err := till.capture(0); problemOf(err) != "All of 118.75 SEK has been captured." { // reads the payment first
				t.Errorf("capture: %v", err)
			}
		}
		look()
		look()
		since := false
		till.scan(&since, `SELECT refunding_since IS NOT NULL FROM payments WHERE id = $1`, till.payment)
		if got := till.entered() + ": " + till.counters(); !since || got != "capture staff succeeded 11875, refund provider pending 3000: refunding 11875 11875 0 3000 f" {
			t.Errorf("on its way, counted when done %v: %s, since %v", done, got, since)
		}
		for _, effect := range till.bogus.Effects() {
			till.bogus.Settle(effect.Key, gateways.Succeeded)
		}
		look()
		look()
		if got := till.entered() + ": " + till.counters(); got != "capture staff succeeded 11875, refund provider succeeded 3000: partially_refunded 11875 11875 3000 0 f" {
			t.Errorf("done, counted when done %v: %s", done, got)
		}
		if now := len(till.bogus.Calls()); now != sent {
			t.Errorf("%d calls were sent for it", now-sent)
		}
		till.sound()
	}
}
