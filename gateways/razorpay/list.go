package razorpay

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
)

// mostPages is where a list counts as one without an end.
const mostPages = 2000

// Payments hands out every payment that was made in [from, to), whatever its state, those with refunds with
// their refunds. Razorpay takes whole seconds, both of them included (Razorpay API docs, payments/fetch-all-payments).
func (g *gateway) Payments(ctx context.Context, from, to time.Time, visit func(gateways.Payment) error) error {
	last := to.Add(-time.Nanosecond).Unix()
	if last < from.Unix() {
		return nil
	}
	window := url.Values{"from": {strconv.FormatInt(from.Unix(), 10)}, "to": {strconv.FormatInt(last, 10)}, "count": {strconv.Itoa(page)}}
	seen := map[string]bool{} // a list that moves while it is read shows a payment twice
	for skip := 0; ; skip += page {
		window.Set("skip", strconv.Itoa(skip))
		var out collection[json.RawMessage]
		if _, err := g.api.GetJSON(ctx, "payments", "/payments?"+window.Encode(), &out); err != nil {
			return err
		}
		if out.Items == nil {
			return doubtful("payments", "Razorpay answered with no list of payments where one was asked.")
		}
		for _, raw := range out.Items {
			var one payment
			if err := json.Unmarshal(raw, &one); err != nil || one.ID == "" {
				return doubtful("payments", "Razorpay answered with a payment that cannot be read.")
			}
			if seen[one.ID] {
				continue
			}
			seen[one.ID] = true
			if err := g.list(ctx, one, raw, visit); err != nil {
				return err
			}
		}
		switch {
		case len(out.Items) < page:
			return nil
		case skip >= mostPages*page:
			return doubtful("payments", "Razorpay's list of payments does not end.")
		}
	}
}

// list hands out a payment of a list, with its refunds.
func (g *gateway) list(ctx context.Context, one payment, raw []byte, visit func(gateways.Payment) error) error {
	found := one.payment(raw)
	if one.AmountRefunded > 0 {
		refunds, err := g.refunds(ctx, "payments", one.ID)
		if err != nil {
			return err
		}
		for _, r := range refunds {
			found.Refunds = append(found.Refunds, r.result(r.raw))
		}
	}
	return visit(found)
}
