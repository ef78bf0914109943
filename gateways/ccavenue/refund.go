package ccavenue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kartify/kartify/gateways"
)

type refundRequest struct {
	Reference string `json:"reference_no"`
	Amount    string `json:"refund_amount"`
	Ours      string `json:"refund_ref_no"`
}

// refundStatus is how a refund stands (API guide, getRefundDetails).
var refundStatus = map[string]gateways.Status{
	"TS-REFA": gateways.Pending,
	"TS-REFC": gateways.Succeeded,
	"TS-REFF": gateways.Failed,
	"TS-REFD": gateways.Failed,
}

// Refund returns req.Amount of a confirmed payment, in full or in part. CCAvenue's yes means that it accepted:
// the money moves later, and the list of refunds tells.
func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	if req.Amount.Minor <= 0 {
		return gateways.Result{}, refused("refund", "Enter an amount above zero.")
	}
	in := refundRequest{Reference: req.PaymentRef, Amount: req.Amount.Decimal(), Ours: refundRef(req.IdempotencyKey)}
	said, raw, err := g.call(ctx, "refund", "refundOrder", "1.1", in)
	if err != nil {
		return gateways.Result{}, err
	}
	switch said.text("refund_status") {
	case "0":
		return gateways.Result{
			Status: gateways.Pending, Ref: in.Ours, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "TS-REFA", Key: req.IdempotencyKey, Raw: raw,
		}, nil
	case "1":
		err = coded("refund", said.text("error_code"), said.text("reason"))
	default:
		return gateways.Result{}, unclear("refund", http.StatusOK, nil)
	}
	if errors.Is(err, errDone) { // maybe by this very refund, when its answer was lost
		return g.unless(ctx, req, err)
	}
	return gateways.Result{}, err
}

// unless is the refusal, unless a look-up finds that the operation did happen. A look-up that fails leaves
// it unknown.
func (g *gateway) unless(ctx context.Context, req gateways.Request, refusal error) (gateways.Result, error) {
	found, problem := g.Find(ctx, req)
	switch {
	case problem == nil && (found.Status != gateways.Failed || req.Verb == gateways.Refund):
		return found, nil
	case problem == nil, errors.Is(problem, gateways.ErrAbsent):
		return gateways.Result{}, refusal
	}
	return gateways.Result{}, doubtful(string(req.Verb), "CCAvenue refused this as done before, and looking it up failed. It is looked up again.")
}

// refundRef is our reference of a refund: at most 30 letters and digits, so no hyphen (refundOrder, 51086).
// A key that is longer, or would lose signs, becomes its digest.
func refundRef(key string) string {
	if len(key) <= 30 && key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "kf" + hex.EncodeToString(sum[:14])
}

// findRefund looks for our reference among the refunds of a payment.
func (g *gateway) findRefund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	refunds, err := g.refunds(ctx, "find", req.PaymentRef, req.Amount.Currency)
	if err != nil {
		return gateways.Result{}, err
	}
	ours := refundRef(req.IdempotencyKey)
	var found []gateways.Result
	for _, r := range refunds {
		if r.Ref != ours && (req.OperationRef == "" || r.Ref != req.OperationRef) {
			continue
		}
		if len(found) > 0 && found[0].Status == gateways.Failed {
			found = nil // a failed one gives way to a later one
		}
		if r.Status != gateways.Failed || len(found) == 0 {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 0:
		return gateways.Result{}, gateways.ErrAbsent
	case len(found) > 1:
		return gateways.Result{}, doubtful("find", "CCAvenue holds more than one refund with the reference "+ours+".")
	case found[0].Amount != req.Amount:
		return gateways.Result{}, doubtful("find", "CCAvenue holds a refund of "+found[0].Amount.String()+" where "+req.Amount.String()+" was asked.")
	}
	if found[0].Ref == ours {
		found[0].Key = req.IdempotencyKey
	}
	return found[0], nil
}

// refunds are all refunds of a payment.
func (g *gateway) refunds(ctx context.Context, verb, ref, currency string) ([]gateways.Result, error) {
	said, _, err := g.read(ctx, verb, "getRefundDetails", "1.1", map[string]string{"reference_no": ref})
	if err == nil && said.text("error_code") != "" {
		err = coded(verb, said.text("error_code"), said.text("error_desc"))
	}
	if errors.Is(err, errNothing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rows, err := said.list("refund_list")
	switch {
	case err != nil:
		return nil, unclear(verb, http.StatusOK, err)
	case said.text("reference_no") != ref:
		return nil, doubtful(verb, "CCAvenue answered with the refunds of another payment.")
	case said.text("order_curr", "order_currncy") != "" && said.text("order_curr", "order_currncy") != currency:
		return nil, doubtful(verb, "CCAvenue answered with refunds in another currency.")
	}
	var list []gateways.Result
	portal := map[string]int{}
	for _, row := range rows {
		result, err := refundResult(ref, currency, row)
		if err != nil {
			return nil, unclear(verb, http.StatusOK, err)
		}
		if result.Ref == "" { // made in the dashboard: named by its day and amount
			result.Ref = strings.TrimSpace(row.First("refund_issue_date", "refund_processed_on") + " " + result.Amount.Decimal())
			if portal[result.Ref]++; portal[result.Ref] > 1 {
				result.Ref = fmt.Sprintf("%s (%d)", result.Ref, portal[result.Ref])
			}
		}
		list = append(list, result)
	}
	return list, nil
}

func refundResult(ref, currency string, row record) (gateways.Result, error) {
	amount, err := gateways.Decimal(row["refund_amt"], currency)
	if err != nil {
		return gateways.Result{}, err //nolint:wrapcheck // says what is wrong
	}
	ours := row["refund_mer_ref_no"]
	result := gateways.Result{
		Status: gateways.Pending, Ref: ours, Key: ours, PaymentRef: ref, Amount: amount, Word: row["refund_status"], Reference: row["refund_bank_ref_no"],
		At: at(row.First("refund_completion_date", "refund_processed_on", "refund_issue_date")),
	}
	if status, known := refundStatus[strings.ToUpper(result.Word)]; known {
		result.Status = status
	}
	if result.Status == gateways.Failed {
		result.Reason = "The bank did not carry the refund out; the money is still with CCAvenue."
	}
	result.Raw, err = json.Marshal(row)
	return result, err //nolint:wrapcheck // plain text always marshals
}
