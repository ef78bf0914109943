package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// fyndReturn is money Fynd wants back for a buyer: POST /_sandbox/fynd/refunds.
type fyndReturn struct {
	asking
	GID         string `json:"gid"`
	PathGID     string `json:"path_gid"`
	Request     string `json:"request_id"` // made up when "": 20 digits
	AmountMinor int64  `json:"amount_minor"`
	Journey     string `json:"journey_type"` // RETURN when ""
}

// askRefunds answers POST /_sandbox/fynd/refunds: Fynd asks for a refund.
func (g *fynd) askRefunds(_ *http.Request, in fyndReturn) (any, error) { return g.giveBack(in) }

// giveBack asks the extension of a payment for a refund.
func (g *fynd) giveBack(in fyndReturn) (asked, error) {
	g.s.mu.Lock()
	p := g.payments.get(in.GID)
	if p == nil {
		g.s.mu.Unlock()
		return asked{}, fmt.Errorf("no payment %q is known", in.GID)
	}
	e, err := g.extensionOf(cmp.Or(in.Key, p.Extension))
	if err != nil {
		g.s.mu.Unlock()
		return asked{}, err
	}
	order, application, currency := p.Order, p.Application, p.Currency
	g.s.mu.Unlock()

	in.Request = cmp.Or(in.Request, "1"+randomFrom("0123456789", 19))
	path := "/api/v1/payment_session/" + url.PathEscape(cmp.Or(in.PathGID, in.GID)) + "/refund"
	out, err := g.ask(e, "refund/"+in.GID+"/"+in.Request, path, members{
		{"gid", in.GID},
		{"pf_order_id", order},
		{"request_id", in.Request},
		{"app_id", application},
		{"amount", in.AmountMinor},
		{"currency", currency},
		{"status", "initiate"},
		{"journey_type", cmp.Or(in.Journey, "RETURN")},
		{"object", "refund"},
	}, in.asking)
	out.GID, out.Request = in.GID, in.Request
	if err != nil {
		return out, err
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	for _, answer := range out.Answers {
		if answer.says(&struct{}{}) != nil {
			continue
		}
		if _, known := p.Refunds[in.Request]; !known {
			p.refund(in.Request, fyndRefund{Status: "refund_initiated", AmountMinor: in.AmountMinor, RefundID: newID("RF")})
			p.tell(g.s.clock(), "asked to refund "+decimal(in.AmountMinor, currency)+" as "+in.Request)
			g.keep(p)
		}
	}
	return out, nil
}

// fyndPrivacy is what the law has Fynd ask about people's data: POST /_sandbox/fynd/gdpr.
type fyndPrivacy struct {
	asking
	Topic       string          `json:"topic"` // customers/data_request, customers/redact, shop/redact
	Company     string          `json:"company_id"`
	Application string          `json:"application_id"`
	Customer    json.RawMessage `json:"customer"`
	Request     string          `json:"request_id"`
}

// askPrivacy answers POST /_sandbox/fynd/gdpr.
func (g *fynd) askPrivacy(_ *http.Request, in fyndPrivacy) (any, error) {
	switch in.Topic {
	case "customers/data_request", "customers/redact", "shop/redact":
	default:
		return nil, errors.New("topic is customers/data_request, customers/redact or shop/redact")
	}
	g.s.mu.Lock()
	e, err := g.extensionOf(in.Key)
	g.s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	ch := e.channel(in.Company, in.Application)
	in.Request = cmp.Or(in.Request, newID("PR"))
	body := members{{"company_id", wholeOrText(ch.Company)}, {"application_id", ch.Application}}
	if len(bytes.TrimSpace(in.Customer)) > 0 {
		body = append(body, namedMember{"customer", in.Customer})
	}
	body = append(body, namedMember{"request_id", in.Request})
	out, err := g.ask(e, "gdpr/"+in.Request, "/api/v1/gdpr/"+in.Topic, body, in.asking)
	out.Request = in.Request
	return out, err
}
