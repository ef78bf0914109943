package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRestartKeepsTheBooks(t *testing.T) {
	cfg := quick()
	cfg.Dir = t.TempDir()
	s := newShop(t, always(200))

	b := openBench(t, cfg)
	id := b.pay("captured")
	made := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":10000}`, idempotencyHeader, "kartify-40-1")
	b.control("PUT", "/caps", obj{"gateway": "razorpay", "enforce": false}, nil)
	b.control("POST", "/clock", obj{"advance_seconds": 60}, nil)
	before := b.do("GET", "/_sandbox/ledger", "").body
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	if got := b.rzp("GET", "/payments/"+id, ""); got.status != 503 {
		t.Errorf("a closed sandbox answered %d", got.status)
	}

	b = openBench(t, cfg)
	if after := b.do("GET", "/_sandbox/ledger", "").body; after != before {
		t.Errorf("ledger before %s after %s", before, after)
	}
	again := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":10000}`, idempotencyHeader, "kartify-40-1")
	if again.text(t, "id") != made.text(t, "id") {
		t.Errorf("the key made another refund: %s", again.body)
	}
	if got := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":200000}`); got.status != 200 {
		t.Errorf("the caps are on again: %s", got.body)
	}
	b.effects(id, "refund", 2)
	if ahead := time.Until(b.box.now()); ahead < 59*time.Second {
		t.Errorf("the clock is %v ahead", ahead)
	}
	// The pending refunds go on where they were.
	b.connect(s)
	b.control("POST", "/clock", obj{"advance_seconds": 7200}, nil)
	if got := b.rzp("GET", "/refunds/"+made.text(t, "id"), ""); got.text(t, "status") != "processed" {
		t.Errorf("the refund is %s", got.body)
	}
}

func TestRestartDeliversWhatWasWaiting(t *testing.T) {
	cfg := quick()
	cfg.Dir = t.TempDir()
	slow := cfg
	slow.WebhookDelay = time.Hour
	s := newShop(t, always(200))
	b := openBench(t, slow)
	b.connect(s)
	id := b.pay("captured")
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	openBench(t, cfg)
	if got := s.wait(t, 1); got[0].event(t).Event != "refund.created" {
		t.Errorf("delivered %s", got[0].body)
	}
}

func TestJournalDamage(t *testing.T) {
	cfg := quick()
	cfg.Dir = t.TempDir()
	b := openBench(t, cfg)
	id := b.pay("captured")
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cfg.Dir, "journal.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	// A last line that was never finished is cut off.
	if err := os.WriteFile(path, append(whole, `{"table":"ledger","id":"9`...), 0o600); err != nil {
		t.Fatal(err)
	}
	b = openBench(t, cfg)
	b.effects(id, "capture", 1)
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	b = openBench(t, cfg)
	b.effects(id, "refund", 1)
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}

	// Anything else is not passed over.
	if err := os.WriteFile(path, []byte("gibberish\n"+string(whole)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a damaged journal gave %v", err)
	}
}

func TestClock(t *testing.T) {
	b := newBench(t)
	created, authorized := b.pay("created"), b.pay("authorized", obj{"order": "1002"})
	state := func(id string) string { return b.rzp("GET", "/payments/"+id, "").text(t, "status") }
	b.control("POST", "/clock", obj{"advance_seconds": 599}, nil)
	if got := state(created); got != "created" {
		t.Errorf("after 599 s it is %s", got)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 2}, nil)
	if got := state(created); got != "failed" {
		t.Errorf("after 601 s it is %s", got)
	}
	b.control("POST", "/payments/"+created+"/state", obj{"state": "captured"}, nil) // late, and yet
	if got := state(created); got != "captured" {
		t.Errorf("a late yes made it %s", got)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 3 * 24 * 3600}, nil)
	if got := b.rzp("GET", "/payments/"+authorized, ""); got.text(t, "status") != "refunded" || !strings.Contains(got.body, `"captured":false`) {
		t.Errorf("nobody captured it and it is %s", got.body)
	}
	b.effects(authorized, "refund", 1)
	b.effects(created, "refund", 0)
}

