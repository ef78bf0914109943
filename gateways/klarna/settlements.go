package klarna

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/kartify/kartify/gateways"
)

const pageSize = 500 // the most that a settlement list gives at once

// Payments reads the orders that were settled in payouts of [from, to), each as it is now. Klarna has no
// list of orders; its settlements are the only one (Settlements API, payouts and transactions).
func (g *gateway) Payments(ctx context.Context, from, to time.Time, visit func(gateways.Payment) error) error {
	seen := map[string]bool{}
	end := to.Add(time.Second - 1) // what began before to, in whole seconds
	window := url.Values{"start_date": {from.UTC().Format(time.RFC3339)}, "end_date": {end.UTC().Format(time.RFC3339)}}
	return g.pages(ctx, "/settlements/v1/payouts", window, func(p settlementPage) error {
		for _, payout := range p.Payouts {
			which := url.Values{"payment_reference": {payout.Reference}}
			err := g.pages(ctx, "/settlements/v1/transactions", which, func(p settlementPage) error {
				for _, transaction := range p.Transactions {
					if transaction.OrderID == "" || seen[transaction.OrderID] {
						continue // a fee of no order
					}
					seen[transaction.OrderID] = true
					payment, err := g.Payment(ctx, transaction.OrderID)
					if err == nil {
						err = visit(payment)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type settlementPage struct {
	Payouts []struct {
		Reference string `json:"payment_reference"`
	} `json:"payouts"`
	Transactions []struct {
		OrderID string `json:"order_id"`
	} `json:"transactions"`
}

// pages reads a settlement list page by page.
func (g *gateway) pages(ctx context.Context, path string, query url.Values, visit func(settlementPage) error) error {
	for offset := 0; ; offset += pageSize {
		query.Set("size", strconv.Itoa(pageSize))
		query.Set("offset", strconv.Itoa(offset))
		var page settlementPage
		if _, err := g.api.GetJSON(ctx, "payments", path+"?"+query.Encode(), &page); err != nil {
			return err
		}
		if page.Payouts == nil && page.Transactions == nil {
			return doubtful("payments", "Klarna answered with no list where one was asked.")
		}
		if err := visit(page); err != nil {
			return err
		}
		if max(len(page.Payouts), len(page.Transactions)) < pageSize {
			return nil
		}
		if offset >= 200*pageSize {
			return doubtful("payments", "Klarna's list of settlements does not end.")
		}
	}
}
