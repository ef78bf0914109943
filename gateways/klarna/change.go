package klarna

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Capture draws authorized money, in full or in part, any number of times until nothing is held.
func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	in := captureRequest{Amount: req.Amount.Minor, Reference: req.IdempotencyKey, Lines: linesOf(req.Lines, req.Amount.Minor)}
	answer, err := g.change(ctx, http.MethodPost, orderPath(req.PaymentRef, "/captures"), "capture", in, req)
	return g.created(ctx, req, answer, err, "Capture-Id", "captured")
}

// Refund returns captured money. It is of the order, and Klarna spreads it over the captures.
func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	in := refundRequest{
		Amount: req.Amount.Minor, Reference: req.IdempotencyKey, Description: shorten(req.Reason, 255),
		Lines: linesOf(req.Lines, req.Amount.Minor),
	}
	answer, err := g.change(ctx, http.MethodPost, orderPath(req.PaymentRef, "/refunds"), "refund", in, req)
	return g.created(ctx, req, answer, err, "Refund-Id", "refunded")
}

// created understands 201 with the new id in a header and no body. The answer names no amount, so the order
// is read once more: what it lists under our reference must be what was asked. A list that lags, or does
// not come, takes nothing from the answer.
func (g *gateway) created(ctx context.Context, req gateways.Request, answer gateways.Answer, err error, header, word string) (gateways.Result, error) {
	verb := string(req.Verb)
	if err != nil {
		return g.unless(ctx, req, err)
	}
	id := answer.Header.Get(header)
	if answer.Status != http.StatusCreated || id == "" || !strings.HasSuffix(answer.Header.Get("Location"), "/"+id) {
		return gateways.Result{}, doubtful(verb, "Klarna answered something that could not be understood. Whether it happened is not known yet; it is looked up before anything else is done.")
	}
	listed, err := g.Find(ctx, req)
	switch {
	case err == nil && listed.Ref == id:
		return listed, nil
	case errors.Is(err, errDiffers), err == nil:
		return gateways.Result{}, doubtful(verb, "Klarna lists something else under the reference "+req.IdempotencyKey+" than was asked. Compare the order in the Klarna portal.")
	}
	return gateways.Result{
		Status: gateways.Succeeded, Ref: id, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: word, Key: req.IdempotencyKey, Raw: said(answer),
	}, nil
}

// unless is the refusal err, unless the order shows that the operation did happen, maybe long ago. A
// look-up that fails leaves it unknown.
func (g *gateway) unless(ctx context.Context, req gateways.Request, err error) (gateways.Result, error) {
	if !errors.Is(err, errState) {
		return gateways.Result{}, err
	}
	found, problem := g.Find(ctx, req)
	switch {
	case problem == nil:
		return found, nil
	case errors.Is(problem, gateways.ErrAbsent):
		return gateways.Result{}, err
	}
	return gateways.Result{}, doubtful(string(req.Verb), "Klarna refused this as the order has moved on, and looking it up failed. It is looked up again.")
}

// Void gives back what is held: it cancels an order of which nothing was captured, and releases the rest
// of one that was captured in part. Which of the two is decided by the order as it is right before.
func (g *gateway) Void(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	o, raw, err := g.before(ctx, req)
	if err != nil {
		return gateways.Result{}, err
	}
	path, step, held := orderPath(o.ID, "/cancel"), "cancel", o.Amount
	switch o.Status {
	case "AUTHORIZED":
	case "PART_CAPTURED":
		path, step, held = orderPath(o.ID, "/release-remaining-authorization"), "release", o.Remaining
	case "CANCELLED", "EXPIRED", "CLOSED":
		return done(req, o, raw), nil // nothing is held any more
	default:
		if o.Status == "CAPTURED" && o.Amount-o.Captured == req.Amount.Minor {
			return done(req, o, raw), nil // the rest was released before, maybe by this very operation
		}
		return gateways.Result{}, refusal("void", "Klarna holds nothing of this order that could be given back: everything is captured or released. What was captured can be credited.")
	}
	if req.Amount.Minor != held {
		return gateways.Result{}, refusal("void", "Klarna holds "+money.New(held, o.Currency).String()+" of this order, not "+req.Amount.String()+". Reload the order and try again.")
	}
	return g.accepted(ctx, req, http.MethodPost, path, step, nil)
}

// Update changes the total and the lines of an order of which nothing is captured. A higher total is a new
// risk decision of Klarna's; refused, the order stays as it was.
func (g *gateway) Update(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	lines := linesOf(req.Lines, req.Amount.Minor)
	if lines == nil {
		return gateways.Result{}, refusal("amount_update", "Klarna replaces the order's lines together with its amount, and the lines given do not add up to it. Change the lines; the amount follows.")
	}
	in := authorizationRequest{Amount: req.Amount.Minor, Description: shorten(req.Reason, 255), Lines: lines}
	return g.accepted(ctx, req, http.MethodPatch, orderPath(req.PaymentRef, "/authorization"), "authorization", in)
}

// accepted sends a change that is answered with 204 and nothing else. The order is read once more, as after a
// capture; one that lags takes nothing from the answer.
func (g *gateway) accepted(ctx context.Context, req gateways.Request, method, path, step string, in any) (gateways.Result, error) {
	answer, err := g.change(ctx, method, path, step, in, req)
	if err != nil {
		return g.unless(ctx, req, err)
	}
	if answer.Status != http.StatusNoContent {
		return gateways.Result{}, doubtful(string(req.Verb), "Klarna answered something that could not be understood. Whether it happened is not known yet; it is looked up before anything else is done.")
	}
	result := gateways.Result{Status: gateways.Succeeded, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: step, Raw: said(answer)}
	if shown, err := g.Find(ctx, req); err == nil {
		result.Word = shown.Word
	}
	return result, nil
}

// before reads the order on which a change depends. When that fails, nothing was sent that changes anything.
func (g *gateway) before(ctx context.Context, req gateways.Request) (order, []byte, error) {
	o, raw, err := g.order(ctx, string(req.Verb), req.PaymentRef)
	var e *gateways.Error
	if errors.As(err, &e) && e.Kind == gateways.Unknown {
		careful := *e
		careful.Kind, careful.Message = gateways.Unavailable, "Klarna could not be asked for the order first; nothing was changed. It is tried again."
		return o, raw, &careful
	}
	if err == nil && o.Currency != req.Amount.Currency {
		err = refusal(string(req.Verb), "This Klarna order is in "+o.Currency+".")
	}
	return o, raw, err
}

// done is a void that the order's state shows.
func done(req gateways.Request, o order, raw []byte) gateways.Result {
	return gateways.Result{Status: gateways.Succeeded, PaymentRef: o.ID, Amount: req.Amount, Word: o.Status, Raw: raw}
}

// said keeps what an answer without a body says in its headers.
func said(answer gateways.Answer) []byte {
	kept := map[string]any{"status": answer.Status}
	for _, name := range []string{"Capture-Id", "Refund-Id", "Location", "Klarna-Correlation-Id"} {
		if value := answer.Header.Get(name); value != "" {
			kept[name] = value
		}
	}
	raw, _ := json.Marshal(kept)
	return raw
}