func TestSettlementsAddUp(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":10000}`)
	if got := b.rzp("GET", "/settlements", ""); !strings.Contains(got.body, `"count":0`) {
		t.Errorf("settled at once: %s", got.body)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 2 * 24 * 3600}, nil)
	at := b.box.now()
	recon := b.rzp("GET", "/settlements/recon/combined?year="+at.Format("2006")+"&month="+at.Format("1")+"&day="+at.Format("2"), "")
	list := b.rzp("GET", "/settlements", "")
	for _, want := range []string{`"credit":97640`, `"debit":10000`, `"count":2`} {
		if !strings.Contains(recon.body, want) {
			t.Errorf("recon has no %s: %s", want, recon.body)
		}
	}
	if !strings.Contains(list.body, `"amount":87640`) || !strings.Contains(list.body, `"fees":2360,"tax":360`) {
		t.Errorf("settlements %s", list.body)
	}
	b.rzp("GET", "/settlements/recon/combined?year=2026&month=13", "").is(t, 400, "The month is not a valid month.")
}

func TestPortalRefundHasNoKey(t *testing.T) {
	b, s := newBench(t), newShop(t, always(200))
	b.connect(s)
	id := b.pay("captured")
	b.control("POST", "/payments/"+id+"/refunds", obj{"amount_minor": 2500, "webhook": false}, nil)
	b.control("POST", "/payments/"+id+"/refunds", obj{"amount_minor": 2500, "webhook": true}, nil)
	entries := b.ledger(id, "refund")
	if len(entries) != 2 || entries[0].IdempotencyKey != "" || entries[1].AmountMinor != 2500 {
		t.Errorf("ledger %v", entries)
	}
	s.wait(t, 1)
	time.Sleep(10 * time.Millisecond)
	if got := s.deliveries(); len(got) != 1 {
		t.Errorf("%d webhooks, want 1", len(got))
	}
	if got := b.do("POST", "/_sandbox/payments/"+id+"/refunds", `{"amount_minor":100000}`); got.status != 400 || !strings.Contains(got.body, "950.00 INR are left") {
		t.Errorf("too much answered %d %s", got.status, got.body)
	}
}

func TestOtherSitesCannotPressButtons(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	got := b.do("POST", "/_sandbox/portal/razorpay/"+id+"/refund", "amount=10", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	if got.status != 403 {
		t.Errorf("another site's form answered %d", got.status)
	}
	b.effects(id, "refund", 0)
}

func TestAmounts(t *testing.T) {
	tests := []struct {
		text, currency string
		minor          int64
		ok             bool
	}{
		{"1499.00", "INR", 149900, true},
		{"0.05", "INR", 5, true},
		{"499", "INR", 49900, true},
		{"499.5", "INR", 49950, true},
		{"1500", "JPY", 1500, true},
		{"1.234", "KWD", 1234, true},
		{"499.500", "INR", 49950, true},
		{"1.5", "JPY", 0, false},
		{"1.234", "INR", 0, false},
		{"-1", "INR", 0, false},
		{"1e3", "INR", 0, false},
		{"", "INR", 0, false},
		{"1,00", "INR", 0, false},
		{"99999999999999999999", "INR", 0, false},
	}
	for _, tt := range tests {
		got, ok := minorUnits(tt.text, tt.currency)
		if got != tt.minor && ok || ok != tt.ok {
			t.Errorf("minorUnits(%q, %s) = %d, %v", tt.text, tt.currency, got, ok)
		}
	}
	for minor, want := range map[int64]string{149900: "1499.00", 5: "0.05", -120: "-1.20"} {
		if got := decimal(minor, "INR"); got != want {
			t.Errorf("decimal(%d) = %s, want %s", minor, got, want)
		}
	}
	if got := decimal(1500, "JPY") + " " + decimal(1234, "KWD"); got != "1500 1.234" {
		t.Errorf("yen and dinar are %s", got)
	}
}
