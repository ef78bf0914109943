package svea

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Capture delivers what is open of an order, or a part of it where the order offers that.
func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.act(ctx, req, capturing)
}

// Refund returns delivered money: each delivery in the way it offers.
func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.act(ctx, req, refunding)
}

// Void cancels what is open of an order.
func (g *gateway) Void(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.act(ctx, req, voiding)
}

// Update changes the total of an order of which nothing is delivered: its rows, or less of its amount.
func (g *gateway) Update(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.act(ctx, req, updating)
}

// planner decides by what an order offers which changes carry a request out, or refuses.
type planner func(order, gateways.Request) ([]change, error)

// act reads the order, sends each change that it takes once, follows its task and reads the order again.
// Only what the order then shows is success; an accepted change that does not show yet is pending.
func (g *gateway) act(ctx context.Context, req gateways.Request, plan planner) (gateways.Result, error) {
	o, err := g.before(ctx, req)
	if err != nil {
		return gateways.Result{}, err
	}
	changes, err := plan(o, req)
	if err != nil {
		return gateways.Result{}, err
	}
	var last receipt
	state := finished
	var answered []byte
	for i, c := range changes {
		answer, err := g.send(ctx, req.Verb, c)
		if err != nil {
			return gateways.Result{}, halfway(req.Verb, i, err)
		}
		r, ok := g.accepted(answer)
		if !ok && !g.shows(ctx, req, o, c) {
			return gateways.Result{}, doubtful(req.Verb, "Svea answered something that could not be understood. Whether it happened is not known yet; it is looked up before anything else is done.")
		}
		last, answered = r, said(answer.Status, r)
		if state = g.follow(ctx, r.task); state != finished {
			if i < len(changes)-1 {
				return gateways.Result{}, doubtful(req.Verb, "Svea took on a first part of this and is not done with it. The rest was not sent; compare the order in Payment Admin.")
			}
			break
		}
	}
	return g.outcome(ctx, req, o.payment(nil), state, last, answered)
}

// outcome is what the order shows after its changes, against what it showed before.
func (g *gateway) outcome(ctx context.Context, req gateways.Request, before gateways.Payment, state outcome, r receipt, answered []byte) (gateways.Result, error) {
	pending := gateways.Result{Status: gateways.Pending, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "accepted", Raw: answered}
	if r.Delivery > 0 {
		pending.Ref = strconv.FormatInt(r.Delivery, 10)
	}
	now, _, err := g.order(ctx, string(req.Verb), req.PaymentRef)
	if err != nil {
		return pending, nil // accepted; the look-ups go on
	}
	result, err := judge(req, before, now.payment(nil))
	switch {
	case err == nil:
		result.Raw = answered
		return result, nil
	case errors.Is(err, gateways.ErrAbsent) && state == failed:
		pending.Status, pending.Word, pending.Reason = gateways.Failed, "failed", "Svea took it on and then could not carry it out. The order is as it was; see it in Payment Admin."
		return pending, nil
	case errors.Is(err, gateways.ErrAbsent):
		if underWay(req, before, now.payment(nil)) {
			pending.Word = wordUnderWay
		}
		return pending, nil
	}
	return gateways.Result{}, err
}

// shows says whether an answer in an undocumented shape did what was asked, as the order shows at once. Only
// replaced rows are answered so.
func (g *gateway) shows(ctx context.Context, req gateways.Request, before order, c change) bool {
	if _, replaced := c.body.(newRows); !replaced {
		return false
	}
	now, _, err := g.order(ctx, string(req.Verb), req.PaymentRef)
	if err != nil {
		return false
	}
	_, err = judge(req, before.payment(nil), now.payment(nil))
	return err == nil
}

// before reads the order on which a change depends. When that fails, nothing was sent that changes anything.
// An order that is not as it was when the operation was prepared is left alone.
func (g *gateway) before(ctx context.Context, req gateways.Request) (order, error) {
	o, _, err := g.order(ctx, string(req.Verb), req.PaymentRef)
	var e *gateways.Error
	if errors.As(err, &e) && e.Kind == gateways.Unknown {
		careful := *e
		careful.Kind, careful.Message = gateways.Unavailable, "Svea could not be asked for the order first; nothing was changed. It is tried again."
		return o, &careful
	}
	if err != nil {
		return o, err
	}
	if o.Currency != req.Amount.Currency {
		return o, refusal(req.Verb, "This Svea order is in "+o.Currency+".")
	}
	if was, now := req.Before, o.payment(nil); was != nil && (was.Captured != now.Captured || was.Refunded != now.Refunded || was.Voided != now.Voided || was.Amount != now.Amount) {
		return o, refusal(req.Verb, "The order was changed at Svea in the meantime; nothing was sent. Reload it and decide again.")
	}
	return o, nil
}

// halfway is the error of the i-th change. When an earlier one was carried out, the whole is in doubt.
func halfway(verb gateways.Verb, i int, err error) error {
	if i == 0 {
		return err
	}
	return doubtful(verb, "A first part of this was carried out at Svea, and then: "+err.Error()+" Compare the order in Payment Admin.")
}

