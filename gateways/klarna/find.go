package klarna

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// errDiffers is under an answer that shows something else than was asked.
var errDiffers = fmt.Errorf("it is not what was asked")

// Find looks an operation up in its order: captures and refunds by our reference, the others by what the
// order holds now.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	o, raw, err := g.order(ctx, "find", req.PaymentRef)
	if err != nil {
		return gateways.Result{}, err
	}
	switch req.Verb {
	case gateways.Capture:
		return o.listed(req, results(o, o.Captures))
	case gateways.Refund:
		return o.listed(req, results(o, o.Refunds))
	case gateways.Void:
		return o.voided(req, raw)
	case gateways.Update:
		if money.New(o.Amount, o.Currency) == req.Amount {
			return gateways.Result{Status: gateways.Succeeded, PaymentRef: o.ID, Amount: req.Amount, Word: o.Status, Raw: raw}, nil
		}
		return gateways.Result{}, gateways.ErrAbsent
	}
	return gateways.Result{}, doubtful("find", "Klarna cannot be asked for this.")
}

// results are the entries of a list as results, each with its own bytes.
func results[T interface {
	result(order, []byte) gateways.Result
}](o order, entries []T) []gateways.Result {
	var list []gateways.Result
	for _, entry := range entries {
		raw, _ := json.Marshal(entry)
		list = append(list, entry.result(o, raw))
	}
	return list
}

// listed is the one entry with our reference.
func (o order) listed(req gateways.Request, entries []gateways.Result) (gateways.Result, error) {
	var found []gateways.Result
	for _, entry := range entries {
		if entry.Key == req.IdempotencyKey {
			found = append(found, entry)
		}
	}
	switch {
	case len(found) == 0:
		return gateways.Result{}, gateways.ErrAbsent
	case len(found) > 1:
		return gateways.Result{}, differs("Klarna lists more than one " + string(req.Verb) + " with the reference " + req.IdempotencyKey + ".")
	case req.OperationRef != "" && found[0].Ref != req.OperationRef:
		return gateways.Result{}, differs("Klarna lists another id under the reference " + req.IdempotencyKey + " than it gave before.")
	case found[0].Amount != req.Amount:
		return gateways.Result{}, differs("Klarna lists " + found[0].Amount.String() + " where " + req.Amount.String() + " was asked.")
	case found[0].Ref == "":
		return gateways.Result{}, differs("Klarna lists this without an id.")
	}
	return found[0], nil
}

// voided judges a void by the state: Klarna keeps no record of a cancellation or a release.
func (o order) voided(req gateways.Request, raw []byte) (gateways.Result, error) {
	switch o.Status {
	case "CANCELLED", "EXPIRED", "CLOSED":
		return done(req, o, raw), nil
	case "AUTHORIZED", "PART_CAPTURED":
		return gateways.Result{}, gateways.ErrAbsent
	case "CAPTURED":
		if before := req.Before; before != nil && before.Captured < o.Captured {
			return gateways.Result{}, gateways.ErrAbsent // captured in the meantime, not released
		} else if before != nil || o.Captured < o.Amount {
			return done(req, o, raw), nil
		}
		if o.Captured == o.Amount && o.Amount == o.Original {
			return gateways.Result{}, gateways.ErrAbsent // captured to the last unit
		}
	}
	return gateways.Result{}, differs("Klarna's order does not tell whether the rest was released.")
}

func differs(sentence string) error {
	return &gateways.Error{Kind: gateways.Unknown, Verb: "find", Message: sentence + " Compare the order in the Klarna portal.", Err: errDiffers}
}
