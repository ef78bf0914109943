package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// settingsChanges are what may happen to the settings after a payment was begun, and where what is done with it must
// arrive: always in its own account, with the password that is good there now.
var settingsChanges = []struct {
	name string
	do   func(t *testing.T, till *till, shops *accounts)
	with int // the version that is used
}{
	{"nothing", func(*testing.T, *till, *accounts) {}, 2},
	{"a new password", func(t *testing.T, till *till, shops *accounts) {
		shops.rotate("north", "north-2")
		shops.enter(t, till.db, 41, "north")
	}, 3},
	{"another account", func(t *testing.T, till *till, shops *accounts) {
		shops.enter(t, till.db, 41, "south")
	}, 2},
	{"a new password, then another account", func(t *testing.T, till *till, shops *accounts) {
		shops.rotate("north", "north-2")
		shops.enter(t, till.db, 41, "north")
		shops.enter(t, till.db, 41, "south")
	}, 3},
	{"another account and back", func(t *testing.T, till *till, shops *accounts) {
		shops.enter(t, till.db, 41, "south")
		shops.enter(t, till.db, 41, "north")
	}, 4},
}

// version is that of the settings an operation is pinned to.
func (t *till) version(op *models.Operation) (n int) {
	t.Helper()
	t.scan(&n, `SELECT s.version FROM operations o JOIN gateway_settings s ON s.id = o.settings_id WHERE o.id = $1`, op.ID)
	return n
}

// Money moves in the account in which the payment is, whatever the settings name by then.
func TestMoneyMovesInTheAccountOfThePayment(t *testing.T) {
	verbs := map[gateways.Verb]func(*till) (*models.Operation, error){
		gateways.Capture: func(till *till) (*models.Operation, error) { return till.capture(0) },
		gateways.Update:  func(till *till) (*models.Operation, error) { return till.update(10000) },
		gateways.Void: func(till *till) (*models.Operation, error) {
			done, err := till.cancel()
			if err != nil || len(done.Operations) != 1 {
				return nil, fmt.Errorf("cancel: %+v, %w", done, err)
			}
			return done.Operations[0], nil
		},
		gateways.Refund: func(till *till) (*models.Operation, error) {
			till.exec(`UPDATE payments SET captured_minor = 11875, status = 'success'`)
			till.bogus.AddPayment(gateways.Payment{Ref: "pay_1", Word: "CAPTURED", Amount: sek(11875), Authorized: true, Captured: 11875, Method: "invoice"})
			return till.credit(0)
		},
	}
	for _, kind := range []string{"by key", "once"} {
		for _, change := range settingsChanges {
			for verb, do := range verbs {
				t.Run(fmt.Sprintf("%s, %s, %s", kind, verb, change.name), func(t *testing.T) {
					t.Parallel()
					till, shops := openAccountTill(t, kinds()[kind])
					change.do(t, till, shops)
					op := till.done(do(till))
					if got := till.version(op); got != change.with {
						t.Errorf("it was sent with version %d, want %d", got, change.with)
					}
					if north, south := len(shops.north.Effects()), len(shops.south.Effects()); north != 1 || south != 0 {
						t.Errorf("money moved %d times in its own account and %d times in the other", north, south)
					}
				})
			}
		}
	}
}

// An operation that was asked for before the settings changed is sent where its payment is, too.
func TestQueuedOperationGoesByItsPayment(t *testing.T) {
	for _, change := range settingsChanges {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			till, shops := openAccountTill(t, keyed)
			op, err := till.capture(0)
			if err != nil {
				t.Fatal(err)
			}
			change.do(t, till, shops)
			till.run(op, models.Succeeded)
			if got := till.version(op); got != change.with || len(shops.north.Effects()) != 1 || len(shops.south.Calls()) != 0 {
				t.Errorf("it was sent with version %d, want %d; %d calls went to the other account", got, change.with, len(shops.south.Calls()))
			}
		})
	}
}

// What was sent and not answered keeps the version it was sent with, and is looked up in its account with the
// password that is good there now.
func TestLookUpAsksTheAccountItWasSentTo(t *testing.T) {
	for _, change := range settingsChanges {
		t.Run(change.name, func(t *testing.T) {
			t.Parallel()
			till, shops := openAccountTill(t, func() *gatewaytest.Bogus {
				return &gatewaytest.Bogus{Class: gateways.ByReference, QuietPeriod: time.Hour}
			})
			shops.north.Next(gatewaytest.DropAfter)
			op, err := till.capture(0)
			if err != nil {
				t.Fatal(err)
			}
			if err := till.db.DispatchOperation(till.ctx, op.ID); err != nil {
				t.Fatal(err)
			}
			change.do(t, till, shops)
			till.run(op, models.Succeeded)
			if got := till.version(op); got != 2 {
				t.Errorf("it was sent with version 2, and is now of version %d", got)
			}
			if len(shops.south.Finds()) != 0 || shops.north.EffectsOf(op.IdempotencyKey) != 1 {
				t.Errorf("%d look-ups went to the other account", len(shops.south.Finds()))
			}
		})
	}
}

