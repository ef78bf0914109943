package models_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

func onlyOnce() *gatewaytest.Bogus {
	return &gatewaytest.Bogus{Class: gateways.Once, QuietPeriod: 100 * time.Millisecond}
}

// What came before is read and kept before the one send, and a read that fails sends nothing.
func TestOnceReadsBeforeItSends(t *testing.T) {
	bogus := onlyOnce()
	till := openHold(t, bogus, func(d *gateways.Driver) {
		open, reads := d.Open, 0
		d.Open = func(s gateways.Settings) (gateways.Gateway, error) {
			g, err := open(s)
			return &flaky{g, &reads}, err
		}
	})
	op, err := till.capture(0)
	if err != nil {
		t.Fatal(err)
	}
	till.run(op, models.Succeeded)
	call := bogus.Calls()[0].Request
	if call.Before == nil || call.Before.Captured != 0 || call.Before.Amount != sek(11875) || call.Before.Raw != nil {
		t.Errorf("sent with %+v before it", call.Before)
	}
	var tries string
	till.scan(&tries, `SELECT string_agg(kind || ' ' || outcome, ', ' ORDER BY n) FROM operation_attempts WHERE operation_id = $1`, op.ID)
	if tries != "lookup unavailable, lookup unavailable, send succeeded" {
		t.Errorf("tried: %s", tries)
	}
	till.sound()
}

// flaky fails every read but the first, which asks how things stand, and those after the third.
type flaky struct {
	gateways.Gateway
	reads *int
}

func (f *flaky) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	if *f.reads++; *f.reads == 2 || *f.reads == 3 {
		return gateways.Payment{}, &gateways.Error{Kind: gateways.Unavailable, Verb: "payment", Message: "Bogus is closed."}
	}
	return f.Gateway.(gateways.Reader).Payment(ctx, ref)
}

func (f *flaky) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return f.Gateway.(gateways.Capturer).Capture(ctx, req)
}

// One thing at a time: the second waits until the first is known, and is then compared with what it left.
func TestOnceAsksOneThingAtATime(t *testing.T) {
	till := openHold(t, onlyOnce())
	till.done(till.capture(0))
	till.bogus.Next(gatewaytest.Late)
	first, err := till.credit(4000)
	if err != nil {
		t.Fatal(err)
	}
	second, err := till.credit(1000)
	if err != nil {
		t.Fatal(err)
	}
	till.run(first, models.NeedsReview)
	time.Sleep(50 * time.Millisecond)
	till.run(second, models.Queued)
	if calls := till.bogus.Calls(); len(calls) != 2 {
		t.Fatalf("%d calls, want the capture and one refund", len(calls))
	}
	till.bogus.Land()
	if _, err := till.db.AskAgain(till.ctx, first.ID, till.asha); err != nil {
		t.Fatal(err)
	}
	till.run(first, models.Succeeded)
	till.run(second, models.Succeeded)
	if before := till.bogus.Calls()[2].Request.Before; before == nil || before.Refunded != 4000 {
		t.Errorf("the second was sent with %+v before it", before)
	}
	till.sound()
}

