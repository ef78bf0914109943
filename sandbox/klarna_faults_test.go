package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// One key is one effect for a day; without one, two are two.
func TestKlarnaIdempotency(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized")
	first := b.om("POST", id, "/captures", `{"captured_amount":5000}`, klarnaKeyHeader, "a")
	again := b.om("POST", id, "/captures", `{"captured_amount":7000}`, klarnaKeyHeader, "a")
	if again.status != 201 || again.header.Get("Capture-Id") != first.header.Get("Capture-Id") {
		t.Errorf("the same key with another body answered %d %v", again.status, again.header)
	}
	b.effects(id, "capture", 1)
	b.om("POST", id, "/captures", `{"captured_amount":5000}`)
	b.om("POST", id, "/captures", `{"captured_amount":5000}`)
	b.effects(id, "capture", 3)

	b.om("POST", id, "/captures", `{"captured_amount":99999}`, klarnaKeyHeader, "b").klarnaSays(t, 403, "CAPTURE_NOT_ALLOWED",
		"Captured amount is higher than the remaining authorized amount. Capture not possible.")
	if got := b.om("POST", id, "/captures", `{"captured_amount":100}`, klarnaKeyHeader, "b"); got.status != 403 {
		t.Errorf("a refusal is remembered too, it answered %d", got.status)
	}
	b.control("POST", "/clock", obj{"advance_seconds": 24*3600 + 1}, nil)
	if got := b.om("POST", id, "/captures", `{"captured_amount":5000}`, klarnaKeyHeader, "a"); got.header.Get("Capture-Id") == first.header.Get("Capture-Id") {
		t.Error("a key is remembered for longer than a day")
	}
	b.effects(id, "capture", 4)

	b.control("PUT", "/faults", obj{"gateway": "klarna", "verb": "refund", "mode": modeDelay, "delay_ms": 80, "times": 1}, nil)
	taken := b.klarnaSell("captured")
	done := make(chan answer)
	go func() { done <- b.om("POST", taken, "/refunds", `{"refunded_amount":100}`, klarnaKeyHeader, "c") }()
	time.Sleep(30 * time.Millisecond)
	b.om("POST", taken, "/refunds", `{"refunded_amount":100}`, klarnaKeyHeader, "c").klarnaSays(t, 409, "CONFLICT", "")
	if got := <-done; got.status != 201 {
		t.Errorf("the first one answered %d", got.status)
	}
	b.effects(taken, "refund", 1)
}

func TestKlarnaFaults(t *testing.T) {
	tests := []struct {
		mode    string
		status  int
		effects int
	}{
		{modeDropBefore, 0, 0},
		{modeDropAfter, 0, 1},
		{mode500Before, 500, 0},
		{mode500After, 502, 1},
		{mode429, 429, 0},
		{modeBusy, 409, 0},
		{modeGarbage, 200, 1},
		{modeWrongAmount, 201, 1},
		{modeHidden, 201, 1},
	}
	verbs := []struct{ verb, state, method, path, body string }{
		{"capture", "authorized", "POST", "/captures", `{"captured_amount":5000}`},
		{"refund", "captured", "POST", "/refunds", `{"refunded_amount":5000}`},
		{"void", "authorized", "POST", "/cancel", ``},
		{"amount_update", "authorized", "PATCH", "/authorization", `{"order_amount":20000}`},
	}
	for _, v := range verbs {
		for _, tt := range tests {
			t.Run(v.verb+" "+tt.mode, func(t *testing.T) {
				b := newBench(t)
				id := b.klarnaSell(v.state)
				before := string(compact(b.klarnaOrder(id)))
				b.control("PUT", "/faults", obj{"gateway": "klarna", "verb": v.verb, "payment": id, "mode": tt.mode, "times": 1}, nil)
				earlier := len(b.ledger(id, v.verb))
				send := func() answer { return b.om(v.method, id, v.path, v.body, klarnaKeyHeader, "k") }
				want := tt.status
				if want == 201 && (v.verb == "void" || v.verb == "amount_update") {
					want = 204
				}
				if got := send(); got.status != want || tt.mode == modeGarbage && json.Valid([]byte(got.body)) {
					t.Errorf("answered %d %s, want %d", got.status, got.body, want)
				}
				if got := len(b.ledger(id, v.verb)) - earlier; got != tt.effects {
					t.Errorf("%d effects, want %d", got, tt.effects)
				}
				seen := string(compact(b.klarnaOrder(id)))
				switch tt.mode {
				case modeHidden:
					if seen != before {
						t.Errorf("the effect is not hidden: %s", seen)
					}
					b.control("DELETE", "/faults", nil, nil)
					if string(compact(b.klarnaOrder(id))) == before {
						t.Error("the effect stays hidden without faults")
					}
				case modeWrongAmount:
					if right := string(compact(b.klarnaOrder(id))); right == seen {
						t.Errorf("the first read shows the right amount: %s", seen)
					}
				}
				send() // the same key makes it one effect in the end
				if got := len(b.ledger(id, v.verb)) - earlier; got != 1 {
					t.Errorf("%d effects after sending again", got)
				}
			})
		}
	}
}

