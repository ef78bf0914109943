package ccavenue

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const (
	rowsAtOnce = 100 // asked for of a lookup
	mostPages  = 1000
	lookBack   = 90 * 24 * time.Hour // how far an order is looked for before its latest attempt is asked for
)

// Payment is the payment as CCAvenue sees it, with its refunds.
func (g *gateway) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	seen, err := g.status(ctx, "payment", map[string]string{"reference_no": ref}, true)
	if err == nil && seen.Ref != ref {
		err = doubtful("payment", "CCAvenue answered with another payment than the one asked for.")
	}
	if err != nil {
		return gateways.Payment{}, err
	}
	return seen, nil
}

// status asks how one payment stands, by its reference or by its order: of an order it is the latest attempt.
func (g *gateway) status(ctx context.Context, verb string, of map[string]string, refunds bool) (gateways.Payment, error) {
	said, raw, err := g.read(ctx, verb, "orderStatusTracker", "1.2", of)
	if err != nil {
		return gateways.Payment{}, err
	}
	if code := said.text("error_code"); code != "" || said.text("status") == "1" {
		return gateways.Payment{}, coded(verb, code, said.text("error_desc"))
	}
	return g.row(ctx, verb, said.record(), raw, refunds)
}

// row is a row of a status or a lookup in our words. Full or part of a refund shows only in its list.
func (g *gateway) row(ctx context.Context, verb string, row record, raw []byte, refunds bool) (gateways.Payment, error) {
	amount, err := gateways.Decimal(row["order_amt"], row.First("order_currncy", "order_curr", "order_currency"))
	if err != nil || row["reference_no"] == "" || row["order_status"] == "" {
		return gateways.Payment{}, unclear(verb, http.StatusOK, err)
	}
	seen := gateways.Payment{
		Ref: row["reference_no"], OrderRef: row["order_no"], Word: row["order_status"], Amount: amount, RRN: row["order_bank_ref_no"],
		Method: methods[row["order_option_type"]], At: at(row.First("order_date_time", "order_status_date_time")), Params: map[string]string{}, Raw: raw,
	}
	for key, value := range row {
		if value != "" && !told[key] && !strings.HasPrefix(key, "order_bill_") && !strings.HasPrefix(key, "order_ship_") {
			seen.Params[key] = gateways.Scrub(value)
		}
	}
	var drawn money.Amount
	if captured := row["order_capt_amt"]; captured != "" {
		if drawn, err = gateways.Decimal(captured, amount.Currency); err != nil {
			return gateways.Payment{}, unclear(verb, http.StatusOK, err)
		}
	}
	judge(&seen, drawn.Minor, row["order_bank_response"], g.now())
	switch {
	case !refunds:
	case standingOf(seen.Word).class == returned:
		return seen, g.addRefunds(ctx, verb, &seen)
	case seen.Refunded > 0:
		return seen, g.addReturn(ctx, verb, &seen, at(row["order_status_date_time"]))
	}
	return seen, nil
}

// addReturn lists what CCAvenue gave back by itself: all that the refunds before it had left.
func (g *gateway) addReturn(ctx context.Context, verb string, seen *gateways.Payment, when time.Time) error {
	refunds, err := g.refunds(ctx, verb, seen.Ref, seen.Amount.Currency)
	if err != nil {
		return err
	}
	left := seen.Captured
	for _, r := range refunds {
		if r.Status == gateways.Succeeded {
			left -= r.Amount.Minor
		}
	}
	seen.Refunds = refunds
	if left > 0 {
		seen.Refunds = append(seen.Refunds, gateways.Result{
			Status: gateways.Succeeded, Ref: seen.Word, PaymentRef: seen.Ref, Amount: money.New(left, seen.Amount.Currency), Word: seen.Word, At: when, Raw: seen.Raw,
		})
	}
	return nil
}

// told are the values of a row that a Payment has places of its own for, and those that are about the answer.
var told = map[string]bool{
	"reference_no": true, "order_no": true, "order_status": true, "order_amt": true, "order_currncy": true, "order_curr": true, "order_currency": true,
	"status": true, "error_code": true, "error_desc": true,
}

