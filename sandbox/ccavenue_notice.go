package sandbox

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"
)

// browserWord is what the redirect and the notices call a status of the API.
func browserWord(status string) string {
	switch status {
	case "Successful", "Shipped", "Refunded":
		return "Success"
	case "Unsuccessful":
		return "Failure"
	}
	return status
}

// response is what the shop is told of a transaction, by the browser and by the server alike; status is
// the word, or "" for what is true now. Nothing is escaped (CCAvenue integration document, response).
func (g *ccavenue) response(p *ccavenuePayment, status string) ccavenueFields {
	status = cmp.Or(status, browserWord(p.Status))
	why := p.Message
	if status == "Success" {
		why = ""
	}
	null := func(text string) string { return cmp.Or(text, "null") }
	out := ccavenueFields{
		{"order_id", p.Order},
		{"tracking_id", p.Ref},
		{"bank_ref_no", null(p.BankRef)},
		{"order_status", status},
		{"failure_message", why},
		{"payment_mode", null(p.Mode)},
		{"card_name", null(p.Card)},
		{"status_code", "null"},
		{"status_message", map[bool]string{true: "Approved", false: "null"}[status == "Success"]},
		{"currency", p.Currency},
		{"amount", decimal(p.Amount, p.Currency)},
	}
	for _, name := range []string{
		"billing_name", "billing_address", "billing_city", "billing_state", "billing_zip", "billing_country", "billing_tel", "billing_email",
		"delivery_name", "delivery_address", "delivery_city", "delivery_state", "delivery_zip", "delivery_country", "delivery_tel",
		"merchant_param1", "merchant_param2", "merchant_param3", "merchant_param4", "merchant_param5",
	} {
		out = append(out, fact{name, p.Fields[name]})
	}
	return append(out, ccavenueFields{
		{"vault", "N"},
		{"offer_type", "null"},
		{"offer_code", "null"},
		{"discount_value", "0.0"},
		{"mer_amount", decimal(p.Amount, p.Currency)},
		{"eci_value", "null"},
		{"retry", "N"},
		{"response_code", map[bool]string{true: "0", false: "null"}[status == "Success"]},
		{"billing_notes", p.Fields["billing_notes"]},
		{"trans_date", p.StatusAt.In(india).Format("02/01/2006 15:04:05")},
		{"bin_country", "INDIA"},
	}...)
}

// emitNotice sends a notice once: nothing says that CCAvenue tries again. The caller holds the lock.
func (g *ccavenue) emitNotice(p *ccavenuePayment, name string) {
	if m := g.merchantOfPayment(p); m.Options["echo"] == "off" && name == "echo" {
		return
	}
	g.s.emitAfter(g.notice(p, name, ""), rand.N(min(6*g.s.cfg.WebhookDelay, 2*time.Second)+1))
}

// notice is a message about a transaction: echo and reconciliation go to the merchant's addresses, return
// to where the buyer goes back to. The caller holds the lock.
func (g *ccavenue) notice(p *ccavenuePayment, name, status string) *event {
	m := g.merchantOfPayment(p)
	e := &event{ID: newID(""), Gateway: g.code(), Merchant: m.id(), Payment: p.Ref, Name: name, Once: true}
	form := url.Values{"encResp": {m.encrypt(g.response(p, status).String())}, "orderNo": {p.Order}}
	switch name {
	case "reconciliation":
		e.URL = m.Options["reconciliation_url"]
	case "return":
		form.Set("crossSellUrl", "")
		e.URL = p.Redirect
	}
	e.Body = form.Encode()
	e.Header = g.seal(e, nil, false)
	return e
}

// seal is the headers of a notice; there is no signature anywhere.
func (g *ccavenue) seal(*event, []byte, bool) map[string]string {
	return map[string]string{"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Java/1.8"}
}

// source makes notices on request. A name such as echo.Failure says another word than the true one.
func (g *ccavenue) source(name, payment, _ string) source {
	kind, status, _ := strings.Cut(name, ".")
	compose := func(status string) (*event, error) {
		p := g.payments.get(payment)
		switch {
		case p == nil:
			return nil, fmt.Errorf("ccavenue has no transaction %q", payment)
		case !slices.Contains([]string{"echo", "return", "reconciliation"}, kind):
			return nil, fmt.Errorf("ccavenue has no event %q; it has echo, return and reconciliation", kind)
		}
		return g.notice(p, kind, status), nil
	}
	return source{
		payment: payment, name: kind, seal: g.seal, forgeries: g.forgeries(payment),
		fresh:   func() (*event, error) { return compose(status) },
		other:   func() (*event, error) { return compose("Failure") },
		history: func() []*event { return g.history(payment) },
	}
}

// history is every notice of a transaction so far; for one that came to be silently, the echo it would
// have had. The caller holds the lock.
func (g *ccavenue) history(payment string) []*event {
	sent := g.s.eventsOf(payment)
	if p := g.payments.get(payment); len(sent) == 0 && p != nil {
		e := g.notice(p, "echo", "")
		g.s.keep(e)
		sent = []*event{e}
	}
	return sent
}
