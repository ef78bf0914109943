package svea

import (
	"cmp"
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/kartify/kartify/gateways"
)

type checkoutRequest struct {
	Merchant struct {
		Terms        string `json:"TermsUri"`
		Checkout     string `json:"CheckoutUri"`
		Confirmation string `json:"ConfirmationUri"`
		Push         string `json:"PushUri"`
	} `json:"MerchantSettings"`
	Cart struct {
		Items []newRow `json:"Items"`
	} `json:"Cart"`
	Presets  []preset `json:"PresetValues,omitempty"`
	Locale   string   `json:"Locale"`
	Currency string   `json:"Currency"`
	Country  string   `json:"CountryCode"`
	Number   string   `json:"ClientOrderNumber"`
}

type preset struct {
	Type     string `json:"TypeName"`
	Value    any    `json:"Value"` // text, or true and false
	ReadOnly bool   `json:"IsReadonly"`
}

// Start makes a checkout order, whose id the order keeps for good. Svea answers with HTML for a page of the
// shop; the buyer is sent to the page which that HTML frames. The same order number gives the same order
// again (Svea docs, create a checkout order).
func (g *gateway) Start(ctx context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	in, problem := g.checkoutOf(checkout)
	if problem != "" {
		return gateways.Start{}, refusal("start", problem)
	}
	body, err := gateways.EncodeJSON(in)
	if err != nil {
		return gateways.Start{}, refusal("start", "The request could not be written down; nothing was sent.")
	}
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json; charset=utf-8"}}
	answer, err := g.checkout.Do(ctx, gateways.Call{Verb: "start", Method: http.MethodPost, Path: "/api/orders", Header: header, Body: body})
	if err != nil {
		return gateways.Start{}, err
	}
	var out checkoutOrder
	err = gateways.DecodeJSON([]byte(strings.TrimPrefix(string(answer.Body), string(byteOrderMark))), &out)
	switch {
	case err != nil || out.ID <= 0 || out.Currency != checkout.Amount.Currency || out.total() != checkout.Amount.Minor:
		return gateways.Start{}, doubtful("start", "Svea answered with another order than the one asked for.")
	case strings.EqualFold(out.Status, "final"):
		return gateways.Start{}, refusal("start", "The buyer has already paid this order at Svea.")
	case strings.EqualFold(out.Status, "cancelled"):
		return gateways.Start{}, refusal("start", "Svea has closed this order, as the buyer did not finish it. Begin a new attempt.")
	}
	page := g.framed(out.GUI.Snippet)
	if page == "" {
		return gateways.Start{}, doubtful("start", "Svea answered without a page for the buyer.")
	}
	return gateways.Start{Ref: strconv.FormatInt(out.ID, 10), OrderRef: checkout.OrderRef, URL: page}, nil
}

// locales and countries by currency, where the order says neither.
var countries = map[string]string{"SEK": "SE", "NOK": "NO", "DKK": "DK", "EUR": "FI"}

var locales = map[string]string{"SE": "sv-SE", "NO": "nn-NO", "DK": "da-DK", "FI": "fi-FI", "DE": "de-DE"}

// checkoutOf is the order in Svea's words, or a sentence that says why there is none.
func (g *gateway) checkoutOf(c gateways.Checkout) (checkoutRequest, string) {
	var in checkoutRequest
	switch {
	case c.Amount.Minor <= 0:
		return in, "There is nothing to pay."
	case len([]rune(c.OrderRef)) > 32 || c.OrderRef == "":
		return in, "Svea takes order numbers of 1 to 32 characters."
	}
	in.Cart.Items = rowsOf(c.Lines, c.Amount.Minor)
	if in.Cart.Items == nil {
		in.Cart.Items = []newRow{{Name: shorten("Order "+c.OrderRef, 40), Quantity: 100, UnitPrice: c.Amount.Minor}}
	}
	in.Country = cmp.Or(strings.ToUpper(c.Customer.Country), countries[c.Amount.Currency])
	if in.Country == "" {
		return in, "Svea needs the buyer's country to begin a payment in " + c.Amount.Currency + "."
	}
	in.Currency, in.Number, in.Locale = c.Amount.Currency, c.OrderRef, cmp.Or(locales[in.Country], c.Locale, "en-US")
	in.Merchant.Terms = cmp.Or(g.terms, c.ReturnURL)
	in.Merchant.Checkout, in.Merchant.Confirmation = cmp.Or(c.CancelURL, c.ReturnURL), c.ReturnURL
	in.Merchant.Push = strings.TrimRight(c.NotifyURL, "/") + "/{checkout.order.uri}"
	if g.token != "" {
		in.Merchant.Push += "." + g.token
	}
	for _, p := range []preset{{"EmailAddress", c.Customer.Email, false}, {"PhoneNumber", c.Customer.Phone, false}, {"PostalCode", c.Customer.Postcode, false}} {
		if p.Value != "" {
			in.Presets = append(in.Presets, p)
		}
	}
	if c.Customer.Organization != "" {
		in.Presets = append(in.Presets, preset{"IsCompany", true, false})
		if c.Customer.Registration != "" {
			in.Presets = append(in.Presets, preset{"NationalId", c.Customer.Registration, false})
		}
	}
	return in, ""
}

var frames = regexp.MustCompile(`(?i)<(?:iframe|a)\b[^>]*?\b(?:data-sco-sveacheckout-iframeurl|src|href)\s*=\s*["']([^"']+)["']`)

// framed is the page within a snippet: over TLS, or where the API itself is.
func (g *gateway) framed(snippet string) string {
	api, _ := url.Parse(g.checkout.Base)
	for _, found := range frames.FindAllStringSubmatch(snippet, -1) {
		text := html.UnescapeString(found[1])
		to, err := url.Parse(text)
		if err != nil || to.Host == "" || to.User != nil || api == nil {
			continue
		}
		svea := to.Scheme == "https" && (to.Host == "svea.com" || strings.HasSuffix(to.Hostname(), ".svea.com"))
		if svea || to.Scheme == api.Scheme && to.Host == api.Host {
			return text
		}
	}
	return ""
}
