package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// kinds are providers of every class.
func kinds() map[string]func() *gatewaytest.Bogus {
	return map[string]func() *gatewaytest.Bogus{
		"by key": keyed,
		"by reference": func() *gatewaytest.Bogus {
			return &gatewaytest.Bogus{Class: gateways.ByReference, QuietPeriod: 150 * time.Millisecond}
		},
		"once": func() *gatewaytest.Bogus {
			return &gatewaytest.Bogus{Class: gateways.Once, QuietPeriod: 150 * time.Millisecond}
		},
	}
}

// Every verb, at providers of every class, whatever happens to the answer: what the books say is what the
// provider did, and it did it once at most.
func TestEveryActionEndsWithTheTruth(t *testing.T) {
	verbs := []struct {
		name  string
		begin func(*till) (*models.Operation, error)
		drawn bool // of a captured payment
		done  string
		not   string
	}{
		{"capture", func(t *till) (*models.Operation, error) { return t.capture(0) }, false, "success 11875 11875 0 0 f", "authorized 11875 0 0 0 f"},
		{"capture in part", func(t *till) (*models.Operation, error) { return t.capture(5000) }, false, "success 11875 5000 0 0 f", "authorized 11875 0 0 0 f"},
		{"void", func(t *till) (*models.Operation, error) {
			done, err := t.cancel()
			if err != nil {
				return nil, err
			}
			return done.Operations[0], nil
		}, false, "canceled 11875 0 0 0 t", "authorized 11875 0 0 0 f"},
		{"amount update", func(t *till) (*models.Operation, error) { return t.update(9000) }, false, "authorized 9000 0 0 0 f", "authorized 11875 0 0 0 f"},
		{"refund", func(t *till) (*models.Operation, error) { return t.credit(4000) }, true, "partially_refunded 11875 11875 4000 0 f", "success 11875 11875 0 0 f"},
	}
	outcomes := []struct {
		name string
		next []gatewaytest.Outcome
		want map[string]models.OperationState
	}{
		{"done at once", nil, all(models.Succeeded)},
		{"declined", []gatewaytest.Outcome{gatewaytest.Decline}, all(models.Failed)},
		{"busy, then done", []gatewaytest.Outcome{gatewaytest.Busy, gatewaytest.Busy}, all(models.Succeeded)},
		{"answer lost after it happened", []gatewaytest.Outcome{gatewaytest.DropAfter}, all(models.Succeeded)},
		{"lost before it happened", []gatewaytest.Outcome{gatewaytest.DropBefore}, map[string]models.OperationState{"by key": models.Succeeded, "by reference": models.NeedsReview, "once": models.NeedsReview}},
		{"accepted, then failed", []gatewaytest.Outcome{gatewaytest.Fail}, all(models.Failed)},
		{"wrong amount in the answer", []gatewaytest.Outcome{gatewaytest.WrongAmount}, all(models.Succeeded)},
		{"the driver panics", []gatewaytest.Outcome{gatewaytest.BreakDown}, map[string]models.OperationState{"by key": models.Succeeded, "by reference": models.NeedsReview, "once": models.NeedsReview}},
	}
	for kind, open := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bogus := open()
			till := openHold(t, bogus)
			for _, verb := range verbs {
				for i, outcome := range outcomes {
					till.hold(fmt.Sprintf("%s %d", verb.name, i))
					if verb.drawn {
						till.done(till.capture(0))
					}
					bogus.Next(outcome.next...)
					op, err := verb.begin(till)
					if err != nil {
						t.Fatalf("%s, %s: %v", verb.name, outcome.name, err)
					}
					want := outcome.want[kind]
					till.run(op, want)
					effects := bogus.EffectsOf(op.IdempotencyKey)
					books := map[models.OperationState]string{models.Succeeded: verb.done, models.Failed: verb.not}[want]
					moved := 0
					if want == models.Succeeded {
						moved = 1
					}
					if got := till.counters(); effects != moved || books != "" && got != books {
						t.Errorf("%s, %s: %d effects, the books say %s; want %d, %s", verb.name, outcome.name, effects, got, moved, books)
					}
				}
			}
			till.sound()
		})
	}
}

func all(state models.OperationState) map[string]models.OperationState {
	return map[string]models.OperationState{"by key": state, "by reference": state, "once": state}
}

