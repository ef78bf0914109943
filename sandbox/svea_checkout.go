package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// sveaCheckout is a purchase at Svea Checkout. When the buyer has agreed it is Final, and Payment Admin
// knows the order.
type sveaCheckout struct {
	ID        int64       `json:"OrderId"`
	Merchant  string      `json:"merchant"`
	Status    string      `json:"Status"` // Created, Final, Cancelled
	Type      string      `json:"PaymentType"`
	TouchedAt time.Time   `json:"touched_at"`
	Wire      sveaRequest `json:"wire"`
}

// sveaRequest is what a shop sends (Svea docs, create a checkout order).
type sveaRequest struct {
	Country  string       `json:"CountryCode"`
	Currency string       `json:"Currency"`
	Locale   string       `json:"Locale"`
	Number   string       `json:"ClientOrderNumber"`
	Data     string       `json:"MerchantData,omitempty"`
	Settings sveaSettings `json:"MerchantSettings"`
	Cart     struct {
		Items []sveaRow `json:"Items"`
	} `json:"Cart"`
}

type sveaSettings struct {
	Push         string `json:"PushUri"`
	Terms        string `json:"TermsUri"`
	Checkout     string `json:"CheckoutUri"`
	Confirmation string `json:"ConfirmationUri"`
	Validation   string `json:"CheckoutValidationCallBackUri,omitempty"`
	Webhook      string `json:"WebhookUri,omitempty"`
}

// sveaAdminTypes are the ways of paying the page offers: Checkout's word, and Payment Admin's.
var sveaAdminTypes = map[string]string{
	"INVOICE": "Invoice", "ACCOUNTCREDIT": "AccountCredit", "PAYMENTPLAN": "PaymentPlan", "SVEACARDPAY": "Card",
	"SWISH": "Swish", "TRUSTLY": "Trustly", "VIPPS": "Vipps",
}

func (in *sveaRequest) bad() *reply {
	switch {
	case len(in.Country) != 2:
		return sveaInvalid("CountryCode", "The country is missing.")
	case len(in.Currency) != 3:
		return sveaInvalid("Currency", "The currency is missing.")
	case in.Locale == "":
		return sveaInvalid("Locale", "The locale is missing.")
	case in.Number == "" || len(in.Number) > 32:
		return sveaInvalid("ClientOrderNumber", "The number has to have 1 to 32 characters.")
	case len(in.Cart.Items) == 0:
		return sveaInvalid("Cart", "The cart is empty.")
	}
	for name, address := range map[string]string{
		"PushUri": in.Settings.Push, "TermsUri": in.Settings.Terms, "CheckoutUri": in.Settings.Checkout, "ConfirmationUri": in.Settings.Confirmation,
	} {
		if address == "" || len(address) > 500 || !webAddress(address) {
			return sveaInvalid(name, "The address has to be one of 1 to 500 characters.")
		}
	}
	for i := range in.Cart.Items {
		if bad := in.Cart.Items[i].bad(); bad != nil {
			return bad
		}
	}
	return nil
}

func (k *sveaCheckout) key() string { return strconv.FormatInt(k.ID, 10) }

func (k *sveaCheckout) amount() int64 {
	var sum int64
	for i := range k.Wire.Cart.Items {
		sum += k.Wire.Cart.Items[i].total()
	}
	return sum
}

func (g *svea) createCheckout(c *call, m *merchant) reply {
	c.accept()
	var in sveaRequest
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if bad := in.bad(); bad != nil {
		return *bad
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	for _, k := range g.checkouts.newest() {
		if k.Merchant == m.KeyID && k.Wire.Number == in.Number {
			return jsonReply(http.StatusOK, g.checkoutView(c, k)) // the one there is
		}
	}
	k := &sveaCheckout{ID: g.last + 1, Merchant: m.KeyID, Status: "Created", TouchedAt: g.s.clock(), Wire: in}
	g.checkouts.put(k.key(), k)
	g.forget(k)
	return jsonReply(http.StatusCreated, g.checkoutView(c, k))
}

// forget has the clock cancel a purchase nobody touches for 48 hours. The caller holds the lock, or
// nobody else is there yet.
func (g *svea) forget(k *sveaCheckout) {
	if k.Status != "Created" {
		return
	}
	id := k.key()
	g.s.timeline.at(k.TouchedAt.Add(48*time.Hour), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if k := g.checkouts.get(id); k.Status == "Created" && g.s.clock().Sub(k.TouchedAt) >= 48*time.Hour {
			k.Status = "Cancelled"
			g.checkouts.put(id, k)
			g.s.emit(g.push(k.Wire.Settings.Push, id))
		}
	})
}

// checkout finds a purchase of a merchant. The caller holds the lock.
func (g *svea) checkout(c *call, m *merchant) (*sveaCheckout, *reply) {
	status := http.StatusNotFound
	k := g.checkouts.get(c.PathValue("id"))
	if k != nil && k.Merchant == m.KeyID {
		return k, nil
	}
	if k != nil {
		status = http.StatusForbidden
	}
	bad := sveaBare(status)
	return nil, &bad
}

func (g *svea) showCheckout(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	k, bad := g.checkout(c, m)
	if bad != nil {
		return *bad
	}
	return jsonReply(http.StatusOK, g.checkoutView(c, k))
}

func (g *svea) updateCheckout(c *call, m *merchant) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	k, bad := g.checkout(c, m)
	if bad != nil {
		return *bad
	}
	if k.Status != "Created" {
		return *sveaInvalid("Status", "The order is not open any more.")
	}
	wire := clone(&k.Wire)
	wire.Cart.Items = nil
	if bad := readSvea(c, wire); bad != nil {
		return *bad
	}
	if bad := wire.bad(); bad != nil {
		return *bad
	}
	k.Wire, k.TouchedAt = *wire, g.s.clock()
	g.checkouts.put(k.key(), k)
	g.forget(k)
	return jsonReply(http.StatusOK, g.checkoutView(c, k))
}

// checkoutView is a checkout order as Svea writes it, with the snippet a shop puts into its page.
func (g *svea) checkoutView(c *call, k *sveaCheckout) map[string]any {
	items := slices.Clone(k.Wire.Cart.Items)
	for i := range items {
		items[i].ID = int64(i) + 1
		items[i].Actions = []string{}
	}
	page := hostOf(c) + "/svea/checkout/page/" + k.key()
	view := map[string]any{
		"MerchantSettings": k.Wire.Settings, "Cart": map[string]any{"Items": items}, "Customer": nil, "ShippingAddress": nil,
		"BillingAddress": nil, "Locale": k.Wire.Locale, "Currency": k.Wire.Currency, "CountryCode": k.Wire.Country,
		"PresetValues": []any{}, "ClientOrderNumber": k.Wire.Number, "OrderId": k.ID, "EmailAddress": nil, "PhoneNumber": nil,
		"PaymentType": nil, "Status": k.Status, "MerchantData": k.Wire.Data, "CustomerReference": nil, "SveaWillBuyOrder": nil,
		"Gui": map[string]string{"Layout": "desktop", "Snippet": `<div id="svea-checkout-container" data-sco-sveacheckout="">` +
			`<iframe id="svea-checkout-iframe" src="` + page + `"></iframe></div>`},
	}
	if k.Type != "" {
		view["PaymentType"] = k.Type
	}
	return view
}
