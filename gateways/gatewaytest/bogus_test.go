package gatewaytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func refund(key string) gateways.Request {
	return gateways.Request{Verb: gateways.Refund, PaymentRef: "pay_1", Amount: money.New(1000, "INR"), IdempotencyKey: key}
}

func open(t *testing.T, b *Bogus) gateways.Gateway {
	t.Helper()
	gateway, err := b.Driver().Open(Settings())
	if err != nil {
		t.Fatal(err)
	}
	return gateway
}

func TestOutcomes(t *testing.T) {
	tests := []struct {
		outcome Outcome
		status  gateways.Status // "" when it is an error
		kind    gateways.Kind
		effects int
		found   gateways.Status // "" when a look-up finds nothing
	}{
		{Succeed, gateways.Succeeded, 0, 1, gateways.Succeeded},
		{Pend, gateways.Pending, 0, 1, gateways.Pending},
		{Fail, gateways.Failed, 0, 0, gateways.Failed},
		{Decline, "", gateways.Declined, 0, ""},
		{Busy, "", gateways.Unavailable, 0, ""},
		{Refuse, "", gateways.Misconfigured, 0, ""},
		{DropBefore, "", gateways.Unknown, 0, ""},
		{DropAfter, "", gateways.Unknown, 1, gateways.Succeeded},
		{PendDropped, "", gateways.Unknown, 1, gateways.Pending},
		{Late, "", gateways.Unknown, 0, ""},
		{WrongAmount, gateways.Succeeded, 0, 1, gateways.Succeeded},
		{BreakDown, "", gateways.Unknown, 0, ""},
	}
	for _, tt := range tests {
		t.Run(string(tt.outcome), func(t *testing.T) {
			b := &Bogus{Class: gateways.ByKey}
			b.Next(tt.outcome)
			gateway := open(t, b)
			result, err := gateways.Perform(t.Context(), gateway, refund("key-000001"))
			if result.Status != tt.status || (tt.status == "") != (err != nil) || (err != nil && gateways.KindOf(err) != tt.kind) {
				t.Errorf("got %+v, %v", result, err)
			}
			if n := b.EffectsOf("key-000001"); n != tt.effects || len(b.Calls()) != 1 || b.Calls()[0].Outcome != tt.outcome {
				t.Errorf("%d effects of %+v", n, b.Calls())
			}
			found, err := gateways.Find(t.Context(), gateway, refund("key-000001"))
			if found.Status != tt.found || (tt.found == "") != errors.Is(err, gateways.ErrAbsent) {
				t.Errorf("found %+v, %v", found, err)
			}
		})
	}
}

func TestAKeyIsHonouredOnlyWhereItIsPromised(t *testing.T) {
	for class, want := range map[gateways.Class]int{gateways.ByKey: 1, gateways.ByReference: 2, gateways.Once: 2} {
		b := &Bogus{Class: class}
		b.Next(DropAfter)
		gateway := open(t, b)
		_, _ = gateways.Perform(t.Context(), gateway, refund("key-000001"))
		if _, err := gateways.Perform(t.Context(), gateway, refund("key-000001")); err != nil {
			t.Error(err)
		}
		if got := b.EffectsOf("key-000001"); got != want {
			t.Errorf("class %d: %d effects, want %d", class, got, want)
		}
	}
	b := &Bogus{Class: gateways.ByKey}
	gateway := open(t, b)
	_, _ = gateways.Perform(t.Context(), gateway, refund("key-000001"))
	other := refund("key-000001")
	other.Amount.Minor++
	if _, err := gateways.Perform(t.Context(), gateway, other); gateways.KindOf(err) != gateways.Unknown || b.EffectsOf("key-000001") != 1 {
		t.Errorf("another request under the same key: %v", err)
	}
}

