package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"time"
)

// paykeeper is PayKeeper as its JSON API documents describe it: payments and their nine statuses,
// invoices, refunds, two-stage payments, notifications, the bill and the bank's page.
type paykeeper struct {
	s        *Sandbox
	payments *table[paykeeperPayment]
	refunds  *table[paykeeperRefund]
	invoices *table[paykeeperInvoice]
	tokens   *table[paykeeperToken] // by login

	refundsOf map[string][]string  // refund ids of a payment, oldest first
	hidden    map[string]time.Time // what cannot be looked up, until when; zero is until the faults are deleted
	misread   map[string]bool      // payments of which the next look at the refunds shows another amount
}

// The default merchant, so that a shop can be connected without setting anything up.
var defaultPaykeeper = merchant{
	Gateway:       "paykeeper",
	KeyID:         "lavka",
	KeySecret:     "sandbox-password",
	WebhookSecret: "MySecretSeed",
	AccountID:     "lavka.server.paykeeper.ru",
}

func newPaykeeper(s *Sandbox) *paykeeper {
	g := &paykeeper{
		s:         s,
		payments:  newTable[paykeeperPayment](s.journal, "paykeeper.payments"),
		refunds:   newTable[paykeeperRefund](s.journal, "paykeeper.refunds"),
		invoices:  newTable[paykeeperInvoice](s.journal, "paykeeper.invoices"),
		tokens:    newTable[paykeeperToken](s.journal, "paykeeper.tokens"),
		refundsOf: map[string][]string{},
		hidden:    map[string]time.Time{},
		misread:   map[string]bool{},
	}
	g.refunds.added = func(id string, r *paykeeperRefund) {
		g.refundsOf[r.Payment] = append(g.refundsOf[r.Payment], id)
	}
	return g
}

func (g *paykeeper) code() string       { return "paykeeper" }
func (g *paykeeper) prefixes() []string { return []string{"/paykeeper"} }

// options are the switches of a merchant: auth_failure (401, 303, html200) is how a wrong password is
// answered, wrap (all, none) puts every answer of a change into an array, or none, no_refunds (yes)
// takes the user's right to refund away, refund_seconds is how long a refund takes, notify_attempts
// and notify_every_ms are the notification's schedule, bank (stuck) never answers refunds.
func (g *paykeeper) options() []string {
	return []string{"auth_failure", "wrap", "no_refunds", "refund_seconds", "notify_attempts", "notify_every_ms", "bank"}
}

func (g *paykeeper) routes() []route {
	find := func(path string, do func(*call, *merchant) reply) route {
		return route{"GET " + path, "find", false, paymentOfQuery, g.as(do)}
	}
	change := func(path, verb string, do func(*call, *merchant, url.Values) reply) route {
		return route{"POST " + path, verb, true, paymentOfForm, g.change(do)}
	}
	return []route{
		{"GET /info/settings/token/", "token", false, nil, g.as(g.showToken)},
		{"POST /info/settings/token/", "token", false, nil, g.as(g.showToken)},
		find("/info/user/settings/", g.showUser),
		find("/info/systems/list/", g.listSystems),
		find("/info/payments/bydate/", g.listPayments),
		find("/info/payments/bydatecount/", g.countPayments),
		find("/info/payments/byid/", g.showPayment),
		find("/info/payments/search/", g.searchPayments),
		find("/info/options/byid/", g.showOptions),
		find("/info/params/byid/", g.showParams),
		find("/info/refunds/bypaymentid/", g.listRefunds),
		find("/info/receipts/bypaymentid/", g.listReceipts),
		find("/info/invoice/byid/", g.showInvoice),
		find("/info/invoice/list/", g.listInvoices),
		find("/info/invoice/listcount/", g.countInvoices),
		find("/info/invoice/search/", g.searchInvoices),
		find("/export/payments/", g.exportPayments),
		change("/change/payment/reverse/", "refund", g.reverse),
		change("/change/payment/capture/", "capture", g.capturePayment),
		change("/change/payment/repeatcnt/", "notify", g.repeatNotification),
		change("/change/invoice/preview/", "start", g.makeInvoice),
		change("/change/invoice/send/", "start", g.sendInvoice),
		change("/change/invoice/revoke/", "start", g.revokeInvoice),
		change("/change/binding/execute/", "start", g.chargeBinding),
		{"POST /create/", "start", true, nil, g.createPayment},
		{"GET /bill/{id}/", "start", false, nil, g.showBill},
		{"POST /bill/{id}/", "start", true, nil, g.payBill},
		{"GET /bank/{id}/", "payment", false, paymentOfPath, g.showBank},
		{"POST /bank/{id}/", "payment", true, paymentOfPath, g.decideBank},
	}
}

