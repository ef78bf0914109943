package klarna

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

type checkoutRequest struct {
	Country   string       `json:"purchase_country"`
	Currency  string       `json:"purchase_currency"`
	Locale    string       `json:"locale"`
	Amount    int64        `json:"order_amount"`
	Tax       int64        `json:"order_tax_amount"`
	Lines     []orderLine  `json:"order_lines"`
	URLs      checkoutURLs `json:"merchant_urls"`
	Reference string       `json:"merchant_reference1"`
	Billing   *address     `json:"billing_address,omitempty"`
	Customer  *buyer       `json:"customer,omitempty"`
	Options   *options     `json:"options,omitempty"`
}

// buyer is a company; a person says who he is at the checkout (Checkout API v3, customer).
type buyer struct {
	Type         string `json:"type"`
	Registration string `json:"organization_registration_id,omitempty"`
}

type options struct {
	CustomerTypes []string `json:"allowed_customer_types"`
}

type checkoutURLs struct {
	Terms        string `json:"terms"`
	Checkout     string `json:"checkout"`
	Confirmation string `json:"confirmation"`
	Push         string `json:"push"`
	Notification string `json:"notification"`
}

type address struct {
	GivenName    string `json:"given_name,omitempty"`
	FamilyName   string `json:"family_name,omitempty"`
	Organization string `json:"organization_name,omitempty"`
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Street       string `json:"street_address,omitempty"`
	Postcode     string `json:"postal_code,omitempty"`
	City         string `json:"city,omitempty"`
	Region       string `json:"region,omitempty"`
	Country      string `json:"country,omitempty"`
}

type pageRequest struct {
	Session string            `json:"payment_session_url"`
	URLs    map[string]string `json:"merchant_urls"`
}

type page struct {
	ID       string `json:"session_id"`
	Redirect string `json:"redirect_url"`
}

// Start makes a Checkout order, whose id the order keeps for good, and the hosted page on which the buyer
// pays it (Checkout API v3, create order; Hosted Payment Page API, create session). Klarna always holds
// first; drawing is a call of its own.
func (g *gateway) Start(ctx context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	in, problem := g.checkoutOf(checkout)
	if problem != "" {
		return gateways.Start{}, refusal("start", problem)
	}
	var order checkoutOrder
	_, err := g.api.PostJSON(ctx, "start", "/checkout/v3/orders", in, &order, under(checkout, "checkout"))
	switch {
	case err != nil:
		return gateways.Start{}, err
	case !uuid.MatchString(order.ID) || money.New(order.Amount, order.Currency) != checkout.Amount:
		return gateways.Start{}, doubtful("start", "Klarna answered with another checkout than the one asked for.")
	}
	hosted := pageRequest{
		Session: g.api.Base + "/checkout/v3/orders/" + url.PathEscape(order.ID),
		URLs: map[string]string{
			"success": checkout.ReturnURL, "cancel": cmp.Or(checkout.CancelURL, checkout.ReturnURL), "back": cmp.Or(checkout.CancelURL, checkout.ReturnURL),
			"failure": checkout.ReturnURL, "error": checkout.ReturnURL,
		},
	}
	var shown page
	if _, err := g.api.PostJSON(ctx, "start", "/hpp/v1/sessions", hosted, &shown, under(checkout, "page")); err != nil {
		return gateways.Start{}, err
	}
	if !g.leadsOn(shown.Redirect) {
		return gateways.Start{}, doubtful("start", "Klarna answered without a page for the buyer.")
	}
	return gateways.Start{Ref: order.ID, OrderRef: checkout.OrderRef, URL: shown.Redirect}, nil
}

func under(checkout gateways.Checkout, step string) func(*gateways.Call) {
	return gateways.Header("Klarna-Idempotency-Key", keyOf(checkout.OrderRef, step, checkout.Key))
}

