package klarna

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// order reads an order as Klarna sees it now.
func (g *gateway) order(ctx context.Context, verb, ref string) (order, []byte, error) {
	var out order
	raw, err := g.api.GetJSON(ctx, verb, orderPath(ref), &out)
	switch {
	case err != nil:
		return order{}, nil, err
	case out.ID != ref:
		return order{}, nil, doubtful(verb, "Klarna answered about another order than the one asked for.")
	case out.Status == "" || !money.Known(out.Currency):
		return order{}, nil, doubtful(verb, "Klarna answered with an order that has no state or no currency.")
	}
	return out, raw, nil
}

// Payment is the order as Klarna sees it. One that the buyer has not finished is at the checkout still.
func (g *gateway) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	o, raw, err := g.order(ctx, "payment", ref)
	var e *gateways.Error
	if errors.As(err, &e) && e.Code == "NO_SUCH_ORDER" {
		return g.checkout(ctx, ref, err)
	}
	if err != nil {
		return gateways.Payment{}, err
	}
	return o.payment(raw), nil
}

type checkoutOrder struct {
	ID           string `json:"order_id"`
	Status       string `json:"status"`
	Amount       int64  `json:"order_amount"`
	Currency     string `json:"purchase_currency"`
	OurReference string `json:"merchant_reference1"`
	Snippet      string `json:"html_snippet"`
}

// checkout is an order that is known to the checkout only, or the refusal err. It holds no money yet;
// Klarna forgets it 48 h after the buyer's last step (Checkout API v3).
func (g *gateway) checkout(ctx context.Context, ref string, refused error) (gateways.Payment, error) {
	var out checkoutOrder
	raw, err := g.api.GetJSON(ctx, "payment", "/checkout/v3/orders/"+url.PathEscape(ref), &out)
	var e *gateways.Error
	switch {
	case errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed):
		return gateways.Payment{}, refused
	case err != nil:
		return gateways.Payment{}, err
	case out.ID != ref:
		return gateways.Payment{}, doubtful("payment", "Klarna answered about another order than the one asked for.")
	}
	return gateways.Payment{
		Ref: ref, OrderRef: out.OurReference, Word: out.Status, Amount: money.New(out.Amount, out.Currency), Waits: gateways.ForBuyer,
		Offers: []gateways.Verb{}, Raw: raw,
	}, nil
}

// payment is the order in our words. A cancelled order still shows a remaining amount, and a refunded one
// may still be CAPTURED, so neither field decides alone.
func (o order) payment(raw []byte) gateways.Payment {
	seen := gateways.Payment{
		Ref: o.ID, OrderRef: o.OurReference, Word: o.Status, Amount: money.New(o.Amount, o.Currency),
		Captured: o.Captured, Refunded: o.Refunded, Offers: o.offers(), At: at(o.CreatedAt), Raw: raw,
	}
	if o.Reference != "" {
		seen.Params = map[string]string{"klarna_reference": o.Reference} // what Klarna's portal and support call it
	}
	if o.Method != nil {
		seen.Method = strings.ToLower(o.Method.Type)
	}
	for _, c := range o.Captures {
		seen.Captures = append(seen.Captures, c.result(o, nil))
	}
	for _, r := range o.Refunds {
		seen.Refunds = append(seen.Refunds, r.result(o, nil))
	}
	left := max(0, o.Amount-o.Captured)
	switch o.Status {
	case "AUTHORIZED":
		seen.Authorized = o.Fraud == "ACCEPTED"
		seen.CaptureBefore, seen.Reason = at(o.ExpiresAt), o.caution()
		if !seen.Authorized {
			seen.Waits = gateways.ForProvider
		}
	case "PART_CAPTURED":
		seen.Authorized, seen.CaptureBefore = true, at(o.ExpiresAt)
	case "CAPTURED":
		seen.Authorized = true
		seen.Voided = left // what was released
	case "CANCELLED", "EXPIRED", "CLOSED":
		seen.Authorized, seen.Canceled, seen.Voided = o.Captured > 0, o.Captured == 0, left
		if o.Status == "EXPIRED" {
			seen.Reason = "The authorization ran out before it was captured."
		}
	default:
		seen.Authorized, seen.Reason = o.Captured > 0, "Klarna describes this order with a word that is not documented."
		if o.Captured == 0 {
			seen.Doubt = gateways.Unclear
		}
	}
	return seen
}

// caution is why an authorized order may not be captured yet (Klarna docs, pending orders).
func (o order) caution() string {
	switch o.Fraud {
	case "ACCEPTED":
		return ""
	case "PENDING":
		return "Klarna is still checking this order; that takes up to 24 hours. Do not ship before it is accepted."
	case "REJECTED":
		return "Klarna's risk check rejected this order, and Klarna cancels it. Do not ship."
	}
	return "Klarna says of its risk check something that is not documented. Do not ship before it is accepted."
}

// offers are the verbs that the state allows. An empty list is none.
func (o order) offers() []gateways.Verb {
	offers := []gateways.Verb{}
	switch o.Status {
	case "AUTHORIZED":
		if o.Fraud == "ACCEPTED" {
			offers = append(offers, gateways.Capture, gateways.Update)
		}
		offers = append(offers, gateways.Void)
	case "PART_CAPTURED":
		if o.Remaining > 0 {
			offers = append(offers, gateways.Capture, gateways.Void)
		}
	}
	if o.Captured > o.Refunded && o.Status != "CLOSED" && o.Status != "CANCELLED" {
		offers = append(offers, gateways.Refund)
	}
	return offers
}
