// Package gofynd is what kartify says to Fynd and hears from it, for stores integrated with FYND: their
// orders and refund requests come as webhooks; payments are confirmed and refunds reported back.
// Wire facts are those of the Fynd partner documentation and its client libraries.
package gofynd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/kartify/kartify/gateways"
)

const (
	name = "Fynd"
	base = "https://api.fynd.com"
)

var fields = []gateways.Field{
	{Slug: "api_url", Name: "Gofynd API URL", Check: checkURL, Help: "Empty for https://api.fynd.com."},
	{Slug: "company_id", Name: "Company ID", Required: true},
	{Slug: "application_id", Name: "Application ID", Required: true, Help: "The 24 letters and digits of the sales channel."},
	{Slug: "affiliate_id", Name: "Affiliate ID"},
	{Slug: "affiliate_token", Name: "Affiliate token", Secret: true},
	{Slug: "secret_key", Name: "Secret key", Required: true, Secret: true, Help: "Signs what Fynd sends and what kartify sends."},
	{Slug: "api_secret", Name: "API secret", Secret: true, Help: "Of the payment extension, for the checksum of refund updates. Empty when it is the secret key."},
	{Slug: "access_token", Name: "Access token", Secret: true, Help: "Used instead of the affiliate token when there is one."},
}

// Driver is the GoFynd API of a store.
var Driver = gateways.Driver{
	Code:    "gofynd",
	Name:    "GoFynd API",
	Docs:    "Fynd gives these values when it integrates the store; they are also under Edit Store > Server > Gofynd API.",
	Fields:  fields,
	Class:   gateways.ByReference,
	Portal:  "https://platform.fynd.com",
	Partner: true,
	Open:    func(s gateways.Settings) (gateways.Gateway, error) { return Open(s) },
	Inbox:   inbox{},
}

// Gateway speaks to Fynd for one store.
type Gateway struct {
	api                  *gateways.Client
	company, application string
	checksumSecret       string
}

// Open makes a Gateway of a store's settings. An address set by the operator goes before the store's own,
// which may only be a public one.
func Open(s gateways.Settings) (*Gateway, error) {
	api, err := gateways.NewClient(name, fields, s, base)
	if err != nil {
		return nil, err
	}
	value := func(slug string) string { return s.Values[slug] }
	if own := value("api_url"); s.BaseURL == "" && own != "" {
		api.Base, api.Public = own, true
	}
	g := &Gateway{api: api, company: value("company_id"), application: value("application_id"), checksumSecret: value("api_secret")}
	if g.checksumSecret == "" {
		g.checksumSecret = value("secret_key")
	}
	token := value("access_token")
	if token == "" && (value("affiliate_id") == "" || value("affiliate_token") == "") {
		return nil, &gateways.Error{Kind: gateways.Misconfigured, Verb: "open", Message: "Fynd needs the Affiliate ID and Affiliate token, or an Access token."}
	}
	api.Explain = explain
	api.Sign = func(req *http.Request, body []byte) {
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
			signRequest(req, body, time.Now())
			return
		}
		req.Header.Set("X-Affiliate-Id", value("affiliate_id"))
		req.Header.Set("X-Affiliate-Token", value("affiliate_token"))
		req.Header.Set("X-Fp-Signature", gateways.SumHMAC(body, value("secret_key")))
	}
	return g, nil
}

func checkURL(text, _ string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return "Write the address as https://… and nothing behind its path."
	}
	return ""
}

// path is a path of the payment service for this store's sales channel.
func (g *Gateway) path(format string, parts ...string) string {
	escaped := []any{}
	for _, part := range append([]string{g.company, g.application}, parts...) {
		escaped = append(escaped, url.PathEscape(part))
	}
	return fmt.Sprintf("/service/platform/payment/v1.0/company/%s/application/%s/payment"+format, escaped...)
}

// Check asks for a payment that does not exist: to be told so, one must be known.
func (g *Gateway) Check(ctx context.Context) error {
	_, err := g.api.GetJSON(ctx, "check", g.path("/session/%s", "kartify-check"), nil)
	var e *gateways.Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound && e.Kind == gateways.Declined {
		return nil
	}
	return err
}

// errorBody is Fynd's refusal; three shapes are in use (fdk-client-javascript, error models).
type errorBody struct {
	Success     *bool  `json:"success"`
	Message     string `json:"message"`
	Description string `json:"description"`
	Code        text   `json:"code"`
	Error       struct {
		Code        text   `json:"code"`
		Description string `json:"description"`
	} `json:"error"`
}

// explain reads a refusal of Fynd. It is final when it comes in Fynd's own words.
func explain(e *gateways.Error, raw []byte) {
	var body errorBody
	if gateways.DecodeJSON(raw, &body) != nil {
		if e.Status == http.StatusNotFound {
			e.Kind, e.Message = gateways.Misconfigured, "There is no Fynd at this address. Check the Gofynd API URL."
		}
		return
	}
	e.Code = first(string(body.Code), string(body.Error.Code))
	said := first(body.Message, body.Description, body.Error.Description)
	switch {
	case same(said, "invalid checksum"):
		e.Kind, e.Message = gateways.Misconfigured, "Fynd does not accept the checksum. Check the API secret."
	case e.Status == http.StatusNotFound && (same(said, "transaction not found") || same(said, "order not found") || e.Code == "order_not_found"):
		e.Kind, e.Message = gateways.Declined, "Fynd does not know this payment or order."
	case e.Status == http.StatusNotFound:
		e.Kind, e.Message = gateways.Misconfigured, "Fynd does not offer this at this address. Check the Gofynd API URL, the Company ID and the Application ID."
	case (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity) && body.Success != nil && !*body.Success:
		e.Kind, e.Message = gateways.Declined, "Fynd refused this."
	}
	if said != "" {
		e.Message += " Fynd says: " + said
	}
}
