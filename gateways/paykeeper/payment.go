package paykeeper

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Payment is the payment as PayKeeper sees it: its row, what the bank and the receipt added, and its refunds.
func (g *gateway) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	row, raw, err := g.row(ctx, "payment", ref)
	if err != nil {
		return gateways.Payment{}, err
	}
	seen, _, err := g.whole(ctx, row, raw)
	return seen, err
}

// row is the one row of a payment.
func (g *gateway) row(ctx context.Context, verb, ref string) (record, []byte, error) {
	found, raw, err := g.get(ctx, verb, "/info/payments/byid/", url.Values{"id": {ref}, "advanced": {"true"}})
	switch {
	case err != nil:
		return nil, nil, err
	case len(found) == 0:
		return nil, nil, refused(verb, "PayKeeper does not know this payment. It may belong to another cabinet.")
	case len(found) != 1 || found[0]["id"] != ref:
		return nil, nil, doubtful(verb, "PayKeeper answered with another payment than the one asked for.")
	}
	return found[0], raw, nil
}

// whole completes a row: what else is known of a payment stands in three other places. The refunds come as
// they were listed too.
func (g *gateway) whole(ctx context.Context, row record, raw []byte) (gateways.Payment, records, error) {
	if known := stands[row["status"]]; known == waiting || known == turned {
		seen, err := g.read(row, nil, nil, raw)
		return seen, nil, err
	}
	details := record{}
	for _, path := range []string{"/info/options/byid/", "/info/params/byid/"} {
		found, _, err := g.get(ctx, "payment", path, url.Values{"id": {row["id"]}})
		var e *gateways.Error
		if errors.As(err, &e) && e.Status == http.StatusNotFound {
			continue // an older server has no such page
		}
		if err != nil {
			return gateways.Payment{}, nil, err
		}
		for _, more := range found {
			for key, value := range more {
				if value != "" {
					details[key] = value
				}
			}
		}
	}
	refunds, err := g.refunds(ctx, "payment", row["id"])
	if err != nil {
		return gateways.Payment{}, nil, err
	}
	seen, err := g.read(row, details, refunds, raw)
	return seen, refunds, err
}

// refunds are the refunds of a payment, the failed ones too.
func (g *gateway) refunds(ctx context.Context, verb, ref string) (records, error) {
	found, _, err := g.get(ctx, verb, "/info/refunds/bypaymentid/", url.Values{"id": {ref}})
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if r["id"] == "" || r["payment_id"] != "" && r["payment_id"] != ref {
			return nil, doubtful(verb, "PayKeeper answered with refunds of another payment.")
		}
	}
	return found, nil
}

// read is the payment in our words.
func (g *gateway) read(row, details record, refunds records, raw []byte) (gateways.Payment, error) {
	amount, err := amountOf(row["pay_amount"])
	if err != nil || row["id"] == "" {
		return gateways.Payment{}, unclear("payment", http.StatusOK, err)
	}
	seen := gateways.Payment{
		Ref: row["id"], OrderRef: row["orderid"], Word: row["status"], Amount: amount, Raw: raw,
		At: at(row.First("success_datetime", "obtain_datetime", "pending_datetime")), Offers: []gateways.Verb{},
	}
	describe(&seen, row, details)
	switch stands[row["status"]] {
	case strange:
		seen.Doubt, seen.Reason = gateways.Unclear, "PayKeeper says “"+shorten(row["status"], 60)+"”, which is not a state we know."
		return seen, nil
	case waiting: // the bank asks the buyer for a code, or its app does
		seen.Waits = gateways.ForConsent
		return seen, nil
	case turned:
		seen.Canceled, seen.Reason = true, "The buyer turned back on the bank's page."
		return seen, nil
	case refusal:
		seen.Failed, seen.Reason = true, details.First("errorMessage", "error_message", "bank_message")
		if seen.Reason == "" {
			seen.Reason = "The bank declined the payment."
		}
		return seen, nil
	}
	seen.Authorized = true
	return seen, g.count(&seen, row, details, refunds)
}

