package sandbox

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How often PayKeeper tells a shop of a payment until the answer is right, and how long it waits in
// between; its documents give the first number only.
const (
	notifyAttempts = 50
	notifyEvery    = 5 * time.Minute
)

// hexMD5 is the lower-case hex MD5 of parts, one after the other with nothing in between.
func hexMD5(parts ...string) string {
	sum := md5.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// notificationKey is the signature of a notification: id, sum, clientid, orderid and the secret word
// (PayKeeper docs, Приём POST оповещений).
func notificationKey(form url.Values, secret string) string {
	return hexMD5(form.Get("id"), form.Get("sum"), form.Get("clientid"), form.Get("orderid"), secret)
}

// notification is what the shop is told of a payment. The caller holds the lock.
func (g *paykeeper) notification(p *paykeeperPayment) url.Values {
	m := g.s.merchantOf(g.code(), p.Merchant)
	form := url.Values{
		"id": {p.ID}, "sum": {decimal(p.Amount, paykeeperCurrency)}, "clientid": {p.Client}, "orderid": {p.Order},
		"ps_id": {strconv.Itoa(p.System)}, "pk_hostname": {m.AccountID},
	}
	batch := ""
	if p.Hold && !p.BatchDate.IsZero() {
		batch = p.BatchDate.In(moscow).Format(time.DateOnly)
	}
	obtained, _ := moscowTime(p.ObtainAt).(string)
	for name, value := range map[string]string{
		"service_name": p.Service, "client_email": p.Email, "client_phone": p.Phone, "batch_date": batch,
		"fop_receipt_key": p.Fiscal["fop_receipt_key"], "card_number": p.Card, "obtain_datetime": obtained,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	form.Set("key", notificationKey(form, m.WebhookSecret))
	return form
}

// compose makes a notification of what is true now. The caller holds the lock.
func (g *paykeeper) compose(p *paykeeperPayment) *event {
	m := g.s.merchantOf(g.code(), p.Merchant)
	e := &event{
		ID: newID(""), Gateway: g.code(), Merchant: m.id(), Payment: p.ID, Name: "notification",
		Body: g.notification(p).Encode(), Want: "OK " + hexMD5(p.ID, m.WebhookSecret),
		Attempts: notifyAttempts, Every: notifyEvery,
	}
	if n, err := strconv.Atoi(m.Options["notify_attempts"]); err == nil && n > 0 {
		e.Attempts = n
	}
	if ms, err := strconv.Atoi(m.Options["notify_every_ms"]); err == nil {
		e.Every = time.Duration(ms) * time.Millisecond
	}
	e.Header = g.seal(e, nil, false)
	return e
}

// seal is the headers of a notification; its signature is in the form.
func (g *paykeeper) seal(*event, []byte, bool) map[string]string {
	return map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "PayKeeper"}
}

// notify tells the shop of a payment. A cabinet without an address gets an e-mail, which always
// arrives. The caller holds the lock.
func (g *paykeeper) notify(p *paykeeperPayment) {
	if m := g.s.merchantOf(g.code(), p.Merchant); m.WebhookURL != "" {
		g.s.emit(g.compose(p))
		return
	}
	id := p.ID
	g.s.timeline.at(g.s.clock().Add(g.s.cfg.WebhookDelay), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if p := g.payments.get(id); p.Status == "obtained" {
			g.succeed(p)
		}
	})
}

// posted is what follows from an attempt: the payment is a success once the shop has given the right
// answer, and stuck after the last one it did not. The caller holds the lock.
func (g *paykeeper) posted(e *event, taken bool) {
	p := g.payments.get(e.Payment)
	if p == nil {
		return
	}
	p.Repeat++
	g.payments.put(p.ID, p)
	switch {
	case taken && (p.Status == "obtained" || p.Status == "stuck"):
		g.succeed(p)
	case !taken && len(e.Tries) >= e.Attempts && p.Status == "obtained":
		p.Status = "stuck"
		g.fiscalize(p)
		g.payments.put(p.ID, p)
	}
}