// Find compares the order as it is now with how it was before the one send.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	o, raw, err := g.order(ctx, "find", req.PaymentRef)
	if err != nil {
		return gateways.Result{}, err
	}
	now := o.payment(nil)
	if req.Before == nil {
		if i := slices.IndexFunc(now.Captures, func(c gateways.Result) bool { return c.Ref == req.OperationRef && c.Amount == req.Amount }); req.Verb == gateways.Capture && i >= 0 {
			return now.Captures[i], nil
		}
		return gateways.Result{}, doubtful("find", "Svea keeps no reference of ours, and how the order was before is not known. Compare it in Payment Admin.")
	}
	result, err := judge(req, *req.Before, now)
	if errors.Is(err, gateways.ErrAbsent) {
		result, err = unmoved(req, *req.Before, now)
	}
	result.Raw = raw
	return result, err
}

// What was last seen of an operation that has not moved anything.
const (
	wordUnderWay = "under way"
	wordOffered  = "offered again"
)

// unmoved judges an operation of which the order shows nothing. While a credit is at the buyer's bank the order
// does not offer another; one that fails there leaves no trace but that credits are offered again (Svea docs,
// callback events: CreditFailed). Seen twice after it was under way, that is what happened.
func unmoved(req gateways.Request, before, now gateways.Payment) (gateways.Result, error) {
	result := gateways.Result{Status: gateways.Pending, PaymentRef: now.Ref, Amount: req.Amount, Ref: req.OperationRef, Word: wordUnderWay}
	switch seen := req.Word; {
	case underWay(req, before, now):
		return result, nil
	case req.Verb != gateways.Refund || seen != wordUnderWay && seen != wordOffered || !slices.Contains(now.Offers, req.Verb):
		return gateways.Result{}, gateways.ErrAbsent
	case seen == wordUnderWay:
		result.Word = wordOffered
	default:
		result.Status, result.Word, result.Reason = gateways.Failed, "failed", "Svea took the credit on, and the bank did not carry it out. The order is as it was; see it in Payment Admin."
	}
	return result, nil
}

// underWay says whether nothing moved and Svea no longer offers what it offered before: so it shows an order
// that it works on, such as one with a credit at the buyer's bank.
func underWay(req gateways.Request, before, now gateways.Payment) bool {
	same := now.Captured == before.Captured && now.Refunded == before.Refunded && now.Voided == before.Voided && now.Amount == before.Amount
	return same && slices.Contains(before.Offers, req.Verb) && !slices.Contains(now.Offers, req.Verb)
}

// judge tells from the figures before and after whether an operation happened: ErrAbsent when nothing moved,
// and an Unknown error when something else did.
func judge(req gateways.Request, before, now gateways.Payment) (gateways.Result, error) {
	result := gateways.Result{Status: gateways.Succeeded, PaymentRef: now.Ref, Amount: req.Amount, Word: now.Word}
	var moved int64
	switch req.Verb {
	case gateways.Capture:
		moved = now.Captured - before.Captured
		result.Ref = fresh(before.Captures, now.Captures)
	case gateways.Refund:
		// A card payment cancelled after its delivery shows no delivery any more.
		moved = now.Refunded - before.Refunded + max(0, before.Captured-now.Captured)
		result.Ref = fresh(before.Refunds, now.Refunds)
	case gateways.Void:
		moved = now.Voided - before.Voided
	case gateways.Update:
		if now.Amount.Minor-now.Voided == req.Amount.Minor && now.Amount.Currency == req.Amount.Currency {
			return result, nil
		}
		if now.Amount == before.Amount && now.Voided == before.Voided {
			return gateways.Result{}, gateways.ErrAbsent
		}
		return gateways.Result{}, doubtful(req.Verb, "Svea shows another total than was asked for. Compare the order in Payment Admin.")
	}
	switch {
	case now.Amount.Currency != req.Amount.Currency:
		return gateways.Result{}, doubtful(req.Verb, "Svea shows the order in another currency.")
	case moved == 0:
		return gateways.Result{}, gateways.ErrAbsent
	case moved != req.Amount.Minor:
		return gateways.Result{}, doubtful(req.Verb, "Svea shows that "+money.New(moved, req.Amount.Currency).String()+" moved where "+req.Amount.String()+" was asked. Compare the order in Payment Admin.")
	case req.OperationRef != "":
		result.Ref = req.OperationRef
	}
	return result, nil
}

// fresh is the id of the one entry that was not there before, or "" when there are several or none.
func fresh(before, now []gateways.Result) string {
	ref := ""
	for _, entry := range now {
		if slices.ContainsFunc(before, func(b gateways.Result) bool { return b.Ref == entry.Ref }) {
			continue
		}
		if ref != "" {
			return ""
		}
		ref = entry.Ref
	}
	return ref
}

// said keeps what an accepted change said of itself.
func said(status int, r receipt) []byte {
	raw, _ := json.Marshal(map[string]any{"status": status, "task": r.task, "delivery": r.Delivery, "credit": r.Credit})
	return raw
}
