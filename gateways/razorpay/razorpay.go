// Package razorpay speaks to Razorpay: refunds with an idempotency key, captures, look-ups and webhooks.
// Wire facts are those of the Razorpay API docs (api/refunds, api/payments, webhooks).
package razorpay

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const (
	name = "Razorpay"
	base = "https://api.razorpay.com/v1"
	page = 100 // the most that a list gives at once
)

var fields = []gateways.Field{
	{Slug: "key_id", Name: "Key ID", Required: true, Check: checkKey, Help: "rzp_test_… in test mode, rzp_live_… in live mode."},
	{Slug: "key_secret", Name: "Key secret", Required: true, Secret: true},
	{Slug: "webhook_secret", Name: "Webhook secret", Secret: true, Help: "The text entered for this shop's webhook at Razorpay; not the key secret."},
	{Slug: "payment_action", Name: "Payment action", Options: []string{"capture", "authorize"}, Default: "capture", Help: "Draw the money at once, or only hold it until the order is shipped."},
}

// Driver is Razorpay as Extensions > Payment shows it.
var Driver = gateways.Driver{
	Code:   "razorpay",
	Name:   name,
	Docs:   "Account & Settings > API Keys, and Account & Settings > Webhooks, in the Razorpay dashboard.",
	Fields: fields,

	Class:       gateways.ByKey,                                                           // X-Refund-Idempotency
	Classes:     map[gateways.Verb]gateways.Class{gateways.Capture: gateways.ByReference}, // a capture has no key
	KeyLifetime: 20 * time.Hour,                                                           // not documented; a day is the usual
	QuietPeriod: 30 * time.Minute,                                                         // lists were seen minutes behind

	Can: gateways.Abilities{
		Verbs:   []gateways.Verb{gateways.Refund, gateways.Capture},
		AtOnce:  true,
		Later:   true,
		Partial: []gateways.Verb{gateways.Refund},
		Several: []gateways.Verb{gateways.Refund},
		Holds:   map[string]time.Duration{"": 3 * 24 * time.Hour}, // then it returns to the buyer by itself (capture-settings)
	},
	Portal:  "https://dashboard.razorpay.com",
	Support: "https://razorpay.com/support",
	Open:    open,
	Inbox:   inbox{},
}

// What Razorpay can do. An authorization cannot be voided: left alone, it returns to the buyer by itself.
var (
	_ gateways.Refunder = (*gateway)(nil)
	_ gateways.Capturer = (*gateway)(nil)
	_ gateways.Finder   = (*gateway)(nil)
	_ gateways.Reader   = (*gateway)(nil)
	_ gateways.Lister   = (*gateway)(nil)
)

type gateway struct {
	api *gateways.Client
	key string
}

type lookup func(context.Context, gateways.Request) (gateways.Result, error)

func open(s gateways.Settings) (gateways.Gateway, error) {
	api, err := gateways.NewClient(name, fields, s, base)
	if err != nil {
		return nil, err
	}
	id, secret := s.Values["key_id"], s.Values["key_secret"]
	api.Sign = func(req *http.Request, _ []byte) { req.SetBasicAuth(id, secret) }
	api.Secrets = append(api.Secrets, base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
	api.Explain = explain
	return &gateway{api, id}, nil
}

// checkKey says whether a key belongs to the mode. Test and live data never meet (Razorpay API docs, authentication).
func checkKey(key, mode string) string {
	switch {
	case !strings.HasPrefix(key, "rzp_test_") && !strings.HasPrefix(key, "rzp_live_"):
		return "A Key ID begins with rzp_test_ or rzp_live_."
	case mode != "" && !strings.HasPrefix(key, "rzp_"+mode+"_"):
		if mode == "live" {
			return "This Key ID is not of live mode; in live mode it begins with rzp_live_."
		}
		return "This Key ID is not of test mode; in test mode it begins with rzp_test_."
	}
	return ""
}

// Check asks for one payment, which any good key may see.
func (g *gateway) Check(ctx context.Context) error {
	var out collection[json.RawMessage]
	_, err := g.api.GetJSON(ctx, "check", "/payments?count=1", &out)
	return err
}

// Refund returns req.Amount of a captured payment, in full or in part. The same request is the same bytes
// under the same key, and Razorpay answers it with the refund it made the first time.
func (g *gateway) Refund(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	path := "/payments/" + url.PathEscape(req.PaymentRef) + "/refund"
	in := refundRequest{
		Amount:  req.Amount.Minor,
		Speed:   "normal", // the default is a setting of the account, so it is said
		Notes:   notes(req),
		Receipt: req.IdempotencyKey,
	}
	var out refund
	raw, err := g.api.PostJSON(ctx, "refund", path, in, &out, gateways.Header("X-Refund-Idempotency", req.IdempotencyKey))
	if err == nil {
		return out.answer("refund", req, raw)
	}
	if errors.Is(err, errSpent) { // maybe by this very refund, when its key was forgotten
		return g.unless(ctx, req, g.findReceipt, err)
	}
	return gateways.Result{}, err
}

// Capture draws an authorized payment. Razorpay captures the whole authorized amount or nothing.
func (g *gateway) Capture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	path := "/payments/" + url.PathEscape(req.PaymentRef) + "/capture"
	in := captureRequest{Amount: req.Amount.Minor, Currency: req.Amount.Currency}
	var out payment
	raw, err := g.api.PostJSON(ctx, "capture", path, in, &out)
	if err == nil {
		return out.captured("capture", req, raw)
	}
	if errors.Is(err, errMoved) { // captured before, or in another state: the payment itself decides
		return g.unless(ctx, req, g.findCapture, err)
	}
	return gateways.Result{}, err
}

