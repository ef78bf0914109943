package models_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/models"
)

// What comes again soon is as well known as what is looked for in the database.
func TestRepeatOfAMomentAgo(t *testing.T) {
	m := openMailroom(t)
	p := told("e1", "SHIPMENT_UPDATED", "FY1", map[string]any{"n": 1})
	first, err := m.receive(m.ctx, p)
	if err != nil || first.Duplicate {
		t.Fatalf("the first: %+v, %v", first, err)
	}
	again, err := m.receive(m.ctx, p)
	if err != nil || !again.Duplicate || again.WebhookID == first.WebhookID {
		t.Errorf("again: %+v, %v", again, err)
	}
	other := told("e2", "SHIPMENT_UPDATED", "FY1", map[string]any{"n": 1}) // the same body under another event id
	renamed, err := m.receive(m.ctx, other)
	if err != nil || !renamed.Duplicate {
		t.Errorf("under another event id: %+v, %v", renamed, err)
	}
	const same = `SELECT (count(*) = 1)::text FROM webhooks r JOIN webhooks f ON f.id = r.duplicate_of
		WHERE r.id = $1 AND f.id = $2 AND r.event = f.event AND r.event_id = f.event_id AND r.partner_order_id = f.partner_order_id
			AND r.claimed_store_id = f.claimed_store_id AND r.mode = f.mode AND r.store_id = f.store_id AND r.body = '' AND r.state = 'duplicate'
			AND r.next_at IS NULL AND r.processed_at IS NOT NULL AND r.effect = format('The same as webhook %s; nothing happened again.', f.id)`
	if m.text(same, again.WebhookID, first.WebhookID) != "true" {
		t.Error("what came again is not stored as what came first")
	}
	if _, err := m.db.Pool().Exec(m.ctx, "DELETE FROM webhooks"); err != nil { // the database was put back to an earlier state
		t.Fatal(err)
	}
	if anew, err := m.receive(m.ctx, p); err != nil || anew.Duplicate || m.text("SELECT (state = 'received' AND body <> '')::text FROM webhooks WHERE id = $1", anew.WebhookID) != "true" {
		t.Errorf("what is remembered and not there any more: %+v, %v", anew, err)
	}
	if late, err := m.receive(m.ctx, other); err != nil || !late.Duplicate {
		t.Errorf("after that, under another event id: %+v, %v", late, err)
	}
	forged := p
	forged.header = p.header.Clone()
	forged.header.Set("X-Fp-Signature", "00")
	if receipt, err := m.receive(m.ctx, forged); err != nil || receipt.Verdict != models.Forged {
		t.Errorf("known bytes with another signature: %+v, %v", receipt, err)
	}
}

// brokenQueue is a queue that takes nothing.
type brokenQueue struct{ asked chan struct{} }

func (b brokenQueue) Enqueue(context.Context, pgx.Tx, models.Job) error {
	b.asked <- struct{}{}
	return errors.New("the queue is down")
}

// A webhook is due by its own row: without its job it waits for the sweep, and the sender need not know.
func TestWebhookWithoutItsJobIsSwept(t *testing.T) {
	m := openMailroom(t)
	queue := brokenQueue{make(chan struct{}, 10)}
	m.db.SetEnqueuer(queue)
	receipt, err := m.receive(m.ctx, told("e1", "SHIPMENT_UPDATED", "FY1", nil))
	if err != nil || receipt.Verdict != models.Verified {
		t.Fatalf("%+v, %v", receipt, err)
	}
	select {
	case <-queue.asked:
	case <-time.After(5 * time.Second):
		t.Fatal("nobody asked for a job")
	}
	if n, err := m.db.ProcessDueWebhooks(m.ctx); err != nil || n != 1 {
		t.Errorf("the sweep found %d, %v", n, err)
	}
	if state := m.text("SELECT state FROM webhooks WHERE id = $1", receipt.WebhookID); state != "parked" {
		t.Errorf("after the sweep it is %s", state)
	}
}
