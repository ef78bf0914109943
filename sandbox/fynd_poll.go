package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// fyndTold is one line of what Fynd knows of a payment and how it came to know it.
type fyndTold struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// tell adds a line to the history of a payment.
func (p *fyndPayment) tell(at time.Time, what string) {
	p.History = append(p.History, fyndTold{at, what})
}

// refund keeps what Fynd knows of a refund request.
func (p *fyndPayment) refund(request string, r fyndRefund) {
	if p.Refunds == nil {
		p.Refunds = map[string]fyndRefund{}
	}
	p.Refunds[request] = r
}

// fyndPolled is what asking for the status of a payment showed.
type fyndPolled struct {
	GID        string   `json:"gid"`
	Payment    int      `json:"payment_status"` // HTTP statuses of both answers
	Refunds    int      `json:"refund_status"`
	Divergence []string `json:"divergence"` // what the extension says that Fynd does not know
}

// pollSessions answers POST /_sandbox/fynd/polls: Fynd asks extensions once for the status of one payment, or
// of every one it asked for, as it does all the time for updates it has missed.
func (g *fynd) pollSessions(_ *http.Request, in struct {
	GID string `json:"gid"`
},
) (any, error) {
	g.s.mu.Lock()
	var gids []string
	for gid, p := range g.payments.oldest() {
		if in.GID == gid || in.GID == "" && p.Redirect != "" { // what was refused is not asked about by itself
			gids = append(gids, gid)
		}
	}
	g.s.mu.Unlock()
	list := []fyndPolled{}
	for _, gid := range gids {
		polled, err := g.poll(gid)
		if err != nil {
			return nil, err
		}
		list = append(list, polled)
	}
	return list, nil
}

// poll asks an extension about one payment and its refunds, and flags what differs.
func (g *fynd) poll(gid string) (fyndPolled, error) {
	out := fyndPolled{GID: gid, Divergence: []string{}}
	g.s.mu.Lock()
	p := g.payments.get(gid)
	if p == nil {
		g.s.mu.Unlock()
		return out, fmt.Errorf("no payment %q is known", gid)
	}
	e, err := g.extensionOf(p.Extension)
	g.s.mu.Unlock()
	if err != nil {
		return out, err
	}
	path := "/api/v1/payment_session/" + url.PathEscape(gid)
	payment, refunds := g.send(e, e.read(path, gid)), g.send(e, e.read(path+"/refund", gid))
	out.Payment, out.Refunds = payment.Status, refunds.Status

	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	out.Divergence = append(out.Divergence, p.differs(payment)...)
	out.Divergence = append(out.Divergence, p.refundsDiffer(refunds)...)
	if !slices.Equal(out.Divergence, p.Divergence) {
		p.Divergence = out.Divergence
		g.keep(p)
	}
	return out, nil
}

// differs compares what an extension says of a payment with what Fynd knows.
func (p *fyndPayment) differs(a fyndAnswer) []string {
	var said struct {
		GID      string          `json:"gid"`
		Status   string          `json:"status"`
		Currency string          `json:"currency"`
		Total    json.RawMessage `json:"total_amount"`
	}
	if err := a.says(&said); err != nil {
		return []string{err.Error()}
	}
	var list []string
	differ := func(what, there, here string) {
		if there != here {
			list = append(list, fmt.Sprintf("%s: the extension says %q, Fynd knows %q", what, there, here))
		}
	}
	differ("gid", said.GID, p.GID)
	differ("status", said.Status, p.Status)
	differ("currency", said.Currency, p.Currency)
	differ("total_amount", plainText(said.Total), fmt.Sprint(p.AmountMinor))
	return list
}

// refundsDiffer compares what an extension says of a payment's refunds with what Fynd knows.
func (p *fyndPayment) refundsDiffer(a fyndAnswer) []string {
	if a.Status == http.StatusNotFound && len(p.Refunds) == 0 {
		return nil
	}
	type refund struct {
		Request string          `json:"request_id"`
		Status  string          `json:"status"`
		Amount  json.RawMessage `json:"amount"`
	}
	var said struct {
		Refunds  []refund `json:"refund_details"`
		Refunds2 []refund `json:"aggregator_payment_refund_details"`
	}
	if err := a.says(&said); err != nil {
		return []string{err.Error()}
	}
	if len(said.Refunds) == 0 {
		said.Refunds = said.Refunds2
	}
	var list []string
	seen := map[string]bool{}
	for _, there := range said.Refunds {
		seen[there.Request] = true
		here, known := p.Refunds[there.Request]
		text := fmt.Sprintf("%s %s", there.Status, plainText(there.Amount))
		switch {
		case !known:
			list = append(list, fmt.Sprintf("refund %s: the extension says %q, Fynd knows nothing", there.Request, text))
		case text != fmt.Sprintf("%s %d", here.Status, here.AmountMinor):
			list = append(list, fmt.Sprintf("refund %s: the extension says %q, Fynd knows %q", there.Request, text, fmt.Sprintf("%s %d", here.Status, here.AmountMinor)))
		}
	}
	for request, here := range p.Refunds {
		if !seen[request] {
			list = append(list, fmt.Sprintf("refund %s: the extension says nothing, Fynd knows %q", request, here.Status))
		}
	}
	slices.Sort(list)
	return list
}