// unless is the refusal err, unless a look-up finds that the operation did happen. A look-up that fails
// leaves it unknown.
func (g *gateway) unless(ctx context.Context, req gateways.Request, find lookup, err error) (gateways.Result, error) {
	found, problem := find(ctx, req)
	switch {
	case problem == nil:
		return found, nil
	case errors.Is(problem, gateways.ErrAbsent):
		return gateways.Result{}, err
	}
	return gateways.Result{}, doubtful(string(req.Verb), "Razorpay refused this as done before, and looking it up failed. It is looked up again.")
}

// Find looks up a refund, by its id or else by its receipt, or a capture in its payment.
func (g *gateway) Find(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	switch {
	case req.Verb == gateways.Capture:
		return g.findCapture(ctx, req)
	case req.OperationRef == "":
		return g.findReceipt(ctx, req)
	}
	var out refund
	raw, err := g.api.GetJSON(ctx, "find", "/refunds/"+url.PathEscape(req.OperationRef), &out)
	if err != nil {
		return gateways.Result{}, err
	}
	return out.answer("find", req, raw)
}

func (g *gateway) findCapture(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	var out payment
	raw, err := g.api.GetJSON(ctx, "find", "/payments/"+url.PathEscape(req.PaymentRef), &out)
	if err != nil {
		return gateways.Result{}, err
	}
	if out.ID == req.PaymentRef && (out.Status == "created" || out.Status == "authorized" || out.Status == "failed") {
		return gateways.Result{}, gateways.ErrAbsent
	}
	return out.captured("find", req, raw)
}

// findReceipt looks through the refunds of a payment for ours. A failed one gives way to a later one.
func (g *gateway) findReceipt(ctx context.Context, req gateways.Request) (gateways.Result, error) {
	refunds, err := g.refunds(ctx, "find", req.PaymentRef)
	if err != nil {
		return gateways.Result{}, err
	}
	var found []refund
	for _, r := range refunds {
		if r.Receipt == req.IdempotencyKey && (r.Status != "failed" || len(found) == 0) {
			if len(found) > 0 && found[0].Status == "failed" {
				found = nil
			}
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return gateways.Result{}, gateways.ErrAbsent
	case 1:
		return found[0].answer("find", req, found[0].raw)
	}
	return gateways.Result{}, doubtful("find", "Razorpay holds more than one refund with the receipt "+req.IdempotencyKey+". Compare them in the Razorpay dashboard.")
}

// refunds are all refunds of a payment, page by page.
func (g *gateway) refunds(ctx context.Context, verb, paymentRef string) ([]refund, error) {
	path := "/payments/" + url.PathEscape(paymentRef) + "/refunds"
	var all []refund
	seen := map[string]bool{} // a list that moves while it is read shows a refund twice
	for skip := 0; ; skip += page {
		var out collection[refund]
		if _, err := g.api.GetJSON(ctx, verb, path+pageOf(skip), &out); err != nil {
			return nil, err
		}
		if out.Items == nil {
			return nil, doubtful(verb, "Razorpay answered with no list of refunds where one was asked.")
		}
		for _, r := range out.Items {
			if !seen[r.ID] {
				seen[r.ID] = true
				all = append(all, r)
			}
		}
		if len(out.Items) < page {
			return all, nil
		}
		if skip >= 100*page {
			return nil, doubtful(verb, "Razorpay's list of refunds does not end.")
		}
	}
}

// Payment is the payment as Razorpay sees it, with its refunds.
func (g *gateway) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	var out payment
	raw, err := g.api.GetJSON(ctx, "payment", "/payments/"+url.PathEscape(ref)+"?expand[]=card", &out)
	if err != nil {
		return gateways.Payment{}, err
	}
	if out.ID != ref {
		return gateways.Payment{}, doubtful("payment", "Razorpay answered with another payment than the one asked for.")
	}
	seen := out.payment(raw)
	if out.Status != "captured" && out.Status != "refunded" {
		return seen, nil // there is nothing to refund
	}
	refunds, err := g.refunds(ctx, "payment", ref)
	if err != nil {
		return gateways.Payment{}, err
	}
	for _, r := range refunds {
		seen.Refunds = append(seen.Refunds, r.result(r.raw))
	}
	return seen, nil
}

// doubtful is an answer that was understood and cannot be believed.
func doubtful(verb, sentence string) error {
	return &gateways.Error{Kind: gateways.Unknown, Verb: verb, Message: sentence}
}

// mismatch says in what an answer differs from what was asked, or "".
func mismatch(ref, wantRef string, amount, want money.Amount) string {
	switch {
	case ref != wantRef:
		return "Razorpay answered about another payment than the one asked for."
	case amount != want:
		return "Razorpay answered with " + amount.String() + " where " + want.String() + " was asked."
	}
	return ""
}