// A person decides, and not against what the gateway shows.
func TestDecideOperation(t *testing.T) {
	till := openHold(t, onlyOnce())
	lost := func(outcome gatewaytest.Outcome) *models.Operation {
		t.Helper()
		till.bogus.Next(outcome)
		op, err := till.credit(4000)
		if err != nil {
			t.Fatal(err)
		}
		till.bogus.Hide(true)
		till.run(op, models.NeedsReview)
		till.bogus.Hide(false)
		return op
	}
	decide := func(op *models.Operation, happened bool, ref string) string {
		_, err := till.db.DecideOperation(till.ctx, models.Decision{OperationID: op.ID, Happened: happened, Ref: ref, Reason: "Seen in the portal", By: till.asha})
		return problemOf(err)
	}
	till.done(till.capture(0))
	before := till.counters()

	op := lost(gatewaytest.DropBefore)
	if got := decide(op, true, ""); got != "Bogus shows the payment as it was before: it did not happen, or not yet." {
		t.Errorf("it did not happen, and somebody says it did: %q", got)
	}
	if _, err := till.db.DecideOperation(till.ctx, models.Decision{OperationID: op.ID, By: till.asha}); problemOf(err) == "" {
		t.Error("decided without a reason")
	}
	if got := decide(op, false, ""); got != "" {
		t.Errorf("it did not happen: %q", got)
	}
	if got := till.counters(); got != before {
		t.Errorf("after it did not happen: %s, want %s", got, before)
	}
	if got := decide(op, false, ""); got != "This operation is failed; there is nothing to decide." {
		t.Errorf("decided again: %q", got)
	}

	op = lost(gatewaytest.DropAfter)
	ref := till.bogus.Effects()[1].Ref
	if got := decide(op, false, ""); got != "Bogus lists "+ref+" of 40.00 SEK, which nothing else accounts for: it happened." {
		t.Errorf("it happened, and somebody says it did not: %q", got)
	}
	if got := decide(op, true, "rfnd_unheard"); got != "Bogus lists no refund called rfnd_unheard on this payment." {
		t.Errorf("another id: %q", got)
	}
	if got := decide(op, true, ref); got != "" {
		t.Errorf("it happened: %q", got)
	}
	if got := till.counters(); got != "partially_refunded 11875 11875 4000 0 f" {
		t.Errorf("after it happened: %s", got)
	}
	op = lost(gatewaytest.DropBefore)
	if got := decide(op, true, ref); !strings.Contains(got, "it did not happen") && !strings.Contains(got, "already") && !strings.Contains(got, "there before") {
		t.Errorf("the id of another refund: %q", got)
	}
	var audited int
	till.scan(&audited, `SELECT count(*) FROM audit_log WHERE action = 'operation.decided' AND actor_name = 'Farah'`)
	if audited != 2 {
		t.Errorf("%d decisions are in the audit log, want 2", audited)
	}
	till.sound()
}

// A capture, a void and an amount update are decided by the payment's figures.
func TestDecideByFigures(t *testing.T) {
	begin := map[string]func(*till) (*models.Operation, error){
		"void": func(t *till) (*models.Operation, error) {
			done, err := t.cancel()
			return done.Operations[0], err
		},
		"update":  func(t *till) (*models.Operation, error) { return t.update(5000) },
		"capture": func(t *till) (*models.Operation, error) { return t.capture(0) },
	}
	for name, act := range begin {
		t.Run(name, func(t *testing.T) {
			for _, happened := range []bool{true, false} {
				till := openHold(t, onlyOnce())
				till.bogus.Next(map[bool]gatewaytest.Outcome{true: gatewaytest.DropAfter, false: gatewaytest.DropBefore}[happened])
				op, err := act(till)
				if err != nil {
					t.Fatal(err)
				}
				till.bogus.Hide(true)
				till.run(op, models.NeedsReview)
				till.bogus.Hide(false)
				_, err = till.db.DecideOperation(till.ctx, models.Decision{OperationID: op.ID, Happened: !happened, Reason: "A guess", By: till.asha})
				if problemOf(err) == "" {
					t.Errorf("happened %t: the opposite was believed", happened)
				}
				_, err = till.db.DecideOperation(till.ctx, models.Decision{OperationID: op.ID, Happened: happened, Reason: "Seen", By: till.asha})
				if err != nil {
					t.Errorf("happened %t: %v", happened, err)
				}
				till.run(op, map[bool]models.OperationState{true: models.Succeeded, false: models.Failed}[happened])
				till.sound()
			}
		})
	}
}

// Where the provider does not answer, undoing a payment does nothing, and a capture is queued all the same.
func TestSilenceBeforeDeciding(t *testing.T) {
	till := openHold(t, keyed(), func(d *gateways.Driver) {
		open := d.Open
		d.Open = func(s gateways.Settings) (gateways.Gateway, error) {
			g, err := open(s)
			return &mute{g}, err
		}
	})
	_, err := till.cancel()
	var kind *gateways.Error
	if got := problemOf(err); !strings.HasPrefix(got, "Bogus could not be asked how the payment stands, so nothing was done") || !errors.As(err, &kind) {
		t.Errorf("cancel: %v", err)
	}
	if op, err := till.capture(0); err != nil || op.State != models.Queued {
		t.Errorf("capture: %+v, %v", op, err)
	}
}

type mute struct{ gateways.Gateway }

func (m *mute) Payment(context.Context, string) (gateways.Payment, error) {
	return gateways.Payment{}, &gateways.Error{Kind: gateways.Unavailable, Verb: "payment", Message: "Bogus is closed."}
}