func TestLateHiddenAndSettled(t *testing.T) {
	b := &Bogus{}
	b.AddPayment(gateways.Payment{Ref: "pay_1", Amount: money.New(5000, "INR"), Captured: 5000})
	b.Next(Late, Pend)
	gateway := open(t, b)
	_, _ = gateways.Perform(t.Context(), gateway, refund("key-000001"))
	b.Land()
	_, _ = gateways.Perform(t.Context(), gateway, refund("key-000002"))
	b.Settle("key-000002", gateways.Failed)
	seen, err := gateway.(gateways.Reader).Payment(t.Context(), "pay_1")
	if err != nil || seen.Refunded != 1000 || len(seen.Refunds) != 2 || seen.Refunds[1].Status != gateways.Failed {
		t.Errorf("payment %+v, %v", seen, err)
	}
	b.Hide(true)
	if _, err := gateways.Find(t.Context(), gateway, refund("key-000001")); !errors.Is(err, gateways.ErrAbsent) {
		t.Errorf("a hidden effect is found: %v", err)
	}
	b.Hide(false)
	b.NextFind(DropBefore, Busy, Refuse, BreakDown)
	for _, want := range []gateways.Kind{gateways.Unknown, gateways.Unavailable, gateways.Misconfigured, gateways.Unknown} {
		if _, err := gateways.Find(t.Context(), gateway, refund("key-000001")); err == nil || gateways.KindOf(err) != want {
			t.Errorf("find: %v, want %v", err, want)
		}
	}
	if len(b.Finds()) != 5 {
		t.Errorf("%d look-ups", len(b.Finds()))
	}
	b.Delay = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := gateways.Perform(ctx, gateway, refund("key-000003")); gateways.KindOf(err) != gateways.Unknown || b.EffectsOf("key-000003") != 0 {
		t.Errorf("too slow: %v", err)
	}
}

func TestWebhook(t *testing.T) {
	want := gateways.Event{ID: "evt_1", Name: "refund.done", Refund: &gateways.Result{Ref: "bogus_1", Status: gateways.Succeeded, Amount: money.New(1000, "INR")}}
	header, body := Webhook(want, "hush")
	inbox := (&Bogus{}).Driver().Inbox
	if err := inbox.Verify(header, body, []string{"hush"}); err != nil {
		t.Error(err)
	}
	if err := inbox.Verify(header, body, []string{"other"}); !errors.Is(err, gateways.ErrSignature) {
		t.Errorf("another secret: %v", err)
	}
	got, err := inbox.Read(header, body)
	if err != nil || got.ID != want.ID || got.Refund == nil || got.Refund.Amount != want.Refund.Amount {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What was done to a payment shows on it, and a payment begins with a page.
func TestWhatAPaymentShows(t *testing.T) {
	b := &Bogus{Class: gateways.ByKey}
	b.AddPayment(gateways.Payment{Ref: "pay_1", OrderRef: "1001-1", Amount: money.New(5000, "INR"), Authorized: true})
	b.AddPayment(gateways.Payment{Ref: "pay_2", OrderRef: "1001-1", Amount: money.New(5000, "INR"), Authorized: true})
	gateway := open(t, b)
	act := func(verb gateways.Verb, ref string, minor int64, key string) {
		t.Helper()
		req := gateways.Request{Verb: verb, PaymentRef: ref, Amount: money.New(minor, "INR"), IdempotencyKey: key}
		if _, err := gateways.Perform(t.Context(), gateway, req); err != nil {
			t.Fatal(err)
		}
	}
	act(gateways.Update, "pay_1", 4000, "key-000001")
	act(gateways.Capture, "pay_1", 3000, "key-000002")
	act(gateways.Void, "pay_1", 1000, "key-000003")
	act(gateways.Void, "pay_2", 5000, "key-000004")
	seen, err := gateway.(gateways.OrderReader).OrderPayments(t.Context(), "1001-1")
	if err != nil || len(seen) != 2 {
		t.Fatalf("saw %+v, %v", seen, err)
	}
	if p := seen[0]; p.Amount.Minor != 4000 || p.Captured != 3000 || p.Voided != 1000 || len(p.Captures) != 1 || p.Captures[0].Key != "key-000002" || p.Canceled {
		t.Errorf("payment %+v", p)
	}
	if p := seen[1]; p.Voided != 5000 || !p.Canceled || p.Authorized {
		t.Errorf("a voided payment %+v", p)
	}
	start, err := gateway.(gateways.Starter).Start(t.Context(), gateways.Checkout{OrderRef: "1002-1"})
	if err != nil || start.URL == "" || start.OrderRef != "1002-1" || len(b.Checkouts()) != 1 {
		t.Errorf("start %+v, %v", start, err)
	}
}
