package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// asking is how often and how Fynd asks an extension for the same thing.
type asking struct {
	Key      string                     `json:"api_key"`
	As       string                     `json:"as"`       // see write; replay is what was sent before
	Times    int                        `json:"times"`    // once when 0
	Parallel bool                       `json:"parallel"` // all at once
	With     map[string]json.RawMessage `json:"with"`     // members of the body that are to be others
	Without  []string                   `json:"without"`  // members that are to be missing
}

// fyndPurchase is something a buyer wants to pay: POST /_sandbox/fynd/sessions.
type fyndPurchase struct {
	asking
	Company     string          `json:"company_id"`
	Application string          `json:"application_id"`
	GID         string          `json:"gid"`         // made up when ""
	PathGID     string          `json:"path_gid"`    // that of the body when ""
	Order       string          `json:"pf_order_id"` // likewise
	AmountMinor int64           `json:"amount_minor"`
	Currency    string          `json:"currency"`
	Mode        string          `json:"mode"` // test when ""
	Name        string          `json:"customer_name"`
	Email       string          `json:"customer_email"`
	Contact     string          `json:"customer_contact"`
	Method      string          `json:"method"` // a code; CARD when ""
	Methods     json.RawMessage `json:"payment_methods"`
	Success     string          `json:"success_url"`
	Cancel      string          `json:"cancel_url"`
}

// asked is what came of asking: the extension's answers in the order they were asked for.
type asked struct {
	GID     string       `json:"gid,omitempty"`
	Request string       `json:"request_id,omitempty"`
	Answers []fyndAnswer `json:"answers"`
}

// askSessions answers POST /_sandbox/fynd/sessions: Fynd asks for a payment.
func (g *fynd) askSessions(r *http.Request, in fyndPurchase) (any, error) {
	return g.purchase(in, "http://"+r.Host)
}

// purchase asks an extension for a payment whose buyer comes back to home.
func (g *fynd) purchase(in fyndPurchase, home string) (asked, error) {
	if in.AmountMinor <= 0 && in.With["amount"] == nil {
		return asked{}, errors.New("amount_minor above zero is needed")
	}
	g.s.mu.Lock()
	e, err := g.extensionOf(in.Key)
	if err != nil {
		g.s.mu.Unlock()
		return asked{}, err
	}
	ch := e.channel(in.Company, in.Application)
	in.Company, in.Application = ch.Company, ch.Application
	in.GID = cmp.Or(in.GID, "TR"+randomFrom("0123456789ABCDEF", 18))
	p := g.payments.get(in.GID)
	if p != nil {
		in.Order = cmp.Or(in.Order, p.Order)
	} else {
		p = &fyndPayment{GID: in.GID, Status: "started"}
	}
	in.Order = cmp.Or(in.Order, "FY"+randomFrom("0123456789ABCDEF", 18))
	if p.Extension == "" {
		p.Extension, p.Company, p.Application, p.Order = e.APIKey, in.Company, in.Application, in.Order
		p.AmountMinor, p.Currency = in.AmountMinor, cmp.Or(in.Currency, "INR")
		p.Buyer = strings.TrimSpace(in.Name + " " + in.Email)
		p.tell(g.s.clock(), "asked for")
		g.keep(p)
	}
	now := g.s.clock().Unix()
	g.s.mu.Unlock()

	path := "/api/v1/payment_session/" + url.PathEscape(cmp.Or(in.PathGID, in.GID))
	out, err := g.ask(e, "session/"+in.GID, path, in.body(home, now), in.asking)
	out.GID = in.GID
	if err != nil {
		return out, err
	}
	var said struct {
		ID       string `json:"_id"`
		Redirect string `json:"redirect_url"`
	}
	for _, answer := range out.Answers {
		if answer.says(&said) == nil && said.Redirect != "" {
			g.s.mu.Lock()
			p.Session, p.Redirect = said.ID, said.Redirect
			g.keep(p)
			g.s.mu.Unlock()
		}
	}
	return out, nil
}