// repeatNotification is POST /change/payment/repeatcnt/: the attempts begin anew.
func (g *paykeeper) repeatNotification(c *call, m *merchant, form url.Values) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, form.Get("id"))
	switch {
	case p == nil:
		return paykeeperFail(paykeeperNoPayment)
	case !slices.Contains(paykeeperPaid, p.Status):
		return paykeeperFail("Оповещение невозможно: платёж не совершён.")
	}
	g.repeat(p)
	return m.done(true)
}

// repeat restarts the notifications of a payment. The caller holds the lock.
func (g *paykeeper) repeat(p *paykeeperPayment) {
	p.Repeat = 0
	if p.Status == "stuck" {
		p.Status = "obtained"
	}
	g.payments.put(p.ID, p)
	g.notify(p)
}

// source makes notifications of a payment on request, whatever its status is.
func (g *paykeeper) source(name, payment, _ string) source {
	fresh := func() (*event, error) {
		p := g.payments.get(payment)
		if p == nil {
			return nil, fmt.Errorf("paykeeper has no payment %q", payment)
		}
		if name != "notification" {
			return nil, fmt.Errorf("paykeeper has no event %q; it has notification", name)
		}
		return g.compose(p), nil
	}
	return source{
		payment: payment, name: name, seal: g.seal, fresh: fresh, other: fresh, forgeries: g.forgeries(payment),
		history: func() []*event { return g.s.eventsOf(payment) },
	}
}

// forgeries are the ways in which a notification can be other than PayKeeper's. Those with "shift" move
// characters over the border of two fields: what is signed stays the same, for nothing is in between.
func (g *paykeeper) forgeries(payment string) map[string]func(*event) (message, error) {
	change := func(do func(form url.Values, secret string)) func(*event) (message, error) {
		return func(e *event) (message, error) {
			m := e.message()
			form, err := url.ParseQuery(e.Body)
			if err != nil {
				return m, fmt.Errorf("the notification of %s cannot be read: %w", payment, err)
			}
			do(form, g.s.merchants.get(e.Merchant).WebhookSecret)
			m.body = []byte(form.Encode())
			return m, nil
		}
	}
	sign := func(form url.Values, secret string) { form.Set("key", notificationKey(form, secret)) }
	return map[string]func(*event) (message, error){
		forgeSignature: change(func(f url.Values, secret string) { sign(f, secret+"!") }),
		forgeMissing:   change(func(f url.Values, _ string) { f.Del("key") }),
		"upper_key":    change(func(f url.Values, _ string) { f.Set("key", strings.ToUpper(f.Get("key"))) }),
		"field_shift": change(func(f url.Values, _ string) {
			_, size := utf8.DecodeRuneInString(f.Get("orderid"))
			f.Set("clientid", f.Get("clientid")+f.Get("orderid")[:size])
			f.Set("orderid", f.Get("orderid")[size:])
		}),
		"field_shift_sum": change(func(f url.Values, _ string) {
			f.Set("id", f.Get("id")+f.Get("sum")[:1])
			f.Set("sum", f.Get("sum")[1:])
		}),
		"altered_sum":  change(func(f url.Values, _ string) { f.Set("sum", "1.00") }),
		"wrong_amount": change(func(f url.Values, secret string) { f.Set("sum", "1.00"); sign(f, secret) }),
		"short_sum": change(func(f url.Values, _ string) {
			f.Set("sum", strings.TrimRight(strings.TrimRight(f.Get("sum"), "0"), "."))
		}),
		"empty_order": change(func(f url.Values, secret string) { f.Set("orderid", ""); sign(f, secret) }),
		"extra_field": change(func(f url.Values, _ string) { f.Set("something_new", "1") }),
		"minimal": change(func(f url.Values, secret string) {
			for name := range f {
				if !slices.Contains([]string{"id", "sum", "key", "ps_id", "orderid"}, name) {
					f.Del(name)
				}
			}
			sign(f, secret)
		}),
		forgeOversized: func(e *event) (message, error) {
			m := e.message()
			m.body = append(append(m.body, "&padding="...), bytes.Repeat([]byte("x"), 2<<20)...)
			return m, nil
		},
		forgeNonUTF8: func(e *event) (message, error) {
			m := e.message()
			m.body = append(m.body, "&padding=%FF%FE%C3%28"...)
			return m, nil
		},
	}
}