func (g *gateway) addRefunds(ctx context.Context, verb string, seen *gateways.Payment) error {
	refunds, err := g.refunds(ctx, verb, seen.Ref, seen.Amount.Currency)
	if err != nil {
		return err
	}
	seen.Refunds = refunds
	under := int64(0)
	for _, r := range refunds {
		switch r.Status {
		case gateways.Succeeded:
			seen.Refunded += r.Amount.Minor
		case gateways.Pending:
			under += r.Amount.Minor
		case gateways.Failed:
		}
	}
	if seen.Refunded > seen.Captured {
		return doubtful(verb, "CCAvenue says that more went back than was paid.")
	}
	if seen.Refunded+under >= seen.Captured {
		seen.Offers = []gateways.Verb{}
	}
	return nil
}

// OrderPayments are all attempts to pay under an order number: CCAvenue lets it be used again, and its status
// command tells only the latest.
func (g *gateway) OrderPayments(ctx context.Context, orderRef string) ([]gateways.Payment, error) {
	if strings.TrimSpace(orderRef) == "" {
		return nil, refused("payments", "An order without a number cannot be looked for.")
	}
	var seen []gateways.Payment
	now := g.now()
	err := g.lookup(ctx, map[string]string{"from_date": dayOf(now.Add(-lookBack)), "to_date": dayOf(now), "order_no": orderRef}, func(p gateways.Payment) error {
		if p.OrderRef == orderRef {
			seen = append(seen, p)
		}
		return nil
	})
	if err != nil || len(seen) > 0 {
		return seen, err
	}
	latest, err := g.status(ctx, "payments", map[string]string{"order_no": orderRef}, true) // an older order
	switch {
	case errors.Is(err, errNothing):
		return nil, nil
	case err != nil:
		return nil, err
	case latest.OrderRef != orderRef:
		return nil, doubtful("payments", "CCAvenue answered with another order than the one asked for.")
	}
	return []gateways.Payment{latest}, nil
}

// Payments hands out what was ordered on the days of India from from to to, day by day: how long a time a
// lookup may cover is not documented.
func (g *gateway) Payments(ctx context.Context, from, to time.Time, visit func(gateways.Payment) error) error {
	year, month, day := from.In(ist).Date()
	for start := time.Date(year, month, day, 0, 0, 0, 0, ist); start.Before(to); start = start.AddDate(0, 0, 1) {
		if err := g.lookup(ctx, map[string]string{"from_date": dayOf(start), "to_date": dayOf(start)}, visit); err != nil {
			return err
		}
	}
	return nil
}

// lookup reads a list page by page. It may move while it is read, so a payment is handed out once.
func (g *gateway) lookup(ctx context.Context, filter map[string]string, visit func(gateways.Payment) error) error {
	seen := map[string]bool{}
	filter["no_of_records"] = strconv.Itoa(rowsAtOnce)
	for number := 1; number <= mostPages; number++ {
		filter["page_number"] = strconv.Itoa(number)
		said, _, err := g.read(ctx, "payments", "orderLookup", "1.2", filter)
		if err == nil && said.text("error_code") != "" {
			err = coded("payments", said.text("error_code"), said.text("error_desc"))
		}
		if errors.Is(err, errNothing) {
			return nil // nothing, or the page after the last
		}
		if err != nil {
			return err
		}
		rows, err := said.list("order_Status_List")
		if err != nil {
			return unclear("payments", http.StatusOK, err)
		}
		pages, err := strconv.Atoi(said.text("page_count"))
		if err != nil || len(rows) == 0 && number <= pages {
			return unclear("payments", http.StatusOK, err)
		}
		for _, row := range rows {
			if ref := row["reference_no"]; ref == "" || seen[ref] {
				continue
			}
			seen[row["reference_no"]] = true
			raw, err := json.Marshal(row)
			if err != nil {
				return unclear("payments", http.StatusOK, err)
			}
			payment, err := g.row(ctx, "payments", row, raw, true)
			if err != nil {
				return err
			}
			if err := visit(payment); err != nil {
				return err
			}
		}
		if number >= pages {
			return nil
		}
	}
	return doubtful("payments", "CCAvenue's list of orders does not end.")
}
