package sandbox

import (
	"maps"
	"net/http"
	"time"
)

// klarnaCheckout is a purchase that is not made yet: a Checkout v3 order or a Payments session. Nobody
// sees it 48 hours after it was last touched.
type klarnaCheckout struct {
	ID          string            `json:"id"`
	Merchant    string            `json:"merchant"`
	Session     bool              `json:"session,omitempty"` // of Payments; otherwise of Checkout
	Complete    bool              `json:"complete,omitempty"`
	Token       string            `json:"token,omitempty"` // the authorization of a session's buyer
	Order       string            `json:"order,omitempty"` // what became of a session
	Method      string            `json:"method,omitempty"`
	Review      bool              `json:"review,omitempty"` // the purchase looks suspicious
	TouchedAt   time.Time         `json:"touched_at"`
	StartedAt   time.Time         `json:"started_at"`
	CompletedAt time.Time         `json:"completed_at,omitzero"`
	Wire        checkoutRequest   `json:"wire"`
	URLs        map[string]string `json:"urls"`
}

// checkoutRequest is what a shop sends (Klarna Checkout v3 and Payments API docs, create order, create
// session).
type checkoutRequest struct {
	Country      string            `json:"purchase_country"`
	Currency     string            `json:"purchase_currency"`
	Locale       string            `json:"locale"`
	Amount       *int64            `json:"order_amount"`
	Tax          *int64            `json:"order_tax_amount"`
	Lines        []klarnaLine      `json:"order_lines"`
	URLs         map[string]string `json:"merchant_urls,omitempty"`
	Reference1   string            `json:"merchant_reference1,omitempty"`
	Reference2   string            `json:"merchant_reference2,omitempty"`
	MerchantData string            `json:"merchant_data,omitempty"`
	Billing      klarnaAddress     `json:"billing_address"`
	Shipping     klarnaAddress     `json:"shipping_address"`
	AutoCapture  bool              `json:"auto_capture,omitempty"`
}

// bad is the member that is missing or wrong, or "". A Payments session may come without taxes and addresses.
func (in *checkoutRequest) bad(session bool) string {
	switch {
	case len(in.Country) != 2:
		return "purchase_country"
	case len(in.Currency) != 3:
		return "purchase_currency"
	case in.Locale == "" && !session:
		return "locale"
	case in.Amount == nil:
		return "order_amount"
	case in.Tax == nil && !session:
		return "order_tax_amount"
	case len(in.Reference1) > 255:
		return "merchant_reference1"
	}
	for name, address := range in.URLs {
		if !webAddress(address) {
			return "merchant_urls." + name
		}
	}
	if !session {
		for _, name := range []string{"terms", "checkout", "confirmation", "push"} {
			if in.URLs[name] == "" {
				return "merchant_urls." + name
			}
		}
	}
	tax := int64(0)
	if in.Tax != nil {
		tax = *in.Tax
	} else {
		for _, l := range in.Lines {
			tax += l.Tax
		}
	}
	return badSum(in.Lines, *in.Amount, tax)
}

func (g *klarna) createCheckout(c *call, m *merchant) reply {
	return g.once(c, m, func() reply {
		k, bad := g.begin(c, m, false)
		if bad != nil {
			return *bad
		}
		at := hostOf(c) + "/klarna/checkout/v3/orders/" + k.ID
		return klarnaReply(http.StatusCreated, g.checkoutView(c, k), "Location", at)
	})
}

// begin makes a purchase out of a request. The caller holds the lock.
func (g *klarna) begin(c *call, m *merchant, session bool) (*klarnaCheckout, *reply) {
	k := &klarnaCheckout{ID: randomUUID(), Merchant: m.KeyID, Session: session, StartedAt: g.s.clock(), TouchedAt: g.s.clock()}
	if bad := readKlarna(c, &k.Wire); bad != nil {
		return nil, bad
	}
	if field := k.Wire.bad(session); field != "" {
		bad := klarnaBadValue(field)
		return nil, &bad
	}
	k.URLs = k.Wire.URLs
	g.checkouts.put(k.ID, k)
	return k, nil
}

// checkout finds a purchase of a merchant that is young enough. The caller holds the lock.
func (g *klarna) checkout(m *merchant, id string, session bool) (*klarnaCheckout, *reply) {
	k := g.checkouts.get(id)
	if k == nil || k.Merchant != m.KeyID || k.Session != session || g.s.clock().Sub(k.TouchedAt) > 48*time.Hour {
		bad := klarnaRefusal(http.StatusNotFound, "NO_SUCH_ORDER", "Order "+id+" cannot be found")
		return nil, &bad
	}
	return k, nil
}

func (g *klarna) showCheckout(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	k, bad := g.checkout(m, c.PathValue("id"), false)
	if bad != nil {
		return *bad
	}
	return klarnaReply(http.StatusOK, g.checkoutView(c, k))
}

func (g *klarna) updateCheckout(c *call, m *merchant) reply {
	return g.once(c, m, func() reply {
		k, bad := g.checkout(m, c.PathValue("id"), false)
		if bad != nil {
			return *bad
		}
		if k.Complete {
			return klarnaForbidden("READ_ONLY_ORDER", "Order is read only")
		}
		wire := k.Wire
		wire.URLs = maps.Clone(k.Wire.URLs)
		if bad := readKlarna(c, &wire); bad != nil {
			return *bad
		}
		if field := wire.bad(false); field != "" {
			return klarnaBadValue(field)
		}
		k.Wire, k.URLs, k.TouchedAt = wire, wire.URLs, g.s.clock()
		g.checkouts.put(k.ID, k)
		return klarnaReply(http.StatusOK, g.checkoutView(c, k))
	})
}

