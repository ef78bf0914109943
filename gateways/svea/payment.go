package svea

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func orderPath(ref string, more ...string) string {
	return "/api/v1/orders/" + url.PathEscape(ref) + strings.Join(more, "")
}

// order reads an order as Payment Admin shows it now.
func (g *gateway) order(ctx context.Context, verb, ref string) (order, []byte, error) {
	var out order
	raw, err := g.get(ctx, g.admin, verb, orderPath(ref), &out)
	switch {
	case err != nil:
		return order{}, nil, err
	case strconv.FormatInt(out.ID, 10) != ref:
		return order{}, nil, &gateways.Error{Kind: gateways.Unknown, Verb: verb, Message: "Svea answered about another order than the one asked for."}
	case out.Status == "" || !money.Known(out.Currency):
		return order{}, nil, &gateways.Error{Kind: gateways.Unknown, Verb: verb, Message: "Svea answered with an order that has no status or no currency."}
	}
	return out, raw, nil
}

// Payment is the order as Svea sees it. One that the buyer has not finished is at the checkout still.
func (g *gateway) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	o, raw, err := g.order(ctx, "payment", ref)
	var e *gateways.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return g.unfinished(ctx, ref, err)
	}
	if err != nil {
		return gateways.Payment{}, err
	}
	return o.payment(raw), nil
}

type checkoutOrder struct {
	ID       int64  `json:"OrderId"`
	Number   string `json:"ClientOrderNumber"`
	Status   string `json:"Status"`
	Currency string `json:"Currency"`
	Cart     struct {
		Items []row `json:"Items"`
	} `json:"Cart"`
	GUI struct {
		Snippet string `json:"Snippet"`
	} `json:"Gui"`
}

func (c checkoutOrder) total() (sum int64) {
	for _, r := range c.Cart.Items {
		sum += r.total()
	}
	return sum
}

// unfinished is an order that is known to the checkout only, or the refusal err. Svea cancels it after 48 h
// without activity; a finished one reaches Payment Admin a little later (Svea docs, getting order information).
func (g *gateway) unfinished(ctx context.Context, ref string, refused error) (gateways.Payment, error) {
	var out checkoutOrder
	raw, err := g.get(ctx, g.checkout, "payment", "/api/orders/"+url.PathEscape(ref), &out)
	var e *gateways.Error
	switch {
	case errors.As(err, &e) && e.Status == http.StatusNotFound:
		return gateways.Payment{}, refused
	case err != nil:
		return gateways.Payment{}, err
	case strconv.FormatInt(out.ID, 10) != ref:
		return gateways.Payment{}, &gateways.Error{Kind: gateways.Unknown, Verb: "payment", Message: "Svea answered about another order than the one asked for."}
	}
	seen := gateways.Payment{
		Ref: ref, OrderRef: out.Number, Word: out.Status, Amount: money.New(out.total(), out.Currency),
		Canceled: strings.EqualFold(out.Status, "cancelled"), Offers: []gateways.Verb{}, Raw: raw,
	}
	if seen.Canceled {
		seen.Reason = "The buyer did not finish the checkout."
	} else {
		seen.Waits = gateways.ForBuyer
	}
	return seen, nil
}

// payment is the order in our words. The amount of an order stays whatever is cancelled or delivered of it.
func (o order) payment(raw []byte) gateways.Payment {
	delivered, undone := o.delivered(), o.undone()
	seen := gateways.Payment{
		Ref: strconv.FormatInt(o.ID, 10), OrderRef: o.Number, Word: o.Status, Amount: o.amount(o.Amount),
		Captured: delivered, Refunded: o.credited() + undone, Voided: o.Cancelled - undone,
		Method: strings.ToLower(o.PaymentType), Offers: o.verbs(), At: at(o.CreatedAt), Raw: raw,
	}
	for _, d := range o.Deliveries {
		ref := strconv.FormatInt(d.ID, 10)
		seen.Captures = append(seen.Captures, gateways.Result{
			Status: gateways.Succeeded, Ref: ref, PaymentRef: seen.Ref, Amount: o.amount(d.Amount), Word: "delivered", At: at(d.CreatedAt),
		})
		if d.Invoice > 0 { // what the buyer and Svea's support call it
			if seen.Params == nil {
				seen.Params = map[string]string{}
			}
			seen.Params["invoice of delivery "+ref] = strconv.FormatInt(d.Invoice, 10)
		}
		for i, c := range d.Credits {
			seen.Refunds = append(seen.Refunds, gateways.Result{
				Status: gateways.Succeeded, Ref: creditRef(d, i), PaymentRef: seen.Ref, Amount: o.amount(max(c.Amount, -c.Amount)), Word: "credited",
			})
		}
	}
	switch {
	case strings.EqualFold(o.System, "pending"):
		seen.Authorized, seen.Waits = delivered > 0, gateways.ForProvider
		seen.Reason = "Svea is still deciding on this order; nothing can be done with it yet."
		if o.SystemMessage != "" {
			seen.Reason += " Svea says: " + o.SystemMessage
		}
	case o.is("open"):
		seen.Authorized, seen.CaptureBefore = true, at(o.ExpiresAt)
	case o.is("delivered"):
		seen.Authorized = true
	case o.is("processing", "pending"):
		seen.Authorized, seen.Waits = delivered > 0, gateways.ForProvider
	case o.is("cancelled", "expired"):
		seen.Authorized, seen.Canceled = delivered > 0, delivered == 0
		seen.Voided = max(0, o.Amount-delivered)
	case o.is("failed"):
		seen.Authorized, seen.Failed = delivered > 0, delivered == 0
	default:
		seen.Authorized, seen.Reason = delivered > 0, "Svea describes this order with a word that is not documented."
		if delivered == 0 {
			seen.Doubt = gateways.Unclear
		}
	}
	return seen
}

// creditRef names a credit by its delivery and its place there: Svea gives it no id when it shows it.
func creditRef(d delivery, place int) string {
	return strconv.FormatInt(d.ID, 10) + "-" + strconv.Itoa(place+1)
}

// verbs are what the lists of actions allow now. A card payment that is delivered and not settled yet is
// returned by cancelling it. An empty list is none.
func (o order) verbs() []gateways.Verb {
	offers := []gateways.Verb{}
	if o.offers(canDeliver) {
		offers = append(offers, gateways.Capture)
	}
	cancels := o.offers(canCancel) || o.offers(canCancelAmount) || o.offers(canCancelRows)
	if cancels && o.held() > 0 {
		offers = append(offers, gateways.Void)
	}
	if (o.offers(canUpdateRows) || o.offers(canCancelAmount)) && len(o.Deliveries) == 0 {
		offers = append(offers, gateways.Update)
	}
	credits := slices.ContainsFunc(o.Deliveries, func(d delivery) bool { return d.credits() })
	if credits || cancels && o.unsettled() {
		offers = append(offers, gateways.Refund)
	}
	return offers
}

func (d delivery) credits() bool {
	return d.offers(canCreditAmount) || d.offers(canCreditRows) || d.offers(canCreditNewRow)
}

// unsettled says whether everything is delivered and what is returned is returned by cancelling.
func (o order) unsettled() bool {
	return len(o.Deliveries) > 0 && o.held() == 0 && (o.offers(canCancel) || o.offers(canCancelAmount))
}
