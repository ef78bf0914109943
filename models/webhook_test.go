package models_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

func TestWebhookVerdicts(t *testing.T) {
	m := openMailroom(t)
	genuine := told("e1", "REFUND_DONE", "FY1", nil)
	changed := func(p parcel, change func(*parcel)) parcel {
		p.header, p.body = p.header.Clone(), bytes.Clone(p.body)
		change(&p)
		return p
	}
	tests := []struct {
		name    string
		parcel  parcel
		verdict models.Verdict
		store   int64
	}{
		{"wrong secret", fyndParcel("e1", map[string]any{"event": "X"}, "guess"), models.Forged, 0},
		{"empty secret", fyndParcel("e1", map[string]any{"event": "X"}, ""), models.Forged, 0},
		{"no signature", changed(genuine, func(p *parcel) { p.header.Del("X-Fp-Signature") }), models.Forged, 0},
		{"two signatures", changed(genuine, func(p *parcel) { p.header.Add("X-Fp-Signature", p.header.Get("X-Fp-Signature")) }), models.Forged, 0},
		{"written anew", changed(genuine, func(p *parcel) { p.body = append(p.body, '\n') }), models.Forged, 0},
		{"one byte changed", changed(genuine, func(p *parcel) { p.body = bytes.Replace(p.body, []byte("FY1"), []byte("FY2"), 1) }), models.Forged, 0},
		{"not text", parcel{"gofynd", http.Header{}, []byte("\xff\x00{")}, models.Unreadable, 0},
		{"no event, signed", fyndParcel("e1", map[string]any{"store_id": 40}, fyndSecret), models.Unreadable, 40},
		{"the same again", fyndParcel("e1", map[string]any{"store_id": 40}, fyndSecret), models.Unreadable, 40},
		{"genuine, under the id of the forged ones", genuine, models.Verified, 40},
		{"of the other store", fyndParcel("e1", map[string]any{"event": "REFUND_DONE", "gofynd_order_id": "FY1"}, "other-"+fyndSecret), models.Verified, 41},
	}
	for _, tt := range tests {
		receipt := m.deliver(tt.parcel)
		if receipt.Verdict != tt.verdict || receipt.Duplicate {
			t.Errorf("%s: %s, duplicate %v; want %s", tt.name, receipt.Verdict, receipt.Duplicate, tt.verdict)
			continue
		}
		w, err := m.db.Webhook(m.ctx, receipt.WebhookID)
		if err != nil {
			t.Fatal(err)
		}
		if w.StoreID != tt.store || (w.State == models.WebhookRefused) != (tt.verdict != models.Verified) {
			t.Errorf("%s: stored for store %d as %s", tt.name, w.StoreID, w.State)
		}
	}
	if again := m.deliver(genuine); !again.Duplicate {
		t.Error("the genuine one was taken a second time")
	}
	m.sound()
}

func TestWebhookOfAnotherStoresAddressIsForged(t *testing.T) {
	m := openMailroom(t)
	p := paid("e1", "pay_1", "captured")
	receipt, err := m.db.ReceiveWebhook(m.ctx, models.Delivery{Source: "razorpay", StoreID: 41, Header: p.header, Body: p.body})
	if err != nil || receipt.Verdict != models.Forged {
		t.Errorf("store 40's secret at store 41's address: %s, %v", receipt.Verdict, err)
	}
	if claimed := m.text(`SELECT claimed_store_id FROM webhooks WHERE id = $1`, receipt.WebhookID); claimed != "41" {
		t.Errorf("the refused row speaks of store %q, want 41", claimed)
	}
}

func TestReplacedSecretFitsForAWhile(t *testing.T) {
	m := openMailroom(t)
	old := told("e1", "REFUND_DONE", "FY1", nil)
	m.settings(40, "gofynd", "the-new-secret")
	if got := m.deliver(old).Verdict; got != models.Verified {
		t.Errorf("the replaced secret within its overlap: %s", got)
	}
	if got := m.deliver(fyndParcel("e2", map[string]any{"event": "X", "gofynd_order_id": "FY1"}, "the-new-secret")).Verdict; got != models.Verified {
		t.Errorf("the new secret: %s", got)
	}
	m.exec(`UPDATE gateway_settings SET retired_at = now() - interval '73 hours' WHERE retired_at IS NOT NULL`)
	if got := m.deliver(told("e3", "REFUND_DONE", "FY1", nil)).Verdict; got != models.Forged {
		t.Errorf("the replaced secret after its overlap: %s", got)
	}
}

func TestRepeatedWebhooksHappenOnce(t *testing.T) {
	m := openMailroom(t)
	order, _ := m.order("pay_1", "success", 10000)
	ask := func(event string) parcel {
		return told(event, "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099"})
	}
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { m.deliver(ask("e1")) })
	}
	wait.Wait()
	m.send(ask("another-id-same-bytes")) // a replay: the id is in a header that is not signed
	if got := m.text(`SELECT state||' '||count(*) FROM webhooks GROUP BY state ORDER BY 1`); got != "duplicate 50\nprocessed 1" {
		t.Errorf("51 deliveries were stored as %s", got)
	}
	// The same request in another message, as Fynd repeats itself.
	m.send(told("e9", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "16916747740991418099", "note": "again"}))
	want := fmt.Sprintf("%d REFUND_INITIATED 16916747740991418099 4000 t", order)
	if got := m.text(`SELECT concat_ws(' ', order_id, event, request_id, amount_minor, waiting) FROM order_events`); got != want {
		t.Errorf("the order's events are %s, want %s", got, want)
	}
	m.sound()
}

