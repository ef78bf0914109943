package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// A payment that a bank has numbered is doubted until its provider has called it failed long enough; then the
// order is failed, its history says why, and the same word does not make it missing again.
func TestDoubtEndsWhenTheProviderKeepsToItsWord(t *testing.T) {
	h := openHearsay(t, nil)
	declined := func(p *gateways.Payment) {
		p.Failed, p.Doubt, p.Word, p.RRN = true, gateways.Unclear, "Unsuccessful", "528410076"
	}
	sweep := func() {
		t.Helper()
		if _, err := h.db.SweepLookups(models.AskedFor(h.ctx)); err != nil {
			t.Fatal(err)
		}
	}
	later := func(order int64, by string) {
		h.exec(`UPDATE payments SET doubt_since = doubt_since - $2::interval WHERE order_id = $1`, order, by)
	}
	is := func(order int64, when, want string) {
		t.Helper()
		if got := h.stands(order); got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
	order := h.order("pending", "")
	h.shows(order, "ref_1", declined)
	sweep()
	is(order, "declined, and numbered by a bank", "missing unknown failed")
	later(order, "47 hours")
	sweep()
	is(order, "a day on", "missing unknown failed")
	later(order, "1 hour")
	sweep()
	is(order, "after two days", "failed failed")
	if said := h.text(`SELECT string_agg(comment, ' ') FROM order_history WHERE order_id = $1`, order); !strings.Contains(said, "has said Unsuccessful of payment ref_1 since") || !strings.Contains(said, "528410076") {
		t.Errorf("the history says %q", said)
	}
	for range 2 {
		sweep()
		is(order, "asked again", "failed failed")
	}
	if n := h.text(`SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE '%counts as not debited%'`, order); n != "1" {
		t.Errorf("the history says so %s times", n)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { declined(p); p.Doubt = gateways.Debited })
	sweep()
	is(order, "the bank says debited after all", "missing debited failed")
	h.shows(order, "ref_1", declined)
	sweep()
	later(order, "90 days")
	sweep()
	is(order, "known as debited, and declined again", "missing debited failed")
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	sweep()
	is(order, "paid after all", "processing success")

	silent := h.order("pending", "")
	h.shows(silent, "ref_2", func(p *gateways.Payment) { p.Doubt, p.Word = gateways.Unclear, "Awaited" })
	sweep()
	h.exec(`UPDATE payments SET doubt_since = now() - interval '30 days' WHERE order_id = $1`, silent)
	sweep()
	is(silent, "a bank that does not answer is never a decline", "missing unknown pending")
	h.shows(silent, "ref_2", declined)
	sweep()
	is(silent, "the time runs from the provider's word", "missing unknown failed")
	later(silent, "48 hours")
	sweep()
	is(silent, "declined for two days", "failed failed")
	h.sound()
}

// A question about orders is put to a gateway of a store only in its turn, whoever asks.
func TestLookupsKeepTheirPace(t *testing.T) {
	h := openHearsay(t, nil, func(o *models.Options) { o.Timings.LookupRate = 20 })
	for range 6 {
		h.order("pending", "")
	}
	begun := time.Now()
	done := make(chan int, 3)
	for range cap(done) {
		go func() {
			n, err := h.db.SweepLookups(h.ctx)
			if err != nil {
				t.Errorf("sweep: %v", err)
			}
			done <- n
		}()
	}
	checked := 0
	for range cap(done) {
		checked += <-done
	}
	// Each order is asked about under two numbers: the attempt's and its own.
	if took, least := time.Since(begun), 11*time.Second/20; checked != 6 || took < least || took > 4*least {
		t.Errorf("three runs at a time asked about %d orders in %s, want 6 in %s or a little more", checked, took, least)
	}
}

// A payment page that its provider has forgotten was turned back from.
func TestForgottenPaymentPage(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	if _, err := h.start(token); err != nil {
		t.Fatal(err)
	}
	h.exec(`UPDATE payments SET ref = 'gone_1' WHERE order_id = $1`, order)
	for _, tt := range []struct{ change, want string }{
		{`UPDATE checkouts SET created_at = now() - interval '71 hours'`, "pending pending"},
		{`UPDATE payments SET doubt = 'unknown'`, "pending pending"},
		{`UPDATE checkouts SET created_at = now() - interval '73 hours'`, "pending pending"},
		{`UPDATE payments SET doubt = ''`, "failed canceled"},
	} {
		h.exec(tt.change)
		if _, err := h.db.SweepLookups(models.AskedFor(h.ctx)); err != nil {
			t.Fatal(err)
		}
		if got := h.stands(order); got != tt.want {
			t.Errorf("after %s: %s, want %s", tt.change, got, tt.want)
		}
	}
}

// Who turns back need not wait, once the provider was asked and shows nothing paid.
func TestBuyerTurnsBack(t *testing.T) {
	h := openHearsay(t, nil)
	order := h.unpaid()
	token := h.token(order)
	if _, err := h.start(token); err != nil {
		t.Fatal(err)
	}
	if page, err := h.db.TurnedBack(h.ctx, token); err != nil || page.State != models.PayFailed || len(page.Ways) != 1 {
		t.Fatalf("who turned back is told %+v, %v", page, err)
	}
	if c, err := h.start(token); err != nil || c.Number != 2 {
		t.Fatalf("the next attempt: %+v, %v", c, err)
	}
	h.exec(`UPDATE gateway_settings SET secrets = '{}'`) // nobody can be asked
	if page, err := h.db.TurnedBack(h.ctx, token); err != nil || page.State != models.PayChecking {
		t.Errorf("while the provider does not answer he is told %v, %v", page.State, err)
	}
}
