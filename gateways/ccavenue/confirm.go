package ccavenue

import (
	"context"
	"errors"
	"net/http"

	"github.com/kartify/kartify/gateways"
)

type orderList struct {
	Orders []orderLine `json:"order_List"`
}

type orderLine struct {
	Reference string `json:"reference_no"`
	Amount    string `json:"amount"`
}

// Capture confirms a payment within twelve days, in full or, once, in part: the rest goes back to the buyer.
func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.decide(ctx, req, "confirmOrder", "Shipped")
}

// Void cancels a payment that was not confirmed: its money goes back to the buyer.
func (g *gateway) Void(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	return g.decide(ctx, req, "cancelOrder", "Cancelled")
}

// decide confirms or cancels one payment. The answer counts how many were done and lists the others.
func (g *gateway) decide(ctx context.Context, req gateways.Request, command, word string) (gateways.Result, error) {
	verb := string(req.Verb)
	if req.Amount.Minor <= 0 {
		return gateways.Result{}, refused(verb, "Enter an amount above zero.")
	}
	said, raw, err := g.call(ctx, verb, command, "1.1", orderList{[]orderLine{{req.PaymentRef, req.Amount.Decimal()}}})
	if err != nil {
		return gateways.Result{}, err
	}
	others, err := said.list("failed_List")
	if err != nil {
		return gateways.Result{}, unclear(verb, http.StatusOK, err)
	}
	switch count := said.text("success_count"); {
	case count == "1" && len(others) == 0 && said.text("error_code") == "":
		return gateways.Result{Status: gateways.Succeeded, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: word, Raw: raw}, nil
	case count == "0" && len(others) == 1 && others[0]["reference_no"] == req.PaymentRef:
		err = coded(verb, others[0]["error_code"], others[0]["reason"])
	case (count == "0" || count == "") && len(others) == 0 && said.text("error_code") != "":
		err = coded(verb, said.text("error_code"), said.text("error_desc"))
	default:
		return gateways.Result{}, unclear(verb, http.StatusOK, nil)
	}
	if errors.Is(err, errDone) { // maybe by this very call, when its answer was lost
		return g.unless(ctx, req, err)
	}
	return gateways.Result{}, err
}

// Find looks up a refund by our reference, and a confirmation or cancellation in the payment itself.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	if req.Verb == gateways.Refund {
		return g.findRefund(ctx, req)
	}
	seen, err := g.status(ctx, "find", map[string]string{"reference_no": req.PaymentRef}, false)
	switch {
	case err != nil:
		return gateways.Result{}, err
	case seen.Ref != req.PaymentRef:
		return gateways.Result{}, doubtful("find", "CCAvenue answered with another payment than the one asked for.")
	case seen.Amount.Currency != req.Amount.Currency || req.Amount.Minor > seen.Amount.Minor:
		return gateways.Result{}, doubtful("find", "CCAvenue answered with "+seen.Amount.String()+", and "+req.Amount.String()+" was asked for.")
	}
	result := gateways.Result{
		Status: gateways.Failed, PaymentRef: seen.Ref, Amount: req.Amount, Word: seen.Word, Reason: seen.Reason, Reference: seen.RRN, Raw: seen.Raw,
	}
	switch class := standingOf(seen.Word).class; {
	case class == success || class == bank || class == page || class == strange:
		return gateways.Result{}, gateways.ErrAbsent
	case req.Verb == gateways.Capture && seen.Captured > 0:
		if seen.Captured != req.Amount.Minor {
			return gateways.Result{}, doubtful("find", "CCAvenue has confirmed another amount than the "+req.Amount.String()+" asked for.")
		}
		result.Status = gateways.Succeeded
	case req.Verb == gateways.Void && class == void:
		result.Status, result.Reason = gateways.Succeeded, ""
	case req.Verb == gateways.Void && seen.Captured > 0:
		result.Reason = "The payment was confirmed instead. If its money is to go back, refund it."
	}
	return result, nil
}