func paymentOfPath(c *call) string  { return c.PathValue("id") }
func paymentOfQuery(c *call) string { return c.URL.Query().Get("id") }

func paymentOfForm(c *call) string {
	form, _ := url.ParseQuery(string(c.body)) // who reads the whole body will say what is wrong with it
	return form.Get("id")
}

// resume takes up what was waiting for the clock.
func (g *paykeeper) resume() {
	if g.s.merchants.get(defaultPaykeeper.id()) == nil {
		m := defaultPaykeeper
		g.s.merchants.put(m.id(), &m)
	}
	for _, p := range g.payments.oldest() {
		g.watch(p)
	}
	for _, r := range g.refunds.oldest() {
		g.process(r)
	}
}

func (g *paykeeper) unhide() { clear(g.hidden) }

// hide keeps an effect out of the lookups as a call's faults say. The caller holds the lock.
func (g *paykeeper) hide(id string, p plan) {
	if !p.hidden {
		return
	}
	g.hidden[id] = time.Time{}
	if p.hiddenFor > 0 {
		g.hidden[id] = time.Now().Add(p.hiddenFor) // of the machine's time, like every delay_ms
	}
}

func (g *paykeeper) visible(id string) bool {
	until, hidden := g.hidden[id]
	return !hidden || !until.IsZero() && time.Now().After(until)
}

// as answers a call of a user who has shown login and password. What a stranger gets differs from
// server to server (PayKeeper docs, JSON API; clients expect 401, a redirect or a page).
func (g *paykeeper) as(do func(*call, *merchant) reply) func(*call) reply {
	return func(c *call) reply {
		login, password, ok := c.BasicAuth()
		g.s.mu.Lock()
		m := g.s.merchants.get(g.code() + "/" + login)
		how := g.stranger(m)
		g.s.mu.Unlock()
		if ok && m != nil && subtle.ConstantTimeCompare([]byte(password), []byte(m.KeySecret)) == 1 {
			return do(c, m)
		}
		switch how {
		case "303":
			return reply{http.StatusSeeOther, http.Header{"Location": {g.prefixes()[0] + "/login/"}}, nil}
		case "html200":
			return pageReply(http.StatusOK)
		}
		answer := pageReply(http.StatusUnauthorized)
		answer.header.Set("WWW-Authenticate", `Basic realm="PayKeeper"`)
		return answer
	}
}

// stranger is how a server answers who is not let in. The caller holds the lock.
func (g *paykeeper) stranger(m *merchant) string {
	if m == nil {
		m = g.s.merchantOf(g.code(), "")
	}
	return m.Options["auth_failure"]
}

// change answers a POST of a user whose form carries today's security token.
func (g *paykeeper) change(do func(*call, *merchant, url.Values) reply) func(*call) reply {
	return g.as(func(c *call, m *merchant) reply {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return paykeeperFail("Неверный формат запроса.")
		}
		g.s.mu.Lock()
		good := g.goodToken(m, form.Get("token"))
		g.s.mu.Unlock()
		if !good {
			return paykeeperFail("Токен безопасности не верен.")
		}
		return do(c, m, form)
	})
}

func (g *paykeeper) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return pageReply(http.StatusNotFound)
	case refusedRate:
		return pageReply(http.StatusTooManyRequests)
	case refusedBusy:
		return paykeeperFail("Операция с платежом уже выполняется.")
	case refusedSize:
		return pageReply(http.StatusRequestEntityTooLarge)
	}
	return pageReply(http.StatusInternalServerError)
}

// record writes an effect into the ledger. PayKeeper knows no idempotency keys. The caller holds the lock.
func (g *paykeeper) record(verb string, p *paykeeperPayment, amount int64, ref string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: p.ID, AmountMinor: amount, Currency: paykeeperCurrency, Ref: ref,
	})
}
