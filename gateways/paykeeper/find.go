package paykeeper

import (
	"context"
	"slices"

	"github.com/kartify/kartify/gateways"
)

// Find tells what became of an operation by what has changed since before it was sent: PayKeeper keeps no
// reference of ours.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	row, raw, err := g.row(ctx, "find", req.PaymentRef)
	if err != nil {
		return gateways.Result{}, err
	}
	seen, listed, err := g.whole(ctx, row, raw)
	if err != nil {
		return gateways.Result{}, err
	}
	if req.Before == nil && req.OperationRef == "" {
		return gateways.Result{}, doubtful("find", "How the payment stood before this was sent is not known, so it cannot be told apart.")
	}
	if req.Verb == gateways.Capture {
		return drawn(req, seen)
	}
	found, err := g.ours(req, listed)
	if err != nil {
		return gateways.Result{}, err
	}
	if found == nil {
		return unlisted(req, seen)
	}
	found.Raw = raw
	if req.Verb == gateways.Void {
		found.Ref = "" // it is the id of a refund, which a hold given back is not
	}
	return *found, nil
}

// drawn says whether the hold was drawn.
func drawn(req gateways.Request, seen gateways.Payment) (gateways.Result, error) {
	switch {
	case seen.Captured == req.Amount.Minor && seen.Refunded == 0 && seen.Word != "refunding":
		return gateways.Result{Status: gateways.Succeeded, PaymentRef: seen.Ref, Amount: req.Amount, Word: seen.Word, Reference: seen.RRN, Raw: seen.Raw}, nil
	case seen.Captured > 0 || seen.Voided > 0:
		return gateways.Result{}, doubtful("find", "Money of this payment went back since the hold was to be drawn, and PayKeeper does not tell whether it was drawn before.")
	}
	return gateways.Result{}, gateways.ErrAbsent
}

// ours is the refund that is this operation: the one it is known by, or the one of its amount that came after
// it was sent. A failed one gives way to one that is not. Where none has its amount, it is the new one that our
// login asked for, and its amount is not what was sent.
func (g *gateway) ours(req gateways.Request, listed records) (*gateways.Result, error) {
	var good, failed, other []gateways.Result
	for _, r := range listed {
		result, err := refundResult(req.PaymentRef, r)
		if err != nil {
			return nil, err
		}
		if req.OperationRef != "" {
			if result.Ref == req.OperationRef {
				return &result, nil
			}
			continue
		}
		switch {
		case knownBefore(req.Before, result.Ref):
		case result.Amount != req.Amount && (r["user"] == "" || r["user"] == g.login):
			other = append(other, result)
		case result.Amount != req.Amount: // somebody else's, made in the cabinet
		case result.Status == gateways.Failed:
			failed = append(failed, result)
		default:
			good = append(good, result)
		}
	}
	switch {
	case len(good) > 1 || len(good) == 0 && len(failed) > 1:
		return nil, doubtful("find", "PayKeeper shows more than one refund of "+req.Amount.String()+" since this was sent.")
	case len(good) == 1:
		return &good[0], nil
	case len(failed) == 1:
		return &failed[0], nil
	case len(other) == 1:
		return &other[0], nil
	case len(other) > 1:
		return nil, doubtful("find", "PayKeeper shows several refunds since this was sent, and none of them is of "+req.Amount.String()+".")
	}
	return nil, nil
}

func knownBefore(before *gateways.Payment, ref string) bool {
	is := func(r gateways.Result) bool { return r.Ref == ref }
	return slices.ContainsFunc(before.Refunds, is) || slices.ContainsFunc(before.Captures, is)
}

// unlisted judges an operation that is not in the list of refunds by the sums of the payment.
func unlisted(req gateways.Request, seen gateways.Payment) (gateways.Result, error) {
	if req.Before == nil {
		return gateways.Result{}, gateways.ErrAbsent
	}
	went := seen.Refunded + seen.Voided - req.Before.Refunded - req.Before.Voided
	fresh := slices.ContainsFunc(append(slices.Clone(seen.Refunds), seen.Captures...), func(r gateways.Result) bool { return !knownBefore(req.Before, r.Ref) })
	if fresh || went != req.Amount.Minor {
		return gateways.Result{}, gateways.ErrAbsent
	}
	result := gateways.Result{Status: gateways.Succeeded, PaymentRef: seen.Ref, Amount: req.Amount, Word: seen.Word, Raw: seen.Raw}
	if seen.Word == "refunding" {
		result.Status = gateways.Pending
	}
	return result, nil
}