// checkoutOf is the order in Klarna's words, or a sentence that says why there is none.
func (g *gateway) checkoutOf(c gateways.Checkout) (checkoutRequest, string) {
	lines := linesOf(c.Lines, c.Amount.Minor)
	if lines == nil {
		lines = []orderLine{{Type: "physical", Name: shorten("Order "+c.OrderRef, 255), Quantity: 1, UnitPrice: c.Amount.Minor, TotalAmount: c.Amount.Minor}}
	}
	country := cmp.Or(strings.ToUpper(c.Customer.Country), countryOf(c.Locale), countries[c.Amount.Currency])
	switch {
	case c.Amount.Minor <= 0:
		return checkoutRequest{}, "There is nothing to pay."
	case country == "":
		return checkoutRequest{}, "Klarna needs the buyer's country to begin a payment in " + c.Amount.Currency + "."
	}
	push := strings.TrimRight(c.NotifyURL, "/") + "/{checkout.order.id}"
	if g.token != "" {
		push += "." + g.token
	}
	in := checkoutRequest{
		Country: country, Currency: c.Amount.Currency, Locale: cmp.Or(c.Locale, "en-"+country), Amount: c.Amount.Minor,
		Lines: lines, Reference: shorten(c.OrderRef, 255), Billing: addressOf(c.Customer),
		URLs: checkoutURLs{
			Terms: cmp.Or(g.terms, c.ReturnURL), Checkout: cmp.Or(c.CancelURL, c.ReturnURL), Confirmation: c.ReturnURL,
			Push: push, Notification: push,
		},
	}
	for _, line := range lines {
		in.Tax += line.TotalTax
	}
	if c.Customer.Organization != "" {
		in.Customer = &buyer{"organization", c.Customer.Registration}
		in.Options = &options{[]string{"organization", "person"}}
	}
	return in, ""
}

// countries of the currencies that Klarna takes in one country only.
var countries = map[string]string{
	"SEK": "SE", "NOK": "NO", "DKK": "DK", "GBP": "GB", "CHF": "CH", "PLN": "PL", "CZK": "CZ", "USD": "US", "CAD": "CA", "AUD": "AU", "NZD": "NZ",
}

// countryOf is the SE of sv-SE.
func countryOf(locale string) string {
	if _, country, _ := strings.Cut(locale, "-"); len(country) == 2 {
		return strings.ToUpper(country)
	}
	return ""
}

func addressOf(c gateways.Customer) *address {
	given, family, _ := strings.Cut(strings.TrimSpace(c.Name), " ")
	a := address{
		GivenName: given, FamilyName: family, Organization: c.Organization, Email: c.Email, Phone: c.Phone,
		Street: c.Address, Postcode: c.Postcode, City: c.City, Region: c.Region, Country: strings.ToUpper(c.Country),
	}
	if a == (address{}) {
		return nil
	}
	return &a
}

// leadsOn says whether the buyer can be sent to an address: over TLS, or to where the API itself is.
func (g *gateway) leadsOn(text string) bool {
	to, err := url.Parse(text)
	if err != nil || to.Host == "" || to.User != nil {
		return false
	}
	api, err := url.Parse(g.api.Base)
	return to.Scheme == "https" || err == nil && to.Scheme == api.Scheme && to.Host == api.Host
}

// Acknowledge writes our order number onto the order and stops its pushes (Checkout API v3, confirm purchase).
func (g *gateway) Acknowledge(ctx context.Context, ref, orderRef string) error {
	if orderRef != "" {
		call := gateways.Call{Verb: "acknowledge", Method: http.MethodPatch, Path: orderPath(ref, "/merchant-references"), Header: http.Header{}}
		body, err := gateways.EncodeJSON(map[string]string{"merchant_reference1": shorten(orderRef, 255)})
		if err != nil {
			return refusal("acknowledge", "The request could not be written down; nothing was sent.")
		}
		call.Body = body
		call.Header.Set("Content-Type", "application/json")
		call.Header.Set("Klarna-Idempotency-Key", keyOf(ref, "reference", orderRef))
		if _, err := g.api.Do(ctx, call); err != nil {
			return err
		}
	}
	call := gateways.Call{Verb: "acknowledge", Method: http.MethodPost, Path: orderPath(ref, "/acknowledge"), Header: http.Header{}}
	call.Header.Set("Klarna-Idempotency-Key", keyOf(ref, "acknowledge", ref))
	_, err := g.api.Do(ctx, call)
	return err
}
