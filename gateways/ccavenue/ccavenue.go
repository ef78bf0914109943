// Package ccavenue speaks to CCAvenue: the encrypted pay form, the server API with its two layers of errors,
// and the messages that come back with the buyer or behind him. Wire facts are those of CCAvenue's Merchant API
// Implementation Guide, its Integration Document and its Dynamic Event Notification document.
package ccavenue

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/kartify/kartify/gateways"
)

const (
	name    = "CCAvenue"
	confirm = 12 * 24 * time.Hour // within which a payment is confirmed, or it goes back (confirmOrder)
)

var fields = []gateways.Field{
	{Slug: "merchant_id", Name: "Merchant ID", Required: true, Check: digitsOnly, Account: gateways.Whole, Help: "The number under Settings > API Keys."},
	{Slug: "access_code", Name: "Access code", Required: true},
	{Slug: "working_key", Name: "Working key", Required: true, Secret: true, Check: checkKey, Help: "It encrypts the pay form and what CCAvenue answers."},
	{Slug: "paid_status", Name: "Status of a paid order", Options: []string{"processing", "pending"}, Default: "processing"},
	{Slug: "crypto", Name: "Encryption", Options: []string{"cbc-md5", "gcm"}, Default: "cbc-md5", Help: "cbc-md5 for CCAvenue in India and the Emirates; gcm for a bank's own CCAvenue that asks for it."},
	{Slug: "api_access_code", Name: "Access code of the server API", Help: "Only where CCAvenue has issued a second pair for this server's address."},
	{Slug: "api_working_key", Name: "Working key of the server API", Secret: true, Check: checkKey},
}

// Driver is CCAvenue as Extensions > Payment shows it.
var Driver = gateways.Driver{
	Code:   "ccavenue",
	Name:   name,
	Docs:   "Settings > API Keys in the CCAvenue dashboard; the echo address belongs under Settings > Dynamic Event Notification, and CCAvenue must have allowed this server's address.",
	Fields: fields,

	Class:       gateways.ByReference, // refund_ref_no; a repeat is refused as 51309
	QuietPeriod: 24 * time.Hour,

	Can: gateways.Abilities{
		Verbs:   []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void},
		AtOnce:  true,
		Later:   true,
		Partial: []gateways.Verb{gateways.Refund, gateways.Capture},
		Several: []gateways.Verb{gateways.Refund}, // a part is confirmed once, and the rest goes back to the buyer
		Holds:   map[string]time.Duration{"": confirm},
	},
	Trust:   gateways.Hinted, // nothing that comes through the browser proves anything
	Portal:  "https://dashboard.ccavenue.com",
	Support: "service@ccavenue.com",
	Open:    open,
	Inbox:   inbox{},
}

// What CCAvenue can do.
var (
	_ gateways.Refunder    = (*gateway)(nil)
	_ gateways.Capturer    = (*gateway)(nil)
	_ gateways.Voider      = (*gateway)(nil)
	_ gateways.Starter     = (*gateway)(nil)
	_ gateways.Finder      = (*gateway)(nil)
	_ gateways.Reader      = (*gateway)(nil)
	_ gateways.OrderReader = (*gateway)(nil)
	_ gateways.Lister      = (*gateway)(nil)
	_ gateways.Opener      = inbox{}
)

type gateway struct {
	api      *gateways.Client
	code     string // the access code of the API
	box      box    // of the API
	merchant string
	pay      struct { // the buyer's side
		base, code string
		box        box
	}
	now func() time.Time
}

func open(s gateways.Settings) (gateways.Gateway, error) {
	api, err := gateways.NewClient(name, fields, s, hosts[s.Mode == "live"].api)
	if err != nil {
		return nil, err //nolint:wrapcheck // a gateways.Error says what is missing
	}
	v := s.Values
	if (v["api_access_code"] == "") != (v["api_working_key"] == "") {
		return nil, &gateways.Error{Kind: misconfigured, Verb: "open", Message: "CCAvenue issues an access code and a working key as a pair. Enter both of the server API, or neither."}
	}
	g := &gateway{api: api, merchant: v["merchant_id"], code: v["access_code"], box: box{v["working_key"], v["crypto"] == "gcm"}, now: time.Now}
	g.pay.base, g.pay.code, g.pay.box = hosts[s.Mode == "live"].pay, g.code, g.box
	if s.BaseURL != "" {
		g.pay.base = api.Base
	}
	if v["api_access_code"] != "" {
		g.code, g.box.key = v["api_access_code"], v["api_working_key"]
	}
	api.Show = g.box.show
	return g, nil
}

// hosts of the two sides, in test mode and live (Integration Document; API guide, authentication).
var hosts = map[bool]struct{ pay, api string }{
	false: {"https://test.ccavenue.com", "https://apitest.ccavenue.com"},
	true:  {"https://secure.ccavenue.com", "https://api.ccavenue.com"},
}

var (
	digitText = regexp.MustCompile(`^[0-9]{1,12}$`)
	keyText   = regexp.MustCompile(`^[!-~]{16,64}$`)
)

func digitsOnly(value, _ string) string {
	if !digitText.MatchString(value) {
		return "A Merchant ID is a number."
	}
	return ""
}

func checkKey(value, _ string) string {
	if !keyText.MatchString(value) {
		return "A working key is a text of 32 letters and digits, without blanks."
	}
	return ""
}

// Check asks for the status of no order at all: the complaint about that proves the access code, this server's
// address and the working key.
func (g *gateway) Check(ctx context.Context) error {
	said, _, err := g.read(ctx, "check", "orderStatusTracker", "1.2", map[string]string{"reference_no": "", "order_no": ""})
	if err != nil {
		return err
	}
	if said.text("status", "error_code", "error_desc", "order_status") == "" {
		return unclear("check", http.StatusOK, errors.New("the answer has none of the fields of a status"))
	}
	return nil
}
