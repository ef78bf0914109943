// Package gatewaytest stands in for providers: Bogus is a driver whose answers a test chooses, and Conform
// is what every driver must do when its provider misbehaves.
package gatewaytest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Outcome is what Bogus does with one call.
type Outcome string

const (
	Succeed     Outcome = "succeed"      // it happens and is said
	Pend        Outcome = "pend"         // it is accepted; Settle finishes it
	Fail        Outcome = "fail"         // it is accepted and answered as failed
	Decline     Outcome = "decline"      // it does not happen and will not
	Busy        Outcome = "busy"         // it does not happen now: send again
	Refuse      Outcome = "refuse"       // it does not happen: the settings are wrong
	DropBefore  Outcome = "drop before"  // it does not happen, and no answer comes
	DropAfter   Outcome = "drop after"   // it happens, and no answer comes
	PendDropped Outcome = "pend dropped" // it is accepted, and no answer comes
	Late        Outcome = "late"         // no answer comes; it happens when Land is called
	WrongAmount Outcome = "wrong amount" // it happens, and the answer says one unit more
	BreakDown   Outcome = "break down"   // the driver panics
)

// Effect is money that Bogus really moved, or accepted to move.
type Effect struct {
	Verb       gateways.Verb
	PaymentRef string
	Amount     money.Amount
	Key        string
	Ref        string // bogus_1
	Status     gateways.Status
	At         time.Time
}

// Call is one request that reached Bogus.
type Call struct {
	Request gateways.Request
	Outcome Outcome
}

// Bogus is a provider in memory. Its zero value succeeds at everything, without idempotency keys: every
// arrival is a new effect, as at a careless provider. Set the fields before the first call.
type Bogus struct {
	Class       gateways.Class
	KeyLifetime time.Duration
	QuietPeriod time.Duration
	Delay       time.Duration // before each answer
	Trust       gateways.Trust
	Can         gateways.Abilities // everything, when it has no verbs
	CountsDone  bool               // a payment's refunds add up to what is done of them, as at PayKeeper

	mu        sync.Mutex
	next      []Outcome
	nextFind  []Outcome
	calls     []Call
	finds     []gateways.Request
	checkouts []gateways.Checkout
	effects   []*Effect
	late      []gateways.Request
	payments  map[string]gateways.Payment
	hidden    bool
	refs      int
}

// Fields of the settings form of Bogus.
var fields = []gateways.Field{
	{Slug: "key", Name: "Key", Required: true},
	{Slug: "secret", Name: "Secret", Required: true, Secret: true},
	{Slug: "webhook_secret", Name: "Webhook secret", Secret: true},
}

// everything is what a provider without limits can do.
var everything = gateways.Abilities{
	Verbs:   []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update},
	Partial: []gateways.Verb{gateways.Refund, gateways.Capture},
	Several: []gateways.Verb{gateways.Refund, gateways.Capture},
	Raise:   true, ByStatus: true, AtOnce: true, Later: true,
}

// Driver is b as a driver with the code "bogus".
func (b *Bogus) Driver() gateways.Driver {
	can := b.Can
	if can.Verbs == nil {
		can = everything
	}
	return gateways.Driver{
		Code: "bogus", Name: "Bogus", Docs: "Nothing here is real.", Fields: fields,
		Class: b.Class, KeyLifetime: b.KeyLifetime, QuietPeriod: b.QuietPeriod, Portal: "https://bogus.example",
		Can: can, Trust: b.Trust,
		Inbox: inbox{},
		Open: func(s gateways.Settings) (gateways.Gateway, error) {
			if err := gateways.CheckSettings("Bogus", fields, s); err != nil {
				return nil, err
			}
			return &gateway{b}, nil
		},
	}
}

// Settings are good settings of Bogus.
func Settings() gateways.Settings {
	return gateways.Settings{Mode: "test", Values: map[string]string{"key": "bogus", "secret": "bogus-secret", "webhook_secret": "bogus-webhook-secret"}}
}

// Next chooses what happens to the coming calls that move money, in order; afterwards they succeed.
func (b *Bogus) Next(outcomes ...Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = append(b.next, outcomes...)
}

// NextFind chooses what happens to the coming look-ups, in order: Busy, Refuse, DropBefore or BreakDown.
// Afterwards they tell the truth.
func (b *Bogus) NextFind(outcomes ...Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nextFind = append(b.nextFind, outcomes...)
}

// Hide makes look-ups see no effects, as at a provider whose lists lag behind.
func (b *Bogus) Hide(hidden bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hidden = hidden
}

// Land lets the Late ones happen.
func (b *Bogus) Land() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, req := range b.late {
		b.happen(req, gateways.Succeeded)
	}
	b.late = nil
}

// Settle finishes the pending effects of a key.
func (b *Bogus) Settle(key string, status gateways.Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, effect := range b.effects {
		if effect.Key == key && effect.Status == gateways.Pending {
			effect.Status = status
		}
	}
}

// AddPayment makes a payment exist.
func (b *Bogus) AddPayment(p gateways.Payment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.payments == nil {
		b.payments = map[string]gateways.Payment{}
	}
	b.payments[p.Ref] = p
}

// Effects are all effects so far, in order. A failed one moved nothing and is among them.
func (b *Bogus) Effects() []Effect {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Effect, len(b.effects))
	for i, effect := range b.effects {
		list[i] = *effect
	}
	return list
}

// EffectsOf counts the effects of a key that did not fail: more than one is money moved twice.
func (b *Bogus) EffectsOf(key string) int {
	count := 0
	for _, effect := range b.Effects() {
		if effect.Key == key && effect.Status != gateways.Failed {
			count++
		}
	}
	return count
}

// Calls are the calls that move money, in order, as they arrived.
func (b *Bogus) Calls() []Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Call(nil), b.calls...)
}

// Finds are the look-ups, in order.
func (b *Bogus) Finds() []gateways.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]gateways.Request(nil), b.finds...)
}

// Checkouts are the payments begun, in order.
func (b *Bogus) Checkouts() []gateways.Checkout {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]gateways.Checkout(nil), b.checkouts...)
}

// happen moves the money; b is locked.
func (b *Bogus) happen(req gateways.Request, status gateways.Status) *Effect {
	b.refs++
	effect := &Effect{
		Verb: req.Verb, PaymentRef: req.PaymentRef, Amount: req.Amount, Key: req.IdempotencyKey,
		Ref: fmt.Sprintf("bogus_%d", b.refs), Status: status, At: time.Now().UTC(),
	}
	b.effects = append(b.effects, effect)
	return effect
}

// known is the first effect of a key; b is locked.
func (b *Bogus) known(req gateways.Request) *Effect {
	for _, effect := range b.effects {
		if effect.Key == req.IdempotencyKey && effect.Verb == req.Verb {
			return effect
		}
	}
	return nil
}

func (e *Effect) result() gateways.Result {
	result := gateways.Result{
		Status: e.Status, Ref: e.Ref, PaymentRef: e.PaymentRef, Amount: e.Amount, Word: "bogus " + string(e.Status),
		Key: e.Key, At: e.At, Raw: []byte(`{"id":"` + e.Ref + `"}`),
	}
	if e.Status == gateways.Failed {
		result.Reason = "Bogus could not bring the money to the buyer."
	}
	return result
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return &gateways.Error{Kind: gateways.Unknown, Message: "Bogus did not answer in time.", Err: ctx.Err()}
	}
}
