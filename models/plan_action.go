package models

import (
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// position is everything a plan is made of: a payment as it stands at one moment.
type position struct {
	order       *Order
	store       *Store
	items       []OrderItem
	payment     *Payment // with its operations
	others      []Operation
	driver      gateways.Driver
	ready       bool // the store has settings for it
	partialHere bool // the store credits parts here, though its provider's merchants mostly do not
	now         time.Time
}

// plan says what an action would do, or why nothing. An error is a Problem with what was asked for.
func (at *position) plan(want Want) (Plan, error) {
	p := Plan{
		Action: want.Action, OrderID: at.order.ID, PaymentID: at.payment.ID, Gateway: at.payment.Gateway, Mode: at.payment.Mode,
		Name: driverName(at.driver, at.payment), CaptureBefore: at.payment.CaptureBefore, Portal: at.driver.Portal, At: at.now,
	}
	if want.Action == RefundAction {
		return at.planRefund(p, want)
	}
	if p.not(at.unreachable(p.Name)); p.Skip != "" {
		return p, nil
	}
	if op := at.exclusive(); op != nil {
		p.not(SkipUnderWay, lang.Textf("%s #%d of %s is under way; wait until it has ended.", verbText(op.Kind), op.ID, op.Amount()))
		return p, nil
	}
	switch want.Action {
	case CaptureAction:
		return at.planCapture(p, want)
	case CancelAction:
		return at.planCancel(p)
	case UpdateAction:
		return at.planUpdate(p, want)
	}
	return p, problemf("There is no action called %q.", want.Action)
}

// unreachable says why nothing at all can be done about the payment here.
func (at *position) unreachable(name string) (SkipCode, lang.Text) {
	switch {
	case at.order.Gateway == "cod" || at.payment.Gateway == "cod":
		return SkipNotConnected, lang.Textf("Cash on delivery: no payment was taken online.")
	case at.driver.Code == "" || at.driver.Partner:
		return SkipNotConnected, lang.Textf("Paid by %s, which is not connected here; use its portal.", name)
	case deref(at.payment.Ref) == "":
		return SkipNoRef, lang.Textf("The payment has no %s id yet, so %[1]s cannot be asked for anything.", name)
	case !at.ready:
		return SkipNoSettings, lang.Textf("No %s settings are stored for %s in %s mode. Enter them under Extensions > Extensions > Payment.", name, at.store.Name, at.payment.Mode)
	}
	return "", lang.Text{}
}

// exclusive is the capture, void or amount update under way, or nil.
func (at *position) exclusive() *Operation {
	for i, op := range at.payment.Operations {
		if op.State.Open() && exclusive(op.Kind) {
			return &at.payment.Operations[i]
		}
	}
	return nil
}

func exclusive(verb gateways.Verb) bool {
	return verb == gateways.Capture || verb == gateways.Void || verb == gateways.Update
}

// expired says whether the hold has run out.
func (at *position) expired() bool {
	before := at.payment.CaptureBefore
	return before != nil && !before.After(at.now)
}

// ranOut is when the hold ran out, in the store's own day.
func (at *position) ranOut() moment {
	return moment{*at.payment.CaptureBefore, at.store}
}

func (at *position) planCapture(p Plan, want Want) (Plan, error) {
	payment, left := at.payment, at.payment.Held()
	switch {
	case payment.VoidedAt != nil:
		p.not(SkipVoided, lang.Textf("The authorization was given back; it cannot be captured."))
	case payment.CapturedMinor > 0 && left.Minor == 0:
		p.not(SkipDone, lang.Textf("All of %s has been captured.", payment.Captured()))
	case !payment.onHold():
		p.not(SkipNotPaid, lang.Textf("This payment is %s; nothing is held to capture.", payment.Status.said()))
	case !at.driver.Can.Does(gateways.Capture):
		p.not(SkipNotPossible, lang.Textf("%s cannot be asked to capture from here; use its portal.", p.Name))
	case at.expired():
		p.not(SkipExpired, lang.Textf("The authorization ran out on %s; ask the customer to pay anew.", at.ranOut()))
	case payment.CapturedMinor > 0 && at.driver.Can.DrawsOnce(payment.Method):
		p.not(SkipDone, lang.Textf("%s draws once, and %s has been captured.", p.Name, payment.Captured()))
	}
	if p.Skip != "" {
		return p, nil
	}
	amount, lines, err := at.amount(want, left, gateways.Capture)
	if err != nil {
		return p, err
	}
	switch {
	case amount.Currency != left.Currency:
		return p, FieldProblem("amount", "This payment is in %s; enter the amount in %[1]s.", left.Currency)
	case amount.Minor <= 0:
		return p, FieldProblem("amount", "Enter an amount above zero.")
	case amount.Minor > left.Minor:
		return p, FieldProblem("amount", "Only %s is left to capture.", left)
	case amount.Minor < left.Minor && !at.driver.Can.InPart(gateways.Capture):
		return p, FieldProblem("amount", "%s captures the whole amount only: %s.", p.Name, left)
	}
	if amount.Minor < left.Minor && at.driver.Can.DrawsOnce(payment.Method) {
		p.GivenUp = payment.Amount(left.Minor - amount.Minor)
	}
	p.Steps = []Step{{gateways.Capture, amount, lines}}
	return p, nil
}

// planCancel gives back what is held and returns what was drawn.
func (at *position) planCancel(p Plan) (Plan, error) {
	payment, held, drawn := at.payment, at.payment.Held(), at.payment.Refundable()
	voids := at.driver.Can.Does(gateways.Void)
	switch {
	case payment.VoidedAt != nil, payment.Status == PaymentCanceled:
		p.not(SkipDone, lang.Textf("The authorization was given back already; nothing was drawn."))
	case payment.CapturedMinor == 0 && !payment.onHold():
		p.not(SkipNotPaid, lang.Textf("This payment is %s; there is nothing to give back.", payment.Status.said()))
	case payment.CapturedMinor == 0 && at.expired():
		p.not(SkipDone, lang.Textf("The authorization ran out on %s; nothing is held any more.", at.ranOut()))
	case payment.CapturedMinor == 0 && !voids:
		p.not(SkipNotPossible, lang.Textf("%s cannot be asked to give a hold back; left alone, it returns to the customer by itself.", p.Name))
	case drawn.Minor > 0 && !at.driver.Can.Does(gateways.Refund):
		p.not(SkipNotPossible, lang.Textf("%s cannot be asked to refund from here; use its portal.", p.Name))
	}
	if p.Skip != "" {
		return p, nil
	}
	if drawn.Minor > 0 {
		var lines []RefundLine
		if payment.RefundedMinor+payment.RefundReservedMinor == 0 {
			lines = at.whole(drawn)
		}
		p.Steps = append(p.Steps, Step{gateways.Refund, drawn, lines})
	}
	if held.Minor > 0 && voids && !at.expired() {
		p.Steps = append(p.Steps, Step{Verb: gateways.Void, Amount: held})
	}
	if len(p.Steps) == 0 && payment.RefundReservedMinor > 0 {
		p.not(SkipUnderWay, lang.Textf("%s is already on its way back; nothing else is left to return.", payment.Amount(payment.RefundReservedMinor)))
	} else if len(p.Steps) == 0 {
		p.not(SkipDone, lang.Textf("All of %s has been returned.", payment.Captured()))
	}
	return p, nil
}

func (at *position) planUpdate(p Plan, want Want) (Plan, error) {
	payment := at.payment
	switch {
	case payment.CapturedMinor > 0 && at.driver.Can.WholeCredit && !at.partialHere:
		p.not(SkipCaptured, lang.Textf("The payment is captured, so its amount can no longer change. It can only be credited as a whole."))
	case payment.CapturedMinor > 0:
		p.not(SkipCaptured, lang.Textf("The payment is captured, so its amount can no longer change. Refund what was drawn too much."))
	case payment.VoidedAt != nil:
		p.not(SkipVoided, lang.Textf("The authorization was given back; there is no amount to change."))
	case !payment.onHold():
		p.not(SkipNotPaid, lang.Textf("This payment is %s; there is no held amount to change.", payment.Status.said()))
	case !at.driver.Can.Does(gateways.Update):
		p.not(SkipNotPossible, lang.Textf("%s cannot change what it holds. Give it back and ask the customer to pay anew, or refund after the capture.", p.Name))
	case at.expired():
		p.not(SkipExpired, lang.Textf("The authorization ran out on %s; ask the customer to pay anew.", at.ranOut()))
	}
	if p.Skip != "" {
		return p, nil
	}
	held := payment.Held()
	amount, lines := want.Amount, []RefundLine(nil)
	if want.ByLines {
		var err error
		if lines, amount, err = at.kept(want.Lines, want.DropShipping); err != nil {
			return p, err
		}
	} else if all, sum, err := at.everyLine(); err == nil && sum == amount {
		lines = all // the amount is what the order comes to
	}
	switch {
	case lines == nil && at.driver.Can.LinesToUpdate && !want.usual && amount.Currency == held.Currency:
		return p, FieldProblem("amount", "%s takes a new amount with the lines it is made of. Change what the order keeps instead.", p.Name)
	case amount.Currency != held.Currency:
		return p, FieldProblem("amount", "This payment is in %s; enter the amount in %[1]s.", held.Currency)
	case amount.Minor <= 0:
		return p, FieldProblem("amount", "Nothing would be left. To give all of it back, use Cancel or credit.")
	case amount.Minor == held.Minor:
		return p, FieldProblem("amount", "The payment holds %s already; change a quantity or the amount.", held)
	case amount.Minor > held.Minor && !at.driver.Can.Raise:
		return p, FieldProblem("amount", "%s can hold less, but not more than %s.", p.Name, held)
	}
	p.Steps = []Step{{gateways.Update, amount, lines}}
	return p, nil
}

// planRefund returns a part of what was drawn, or all that is left of it.
func (at *position) planRefund(p Plan, want Want) (Plan, error) {
	if p.not(at.refundBlock()); p.Skip != "" {
		return p, nil
	}
	left := at.payment.Refundable()
	amount, lines, err := at.amount(want, left, gateways.Refund)
	if err != nil {
		return p, err
	}
	if want.ByLines && amount.Minor == 0 {
		return p, FieldProblem("lines", "Choose at least one line to refund.")
	}
	if err := at.payment.CheckRefund(amount); err != nil {
		return p, err
	}
	if amount.Minor < left.Minor {
		if refusal := at.partRefusal(p.Name); refusal.Format != "" {
			return p, FieldProblem("amount", "%s", refusal)
		}
		if lines == nil && !want.usual && at.payment.NamesGoods() {
			return p, FieldProblem("amount", "The receipt of this payment names its goods, and so must that of a refund. Choose the lines that are returned.")
		}
	}
	p.Steps = []Step{{gateways.Refund, amount, lines}}
	return p, nil
}

// partRefusal says why only the whole may be returned here, or nothing.
func (at *position) partRefusal(name string) lang.Text {
	switch {
	case !at.driver.Can.InPart(gateways.Refund):
		return lang.Textf("%s returns the whole amount only: %s.", name, at.payment.Refundable())
	case at.driver.Can.WholeCredit && !at.partialHere:
		return lang.Textf("Only the whole amount, %s, can be credited here. Part of it is credited in the portal of %s: %s.", at.payment.Refundable(), name, at.driver.Portal)
	}
	return lang.Text{}
}

// amount is what a want comes to: the amount named, what the lines come to, or all that is left.
func (at *position) amount(want Want, left money.Amount, verb gateways.Verb) (money.Amount, []RefundLine, error) {
	switch {
	case want.ByLines:
		done, shipped := linesOf(at.others, verb)
		lines, amount, err := lineAmounts(lineWords[verb], at.order, at.items, done, shipped, want.Lines, want.Shipping)
		if err == nil && amount.Minor == 0 {
			err = FieldProblem("lines", "Choose at least one line to %s.", lineWords[verb].do)
		}
		return amount, lines, err
	case want.Amount == (money.Amount{}):
		return left, at.whole(left), nil
	case want.Amount == left:
		return left, at.whole(left), nil
	}
	return want.Amount, nil, nil
}

// whole are all lines of the order when they come to amount, or nil when it is not known what it is for.
func (at *position) whole(amount money.Amount) []RefundLine {
	lines, total, err := lineAmounts(lineWords[gateways.Capture], at.order, at.items, nil, false, allOf(at.items), at.order.ShippingMinor+at.order.ShippingTaxMinor > 0)
	if err != nil || total != amount {
		return nil
	}
	return lines
}

func allOf(items []OrderItem) []LineChoice {
	choices := make([]LineChoice, len(items))
	for i, item := range items {
		choices[i] = LineChoice{item.ID, item.Quantity}
	}
	return choices
}

// usual is the amount of an action that is looked at before anybody asked for one.
func (at *position) usual(action Action) money.Amount {
	if action == UpdateAction {
		return at.payment.Amount(max(at.payment.Held().Minor-1, 1)) // any other than what is held
	}
	return money.Amount{}
}
