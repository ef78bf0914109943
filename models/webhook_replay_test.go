package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// told of all rows that a replay could touch, to see that a preview leaves none changed.
const everyRow = `SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT to_jsonb(t)::text x FROM orders t UNION ALL SELECT to_jsonb(t)::text FROM order_events t
	UNION ALL SELECT to_jsonb(t)::text FROM order_history t UNION ALL SELECT to_jsonb(t)::text FROM payments t UNION ALL SELECT to_jsonb(t)::text FROM operations t
	UNION ALL SELECT to_jsonb(t)::text FROM webhooks t UNION ALL SELECT to_jsonb(t)::text FROM emails t UNION ALL SELECT to_jsonb(t)::text FROM audit_log t) r`

func (m *mailroom) preview(id int64) *models.Replay {
	m.Helper()
	before := m.text(everyRow)
	replay, err := m.db.PreviewReplay(m.ctx, id)
	if err != nil {
		m.Fatalf("preview webhook %d: %v", id, err)
	}
	if m.text(everyRow) != before {
		m.Errorf("looking at what webhook %d would do changed something", id)
	}
	return replay
}

func said(replay *models.Replay) string {
	var lines []string
	for _, c := range replay.Changes {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n")
}

func TestReplayOfWhatWasDoneChangesNothing(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "pending", 0)
	for _, p := range []parcel{
		told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "R1"}),
		told("e2", "SHIPMENT_CREATED", "FYpay_1", nil), paid("p1", "pay_1", "captured"), placed("e3", "FYpay_9", "pay_9", "2026-01-31T10:00:00Z"),
	} {
		receipt := m.deliver(p)
		m.work()
		replay := m.preview(receipt.WebhookID)
		if len(replay.Changes) != 0 || replay.State != models.WebhookProcessed {
			t.Errorf("%s: %s, %s", p.source, replay.State, said(replay))
		}
		before := m.state()
		effect := m.text(`SELECT effect FROM webhooks WHERE id = $1`, receipt.WebhookID)
		if _, err := m.db.ReplayWebhook(m.ctx, receipt.WebhookID, replay.Digest(), models.SystemActor); err != nil {
			t.Fatal(err)
		}
		if after := m.state(); after != before {
			t.Errorf("applied again, it is\n%s\nand was\n%s", after, before)
		}
		if got := m.text(`SELECT effect FROM webhooks WHERE id = $1`, receipt.WebhookID); got != effect {
			t.Errorf("what it did first, %q, has become %q", effect, got)
		}
	}
	if got := m.text(`SELECT count(*)::text FROM audit_log WHERE action = 'webhook.replayed'`); got != "4" {
		t.Errorf("%s replays are in the audit log, want 4", got)
	}
	m.sound()
}

func TestReplayOfAParkedWebhook(t *testing.T) {
	m := openMailroom(t)
	receipt := m.deliver(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099"}))
	m.work()
	if replay := m.preview(receipt.WebhookID); replay.State != models.WebhookParked || len(replay.Changes) != 0 || !strings.Contains(replay.Effect, "No order FYpay_1") {
		t.Errorf("with no order: %+v", replay)
	}
	order, _ := m.order("pay_1", "success", 10000) // put in by hand: nothing wakes what waits for it
	replay := m.preview(receipt.WebhookID)
	for _, want := range []string{
		fmt.Sprintf("Order %d: last event: nothing → REFUND_INITIATED", order), "New event: amount: 40.00 INR; event: REFUND_INITIATED; request id: 16916747740991418099; waiting: yes", "New history:", "New e-mail:",
	} {
		if got := said(replay); !strings.Contains(got, want) {
			t.Errorf("the preview does not say %q:\n%s", want, got)
		}
	}
	done, err := m.db.ReplayWebhook(m.ctx, receipt.WebhookID, replay.Digest(), models.SystemActor)
	if err != nil || done.State != models.WebhookProcessed {
		t.Fatalf("%+v, %v", done, err)
	}
	want := fmt.Sprintf("processed %d REFUND_INITIATED t", order)
	if got := m.text(`SELECT concat_ws(' ', w.state, w.order_id, e.event, e.waiting) FROM webhooks w JOIN order_events e ON e.webhook_id = w.id`); got != want {
		t.Errorf("applied: %s, want %s", got, want)
	}
	m.sound()
}

func TestReplayDoesOnlyWhatWasLookedAt(t *testing.T) {
	m := openMailroom(t)
	receipt := m.deliver(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "R1"}))
	m.work()
	looked := m.preview(receipt.WebhookID)
	m.order("pay_1", "success", 10000)
	before := m.text(everyRow)
	replay, err := m.db.ReplayWebhook(m.ctx, receipt.WebhookID, looked.Digest(), models.SystemActor)
	if !errors.Is(err, models.ErrMoved) || replay == nil || len(replay.Changes) == 0 {
		t.Errorf("%+v, %v; want ErrMoved with what it would do now", replay, err)
	}
	if m.text(everyRow) != before {
		t.Error("something was changed that nobody looked at")
	}
}