// count finds out what of a paid payment was drawn, let go and returned. A hold is a paid payment with a date
// of capture to come (POST notifications, batch_date). What went back before that date was let go, not refunded;
// PayKeeper then draws the rest. Where no date is left and all went back at once, nobody tells whether it was
// drawn in between: it is listed as a refund, and nothing counts as drawn. In a shop that pays in one stage it was.
func (g *gateway) count(seen *gateways.Payment, row, details record, refunds records) error {
	batch := at(row["batch_date"])
	if batch.IsZero() {
		batch = at(details["batch_date"])
	}
	held := batch.After(g.now())
	word := stands[row["status"]]
	var done, released, releasing int64
	var first gateways.Result
	atOnce := false
	for _, r := range refunds {
		result, err := refundResult(seen.Ref, r)
		if err != nil {
			return err
		}
		early := !batch.IsZero() && !result.At.IsZero() && result.At.Before(batch)
		switch {
		case early && result.Status == gateways.Succeeded:
			released += result.Amount.Minor
			first = result
		case early && result.Status == gateways.Pending:
			releasing += result.Amount.Minor
		case !early:
			seen.Refunds = append(seen.Refunds, result)
		}
		if result.Status == gateways.Succeeded {
			done += result.Amount.Minor
		}
		atOnce = atOnce || batch.IsZero() && result.Status != gateways.Failed && result.Amount == seen.Amount
	}
	if total, err := amountOf(row["refund_amount"]); err == nil {
		done = max(done, total.Minor)
	}
	if word == returned && row["status"] == "refunded" {
		done = max(done, seen.Amount.Minor)
	}
	if held && word == returned && released == 0 {
		released = done // its refunds are not listed
	}
	if released > seen.Amount.Minor || done > seen.Amount.Minor {
		return doubtful("payment", "PayKeeper says that more went back than was paid.")
	}
	seen.Voided, seen.Refunded = released, max(0, done-released)
	seen.TakenBack = atOnce && !g.holds && (word == moving || word == returned)
	switch {
	case atOnce && word == moving:
	case atOnce && word == returned:
		seen.Authorized, seen.Canceled, seen.Voided, seen.Reason = false, true, seen.Amount.Minor, "The whole amount went back to the buyer."
	case word == moving && (held || releasing > 0) && released == 0:
		seen.CaptureBefore = batch
	case word == moving:
		seen.Captured = seen.Amount.Minor - released
	case released == seen.Amount.Minor:
		seen.Authorized, seen.Canceled, seen.Reason = false, true, "The hold was given back to the buyer."
	case released > 0:
		seen.Captured = seen.Amount.Minor - released
		drawn := first // the reverse that let the rest go is the capture's only trace
		drawn.Amount, drawn.Reason = money.New(seen.Captured, currency), ""
		seen.Captures = []gateways.Result{drawn}
	case held:
		seen.CaptureBefore = batch
		seen.Offers = []gateways.Verb{gateways.Capture, gateways.Void}
	default:
		seen.Captured = seen.Amount.Minor
	}
	if seen.Captured > seen.Refunded && word != moving {
		seen.Offers = []gateways.Verb{gateways.Refund}
	}
	return nil
}

// refundResult is one refund in our words.
func refundResult(ref string, r record) (gateways.Result, error) {
	amount, err := amountOf(r["amount"])
	if err != nil {
		return gateways.Result{}, doubtful("payment", "PayKeeper named a refund without its amount.")
	}
	result := gateways.Result{
		Status: gateways.Pending, Ref: r["id"], PaymentRef: ref, Amount: amount, Word: r["status"], Reference: r["rrn"], At: at(r["datetime"]),
	}
	if status, known := refundStatus[r["status"]]; known {
		result.Status = status
	}
	if result.Status == gateways.Failed {
		result.Reason = "The bank did not carry the refund out. PayKeeper support can say why."
	}
	result.Raw, err = gateways.EncodeJSON(r)
	return result, err
}

// describe adds what people look for: the card, the reference of the bank, the receipt, and everything else.
func describe(seen *gateways.Payment, row, details record) {
	seen.Params, seen.Fiscal = map[string]string{}, map[string]string{}
	for _, values := range []record{row, details} {
		for key, value := range values {
			switch {
			case value == "":
			case strings.HasPrefix(key, "fop_"):
				seen.Fiscal[key] = value
			case strings.EqualFold(key, "rrn"):
				seen.RRN = value
				seen.Params[key] = value
			case strings.EqualFold(key, "card_number"):
				seen.CardFirst6, seen.CardLast4 = cardEnds(value)
				seen.Params[key] = gateways.Scrub(value)
			case !told[key]:
				seen.Params[key] = gateways.Scrub(value)
			}
		}
	}
	about := strings.ToLower(row["system_description"] + " " + row["site_description"])
	switch {
	case seen.CardLast4 != "":
		seen.Method = "card"
	case strings.Contains(about, "сбп") || strings.Contains(about, "sbp") || strings.Contains(about, "быстрых платежей"):
		seen.Method = "sbp"
	}
}

// told are the values of a row that a Payment has places of its own for.
var told = map[string]bool{"id": true, "pay_amount": true, "refund_amount": true, "orderid": true, "status": true}

// cardEnds are the first six and the last four digits of a masked card number.
func cardEnds(masked string) (first, last string) {
	masked = strings.NewReplacer(" ", "", "-", "").Replace(masked)
	digits := func(text string) bool {
		return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	}
	if len(masked) < 12 {
		return "", ""
	}
	if first = masked[:6]; !digits(first) {
		first = ""
	}
	if last = masked[len(masked)-4:]; !digits(last) {
		last = ""
	}
	return first, last
}

// day is a date of Moscow as the lists want it.
func day(t time.Time) string { return t.In(moscow).Format(time.DateOnly) }