func TestSameEventIDWithAnotherBodyIsSaid(t *testing.T) {
	m := openMailroom(t)
	m.deliver(paid("e1", "pay_1", "authorized"))
	receipt := m.deliver(paid("e1", "pay_1", "captured"))
	if effect := m.text(`SELECT effect FROM webhooks WHERE id = $1`, receipt.WebhookID); !receipt.Duplicate || !strings.Contains(effect, "another body") {
		t.Errorf("duplicate %v, effect %q", receipt.Duplicate, effect)
	}
}

func TestReceivedWebhookSurvivesACrash(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "pending", 0)
	m.deliver(paid("e1", "pay_1", "captured")) // there is no queue here: its job is lost
	m.work()
	if got := m.text(`SELECT state||' '||status FROM webhooks, orders`); got != "processed processing" {
		t.Errorf("webhook and order are %s", got)
	}
}

func TestPoisonIsLeftForAPerson(t *testing.T) {
	m := openMailroom(t, func(o *models.Options) { o.Timings.WebhookTries = 3 })
	_, payment := m.order("pay_1", "success", 10000)
	m.exec(`CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''disk on fire''; END'`)
	m.exec(`CREATE TRIGGER broken BEFORE INSERT ON operations FOR EACH ROW EXECUTE FUNCTION broken()`)
	receipt := m.deliver(refunded("e1", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_1", PaymentRef: "pay_1", Amount: money.New(100, "INR")}))
	for range 3 {
		m.exec(`UPDATE webhooks SET next_at = now() WHERE state = 'received'`)
		m.work()
	}
	w, err := m.db.Webhook(m.ctx, receipt.WebhookID)
	if err != nil {
		t.Fatal(err)
	}
	if w.State != models.WebhookFailed || w.NextAt != nil || !strings.Contains(w.Effect, "3 tries") || !strings.Contains(w.Effect, "disk on fire") {
		t.Errorf("state %s, effect %q", w.State, w.Effect)
	}
	m.exec(`DROP TRIGGER broken ON operations`)
	if err := m.db.RetryWebhook(m.ctx, w.ID, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.work()
	if got := m.text(`SELECT refunded_minor::text FROM payments WHERE id = $1`, payment); got != "100" {
		t.Errorf("after it was tried again %s is refunded, want 100", got)
	}
	if err := m.db.RetryWebhook(m.ctx, w.ID, models.SystemActor); err == nil {
		t.Error("a processed webhook was tried again")
	}
	m.sound()
}

func TestFloodOfForgeriesFillsNoDisk(t *testing.T) {
	m := openMailroom(t)
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 50 {
				m.deliver(fyndParcel("e", map[string]any{"event": fmt.Sprint(worker, i), "filler": strings.Repeat("x", 20<<10)}, "guess"))
			}
		})
	}
	wait.Wait()
	if err := m.db.NoteRefusedWebhooks(m.ctx); err != nil {
		t.Fatal(err)
	}
	if got := m.text(`SELECT count(*)||' '||max(length(body)) FROM webhooks`); got != "200 16384" {
		t.Errorf("rows and longest body: %s, want 200 16384", got)
	}
	if got := m.text(`SELECT count(*)::text FROM webhooks WHERE effect LIKE '%200 more%'`); got != "1" {
		t.Errorf("%s rows speak of the 200 that were not stored, want 1", got)
	}
	if got := m.deliver(told("e1", "X", "FY1", nil)); got.Verdict != models.Verified || got.WebhookID == 0 {
		t.Errorf("a genuine one behind the flood: %+v", got)
	}
}

func TestStoredBodyHoldsNoCardNumbers(t *testing.T) {
	m := openMailroom(t)
	receipt := m.deliver(told("e1", "REFUND_INITIATED", "FY1", map[string]any{
		"request_id": "4111111111111111", "note": "paid with 5555 5555 5555 4444", "card": map[string]any{"number": "4012888888881881", "cvv": "123"}, "n": 4012888888881881,
	}))
	w, err := m.db.Webhook(m.ctx, receipt.WebhookID)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"5555 5555 5555 4444", "4012888888881881", `"123"`} {
		if bytes.Contains(w.Body, []byte(gone)) {
			t.Errorf("the stored body holds %s: %s", gone, w.Body)
		}
	}
	if !bytes.Contains(w.Body, []byte(`"request_id":"4111111111111111"`)) {
		t.Errorf("the request's id was taken for a card number: %s", w.Body)
	}
	if err := gateways.CheckJSON(w.Body); err != nil {
		t.Errorf("the stored body: %v", err)
	}
}

func TestCredentialsOfTheSenderAreNotStored(t *testing.T) {
	m := openMailroom(t)
	p := told("e1", "X", "FY1", nil)
	p.header.Set("Authorization", "Bearer secret-1")
	p.header.Set("X-Affiliate-Token", "secret-2")
	p.header.Set("Cookie", "secret-3")
	receipt := m.deliver(p)
	if headers := m.text(`SELECT headers::text FROM webhooks WHERE id = $1`, receipt.WebhookID); strings.Contains(headers, "secret-") {
		t.Errorf("stored headers: %s", headers)
	}
}

func TestNothingIsAnsweredWithoutTheDatabase(t *testing.T) {
	m := openMailroom(t)
	ctx, cancel := context.WithTimeout(m.ctx, time.Nanosecond)
	defer cancel()
	p := told("e1", "X", "FY1", nil)
	if receipt, err := m.db.ReceiveWebhook(ctx, models.Delivery{Source: p.source, Header: p.header, Body: p.body}); err == nil {
		t.Errorf("a receipt %+v without a row", receipt)
	}
	if got := m.text(`SELECT count(*)::text FROM webhooks`); got != "0" {
		t.Errorf("%s rows", got)
	}
}
