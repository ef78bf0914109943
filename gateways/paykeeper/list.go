package paykeeper

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

const page = 500 // rows asked for at once

// OrderPayments are all attempts to pay for an order: PayKeeper makes a row of each. Its search looks at every
// value of a payment, so what it finds is compared with the order number.
func (g *gateway) OrderPayments(ctx context.Context, orderRef string) ([]gateways.Payment, error) {
	if strings.TrimSpace(orderRef) == "" {
		return nil, refused("payments", "An order without a number cannot be looked for.")
	}
	until := day(g.now().AddDate(1, 0, 0))
	rows, _, err := g.get(ctx, "payments", "/info/payments/search/", url.Values{"query": {orderRef}, "end_date": {until}})
	if err != nil {
		return nil, err
	}
	var seen []gateways.Payment
	for _, row := range rows {
		if row["orderid"] != orderRef {
			continue
		}
		payment, err := g.Payment(ctx, row["id"])
		if err != nil {
			return nil, err
		}
		if payment.OrderRef != orderRef {
			return nil, doubtful("payments", "PayKeeper answered with a payment of another order.")
		}
		seen = append(seen, payment)
	}
	return seen, nil
}

// Payments hands out every payment of the days of Moscow from from to to, whatever its state.
func (g *gateway) Payments(ctx context.Context, from, to time.Time, visit func(gateways.Payment) error) error {
	systems, _, err := g.get(ctx, "payments", "/info/systems/list/", nil)
	if err != nil {
		return err
	}
	query := url.Values{"start": {day(from)}, "end": {day(to.Add(-time.Nanosecond))}, "status[]": words, "limit": {strconv.Itoa(page)}}
	for _, system := range systems {
		if id := system["id"]; id != "" {
			query.Add("payment_system_id[]", id)
		}
	}
	if len(query["payment_system_id[]"]) == 0 {
		return nil // nothing was ever paid here
	}
	seen := map[string]bool{} // a list that moves while it is read shows a payment twice
	for skip := 0; ; skip += page {
		query.Set("from", strconv.Itoa(skip))
		rows, _, err := g.get(ctx, "payments", "/info/payments/bydate/", query)
		if err != nil {
			return err
		}
		fresh := false
		for _, row := range rows {
			if seen[row["id"]] {
				continue
			}
			seen[row["id"]], fresh = true, true
			payment, err := g.listed(ctx, row)
			if err != nil {
				return err
			}
			payment.At = listedAt(row, from, to, payment.At)
			if err := visit(payment); err != nil {
				return err
			}
		}
		switch {
		case len(rows) < page:
			return nil
		case !fresh || skip >= 200*page:
			return doubtful("payments", "PayKeeper's list of payments does not end.")
		}
	}
}

// listedAt is the moment for which a payment is in the list of [from, to), or otherwise. PayKeeper lists a payment
// on one day alone, though it may begin before midnight and be obtained or taken in after it, even days later.
func listedAt(row record, from, to, otherwise time.Time) time.Time {
	for _, name := range []string{"success_datetime", "obtain_datetime", "pending_datetime"} {
		if t := at(row[name]); !t.Before(from) && t.Before(to) {
			return t
		}
	}
	return otherwise
}

// listed is a payment of a list. One that is paid is read on its own: a list does not tell a hold.
func (g *gateway) listed(ctx context.Context, row record) (gateways.Payment, error) {
	switch stands[row["status"]] {
	case paid, moving, returned:
		return g.Payment(ctx, row["id"])
	}
	raw, err := gateways.EncodeJSON(row)
	if err != nil {
		return gateways.Payment{}, unclear("payments", 0, err)
	}
	return g.read(row, nil, nil, raw)
}