func TestKlarnaLateCommit(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("captured")
	b.control("PUT", "/faults", obj{"gateway": "klarna", "verb": "refund", "mode": modeLateCommit, "delay_ms": 40, "times": 1}, nil)
	b.om("POST", id, "/refunds", `{"refunded_amount":100}`, klarnaKeyHeader, "k")
	b.om("POST", id, "/refunds", `{"refunded_amount":100}`, klarnaKeyHeader, "k").klarnaSays(t, 409, "CONFLICT", "")
	eventually(t, "the refund happens", func() bool { return len(b.ledger(id, "refund")) == 1 })
	if got := b.om("POST", id, "/refunds", `{"refunded_amount":100}`, klarnaKeyHeader, "k"); got.status != 201 {
		t.Errorf("then it answered %d %s", got.status, got.body)
	}
	b.effects(id, "refund", 1)
}

func TestKlarnaCaps(t *testing.T) {
	b := newBench(t)
	b.control("PUT", "/caps", obj{"gateway": "klarna", "enforce": false}, nil)
	id := b.klarnaSell("authorized")
	for _, path := range []string{"/captures captured_amount", "/refunds refunded_amount"} {
		path, name, _ := strings.Cut(path, " ")
		if got := b.om("POST", id, path, fmt.Sprintf(`{%q:26000}`, name)); got.status != 201 {
			t.Errorf("%s answered %d %s", path, got.status, got.body)
		}
	}
}

// Reads and beginnings can go wrong too.
func TestKlarnaReadFaults(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("captured")
	read := func(mode string) answer {
		b.control("PUT", "/faults", obj{"gateway": "klarna", "verb": "find", "payment": id, "mode": mode, "times": 1}, nil)
		return b.om("GET", id, "", "")
	}
	if got := read(modeWrongAmount); !strings.Contains(got.body, `"captured_amount":25001`) {
		t.Errorf("a wrong amount reads %s", got.body)
	}
	if got := read(modeGarbage); got.status != 200 || json.Valid([]byte(got.body)) {
		t.Errorf("garbage reads %d %s", got.status, got.body)
	}
	read(mode500Before).klarnaSays(t, 500, "INTERNAL_SERVER_ERROR", "Unexpected server error")
	read(mode429).klarnaSays(t, 429, "TOO_MANY_REQUESTS", "Too many requests")
	if got := read(mode500After); got.status != 502 || !strings.HasPrefix(got.body, "<html>") {
		t.Errorf("a proxy's page reads %d %s", got.status, got.body)
	}
	b.control("PUT", "/faults", obj{"gateway": "klarna", "verb": "start", "mode": modeDropAfter, "times": 1}, nil)
	if got := b.klarna("POST", "/checkout/v3/orders", klarnaCart("http://shop.example/push"), klarnaKeyHeader, "s"); got.status != 0 {
		t.Errorf("a cut beginning answered %d", got.status)
	}
	if got := b.klarna("POST", "/checkout/v3/orders", klarnaCart("http://shop.example/push"), klarnaKeyHeader, "s"); got.status != 201 {
		t.Errorf("with the same key it answered %d %s", got.status, got.body)
	}
	if n := len(b.box.provider("klarna").(*klarna).checkouts.ids); n != 1 {
		t.Errorf("%d purchases were begun", n)
	}
}
