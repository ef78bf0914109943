package svea

import (
	"cmp"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// matchRows finds the rows of req.Lines by their article numbers among those that offer an action, with how
// many pieces of each. It is nil unless every line is found and the pieces cost exactly req.Amount.
func matchRows(rows []row, action string, req gateways.Request) (ids []int64, quantities []rowQuantity) {
	sum := int64(0)
	taken := map[int64]bool{}
	for _, line := range req.Lines {
		found := false
		for _, r := range rows {
			if taken[r.ID] || r.Cancelled || r.Article != line.Ref || line.Ref == "" || !r.offers(action) || r.Quantity < line.Quantity*100 {
				continue
			}
			total := r.totalOf(line.Quantity * 100)
			if total != line.Total {
				continue
			}
			ids, taken[r.ID], found = append(ids, r.ID), true, true
			sum += total
			if r.Quantity != line.Quantity*100 {
				quantities = append(quantities, rowQuantity{r.ID, line.Quantity * 100})
			}
			break
		}
		if !found {
			return nil, nil
		}
	}
	if sum != req.Amount.Minor {
		return nil, nil
	}
	return ids, quantities
}

// freeRows are new rows that make a sum: one for each VAT rate of the delivery, by what was delivered at it.
func (d delivery) freeRows(req gateways.Request, part int64) []newRow {
	var rates, weights []int64
	at := map[int64]int{}
	for _, r := range d.Rows {
		if r.Cancelled || r.total() <= 0 {
			continue
		}
		if _, known := at[r.VATPercent]; !known {
			at[r.VATPercent] = len(rates)
			rates, weights = append(rates, r.VATPercent), append(weights, 0)
		}
		weights[at[r.VATPercent]] += r.total()
	}
	if len(rates) == 0 {
		rates, weights = []int64{0}, []int64{1}
	}
	var rows []newRow
	for i, share := range money.Share(part, weights) {
		if share != 0 {
			rows = append(rows, newRow{Name: shorten(cmp.Or(req.Reason, "Refund"), 40), Quantity: 100, UnitPrice: share, VATPercent: rates[i]})
		}
	}
	return rows
}