// checkoutView is a Checkout order as Klarna writes it, with the snippet a shop puts into its page.
func (g *klarna) checkoutView(c *call, k *klarnaCheckout) map[string]any {
	status := "checkout_incomplete"
	if k.Complete {
		status = "checkout_complete"
	}
	w := &k.Wire
	view := map[string]any{
		"order_id": k.ID, "status": status, "purchase_country": w.Country, "purchase_currency": w.Currency, "locale": w.Locale,
		"order_amount": w.Amount, "order_tax_amount": w.Tax, "order_lines": w.Lines, "merchant_urls": k.URLs,
		"billing_address": w.Billing, "shipping_address": w.Shipping, "customer": map[string]string{},
		"merchant_reference1": w.Reference1, "merchant_reference2": w.Reference2, "merchant_data": w.MerchantData,
		"started_at": k.StartedAt.Format(klarnaTime), "last_modified_at": k.TouchedAt.Format(klarnaTime),
		"options": map[string]any{}, "html_snippet": `<div id="klarna-checkout-container"><a href="` + hostOf(c) +
			"/klarna/pay/" + k.ID + `">Pay with Klarna</a></div>`,
	}
	if k.Complete {
		view["completed_at"] = k.CompletedAt.Format(klarnaTime)
	}
	return view
}

func (g *klarna) createSession(c *call, m *merchant) reply {
	return g.once(c, m, func() reply {
		k, bad := g.begin(c, m, true)
		if bad != nil {
			return *bad
		}
		return klarnaReply(http.StatusOK, map[string]any{
			"session_id": k.ID, "client_token": randomFrom(base62, 40),
			"payment_method_categories": []map[string]string{{"identifier": "klarna", "name": "Pay with Klarna"}},
		})
	})
}

func (g *klarna) showSession(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	k, bad := g.checkout(m, c.PathValue("id"), true)
	if bad != nil {
		return *bad
	}
	status := "incomplete"
	if k.Complete {
		status = "complete"
	}
	return klarnaReply(http.StatusOK, map[string]any{
		"status": status, "authorization_token": k.Token, "purchase_country": k.Wire.Country, "purchase_currency": k.Wire.Currency,
		"order_amount": k.Wire.Amount, "order_tax_amount": k.Wire.Tax, "order_lines": k.Wire.Lines,
		"expires_at": k.TouchedAt.Add(48 * time.Hour).Format(klarnaTime),
	})
}

// placeOrder turns the authorization a buyer gave into an order; auto_capture takes all of it at once.
func (g *klarna) placeOrder(c *call, m *merchant) reply {
	return g.once(c, m, func() reply {
		var k *klarnaCheckout
		for _, one := range g.checkouts.newest() {
			if one.Token != "" && one.Token == c.PathValue("token") && one.Merchant == m.KeyID {
				k = one
				break
			}
		}
		if k == nil || k.Order != "" {
			return klarnaRefusal(http.StatusNotFound, "NOT_FOUND", "Invalid authorization token")
		}
		wire := k.Wire
		if bad := readKlarna(c, &wire); bad != nil {
			return *bad
		}
		if field := wire.bad(true); field != "" {
			return klarnaBadValue(field)
		}
		if *wire.Amount != *k.Wire.Amount || wire.Currency != k.Wire.Currency {
			return klarnaRefusal(http.StatusConflict, "CONFLICT", "Order differs from the authorized session")
		}
		k.Wire = wire
		o := g.complete(m, k, wire.AutoCapture)
		return klarnaReply(http.StatusOK, map[string]any{
			"order_id": o.Entity.ID, "fraud_status": o.Entity.Fraud, "redirect_url": k.URLs["confirmation"],
			"authorized_payment_method": map[string]string{"type": "invoice"},
		})
	})
}

// complete makes an order of a purchase the buyer has agreed to. The caller holds the lock.
func (g *klarna) complete(m *merchant, k *klarnaCheckout, capture bool) *klarnaOrder {
	id := k.ID
	if k.Session {
		id = randomUUID()
	}
	w := &k.Wire
	o := g.newOrder(m, id, w.Lines, *w.Amount, w.Currency)
	e := &o.Entity
	e.Country, e.Billing, e.Shipping, e.MerchantData = w.Country, w.Billing, w.Shipping, w.MerchantData
	e.Reference1, e.Reference2 = w.Reference1, w.Reference2
	if w.Locale != "" {
		e.Locale = w.Locale
	}
	if k.Method != "" {
		e.Method = klarnaMethod{k.Method, klarnaMethods[k.Method]}
	}
	if k.Review {
		e.Fraud = "PENDING"
	}
	if push := k.URLs["push"]; push != "" {
		o.PushURL = push
	}
	if notice := k.URLs["notification"]; notice != "" {
		o.NoticeURL = notice
	}
	k.Complete, k.Order, k.CompletedAt, k.TouchedAt = true, id, g.s.clock(), g.s.clock()
	g.checkouts.put(k.ID, k)
	g.place(o)
	if capture && e.Fraud == "ACCEPTED" {
		g.capture(o, captureRequest{Amount: w.Amount}, "")
		g.orders.put(id, o)
	}
	return o
}
