// Package paykeeper speaks to PayKeeper: each merchant has a server of its own there, which takes payments in
// roubles, refunds them, and draws what was only held. Wire facts are those of docs.paykeeper.ru (JSON API,
// Payments, POST notifications, HTML form, goods in a 54-FZ receipt).
package paykeeper

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/kartify/kartify/gateways"
)

const (
	name     = "PayKeeper"
	currency = "RUB" // the payment API knows no other
)

var fields = []gateways.Field{
	{Slug: "server", Name: "Server", Required: true, Check: checkServer, Account: cabinet, Help: "https://<name>.server.paykeeper.ru, the address of the cabinet."},
	{Slug: "login", Name: "Login", Required: true, Help: "A cabinet user who may refund payments."},
	{Slug: "password", Name: "Password", Required: true, Secret: true},
	{Slug: "secret_word", Name: "Secret word", Required: true, Secret: true, Help: "From the notification settings of the cabinet; it signs the pay form and the notifications."},
	{Slug: "payment_action", Name: "Payment action", Options: []string{"capture", "authorize"}, Default: "capture", Help: "As PayKeeper has set up the shop: one stage, or a hold that is drawn later."},
}

// Driver is PayKeeper as Extensions > Payment shows it.
var Driver = gateways.Driver{
	Code:   "paykeeper",
	Name:   name,
	Docs:   "Login and password are those of a cabinet user; the secret word is in the cabinet under Settings > Receiving information about payments.",
	Fields: fields,

	Class:       gateways.Once,    // a reverse and a capture carry neither key nor reference
	QuietPeriod: 60 * time.Minute, // a refund leaves its state within an hour (Payments, statuses)

	Can: gateways.Abilities{
		Verbs:   []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void},
		AtOnce:  true,
		Later:   true,
		Partial: []gateways.Verb{gateways.Refund},
		Several: []gateways.Verb{gateways.Refund},
		// How long a hold lasts is a setting of each shop; every payment names its own date.
	},
	Trust:   gateways.Hinted, // the fields under the key have no delimiters
	Portal:  "https://paykeeper.ru",
	Support: "support@paykeeper.ru",

	DrawsHeld: true, // at batch_date
	Open:      open,
	Inbox:     inbox{},
}

// What PayKeeper can do.
var (
	_ gateways.Refunder    = (*gateway)(nil)
	_ gateways.Capturer    = (*gateway)(nil)
	_ gateways.Voider      = (*gateway)(nil)
	_ gateways.Starter     = (*gateway)(nil)
	_ gateways.Finder      = (*gateway)(nil)
	_ gateways.Reader      = (*gateway)(nil)
	_ gateways.OrderReader = (*gateway)(nil)
	_ gateways.Lister      = (*gateway)(nil)
	_ gateways.Replier     = inbox{}
)

type gateway struct {
	api   *gateways.Client
	login string           // whose refunds are ours
	word  string           // the secret word
	holds bool             // payments are held before they are drawn
	now   func() time.Time // of the clock

	mu      sync.Mutex
	token   string // what every change carries
	fetched time.Time
}

func open(s gateways.Settings) (gateways.Gateway, error) {
	api, err := gateways.NewClient(name, fields, s, s.Values["server"])
	if err != nil {
		return nil, err //nolint:wrapcheck // a gateways.Error says what is missing
	}
	login, password := s.Values["login"], s.Values["password"]
	api.Public = s.BaseURL == ""
	api.Sign = func(req *http.Request, _ []byte) { req.SetBasicAuth(login, password) }
	api.Secrets = append(api.Secrets, base64.StdEncoding.EncodeToString([]byte(login+":"+password)))
	api.Explain = explain
	api.Show = hideToken
	return &gateway{api: api, login: login, word: s.Values["secret_word"], holds: s.Values["payment_action"] == "authorize", now: time.Now}, nil
}

// checkServer says what is wrong with the address of a cabinet.
func checkServer(value, _ string) string {
	address, err := url.Parse(strings.TrimRight(value, "/"))
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil || address.Path != "" || address.RawQuery != "" {
		return "Write the address of the cabinet as https://<name>.server.paykeeper.ru."
	}
	return ""
}

// cabinet is the name of a merchant's server: each has its own.
func cabinet(server string) string {
	return strings.ToLower(strings.TrimRight(strings.TrimPrefix(server, "https://"), "/"))
}

var tokenField = regexp.MustCompile(`((?:^|&)token=|"token"\s*:\s*")[^&"]*`)

func hideToken(body string) string { return tokenField.ReplaceAllString(body, "${1}•••") }

// Check asks for a token, which any good login may have.
func (g *gateway) Check(ctx context.Context) error {
	_, err := g.fetchToken(ctx, "check")
	return err
}
