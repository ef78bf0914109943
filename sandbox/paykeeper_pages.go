package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// formSign is the signature of a payment form: the sum with two decimals, clientid, orderid,
// service_name, client_email, client_phone and the secret word (PayKeeper docs, HTML-форма).
func formSign(form url.Values, sum, secret string) string {
	hash := sha256.Sum256([]byte(strings.Join([]string{
		sum, form.Get("clientid"), form.Get("orderid"), form.Get("service_name"), form.Get("client_email"),
		form.Get("client_phone"), secret,
	}, "")))
	return hex.EncodeToString(hash[:])
}

// createPayment is POST /create/: a shop's form that takes the payer straight to the bank. The merchant
// is the one whose secret word has signed it.
func (g *paykeeper) createPayment(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return sentence(http.StatusBadRequest, "This payment cannot be started", "The form cannot be read.")
	}
	amount, ok := readRoubles(form.Get("sum"))
	if !ok || !webAddress(form.Get("user_result_callback")) {
		return sentence(http.StatusBadRequest, "This payment cannot be started", "The sum or the address to go back to is not one.")
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	var m *merchant
	for _, one := range g.s.merchants.oldest() {
		if one.Gateway == g.code() && formSign(form, decimal(amount, paykeeperCurrency), one.WebhookSecret) == form.Get("sign") {
			m = one
		}
	}
	if m == nil {
		return sentence(http.StatusForbidden, "This payment cannot be started", "The signature is not the shop's.")
	}
	_, cart, callback := readService(form.Get("service_name"))
	p := paykeeperPayment{
		Order: form.Get("orderid"), Client: form.Get("clientid"), Amount: amount, Service: form.Get("service_name"),
		Email: form.Get("client_email"), Phone: form.Get("client_phone"), Cart: cmp.Or(goods(form.Get("cart")), cart),
		Callback: cmp.Or(form.Get("user_result_callback"), callback), Hold: m.ManualCapture,
	}
	if strings.HasPrefix(form.Get("pstype"), "sbp") {
		p.System = 99
	}
	made := g.begin(m, p)
	g.hide(made.ID, c.plan)
	return g.toBank(made)
}

// bill finds the invoice of a link that can be paid, or says why not. The caller holds the lock.
func (g *paykeeper) bill(c *call) (*paykeeperInvoice, *reply) {
	refuse := func(status int, text string) (*paykeeperInvoice, *reply) {
		bad := sentence(status, "This bill cannot be paid", text)
		return nil, &bad
	}
	in := g.invoices.get(c.PathValue("id"))
	if in == nil {
		return refuse(http.StatusNotFound, "There is no such bill.")
	}
	switch g.billStatus(in) {
	case "paid":
		return refuse(http.StatusOK, "It is paid.")
	case "expired":
		return refuse(http.StatusOK, "It has expired.")
	}
	return in, nil
}

// showBill is the page behind an invoice's link.
func (g *paykeeper) showBill(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, bad := g.bill(c)
	if bad != nil {
		return *bad
	}
	title, _, _ := readService(in.Service)
	return page("paykeeper_bill.html", http.StatusOK, map[string]any{
		"Title": "Pay", "ID": in.ID, "AmountMinor": in.Amount, "Currency": paykeeperCurrency, "Order": in.Order,
		"Service": title, "Client": in.Client, "Shop": in.Merchant,
	})
}

// payBill sends the payer to the bank. Every time it makes another payment.
func (g *paykeeper) payBill(c *call) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, bad := g.bill(c)
	if bad != nil {
		return *bad
	}
	m := g.s.merchantOf(g.code(), in.Merchant)
	p := g.begin(m, paykeeperPayment{
		Invoice: in.ID, Order: in.Order, Client: in.Client, Amount: in.Amount, Service: in.Service, Email: in.Email,
		Phone: in.Phone, Cart: in.Cart, Callback: in.Callback, Hold: m.ManualCapture,
	})
	g.hide(p.ID, c.plan)
	return g.toBank(p)
}

// atBank finds the payment of a bank's page, or says why there is none. The caller holds the lock.
func (g *paykeeper) atBank(c *call, key string) (*paykeeperPayment, *reply) {
	p := g.payments.get(c.PathValue("id"))
	if p == nil || p.Unique != key {
		bad := sentence(http.StatusNotFound, "Not found", "The bank knows no such payment.")
		return nil, &bad
	}
	if p.Status != "pending" {
		bad := sentence(http.StatusOK, "This payment is over", "It is "+p.Status+".")
		return nil, &bad
	}
	return p, nil
}

// showBank is the bank's page.
func (g *paykeeper) showBank(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, bad := g.atBank(c, c.URL.Query().Get("key"))
	if bad != nil {
		return *bad
	}
	return page("paykeeper_bank.html", http.StatusOK, map[string]any{
		"Title": "Bank", "ID": p.ID, "Key": p.Unique, "AmountMinor": p.Amount, "Currency": paykeeperCurrency, "Order": p.Order,
		"Hold": p.Hold,
	})
}

// decideBank is the payer pressing a button of the bank's page. A page that is closed leaves the payment
// pending for good.
func (g *paykeeper) decideBank(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	outcome := form.Get("outcome")
	if err != nil || !slices.Contains([]string{"pay", "decline", "cancel", "close"}, outcome) {
		return sentence(http.StatusBadRequest, "Not understood", "The bank's page has no such button.")
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, bad := g.atBank(c, form.Get("key"))
	if bad != nil {
		return *bad
	}
	title := "Payment successful"
	switch outcome {
	case "close":
		return sentence(http.StatusOK, "The page was closed", "The payment stays pending, and the shop hears nothing.")
	case "pay":
		g.obtain(p, true)
	case "decline":
		p.Status, title = "failed", "Payment declined"
	case "cancel":
		p.Status, title = "canceled", "Payment cancelled"
	}
	g.payments.put(p.ID, p)
	if p.Callback == "" {
		return sentence(http.StatusOK, title, "The shop gave no address to go back to.")
	}
	return reply{http.StatusSeeOther, http.Header{"Location": {p.Callback}}, nil}
}
