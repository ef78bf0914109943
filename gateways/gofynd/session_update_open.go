package gofynd

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// Channel is a sales channel of a company that has installed an extension, with what is needed to tell Fynd of it.
type Channel struct {
	BaseURL     string // set by the operator; it goes before PlatformURL
	PlatformURL string // of the extension's form: a public one; "" for Fynd's own
	Company     string
	Application string
	Token       string // the company's access token
	Secret      string // the extension's API secret: it makes the checksums
	Timeout     time.Duration
	HTTP        *http.Client // nil: our own
}

// toldAgain is what becomes of a message to Fynd that it may not have taken.
const toldAgain = "Whether it took this is not known; it is told once more."

// OpenChannel makes a Gateway that speaks for an extension, as its client libraries do: with the company's token, and
// with every request signed.
func OpenChannel(c Channel) (*Gateway, error) {
	api := &gateways.Client{Name: name, Base: strings.TrimRight(first(c.BaseURL, c.PlatformURL, base), "/"), Timeout: c.Timeout, HTTP: c.HTTP, Secrets: []string{c.Token, c.Secret}, Silence: toldAgain, Explain: explain}
	api.Public = c.BaseURL == "" && c.PlatformURL != ""
	address, err := url.Parse(api.Base)
	switch {
	case err != nil || address.Host == "":
		return nil, &gateways.Error{Kind: gateways.Misconfigured, Verb: "open", Message: "The address of Fynd is not usable."}
	case c.Company == "" || c.Application == "" || c.Token == "" || c.Secret == "":
		return nil, &gateways.Error{Kind: gateways.Misconfigured, Verb: "open", Message: "Fynd needs the company, the sales channel, an access token and the API secret of the extension."}
	}
	api.Sign = func(req *http.Request, body []byte) {
		req.Header.Set("Authorization", "Bearer "+c.Token)
		signRequest(req, body, time.Now())
	}
	return &Gateway{api: api, company: c.Company, application: c.Application, checksumSecret: c.Secret}, nil
}
