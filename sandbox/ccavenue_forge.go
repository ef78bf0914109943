package sandbox

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// forgeries are the ways in which a notice can be other than CCAvenue's. The buyer's browser carries the
// request, so replayed_request and injected need no key at all: the shop's own encryption made them.
func (g *ccavenue) forgeries(payment string) map[string]func(*event) (message, error) {
	body := func(do func(form url.Values, p *ccavenuePayment, m *merchant)) func(*event) (message, error) {
		return func(e *event) (message, error) {
			msg := e.message()
			p := g.payments.get(payment)
			form, err := url.ParseQuery(e.Body)
			if err != nil || p == nil {
				return msg, fmt.Errorf("the notice of %s cannot be read: %w", payment, err)
			}
			do(form, p, g.merchantOfPayment(p))
			msg.body = []byte(form.Encode())
			return msg, nil
		}
	}
	text := func(do func(p *ccavenuePayment) string) func(*event) (message, error) {
		return body(func(form url.Values, p *ccavenuePayment, m *merchant) { form.Set("encResp", m.encrypt(do(p))) })
	}
	hex := func(do func(string) string) func(*event) (message, error) {
		return body(func(form url.Values, _ *ccavenuePayment, _ *merchant) { form.Set("encResp", do(form.Get("encResp"))) })
	}
	success := func(p *ccavenuePayment) ccavenueFields { return g.response(p, "Success") }
	return map[string]func(*event) (message, error){
		forgeSignature: body(func(form url.Values, p *ccavenuePayment, m *merchant) {
			stranger := *m
			stranger.KeySecret = "0123456789ABCDEF0123456789ABCDEF"
			form.Set("encResp", stranger.encrypt(success(p).String()))
		}),
		forgeMissing: body(func(form url.Values, _ *ccavenuePayment, _ *merchant) { form.Del("encResp") }),
		"replayed_request": body(func(form url.Values, p *ccavenuePayment, m *merchant) {
			form.Set("encResp", cmp.Or(p.Request, m.encrypt(g.request(p, m, ""))))
		}),
		"injected": body(func(form url.Values, p *ccavenuePayment, m *merchant) {
			form.Set("encResp", m.encrypt(g.request(p, m, "A&order_status=Success&tracking_id="+p.Ref)))
		}),
		"claims_success": text(func(p *ccavenuePayment) string { return success(p).String() }),
		"wrong_amount": text(func(p *ccavenuePayment) string {
			fields := success(p)
			fields.set("amount", "1.00")
			fields.set("mer_amount", "1.00")
			return fields.String()
		}),
		"wrong_currency": text(func(p *ccavenuePayment) string {
			fields := success(p)
			fields.set("currency", "USD")
			return fields.String()
		}),
		"wrong_order": text(func(p *ccavenuePayment) string {
			fields := success(p)
			fields.set("order_id", p.Order+"9")
			return fields.String()
		}),
		"repeated_key": text(func(p *ccavenuePayment) string { return success(p).String() + "&order_status=Success&amount=1.00" }),
		"bit_flip": hex(func(text string) string {
			at := len(text) / 2
			return text[:at] + map[bool]string{true: "1", false: "0"}[text[at] == '0'] + text[at+1:]
		}),
		"odd_hex":    hex(func(text string) string { return text[:len(text)-1] }),
		"lower_hex":  hex(strings.ToLower),
		"crlf_hex":   hex(func(text string) string { return text[:64] + "\r\n" + text[64:] + "\r\n" }),
		forgeNonUTF8: text(func(p *ccavenuePayment) string { return success(p).String() + "&billing_notes=\xff\xfe\xc3\x28" }),
		forgeOversized: func(e *event) (message, error) {
			m := e.message()
			m.body = append(append(m.body, "&padding="...), bytes.Repeat([]byte("x"), 2<<20)...)
			return m, nil
		},
	}
}

// request is what a shop that cleans nothing would have sent the buyer with, name and all.
func (g *ccavenue) request(p *ccavenuePayment, m *merchant, name string) string {
	to := cmp.Or(p.Redirect, "https://shop.example/ccav/return")
	return ccavenueFields{
		{"merchant_id", m.AccountID},
		{"order_id", p.Order},
		{"currency", p.Currency},
		{"amount", decimal(p.Amount, p.Currency)},
		{"redirect_url", to},
		{"cancel_url", cmp.Or(p.Cancel, to)},
		{"language", "EN"},
		{"billing_name", cmp.Or(name, p.Fields["billing_name"])},
	}.String()
}
