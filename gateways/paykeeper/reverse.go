package paykeeper

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// Refund returns req.Amount of a payment that was drawn, in full or in part, with its lines where they are
// known. PayKeeper says only that it accepted: the refund shows in the payment's list.
func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	before, err := g.before(ctx, req)
	if err != nil {
		return gateways.Result{}, err
	}
	switch {
	case before.Canceled:
		return gateways.Result{}, refused("refund", "The whole amount of this payment has gone back to the buyer.")
	case before.Captured == 0 && before.Authorized:
		return gateways.Result{}, refused("refund", "This payment is only held, so there is nothing to refund. Cancel it instead.")
	}
	whole := before.Amount == req.Amount && before.Refunded == 0 && before.Voided == 0
	if goods := strings.TrimSpace(before.Params["cart"]); goods != "" && goods != "[]" && req.Amount.Minor < before.Captured-before.Refunded && cart(req.Lines, req.Amount) == "[]" {
		return gateways.Result{}, refused("refund", "This payment has a receipt that names its goods, and so must the receipt of a refund. Choose the lines that are returned instead of an amount.")
	}
	return g.reverse(ctx, req, whole)
}

// Void gives a whole hold back.
func (g *gateway) Void(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	before, err := g.before(ctx, req)
	if err != nil {
		return gateways.Result{}, err
	}
	switch {
	case before.Captured > 0 || !before.Authorized:
		return gateways.Result{}, refused("void", "This payment is not held any more, so there is no hold to give back. If it was drawn, refund it.")
	case before.Amount != req.Amount:
		return gateways.Result{}, refused("void", "PayKeeper gives the whole hold of "+before.Amount.String()+" back, not a part of it.")
	}
	return g.reverse(ctx, req, true)
}

// Capture draws a whole hold before the date on which PayKeeper would draw it itself. A part of a hold is drawn
// at PayKeeper by giving the rest back, after which its records do not tell that from a refund: so it is not
// done from here.
func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	before, err := g.before(ctx, req)
	if err != nil {
		return gateways.Result{}, err
	}
	switch {
	case before.Captured > 0 || !before.Authorized:
		return gateways.Result{}, refused("capture", "This payment is not held any more, so there is nothing to draw.")
	case !before.CaptureBefore.IsZero() && !g.now().Before(before.CaptureBefore):
		return gateways.Result{}, refused("capture", "The date on which PayKeeper draws this payment by itself has come. Ask how it stands now.")
	case req.Amount != before.Amount:
		return gateways.Result{}, refused("capture", "PayKeeper draws the whole hold of "+before.Amount.String()+". Draw it, then refund what is not wanted.")
	}
	raw, err := g.change(ctx, "capture", "/change/payment/capture/", url.Values{"id": {req.PaymentRef}})
	if err != nil {
		return gateways.Result{}, err
	}
	return gateways.Result{Status: gateways.Succeeded, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "success", Raw: raw}, nil
}

// before is the payment as it stood before anything was sent: nothing is reversed while a reverse is under
// way, for then nobody could tell them apart.
func (g *gateway) before(ctx context.Context, req gateways.Request) (gateways.Payment, error) {
	verb := string(req.Verb)
	if req.Amount.Currency != currency || req.Amount.Minor <= 0 {
		return gateways.Payment{}, refused(verb, "PayKeeper moves roubles, and only amounts above zero.")
	}
	var seen gateways.Payment
	if req.Before != nil {
		seen = *req.Before
	} else {
		var err error
		if seen, err = g.Payment(ctx, req.PaymentRef); err != nil {
			return seen, unsent(err)
		}
	}
	if seen.Word == "refunding" {
		return seen, refused(verb, "PayKeeper is still returning money of this payment. Wait until that is done, then try again.")
	}
	return seen, nil
}

// reverse gives req.Amount back, of a hold or of a payment that was drawn. The id is that of the payment,
// never that of an invoice.
func (g *gateway) reverse(ctx context.Context, req gateways.Request, whole bool) (gateways.Result, error) {
	goods := "[]"
	if !whole {
		goods = cart(req.Lines, req.Amount)
	}
	raw, err := g.change(ctx, string(req.Verb), "/change/payment/reverse/", url.Values{
		"id":          {req.PaymentRef},
		"amount":      {sumOf(req.Amount)},
		"partial":     {strconv.FormatBool(!whole)},
		"refund_cart": {goods},
	})
	if err != nil {
		return gateways.Result{}, err
	}
	return gateways.Result{Status: gateways.Pending, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "refunding", Raw: raw}, nil
}