// version is that of the settings with which the payment of an order was begun or first shown; 0 for none.
func (h *hearsay) version(order int64) (n int) {
	h.Helper()
	h.scan(&n, `SELECT coalesce(max(s.version), 0) FROM payments p LEFT JOIN gateway_settings s ON s.id = p.settings_id WHERE p.order_id = $1`, order)
	return n
}

// A payment begun in one account is asked about there, by a hint, by the buyer's return and by the look-ups.
func TestQuestionsGoToTheAccountOfThePayment(t *testing.T) {
	paid := func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 }
	asks := map[string]func(h *hearsay, order int64, token string){
		"a hint": func(h *hearsay, order int64, _ string) {
			h.hint(gateways.Payment{OrderRef: fmt.Sprintf("%d-1", order)})
		},
		"a hint by its id": func(h *hearsay, _ int64, _ string) { h.hint(gateways.Payment{Ref: "ref_1"}) },
		"the buyer's return": func(h *hearsay, _ int64, token string) {
			if _, err := h.db.ReturnFrom(h.ctx, token); err != nil {
				h.Error(err)
			}
		},
		"the look-ups": func(h *hearsay, _ int64, _ string) {
			if _, err := h.db.SweepLookups(h.ctx); err != nil {
				h.Error(err)
			}
		},
		"somebody's question": func(h *hearsay, order int64, _ string) {
			if _, err := h.db.AskOrder(h.ctx, order, models.SystemActor); err != nil {
				h.Error(err)
			}
		},
	}
	for _, change := range []string{"password", "account"} {
		for name, ask := range asks {
			t.Run(name+" after the "+change+" changed", func(t *testing.T) {
				t.Parallel()
				h, shops := openAccountHearsay(t)
				order := h.unpaid()
				token := h.token(order)
				if _, err := h.start(token); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(name, "id") {
					h.exec(`UPDATE payments SET ref = 'ref_1'`)
				}
				if change == "password" {
					shops.rotate("north", "north-2")
					shops.enter(t, h.db, 40, "north")
				} else {
					shops.enter(t, h.db, 40, "south")
					// A payment of somebody else's that has the same names there.
					shops.south.AddPayment(gateways.Payment{Ref: "ref_1", OrderRef: fmt.Sprintf("%d-1", order), Amount: money.New(10000, "INR"), Failed: true})
				}
				h.shows(order, "ref_1", paid)
				ask(h, order, token)
				if got := h.stands(order); got != "processing success" || h.version(order) != 1 {
					t.Errorf("the order is %s, begun with version %d", got, h.version(order))
				}
				h.sound()
			})
		}
	}
}

// Of a payment that was not begun here, the account is the one in which its provider first showed it.
func TestFirstShownIsWhereAPaymentIs(t *testing.T) {
	h, shops := openAccountHearsay(t)
	order := h.order("pending", "")
	if got := h.version(order); got != 0 {
		t.Fatalf("nobody has asked, and the payment is of version %d", got)
	}
	h.hint(gateways.Payment{OrderRef: fmt.Sprintf("%d-1", order)}) // its provider knows nothing yet
	if got := h.version(order); got != 0 {
		t.Fatalf("the provider did not show it, and the payment is of version %d", got)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized = true })
	h.hint(gateways.Payment{OrderRef: fmt.Sprintf("%d-1", order)})
	if got := h.version(order); got != 1 || h.stands(order) != "processing authorized" {
		t.Fatalf("the payment is of version %d and the order %s", got, h.stands(order))
	}
	shops.enter(t, h.db, 40, "south")
	page, err := h.db.OrderPage(h.ctx, order)
	if err != nil || page.Payments[0].Elsewhere == nil || *page.Payments[0].Elsewhere != (models.OtherAccount{Name: "north", Now: "south"}) {
		t.Errorf("the page of the order says %+v, %v", page.Payments[0].Elsewhere, err)
	}
	h.shows(order, "ref_1", func(p *gateways.Payment) { p.Authorized, p.Captured = true, 10000 })
	h.hint(gateways.Payment{Ref: "ref_1"})
	if got := h.stands(order); got != "processing success" {
		t.Errorf("drawn in its account, and the order is %s", got)
	}
	second := h.order("pending", "") // of the new account from the start
	shops.south.AddPayment(gateways.Payment{Ref: "ref_2", OrderRef: fmt.Sprintf("%d-1", second), Amount: money.New(10000, "INR"), Authorized: true, Captured: 10000})
	h.hint(gateways.Payment{OrderRef: fmt.Sprintf("%d-1", second)})
	if got := h.stands(second); got != "processing success" || h.version(second) != 2 {
		t.Errorf("the order of the new account is %s, of version %d", got, h.version(second))
	}
	if page, err := h.db.OrderPage(h.ctx, second); err != nil || page.Payments[0].Elsewhere != nil {
		t.Errorf("the payment is said to be elsewhere: %+v, %v", page.Payments[0].Elsewhere, err)
	}
	h.sound()
}
