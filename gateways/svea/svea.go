// Package svea speaks to Svea: the Checkout API, where a buyer pays, and the Payment Admin API, where an
// order is delivered, credited, cancelled and changed. Svea has no idempotency keys: what an order offers and
// shows is read before every change and after it. Wire facts are those of docs.payments.svea.com.
package svea

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

const name = "Svea"

// hosts of the two APIs, by whether it is live (Svea docs, authentication and authorization).
var hosts = map[bool]struct{ checkout, admin string }{
	true:  {"https://checkoutapi.svea.com", "https://paymentadminapi.svea.com"},
	false: {"https://checkoutapistage.svea.com", "https://paymentadminapistage.svea.com"},
}

var fields = []gateways.Field{
	{Slug: "merchant_id", Name: "Merchant id", Required: true, Account: gateways.Whole, Help: "The checkout merchant id, such as 124842."},
	{Slug: "secret", Name: "Secret", Required: true, Secret: true, Help: "The secret word of that merchant id."},
	{Slug: "callback_token", Name: "Callback token", Secret: true, Check: checkToken, Help: "At least 16 letters and digits. It becomes part of the address Svea reports to; empty for none."},
	{Slug: "terms_url", Name: "Terms page", Check: checkPage, Help: "The shop's terms of sale, for Svea's checkout. Empty: the page the buyer returns to."},
	{Slug: "partial_credit", Name: "Partial credit", Options: []string{"portal", "here"}, Default: "portal", Help: "Where parts of a payment are credited: in Payment Admin only, or here too."},
}

// Driver is Svea as Extensions > Payment shows it.
var Driver = gateways.Driver{
	Code:   "svea",
	Name:   name,
	Docs:   "Svea's integration team gives the merchant id and the secret, one pair for stage and one for production.",
	Fields: fields,

	Class:       gateways.Once, // no idempotency key is documented
	QuietPeriod: 24 * time.Hour,

	Can: gateways.Abilities{
		Verbs:       []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update},
		Later:       true,
		Partial:     []gateways.Verb{gateways.Refund, gateways.Capture}, // each order says whether it can
		Several:     []gateways.Verb{gateways.Refund, gateways.Capture},
		DrawnOnce:   []string{"card", "vipps", "mobilepay"}, // DeliverAndLowerAmount cancels the rest
		Raise:       true,                                   // with a credit check, on invoice-like orders
		ByStatus:    true,
		WholeCredit: true,
		// How long an order stays open is agreed with Svea for each way to pay, and orders name their end
		// themselves. What is paid at once is not held at all.
	},
	Trust:   gateways.Hinted, // a push has neither content nor signature
	Portal:  "https://paymentadmin.svea.com",
	Support: "https://www.svea.com/sv-se/foretag/kundservice",
	Open:    open,
	Inbox:   inbox{},
}

// What Svea can do.
var (
	_ gateways.Refunder = (*gateway)(nil)
	_ gateways.Capturer = (*gateway)(nil)
	_ gateways.Voider   = (*gateway)(nil)
	_ gateways.Updater  = (*gateway)(nil)
	_ gateways.Starter  = (*gateway)(nil)
	_ gateways.Finder   = (*gateway)(nil)
	_ gateways.Reader   = (*gateway)(nil)
)

type gateway struct {
	checkout, admin *gateways.Client
	token           string // of the address of callbacks
	terms           string
	polls           []time.Duration // how long to wait before each look at a task
}

func open(s gateways.Settings) (gateways.Gateway, error) {
	at := hosts[s.Mode == "live"]
	admin, err := gateways.NewClient(name, fields, s, at.admin)
	if err != nil {
		return nil, err
	}
	if s.Timeout == 0 {
		admin.Timeout = 30 * time.Second
	}
	admin.Explain = explain
	admin.Sign = func(req *http.Request, body []byte) {
		sign(req.Header, s.Values["merchant_id"], s.Values["secret"], body, time.Now())
	}
	checkout := *admin
	checkout.Base = at.checkout
	if s.BaseURL != "" {
		checkout.Base, admin.Base = admin.Base+"/checkout", admin.Base+"/admin"
	}
	return &gateway{
		checkout: &checkout, admin: admin, token: s.Values["callback_token"], terms: s.Values["terms_url"],
		polls: []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second},
	}, nil
}

// sign puts the credentials of one request into its headers. The time is part of what is signed, so every
// request has a token of its own (Svea docs, authentication and authorization).
func sign(header http.Header, merchant, secret string, body []byte, at time.Time) {
	stamp := at.UTC().Format(time.DateTime)
	header.Set("Timestamp", stamp)
	header.Set("Authorization", "Svea "+tokenOf(merchant, secret, string(body), stamp))
}

// tokenOf is base64(merchant:hex(SHA-512(body + secret + timestamp))).
func tokenOf(merchant, secret, body, stamp string) string {
	sum := sha512.Sum512([]byte(body + secret + stamp))
	return base64.StdEncoding.EncodeToString([]byte(merchant + ":" + hex.EncodeToString(sum[:])))
}

func checkToken(token, _ string) string {
	if len(token) < 16 || len(token) > 64 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "A callback token is 16 to 64 letters and digits."
	}
	return ""
}

func checkPage(text, _ string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil {
		return "Write the address of the page as https://…."
	}
	return ""
}

// Check asks for an order that is not ours: to be told so, one must be known.
func (g *gateway) Check(ctx context.Context) error {
	_, err := g.get(ctx, g.admin, "check", "/api/v1/orders/1", nil)
	var e *gateways.Error
	if errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusForbidden) {
		return nil
	}
	return err
}

// doubtful is an answer that was understood and cannot be believed.
func doubtful(verb gateways.Verb, sentence string) error {
	return &gateways.Error{Kind: gateways.Unknown, Verb: string(verb), Message: sentence}
}

// refusal is what is not sent at all, as the order does not offer it.
func refusal(verb gateways.Verb, sentence string) error {
	return &gateways.Error{Kind: gateways.Declined, Verb: string(verb), Message: sentence}
}