// body is the payment session as Fynd writes it (payment extension document, payment session).
func (in fyndPurchase) body(home string, now int64) members {
	back := func(page string) string {
		q := url.Values{"gid": {in.GID}, "cart_id": {"cart-" + in.GID}, "order_id": {in.Order}}
		return home + "/_sandbox/fynd/shop/" + page + "?" + q.Encode()
	}
	methods := any(in.Methods)
	if len(in.Methods) == 0 {
		code := cmp.Or(in.Method, "CARD")
		methods = []object{{"code": code, "name": cmp.Or(fyndMethods[code], code), "sub_payment_mode": []object{}}}
	}
	address := members{
		{"id", ""},
		{"uid", ""},
		{"area", "Shivajinagar"},
		{"city", "Pune"},
		{"name", in.Name},
		{"email", in.Email},
		{"phone", strings.TrimPrefix(in.Contact, "+91")},
		{"state", "Maharashtra"},
		{"address", "14 Garden Road"},
		{"country", "India"},
		{"pincode", "411005"},
		{"user_id", ""},
		{"landmark", "Behind the library"},
		{"area_code", "411005"},
		{"address_type", "home"},
		{"country_code", "91"},
		{"geo_location", object{"latitude": 18.5308, "longitude": 73.8475}},
		{"area_code_slug", "pincode"},
		{"country_iso_code", "IN"},
		{"country_phone_code", "+91"},
		{"delivery_address_id", ""},
		{"g_address_id", "a-" + in.GID},
	}
	return members{
		{"customer_name", in.Name},
		{"customer_email", in.Email},
		{"customer_contact", in.Contact},
		{"app_id", in.Application},
		{"company_id", wholeOrText(in.Company)},
		{"gid", in.GID},
		{"pf_order_id", in.Order},
		{"g_user_id", "u-" + in.GID},
		{"amount", in.AmountMinor},
		{"currency", cmp.Or(in.Currency, "INR")},
		{"merchant_locale", "en"},
		{"locale", "en"},
		{"mode", cmp.Or(in.Mode, "test")},
		{"journey_type", "forward"},
		{"kind", "sale"},
		{"meta", object{}},
		{"payment_methods", methods},
		{"success_url", cmp.Or(in.Success, back("success"))},
		{"cancel_url", cmp.Or(in.Cancel, back("cancel"))},
		{"billing_address", address},
		{"shipping_address", address},
		{"initiated_at", now},
	}
}

// object is a JSON object whose order does not matter.
type object = map[string]any

// fyndMethods are the ways of paying that the shop offers (payment extension document, payment methods).
var fyndMethods = map[string]string{
	"CARD": "Credit or debit card", "UPI": "UPI", "NB": "Net banking", "WL": "Wallet", "BNPL": "Pay later",
}

// ask writes a request once and sends it as often as wanted. A replay is what was sent before.
func (g *fynd) ask(e *fyndExtension, about, path string, body members, how asking) (asked, error) {
	var req fyndRequest
	if how.As == asReplay {
		g.s.mu.Lock()
		before := g.asked.get(about)
		g.s.mu.Unlock()
		if before == nil {
			return asked{}, fmt.Errorf("nothing was sent yet for %s", about)
		}
		req = *before
	} else {
		var err error
		if req, err = e.write(http.MethodPost, path, body.with(how.With, how.Without), how.As); err != nil {
			return asked{}, err
		}
		g.s.mu.Lock()
		g.asked.put(about, &req)
		g.s.mu.Unlock()
	}
	out := asked{Answers: make([]fyndAnswer, max(1, how.Times))}
	var all sync.WaitGroup
	for i := range out.Answers {
		if how.Parallel {
			all.Go(func() { out.Answers[i] = g.send(e, req) })
		} else {
			out.Answers[i] = g.send(e, req)
		}
	}
	all.Wait()
	return out, nil
}
