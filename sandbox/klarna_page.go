package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// klarnaPage is a session of the hosted payment page: where a buyer pays a Checkout order or a Payments
// session outside the shop.
type klarnaPage struct {
	ID        string            `json:"id"`
	Merchant  string            `json:"merchant"`
	Checkout  string            `json:"checkout"`
	Mode      string            `json:"mode,omitempty"` // what becomes of a Payments session: PLACE_ORDER, CAPTURE_ORDER, NONE
	Status    string            `json:"status"`         // WAITING, IN_PROGRESS, COMPLETED, FAILED, CANCELLED, BACK
	URLs      map[string]string `json:"urls"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// klarnaMethods are the ways of paying the page offers.
var klarnaMethods = map[string]string{
	"INVOICE": "Pay later", "ACCOUNT": "Monthly financing", "DIRECT_DEBIT": "Direct debit", "CARD": "Card",
}

// createPage is POST /hpp/v1/sessions (Klarna and Kustom docs, hosted payment page, create session).
func (g *klarna) createPage(c *call, m *merchant) reply {
	return g.once(c, m, func() reply {
		var in struct {
			Session string            `json:"payment_session_url"`
			URLs    map[string]string `json:"merchant_urls"`
			Options struct {
				Mode string `json:"place_order_mode"`
			} `json:"options"`
		}
		if bad := readKlarna(c, &in); bad != nil {
			return *bad
		}
		at, err := url.Parse(in.Session)
		if err != nil {
			return klarnaBadValue("payment_session_url")
		}
		session := strings.Contains(at.Path, "/payments/v1/sessions/")
		if !session && !strings.Contains(at.Path, "/checkout/v3/orders/") {
			return klarnaBadValue("payment_session_url")
		}
		k, bad := g.checkout(m, at.Path[strings.LastIndex(at.Path, "/")+1:], session)
		if bad != nil {
			return *bad
		}
		for name, address := range in.URLs {
			if !webAddress(address) {
				return klarnaBadValue("merchant_urls." + name)
			}
		}
		switch in.Options.Mode {
		case "", "NONE", "PLACE_ORDER", "CAPTURE_ORDER":
		default:
			return klarnaBadValue("options.place_order_mode")
		}
		p := &klarnaPage{
			ID: randomUUID(), Merchant: m.KeyID, Checkout: k.ID, Mode: in.Options.Mode, Status: "WAITING", URLs: in.URLs,
			UpdatedAt: g.s.clock(),
		}
		g.pages.put(p.ID, p)
		host := hostOf(c) + "/klarna"
		return klarnaReply(http.StatusCreated, map[string]any{
			"session_id": p.ID, "session_url": host + "/hpp/v1/sessions/" + p.ID, "redirect_url": host + "/pay/" + p.ID,
			"distribution_url":                host + "/hpp/v1/sessions/" + p.ID + "/distribution",
			"qr_code_url":                     host + "/pay/" + p.ID + "/qr",
			"manual_identification_check_url": host + "/hpp/v1/sessions/" + p.ID + "/manual-id-check",
			"expires_at":                      k.TouchedAt.Add(47 * time.Hour).Format(klarnaTime),
		})
	})
}

func (g *klarna) showPage(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.pages.get(c.PathValue("id"))
	if p == nil || p.Merchant != m.KeyID {
		return klarnaRefusal(http.StatusNotFound, "NOT_FOUND", "Session "+c.PathValue("id")+" cannot be found")
	}
	return klarnaReply(http.StatusOK, g.pageView(p))
}

func (g *klarna) pageView(p *klarnaPage) map[string]any {
	k := g.checkouts.get(p.Checkout)
	view := map[string]any{
		"session_id": p.ID, "status": p.Status, "updated_at": p.UpdatedAt.Format(klarnaTime),
		"expires_at": k.TouchedAt.Add(47 * time.Hour).Format(klarnaTime),
	}
	if k.Order != "" {
		view["order_id"] = k.Order
	}
	if k.Token != "" && k.Order == "" {
		view["authorization_token"] = k.Token
	}
	return view
}

// payPage is the page a buyer opens: that of a session, or the one within a Checkout order's snippet.
// The caller holds the lock.
func (g *klarna) payPage(id string) (*klarnaPage, *klarnaCheckout) {
	if p := g.pages.get(id); p != nil {
		return p, g.checkouts.get(p.Checkout)
	}
	k := g.checkouts.get(id)
	if k == nil || k.Session {
		return nil, nil
	}
	urls := map[string]string{"success": k.URLs["confirmation"], "cancel": k.URLs["checkout"], "failure": k.URLs["checkout"]}
	return &klarnaPage{Merchant: k.Merchant, Checkout: k.ID, Status: "WAITING", URLs: urls}, k
}

func (g *klarna) openPage(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, k := g.payPage(c.PathValue("page"))
	if k == nil || g.s.clock().Sub(k.TouchedAt) > 48*time.Hour {
		return sentence(http.StatusNotFound, "This payment cannot be started", "The session is not known here, or it is over.")
	}
	if k.Complete || k.Token != "" {
		return sentence(http.StatusOK, "Already paid", "This purchase is complete.")
	}
	return page("klarna.html", http.StatusOK, map[string]any{
		"Title": "Pay with Klarna", "Lines": k.Wire.Lines, "AmountMinor": *k.Wire.Amount, "Currency": k.Wire.Currency,
		"Order": k.Wire.Reference1, "ID": k.ID, "Back": g.way(p, k, "back", "cancel"), "Page": c.PathValue("page"),
	})
}

// pay is the buyer pressing one of the page's buttons. He is sent back to the shop's address for it.
func (g *klarna) pay(c *call) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p, k := g.payPage(c.PathValue("page"))
	form, ok := checkoutForm(c)
	if !ok || k == nil || g.s.clock().Sub(k.TouchedAt) > 48*time.Hour {
		return sentence(http.StatusNotFound, "This payment cannot be started", "The session is not known here, or it is over.")
	}
	m := g.s.merchantOf(g.code(), k.Merchant)
	switch outcome := form.Get("outcome"); {
	case k.Complete || k.Token != "": // a second press changes nothing
		return g.back(p, k, "Payment successful", "success")
	case outcome == "pay" || outcome == "review":
		if klarnaMethods[form.Get("method")] == "" {
			return sentence(http.StatusBadRequest, "This payment cannot be started", "The method is not one of this page.")
		}
		k.Method, k.Review = form.Get("method"), outcome == "review"
		if k.Session && p.Mode != "PLACE_ORDER" && p.Mode != "CAPTURE_ORDER" {
			k.Token, k.TouchedAt = randomUUID(), g.s.clock()
			g.checkouts.put(k.ID, k)
		} else {
			o := g.complete(m, k, p.Mode == "CAPTURE_ORDER")
			if c.plan.hidden {
				gone := clone(o)
				gone.Merchant = "" // it is nobody's yet
				g.show.note(o.Entity.ID, "payment", gone, c.plan)
			}
		}
		g.turn(p, k, "COMPLETED")
		return g.back(p, k, "Payment successful", "success")
	case outcome == "decline":
		g.turn(p, k, "FAILED")
		return g.back(p, k, "Payment declined", "failure", "back", "cancel")
	}
	g.turn(p, k, "CANCELLED")
	return g.back(p, k, "Payment cancelled", "cancel", "back")
}

// turn sets the status of a session and tells the shop. The caller holds the lock.
func (g *klarna) turn(p *klarnaPage, k *klarnaCheckout, status string) {
	if p.ID == "" {
		return // the page of a snippet has no session
	}
	p.Status, p.UpdatedAt = status, g.s.clock()
	g.pages.put(p.ID, p)
	to := g.way(p, k, "status_update")
	if to == "" {
		return
	}
	e := &event{
		ID: newID(""), Gateway: g.code(), Merchant: g.code() + "/" + p.Merchant, Payment: k.ID, Name: "session." + strings.ToLower(status), URL: to,
		Body: string(compact(map[string]any{"event_id": randomUUID(), "session": g.pageView(p)})),
	}
	e.Header = g.seal(e, nil, false)
	g.s.emit(e)
}

// way is the first of the shop's addresses that there is, with what it asks for filled in.
func (g *klarna) way(p *klarnaPage, k *klarnaCheckout, names ...string) string {
	id := k.Order
	if id == "" && !k.Session {
		id = k.ID
	}
	for _, name := range names {
		if to := p.URLs[name]; to != "" {
			return strings.NewReplacer("{{session_id}}", p.ID, "{{order_id}}", id, "{{authorization_token}}", k.Token,
				"%7B%7Bsession_id%7D%7D", p.ID, "%7B%7Border_id%7D%7D", id, "%7B%7Bauthorization_token%7D%7D", k.Token).
				Replace(klarnaURL(to, id))
		}
	}
	return ""
}

// back takes the buyer to the shop; without an address there is a page that says how it ended.
func (g *klarna) back(p *klarnaPage, k *klarnaCheckout, title string, names ...string) reply {
	to := g.way(p, k, names...)
	if to == "" {
		return sentence(http.StatusOK, title, "The shop gave no address to go back to.")
	}
	return reply{http.StatusSeeOther, http.Header{"Location": {to}, "Cache-Control": {"no-store"}}, nil}
}
