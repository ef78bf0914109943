package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFaultsOfARefund(t *testing.T) {
	tests := []struct {
		mode    string
		status  int // 0 is a cut connection
		effects int // at once
	}{
		{modeDropBefore, 0, 0},
		{modeDropAfter, 0, 1},
		{mode500Before, 500, 0},
		{mode500After, 502, 1},
		{mode429, 429, 0},
		{modeBusy, 400, 0},
		{modeGarbage, 200, 1},
		{modeWrongAmount, 200, 1},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			b := newBench(t)
			id, other := b.pay("captured"), b.pay("captured")
			b.fault("refund", tt.mode, obj{"payment": id, "times": 1})
			if got := b.rzp("POST", "/payments/"+other+"/refund", `{"amount":100}`); got.status != 200 || got.text(t, "id") == "" {
				t.Errorf("another payment got %d", got.status)
			}
			refund := func() answer {
				return b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`, idempotencyHeader, "kartify-40-1")
			}
			got := refund()
			if got.status != tt.status {
				t.Errorf("answered %d %s, want %d", got.status, got.body, tt.status)
			}
			b.effects(id, "refund", tt.effects)
			check := map[string]func() bool{
				mode500Before:   func() bool { return strings.Contains(got.body, "SERVER_ERROR") },
				mode500After:    func() bool { return strings.HasPrefix(got.body, "<html>") },
				mode429:         func() bool { return got.header.Get("Retry-After") == "1" },
				modeBusy:        func() bool { return strings.Contains(got.body, "another payment operation is in progress") },
				modeGarbage:     func() bool { return !json.Valid([]byte(got.body)) },
				modeWrongAmount: func() bool { return strings.Contains(got.body, `"amount":101`) },
			}[tt.mode]
			if check != nil && !check() {
				t.Errorf("body %s", got.body)
			}
			// The fault is used up, and the same key makes it one refund in the end.
			if got := refund(); got.status != 200 || !strings.Contains(got.body, `"amount":100,`) {
				t.Errorf("sent again: %d %s", got.status, got.body)
			}
			b.effects(id, "refund", 1)
		})
	}
}

func TestDelayHoldsNobodyElseUp(t *testing.T) {
	b := newBench(t)
	slow, fast := b.pay("captured"), b.pay("captured")
	b.fault("refund", modeDelay, obj{"payment": slow, "delay_ms": 200})
	b.fault("refund", modeDropAfter, obj{"payment": slow})
	started := time.Now()
	done := make(chan answer)
	go func() { done <- b.rzp("POST", "/payments/"+slow+"/refund", `{"amount":100}`) }()
	b.rzp("POST", "/payments/"+fast+"/refund", `{"amount":100}`)
	if took := time.Since(started); took > 150*time.Millisecond {
		t.Errorf("the fast one took %v", took)
	}
	if got := <-done; got.status != 0 || time.Since(started) < 200*time.Millisecond {
		t.Errorf("the slow one got %d after %v", got.status, time.Since(started))
	}
	b.effects(slow, "refund", 1)
}

func TestLateCommit(t *testing.T) {
	b := newBench(t)
	id := b.pay("authorized")
	b.fault("capture", modeLateCommit, obj{"delay_ms": 60, "times": 1})
	if got := b.rzp("POST", "/payments/"+id+"/capture", `{"amount":100000,"currency":"INR"}`); got.status != 0 {
		t.Errorf("answered %d", got.status)
	}
	b.effects(id, "capture", 0)
	eventually(t, "the capture happens", func() bool { return len(b.ledger(id, "capture")) == 1 })
	if got := b.rzp("GET", "/payments/"+id, ""); got.text(t, "status") != "captured" {
		t.Errorf("the payment is %s", got.body)
	}
}

func TestLateCommitWithoutAKeyRefundsTwice(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", modeLateCommit, obj{"delay_ms": 40, "times": 1})
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	eventually(t, "both are refunded", func() bool { return len(b.ledger(id, "refund")) == 2 })
}

func TestDuplicateAccepting(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", modeDuplicates)
	for range 2 {
		if got := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100,"receipt":"R1"}`, idempotencyHeader, "kartify-40-1"); got.status != 200 {
			t.Errorf("answered %d %s", got.status, got.body)
		}
	}
	b.effects(id, "refund", 2)
}

func TestHiddenFromLookup(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", modeHidden, obj{"times": 1})
	made := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	shows := func() bool {
		list := b.rzp("GET", "/payments/"+id+"/refunds", "")
		one := b.rzp("GET", "/refunds/"+made.text(t, "id"), "")
		payment := b.rzp("GET", "/payments/"+id, "")
		seen := strings.Contains(list.body, made.text(t, "id"))
		if seen != (one.status == 200) || seen != strings.Contains(payment.body, `"amount_refunded":100,`) {
			t.Errorf("list, one and payment disagree: %s %s %s", list.body, one.body, payment.body)
		}
		return seen
	}
	if made.status != 200 || shows() {
		t.Error("the refund can be looked up")
	}
	b.effects(id, "refund", 1)
	b.control("DELETE", "/faults", nil, nil)
	if !shows() {
		t.Error("the refund stays hidden without faults")
	}

	late := b.pay("authorized")
	b.fault("capture", modeHidden, obj{"delay_ms": 50})
	b.rzp("POST", "/payments/"+late+"/capture", `{"amount":100000,"currency":"INR"}`)
	if got := b.rzp("GET", "/payments/"+late, ""); got.text(t, "status") != "authorized" {
		t.Errorf("hidden capture shows as %s", got.body)
	}
	eventually(t, "the capture shows", func() bool { return b.rzp("GET", "/payments/"+late, "").text(t, "status") == "captured" })
}

func TestPendingThenFailed(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", modePendingFails, obj{"delay_ms": 20})
	made := b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`)
	if made.text(t, "status") != "pending" {
		t.Errorf("made %s", made.body)
	}
	eventually(t, "it fails", func() bool { return b.rzp("GET", "/refunds/"+made.text(t, "id"), "").text(t, "status") == "failed" })
	b.effects(id, "refund_failed", 1)
}

func TestFaultsQueueUp(t *testing.T) {
	b := newBench(t)
	id := b.pay("captured")
	b.fault("refund", mode500Before, obj{"times": 2})
	b.fault("refund", mode429, obj{"times": 1})
	b.fault("lookup", mode500Before)
	var got []int
	for range 4 {
		got = append(got, b.rzp("POST", "/payments/"+id+"/refund", `{"amount":100}`).status)
	}
	if want := []int{500, 500, 429, 200}; !slices.Equal(got, want) {
		t.Errorf("answers %v, want %v", got, want)
	}
	if got := b.rzp("GET", "/payments/"+id, ""); got.status != 500 {
		t.Errorf("a lookup got %d", got.status)
	}
	var left []fault
	b.control("GET", "/faults", nil, &left)
	if len(left) != 1 || left[0].Verb != "lookup" {
		t.Errorf("left %v", left)
	}
}

func TestFaultsThatCannotBe(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{
		`{"gateway":"nobody","mode":"delay"}`,
		`{"gateway":"razorpay","verb":"refund","mode":"explode"}`,
		`{"gateway":"razorpay","verb":"refnd","mode":"delay"}`,
		`{"gateway":"razorpay","verb":"refund","mod":"delay"}`,
		`{"gateway":"razorpay","verb":"refund","mode":"delay","times":-1}`,
	} {
		if got := b.do("PUT", "/_sandbox/faults", body); got.status != http.StatusBadRequest {
			t.Errorf("%s answered %d", body, got.status)
		}
	}
}
