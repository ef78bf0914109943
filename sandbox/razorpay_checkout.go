package sandbox

import (
	"net/http"
	"net/url"
	"slices"
)

// checkout is what a shop sends a buyer to the hosted pay page with (Razorpay docs, hosted checkout).
type checkout struct {
	KeyID, OrderID, Amount, Currency, Name, Description string
	Callback, Cancel                                    string
	Email, Contact, Buyer                               string
}

// checkoutForm is the query and the form of a request to the pay page.
func checkoutForm(c *call) (url.Values, bool) {
	form := c.URL.Query()
	posted, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil, false
	}
	for name, values := range posted {
		form[name] = values
	}
	return form, true
}

// readCheckout finds the order a buyer is sent with; a page that says what is wrong otherwise.
// The caller holds the lock.
func (g *razorpay) readCheckout(c *call) (checkout, *razorpayOrder, *reply) {
	refuse := func(text string) (checkout, *razorpayOrder, *reply) {
		bad := sentence(http.StatusBadRequest, "This payment cannot be started", text)
		return checkout{}, nil, &bad
	}
	form, ok := checkoutForm(c)
	if !ok {
		return refuse("The form cannot be read.")
	}
	in := checkout{
		KeyID: form.Get("key_id"), OrderID: form.Get("order_id"), Amount: form.Get("amount"), Name: form.Get("name"),
		Description: form.Get("description"), Callback: form.Get("callback_url"), Cancel: form.Get("cancel_url"),
		Email: form.Get("prefill[email]"), Contact: form.Get("prefill[contact]"), Buyer: form.Get("prefill[name]"),
	}
	m := g.s.merchants.get(g.code() + "/" + in.KeyID)
	if m == nil {
		return refuse("The key id is not known here.")
	}
	o, bad := g.order(m, in.OrderID)
	switch {
	case bad != nil:
		return refuse("The order does not exist.")
	case in.Amount != "" && in.Amount != string(compact(o.Entity.Amount)):
		return refuse("The amount is not the order's.")
	case !webAddress(in.Callback) || !webAddress(in.Cancel):
		return refuse("callback_url and cancel_url have to be web addresses.")
	case o.Entity.Status == "paid":
		return refuse("Payment already done for this order.")
	}
	in.Currency = o.Entity.Currency
	return in, o, nil
}

// webAddress says whether a shop's address is one, or none at all.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// showCheckout is the hosted pay page.
func (g *razorpay) showCheckout(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, o, bad := g.readCheckout(c)
	if bad != nil {
		return *bad
	}
	order := o.Entity.ID
	if o.Entity.Receipt != nil {
		order = *o.Entity.Receipt
	}
	return page("checkout.html", http.StatusOK, map[string]any{
		"Title": "Pay", "In": in, "AmountMinor": o.Entity.Amount, "Order": order,
	})
}

// payCheckout is the buyer pressing Pay or Fail. The shop is told in the buyer's browser; what it can
// trust comes by webhook and lookup.
func (g *razorpay) payCheckout(c *call) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, o, bad := g.readCheckout(c)
	if bad != nil {
		return *bad
	}
	form, _ := checkoutForm(c) // readCheckout has read it
	method := form.Get("method")
	if !slices.Contains([]string{"card", "upi", "netbanking"}, method) {
		return sentence(http.StatusBadRequest, "This payment cannot be started", "The method is not one of this page.")
	}
	m := g.s.merchantOf(g.code(), in.KeyID)
	p := g.newPayment(m, o, paymentRequest{
		AmountMinor: o.Entity.Amount, Currency: o.Entity.Currency, Method: method, Name: in.Buyer,
		Email: in.Email, Contact: in.Contact,
	})
	g.hide(p.Entity.ID, c.plan)
	title, fields := "Payment successful", []fact{}
	if form.Get("outcome") == "pay" {
		g.authorize(p, o.Manual, true)
		fields = append(fields, fact{"razorpay_payment_id", p.Entity.ID}, fact{"razorpay_order_id", o.Entity.ID},
			fact{"razorpay_signature", g.signature(p)})
	} else {
		g.fail(p, "payment_failed", true)
		title = "Payment failed"
		fields = append(fields, fact{"error[code]", *p.Entity.ErrorCode}, fact{"error[description]", *p.Entity.ErrorDescription},
			fact{"error[source]", *p.Entity.ErrorSource}, fact{"error[step]", *p.Entity.ErrorStep},
			fact{"error[reason]", *p.Entity.ErrorReason},
			fact{"error[metadata]", string(compact(map[string]string{"payment_id": p.Entity.ID, "order_id": o.Entity.ID}))})
	}
	return page("return.html", http.StatusOK, map[string]any{
		"Title": title, "Payment": p.Entity.ID, "AmountMinor": o.Entity.Amount, "Currency": o.Entity.Currency,
		"Callback": in.Callback, "Fields": fields, "Script": in.Callback != "",
	})
}
