// Package klarna speaks to Klarna and to Kustom, which keeps Klarna's Checkout: orders are captured,
// refunded, cancelled and changed through Order Management, always under an idempotency key.
// Wire facts are those of the Order Management API 1.0, Checkout API v3 and Settlements API documents.
package klarna

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // version 5 of a UUID is made of it (RFC 9562, section 5.5)
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

const name = "Klarna"

// hosts by the setting and the mode. Kustom has no regions (Klarna docs, API URLs; Kustom docs, order management).
var hosts = map[string]map[bool]string{ // by whether it is live
	"klarna-eu": {true: "https://api.klarna.com", false: "https://api.playground.klarna.com"},
	"klarna-na": {true: "https://api-na.klarna.com", false: "https://api-na.playground.klarna.com"},
	"klarna-oc": {true: "https://api-oc.klarna.com", false: "https://api-oc.playground.klarna.com"},
	"kustom":    {true: "https://api.kustom.co", false: "https://api.playground.kustom.co"},
}

var fields = []gateways.Field{
	{Slug: "username", Name: "Username", Required: true, Account: merchant, Help: "The merchant id with its suffix, such as K123456_0a1b2c3d4e5f."},
	{Slug: "password", Name: "Password", Required: true, Secret: true, Help: "The shared secret of that username."},
	{
		Slug: "host", Name: "Host", Options: []string{"klarna-eu", "klarna-na", "klarna-oc", "kustom"}, Default: "klarna-eu", Account: gateways.Whole,
		Help: "Whose orders these are. Passwords that begin with kco_ belong to kustom.",
	},
	{Slug: "callback_token", Name: "Callback token", Secret: true, Check: checkToken, Help: "At least 16 letters and digits. It becomes part of the address Klarna reports to; empty for none."},
	{Slug: "terms_url", Name: "Terms page", Check: checkPage, Help: "The shop's terms of sale, for Klarna's checkout. Empty: the page the buyer returns to."},
	{Slug: "partial_credit", Name: "Partial credit", Options: []string{"portal", "here"}, Default: "portal", Help: "Where parts of a payment are credited: in the merchant portal only, or here too."},
}

// Driver is Klarna as Extensions > Payment shows it.
var Driver = gateways.Driver{
	Code:   "klarna",
	Name:   name,
	Docs:   "Settings > API credentials in the Klarna merchant portal, or the credentials page of Kustom's.",
	Fields: fields,

	Class:       gateways.ByKey, // Klarna-Idempotency-Key
	KeyLifetime: 20 * time.Hour, // it is honoured for 24 h (Klarna docs, escalation and retry policy)
	QuietPeriod: 24 * time.Hour, // snapshots may lag; the docs give no bound
	Can: gateways.Abilities{
		Verbs:   []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update},
		Later:   true,
		Partial: []gateways.Verb{gateways.Refund, gateways.Capture},
		Several: []gateways.Verb{gateways.Refund, gateways.Capture},
		Raise:   true, // a new risk decision, for some ways to pay

		LinesToUpdate: true, // PATCH authorization wipes the lines that are left out
		ByStatus:      true,
		WholeCredit:   true,
		Holds:         map[string]time.Duration{"": 28 * 24 * time.Hour}, // the default; up to 180 days by agreement
	},
	Trust:   gateways.Hinted, // a push has neither body nor signature
	Portal:  "https://portal.klarna.com",
	Support: "https://www.klarna.com/international/business/merchant-support/",
	Open:    open,
	Inbox:   inbox{},
}

// What Klarna can do.
var (
	_ gateways.Refunder     = (*gateway)(nil)
	_ gateways.Capturer     = (*gateway)(nil)
	_ gateways.Voider       = (*gateway)(nil)
	_ gateways.Updater      = (*gateway)(nil)
	_ gateways.Starter      = (*gateway)(nil)
	_ gateways.Finder       = (*gateway)(nil)
	_ gateways.Reader       = (*gateway)(nil)
	_ gateways.Lister       = (*gateway)(nil)
	_ gateways.Acknowledger = (*gateway)(nil)
)

type gateway struct {
	api   *gateways.Client
	token string // of the address of callbacks
	terms string
}

func open(s gateways.Settings) (gateways.Gateway, error) {
	host := hosts[cmp.Or(s.Values["host"], "klarna-eu")][s.Mode == "live"]
	api, err := gateways.NewClient(name, fields, s, host)
	if err != nil {
		return nil, err
	}
	username, password := s.Values["username"], s.Values["password"]
	api.Sign = func(req *http.Request, _ []byte) { req.SetBasicAuth(username, password) }
	api.Secrets = append(api.Secrets, base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
	api.Explain = explain
	if s.Timeout == 0 {
		api.Timeout = 30 * time.Second
	}
	return &gateway{api: api, token: s.Values["callback_token"], terms: s.Values["terms_url"]}, nil
}

// merchant is the merchant id of a username, whose suffix changes with every new password (Klarna docs, API credentials).
func merchant(username string) string {
	id, _, _ := strings.Cut(username, "_")
	return id
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

// nobody is the id of an order that does not exist.
const nobody = "00000000-0000-4000-8000-000000000000"

// Check asks for an order that does not exist: to be told so, one must be known.
func (g *gateway) Check(ctx context.Context) error {
	_, err := g.api.GetJSON(ctx, "check", orderPath(nobody), nil)
	var e *gateways.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound && e.Code == "NO_SUCH_ORDER" {
		return nil
	}
	return err
}

func orderPath(ref string, more ...string) string {
	return "/ordermanagement/v1/orders/" + url.PathEscape(ref) + strings.Join(more, "")
}

// change sends one change of an order under the key of its operation. Klarna answers a repeat within 24 h
// as it did the first time, whatever the body says, so a key never serves two different bodies.
func (g *gateway) change(ctx context.Context, method, path, step string, in any, req gateways.Request) (gateways.Answer, error) {
	call := gateways.Call{Verb: string(req.Verb), Method: method, Path: path, Header: http.Header{}}
	call.Header.Set("Accept", "application/json")
	call.Header.Set("Klarna-Idempotency-Key", keyOf(req.PaymentRef, step, req.IdempotencyKey))
	if in != nil {
		body, err := gateways.EncodeJSON(in)
		if err != nil {
			return gateways.Answer{}, refusal(string(req.Verb), "The request could not be written down; nothing was sent.")
		}
		call.Body = body
		call.Header.Set("Content-Type", "application/json")
	}
	return g.api.Do(ctx, call)
}

// space is the namespace of our keys: version 5 of the name idempotency.kartify.invalid in that of DNS.
var space = version5([16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}, "idempotency.kartify.invalid")

// keyOf is the UUID under which a step of an operation is sent, the same at every repeat.
func keyOf(order, step, key string) string {
	id := version5(space, "klarna|"+order+"|"+step+"|"+key)
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// version5 is a UUID made of a name (RFC 9562, section 5.5).
func version5(namespace [16]byte, text string) [16]byte {
	sum := sha1.Sum(append(namespace[:], text...)) //nolint:gosec // see the import
	id := [16]byte(sum[:16])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// doubtful is an answer that was understood and cannot be believed.
func doubtful(verb, sentence string) error {
	return &gateways.Error{Kind: gateways.Unknown, Verb: verb, Message: sentence}
}

// refusal is what is not sent at all, as the provider cannot do it.
func refusal(verb, sentence string) error {
	return &gateways.Error{Kind: gateways.Declined, Verb: verb, Message: sentence}
}