func TestReplayOfAGatewaysWebhook(t *testing.T) {
	m := openMailroom(t)
	receipt := m.deliver(paid("e1", "pay_1", "captured"))
	m.work()
	m.order("pay_1", "pending", 0)
	replay := m.preview(receipt.WebhookID)
	for _, want := range []string{"captured: 0.00 INR → 100.00 INR", "status: pending → success", "status: pending → processing"} {
		if !strings.Contains(said(replay), want) {
			t.Errorf("the preview does not say %q:\n%s", want, said(replay))
		}
	}
	if _, err := m.db.ReplayWebhook(m.ctx, receipt.WebhookID, replay.Digest(), models.SystemActor); err != nil {
		t.Fatal(err)
	}
	if got := m.text(`SELECT captured_minor::text FROM payments`); got != "10000" {
		t.Errorf("%s is captured", got)
	}
	m.sound()
}

func TestWhatIsNeverReplayed(t *testing.T) {
	m := openMailroom(t)
	ask := told("e1", "X", "FY1", nil)
	first := m.deliver(ask)
	again := m.deliver(ask)
	forged := m.deliver(fyndParcel("e1", map[string]any{"event": "X"}, "guess"))
	for id, want := range map[int64]string{
		again.WebhookID:  fmt.Sprintf("This is a repeat of webhook %d; apply that one.", first.WebhookID),
		forged.WebhookID: "No store here has signed this webhook, so it is never applied.",
	} {
		for _, err := range []error{second(m.db.PreviewReplay(m.ctx, id)), second(m.db.ReplayWebhook(m.ctx, id, "", models.SystemActor))} {
			if err == nil || err.Error() != want {
				t.Errorf("%v, want %q", err, want)
			}
		}
	}
	elsewhere := models.WithScope(m.ctx, models.Scope{Stores: []int64{41}})
	for _, err := range []error{second(m.db.PreviewReplay(elsewhere, first.WebhookID)), second(m.db.RevealWebhook(elsewhere, first.WebhookID, models.SystemActor))} {
		if !errors.Is(err, models.ErrNotFound) {
			t.Errorf("from another store: %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRevealIsAudited(t *testing.T) {
	m := openMailroom(t)
	id := m.deliver(told("e1", "X", "FY1", nil)).WebhookID
	w, err := m.db.RevealWebhook(m.ctx, id, models.Actor{Kind: "user", Name: "Mira"})
	if err != nil || len(w.Body) == 0 {
		t.Fatalf("%v", err)
	}
	if got := m.text(`SELECT actor_name||' '||action||' '||object||' '||store_id FROM audit_log WHERE action = 'webhook.revealed'`); got != fmt.Sprintf("Mira webhook.revealed webhook %d 40", id) {
		t.Errorf("the audit log says %q", got)
	}
}
