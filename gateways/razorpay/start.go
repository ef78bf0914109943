package razorpay

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

var (
	_ gateways.Starter     = (*gateway)(nil)
	_ gateways.OrderReader = (*gateway)(nil)
)

// orderRequest makes an order. What it says of capturing goes before what the dashboard says (Razorpay API docs, orders/create).
type orderRequest struct {
	Amount   int64             `json:"amount"`
	Currency string            `json:"currency"`
	Receipt  string            `json:"receipt"`
	Notes    map[string]string `json:"notes"`
	Payment  capturing         `json:"payment"`
}

type capturing struct {
	Capture string         `json:"capture"`
	Options captureOptions `json:"capture_options"`
}

type captureOptions struct {
	RefundSpeed string `json:"refund_speed"`
}

type order struct {
	ID       string `json:"id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Receipt  string `json:"receipt"`
}

var orderID = regexp.MustCompile(`^order_[A-Za-z0-9]{1,40}$`)

// Start makes an order and sends the buyer to Razorpay's hosted page with it (Razorpay docs, hosted checkout). An order
// whose answer is lost is never paid: the buyer does not know it.
func (g *gateway) Start(ctx context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	if checkout.Amount.Minor <= 0 {
		return gateways.Start{}, &gateways.Error{Kind: gateways.Declined, Verb: "start", Message: "Razorpay takes amounts above zero."}
	}
	in := orderRequest{
		Amount: checkout.Amount.Minor, Currency: checkout.Amount.Currency, Receipt: checkout.OrderRef, Notes: map[string]string{"order": checkout.OrderRef},
		Payment: capturing{Capture: "automatic", Options: captureOptions{RefundSpeed: "normal"}},
	}
	if checkout.Hold {
		in.Payment.Capture = "manual"
	}
	var out order
	_, err := g.api.PostJSON(ctx, "start", "/orders", in, &out)
	switch {
	case err != nil:
		return gateways.Start{}, err
	case !orderID.MatchString(out.ID) || money.New(out.Amount, out.Currency) != checkout.Amount:
		return gateways.Start{}, doubtful("start", "Razorpay answered with another order than the one asked for.")
	}
	form := map[string]string{
		"key_id": g.key, "order_id": out.ID, "amount": strconv.FormatInt(checkout.Amount.Minor, 10), "currency": checkout.Amount.Currency, "description": "Order " + checkout.OrderRef,
		"callback_url": checkout.ReturnURL, "cancel_url": checkout.CancelURL,
	}
	if checkout.CancelURL == "" {
		form["cancel_url"] = checkout.ReturnURL
	}
	for name, value := range map[string]string{"prefill[name]": checkout.Customer.Name, "prefill[email]": checkout.Customer.Email, "prefill[contact]": checkout.Customer.Phone} {
		if value != "" {
			form[name] = value
		}
	}
	return gateways.Start{OrderRef: out.ID, URL: g.api.Base + "/checkout/embedded", Form: form}, nil
}

// OrderPayments are the attempts to pay for an order, failed ones included (Razorpay API docs, orders/fetch-payments).
// An order is known by Razorpay's id, or by our number as its receipt, of which there may be several.
func (g *gateway) OrderPayments(ctx context.Context, orderRef string) ([]gateways.Payment, error) {
	if orderID.MatchString(orderRef) {
		return g.attempts(ctx, orderRef)
	}
	var out collection[order]
	if _, err := g.api.GetJSON(ctx, "order", "/orders?"+url.Values{"receipt": {orderRef}, "count": {strconv.Itoa(page)}}.Encode(), &out); err != nil {
		return nil, err
	}
	if out.Items == nil {
		return nil, doubtful("order", "Razorpay answered with no list of orders where one was asked.")
	}
	var seen []gateways.Payment
	for _, one := range out.Items {
		if one.Receipt != orderRef || !orderID.MatchString(one.ID) {
			return nil, doubtful("order", "Razorpay answered with another order than the one asked for.")
		}
		attempts, err := g.attempts(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		seen = append(seen, attempts...)
	}
	return seen, nil
}

// attempts are the payments of an order by Razorpay's id of it.
func (g *gateway) attempts(ctx context.Context, id string) ([]gateways.Payment, error) {
	var out collection[json.RawMessage]
	if _, err := g.api.GetJSON(ctx, "order", "/orders/"+url.PathEscape(id)+"/payments?expand[]=card", &out); err != nil {
		return nil, err
	}
	if out.Items == nil {
		return nil, doubtful("order", "Razorpay answered with no list of payments where one was asked.")
	}
	var seen []gateways.Payment
	for _, raw := range out.Items {
		var one payment
		if err := json.Unmarshal(raw, &one); err != nil || one.ID == "" || one.OrderID != id {
			return nil, doubtful("order", "Razorpay answered with a payment of another order, or one that cannot be read.")
		}
		err := g.list(ctx, one, raw, func(p gateways.Payment) error {
			seen = append(seen, p)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}