// One button, and the payment decides what it does.
func TestCancelOrCreditGoesByThePayment(t *testing.T) {
	for kind, open := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			till := openHold(t, open())
			calls := func(from int) string {
				var text []string
				for _, effect := range till.bogus.Effects()[from:] {
					text = append(text, fmt.Sprintf("%s %d", effect.Verb, effect.Amount.Minor))
				}
				slices.Sort(text)
				return strings.Join(text, ", ")
			}
			press := func(want, books string) {
				t.Helper()
				before := len(till.bogus.Effects())
				done, err := till.cancel()
				if err != nil {
					t.Fatal(err)
				}
				for _, op := range done.Operations {
					till.run(op, models.Succeeded)
				}
				if got := calls(before); got != want {
					t.Errorf("called %q, want %q", got, want)
				}
				if got := till.counters(); got != books {
					t.Errorf("the books say %s, want %s", got, books)
				}
				again, err := till.cancel()
				if err != nil || len(again.Operations) > 0 || again.Said == "" {
					t.Errorf("pressed again: %+v, %v", again, err)
				}
			}
			press("void 11875", "canceled 11875 0 0 0 t")

			till.hold("drawn")
			till.done(till.capture(0))
			press("refund 11875", "refunded 11875 11875 11875 0 f")

			till.hold("drawn in part")
			till.done(till.capture(5000))
			press("refund 5000, void 6875", "refunded 5000 5000 5000 0 f")

			till.hold("returned in part")
			till.done(till.capture(0))
			till.done(till.credit(1000))
			press("refund 10875", "refunded 11875 11875 11875 0 f")
			till.sound()
		})
	}
}

// The refund and the release of a part-captured payment are operations of their own: one may hang while the
// other is done, and a repeat of the wish gives both back.
func TestRefundAndReleaseAreResumedApart(t *testing.T) {
	till := openHold(t, keyed())
	till.done(till.capture(5000))
	till.bogus.Next(gatewaytest.Decline)
	wish := models.CancelRequest{Wish: till.wish(models.CancelAction)}
	done, err := till.db.CancelOrCredit(till.ctx, wish)
	if err != nil || len(done.Operations) != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	refund, release := done.Operations[0], done.Operations[1]
	if err := till.db.DispatchOperation(till.ctx, refund.ID); err != nil {
		t.Fatal(err)
	}
	till.run(refund, models.Failed)
	till.run(release, models.Succeeded)
	again, err := till.db.CancelOrCredit(till.ctx, wish)
	if err != nil || len(again.Operations) != 2 || again.Operations[0].ID != refund.ID || again.Operations[1].ID != release.ID {
		t.Errorf("the wish repeated: %+v, %v", again, err)
	}
	rest, err := till.cancel()
	if err != nil || len(rest.Operations) != 1 || rest.Operations[0].Kind != gateways.Refund {
		t.Fatalf("a new wish: %+v, %v", rest, err)
	}
	till.run(rest.Operations[0], models.Succeeded)
	if got := till.counters(); got != "refunded 5000 5000 5000 0 f" {
		t.Errorf("the books say %s", got)
	}
	till.sound()
}

func TestAmountUpdateChangesTheOrder(t *testing.T) {
	till := openHold(t, keyed())
	var item int64
	till.scan(&item, `SELECT id FROM order_items WHERE order_id = $1`, till.order)
	op, err := till.db.UpdateAmount(till.ctx, models.UpdateRequest{Wish: till.wish(models.UpdateAction), ByLines: true, Lines: []models.LineChoice{{ItemID: item, Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	if op.Amount() != sek(8750) || *op.WasMinor != 11875 {
		t.Errorf("asked for %v instead of %d", op.Amount(), *op.WasMinor)
	}
	till.done(op, nil)
	state := func() string {
		var text string
		till.scan(&text, `SELECT concat_ws(' ', o.total_minor, o.items_minor, o.tax_minor, i.quantity, i.total_minor, p.authorized_minor, p.amount_minor)
			FROM orders o JOIN order_items i ON i.order_id = o.id JOIN payments p ON p.order_id = o.id WHERE o.id = $1`, till.order)
		return text
	}
	if got := state(); got != "8750 5000 1250 2 6250 8750 8750" {
		t.Errorf("after the update: %s", got)
	}
	sent := till.bogus.Calls()[0].Request
	if sum(sent.Lines) != 8750 || len(sent.Lines) != 2 || sent.Lines[0].TaxRate != 2500 || sent.Lines[0].Quantity*sent.Lines[0].Unit != 6250 {
		t.Errorf("sent %+v", sent.Lines)
	}
	capture := till.done(till.capture(0))
	if capture.Amount() != sek(8750) {
		t.Errorf("captured %v", capture.Amount())
	}
	_, err = till.update(5000)
	if got := problemOf(err); got != "The payment is captured, so its amount can no longer change. Refund what was drawn too much." {
		t.Errorf("after the capture: %q", got)
	}
	var history string
	till.scan(&history, `SELECT string_agg(comment, ' | ' ORDER BY id) FROM order_history WHERE order_id = $1`, till.order)
	if !strings.Contains(history, "Amount update to 87.50 SEK done") || !strings.Contains(history, "The order now comes to 87.50 SEK: 2 instead of 3 × Lamp.") {
		t.Errorf("history: %s", history)
	}
	till.sound()
}

// A gateway that replaces the lines with the amount is never sent an amount without them: they are the
// order's when the amount is, and else the amount is refused before anything is sent.
func TestAmountUpdateGoesWithItsLines(t *testing.T) {
	with := keyed()
	with.Can = gateways.Abilities{Verbs: []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update}, Raise: true, LinesToUpdate: true}
	till := openHold(t, with)
	_, err := till.update(5000)
	if got := problemOf(err); !strings.HasSuffix(got, "takes a new amount with the lines it is made of. Change what the order keeps instead.") {
		t.Errorf("an amount without lines: %q, %v", got, err)
	}
	if len(till.bogus.Calls()) != 0 {
		t.Error("it was sent")
	}
	till.exec(`UPDATE order_items SET quantity = 2, total_minor = 6250, tax_minor = 1250 WHERE order_id = $1`, till.order)
	till.exec(`UPDATE orders SET total_minor = 8750, items_minor = 5000, tax_minor = 1250 WHERE id = $1`, till.order)
	op, err := till.update(8750)
	if err != nil {
		t.Fatal(err)
	}
	till.done(op, nil)
	if sent := till.bogus.Calls()[0].Request; sum(sent.Lines) != 8750 || len(sent.Lines) != 2 {
		t.Errorf("sent %+v", sent.Lines)
	}
	till.sound()
}

func sum(lines []gateways.Line) int64 {
	var total int64
	for _, line := range lines {
		total += line.Total
	}
	return total
}

func TestWhatIsRefusedAndWhy(t *testing.T) {
	limited := func(d *gateways.Driver) {
		d.Can.Partial, d.Can.Several, d.Can.WholeCredit, d.Can.Raise = []gateways.Verb{gateways.Refund}, []gateways.Verb{gateways.Refund}, true, false
	}
	till := openHold(t, keyed(), limited)
	refuse := func(_ any, err error) string { t.Helper(); return problemOf(err) }
	expect := func(want, got string) {
		t.Helper()
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect("Bogus captures the whole amount only: 118.75 SEK.", refuse(till.capture(5000)))
	expect("Only 118.75 SEK is left to capture.", refuse(till.capture(11876)))
	expect("Bogus can hold less, but not more than 118.75 SEK.", refuse(till.update(11876)))
	expect("The payment holds 118.75 SEK already", refuse(till.update(11875)))
	expect("The money is held but not captured yet", refuse(till.credit(100)))
	till.done(till.capture(0))
	expect("All of 118.75 SEK has been captured.", refuse(till.capture(0)))
	expect("Only the whole amount, 118.75 SEK, can be credited here. Part of it is credited in the portal of Bogus: https://bogus.example.", refuse(till.credit(100)))
	expect("The payment is captured, so its amount can no longer change. It can only be credited as a whole.", refuse(till.update(5000)))
	till.exec(`UPDATE gateway_settings SET values = values || '{"partial_credit":"here"}'`)
	till.done(till.credit(100))

	till.hold("late")
	till.exec(`UPDATE payments SET capture_before = now() - interval '1 hour' WHERE id = $1`, till.payment)
	expect("The authorization ran out on", refuse(till.capture(0)))
	expect("The authorization ran out on", refuse(till.update(5000)))
	done, err := till.cancel()
	if err != nil || len(done.Operations) > 0 || !strings.HasPrefix(done.Said, "The authorization ran out on") {
		t.Errorf("cancel what ran out: %+v, %v", done, err)
	}

	till.hold("busy")
	op, err := till.capture(0)
	if err != nil {
		t.Fatal(err)
	}
	busy := fmt.Sprintf("Capture #%d of 118.75 SEK is under way; wait until it has ended.", op.ID)
	expect(busy, refuse(till.capture(0)))
	expect(busy, refuse(till.update(100)))
	expect(busy, refuse(till.cancel()))

	till.hold("cod")
	till.exec(`UPDATE payments SET gateway = 'cod' WHERE id = $1`, till.payment)
	expect("Cash on delivery", refuse(till.capture(0)))
	expect("Cash on delivery", refuse(till.credit(100)))
}
