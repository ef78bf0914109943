package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// klarna is Klarna as its API documents describe it: Order Management, Checkout v3, Payments, the
// hosted payment page, settlements and pushes. A merchant of the flavour "kustom" is one of Kustom
// Checkout, which has the same wire and a few rules of its own.
type klarna struct {
	s         *Sandbox
	orders    *table[klarnaOrder]
	checkouts *table[klarnaCheckout]
	pages     *table[klarnaPage]
	keys      *table[klarnaKey]
	payouts   *table[klarnaPayout]

	held map[string]bool // idempotency keys of calls under way
	show *snapshots[klarnaOrder]
}

// The default merchant, so that a shop can be connected without setting anything up.
var defaultKlarna = merchant{
	Gateway:   "klarna",
	KeyID:     "K123456_0a1b2c3d4e5f",
	KeySecret: "sandbox-secret",
	AccountID: "K123456",
}

func newKlarna(s *Sandbox) *klarna {
	return &klarna{
		s:         s,
		orders:    newTable[klarnaOrder](s.journal, "klarna.orders"),
		checkouts: newTable[klarnaCheckout](s.journal, "klarna.checkouts"),
		pages:     newTable[klarnaPage](s.journal, "klarna.pages"),
		keys:      newTable[klarnaKey](s.journal, "klarna.keys"),
		payouts:   newTable[klarnaPayout](s.journal, "klarna.payouts"),
		held:      map[string]bool{},
		show:      newSnapshots[klarnaOrder](),
	}
}

func (g *klarna) code() string       { return "klarna" }
func (g *klarna) prefixes() []string { return []string{"/klarna"} }

func (g *klarna) routes() []route {
	const om, id = "/ordermanagement/v1/orders/{id}", "id"
	ofPath := func(c *call) string { return c.PathValue(id) }
	change := func(pattern, verb, missing string, do func(*call, *klarnaOrder) reply) route {
		method, path, _ := strings.Cut(pattern, " ")
		return route{method + " " + om + path, verb, true, ofPath, g.change(verb, missing, do)}
	}
	find := func(path string, do func(*call, *klarnaOrder) reply) route {
		return route{"GET " + om + path, "find", false, ofPath, g.read(do)}
	}
	return []route{
		find("", g.showOrder),
		find("/captures", g.listCaptures),
		find("/captures/{capture}", g.showCapture),
		find("/captures/{capture}/extend-due-date-options", g.showDueDates),
		find("/refunds/{refund}", g.showRefund),
		change("POST /captures", "capture", "Capture not possible.", g.createCapture),
		change("POST /refunds", "refund", "Refund not possible.", g.createRefund),
		change("POST /cancel", "void", "Cancel not possible.", g.cancelOrder),
		change("POST /release-remaining-authorization", "void", "Release not possible.", g.releaseRest),
		change("PATCH /authorization", "amount_update", "Order authorization cannot be updated.", g.updateAuthorization),
		change("POST /extend-authorization-time", "extend", "Authorization time cannot be extended.", g.extendTime),
		change("POST /acknowledge", "acknowledge", "Acknowledgement not possible.", g.acknowledge),
		change("PATCH /merchant-references", "notes", "Merchant references cannot be updated.", g.updateReferences),
		change("PATCH /customer-details", "notes", "Customer details cannot be updated.", g.updateCustomer),
		change("POST /shipping-info", "notes", "", g.shipOrder),
		change("POST /captures/{capture}/shipping-info", "notes", "", g.shipCapture),
		change("POST /captures/{capture}/trigger-send-out", "notes", "", g.sendOut),
		change("PATCH /captures/{capture}/extend-due-date", "extend", "", g.extendDueDate),

		{"POST /checkout/v3/orders", "start", true, nil, g.as(g.createCheckout)},
		{"POST /checkout/v3/orders/{id}", "start", true, ofPath, g.as(g.updateCheckout)},
		{"GET /checkout/v3/orders/{id}", "find", false, ofPath, g.as(g.showCheckout)},
		{"POST /payments/v1/sessions", "start", true, nil, g.as(g.createSession)},
		{"GET /payments/v1/sessions/{id}", "find", false, ofPath, g.as(g.showSession)},
		{"POST /payments/v1/authorizations/{token}/order", "start", true, nil, g.as(g.placeOrder)},
		{"POST /hpp/v1/sessions", "start", true, nil, g.as(g.createPage)},
		{"GET /hpp/v1/sessions/{id}", "find", false, nil, g.as(g.showPage)},
		{"GET /pay/{page}", "page", false, nil, g.openPage},
		{"POST /pay/{page}", "payment", true, nil, g.pay},

		{"GET /settlements/v1/payouts", "settlements", false, nil, g.as(g.listPayouts)},
		{"GET /settlements/v1/payouts/{payout}", "settlements", false, nil, g.as(g.showPayout)},
		{"GET /settlements/v1/payouts/summary", "settlements", false, nil, g.as(g.sumPayouts)},
		{"GET /settlements/v1/reports/payout-with-transactions", "settlements", false, nil, g.as(g.payoutFile)},
		{"GET /settlements/v1/transactions", "settlements", false, nil, g.as(g.listTransactions)},
	}
}

// resume takes up what was waiting for the clock.
func (g *klarna) resume() {
	if g.s.merchants.get(defaultKlarna.id()) == nil {
		m := defaultKlarna
		g.s.merchants.put(m.id(), &m)
	}
	for _, o := range g.orders.oldest() {
		g.watch(o)
		g.push(o)
		g.warn(o)
	}
}

func (g *klarna) unhide() { g.show.unhide() }

// klarnaReply is an answer with the headers every answer of Klarna has; more are pairs of name and
// value.
func klarnaReply(status int, body any, more ...string) reply {
	answer := reply{status, http.Header{}, nil}
	if body != nil {
		answer = jsonReply(status, body)
		answer.header.Set("Content-Type", "application/json")
	}
	answer.header.Set("Klarna-Correlation-Id", randomUUID())
	answer.header.Set("Transaction-Id", randomUUID())
	for i := 0; i < len(more); i += 2 {
		answer.header.Set(more[i], more[i+1])
	}
	return answer
}

// klarnaError is the body of every refusal (Klarna docs, error codes and messages for Order Management).
type klarnaError struct {
	Code          string   `json:"error_code"`
	Messages      []string `json:"error_messages"`
	CorrelationID string   `json:"correlation_id"`
	Service       string   `json:"service_version,omitempty"` // Checkout only
}

func klarnaRefusal(status int, code string, messages ...string) reply {
	if messages == nil {
		messages = []string{}
	}
	e := klarnaError{Code: code, Messages: messages, CorrelationID: randomUUID()}
	return klarnaReply(status, e, "Klarna-Correlation-Id", e.CorrelationID)
}

func klarnaForbidden(code, format string, values ...any) reply {
	return klarnaRefusal(http.StatusForbidden, code, fmt.Sprintf(format, values...))
}

func klarnaBadValue(field string) reply {
	return klarnaRefusal(http.StatusBadRequest, "BAD_VALUE", "Bad value: "+field)
}

func (g *klarna) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return klarnaRefusal(http.StatusMethodNotAllowed, "HTTP_ERROR", "")
	case refusedRate:
		return klarnaRefusal(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests")
	case refusedBusy:
		return klarnaRefusal(http.StatusConflict, "CONFLICT")
	case refusedSize:
		return klarnaRefusal(http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", "Request is too large")
	}
	return klarnaRefusal(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Unexpected server error")
}

// klarnaClosed is what anybody gets who does not show a merchant's credentials: a page, not JSON.
func klarnaClosed() reply {
	const text = "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n" +
		"<center><h1>401 Authorization Required</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"
	return reply{http.StatusUnauthorized, http.Header{
		"Content-Type": {"text/html"}, "Www-Authenticate": {`Basic realm="very closed site"`},
	}, []byte(text)}
}

// as answers a call of a merchant that has shown its credentials.
func (g *klarna) as(do func(*call, *merchant) reply) func(*call) reply {
	return func(c *call) reply {
		id, secret, ok := c.BasicAuth()
		g.s.mu.Lock()
		m := g.s.merchants.get(g.code() + "/" + id)
		g.s.mu.Unlock()
		if !ok || m == nil || subtle.ConstantTimeCompare([]byte(secret), []byte(m.KeySecret)) == 0 {
			return klarnaClosed()
		}
		return do(c, m)
	}
}

var klarnaID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// order finds an order of a merchant, or says what Klarna says; then is the sentence behind it. The
// caller holds the lock.
func (g *klarna) order(m *merchant, id, then string) (*klarnaOrder, *reply) {
	if !klarnaID.MatchString(id) {
		bad := klarnaRefusal(http.StatusBadRequest, "INVALID_ORDER_ID", "Order ID must be a valid UUID.")
		return nil, &bad
	}
	o := g.orders.get(id)
	if o == nil || o.Merchant != m.KeyID {
		text := "Order " + id + " cannot be found"
		if then != "" {
			text += ". " + then
		}
		bad := klarnaRefusal(http.StatusNotFound, "NO_SUCH_ORDER", text)
		return nil, &bad
	}
	return o, nil
}

// read answers a look at an order, as far as the faults let it be seen.
func (g *klarna) read(do func(*call, *klarnaOrder) reply) func(*call) reply {
	return g.as(func(c *call, m *merchant) reply {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o, bad := g.order(m, c.PathValue("id"), "")
		if bad != nil {
			return *bad
		}
		seen := g.show.seen(o.Entity.ID, o)
		if seen.Merchant == "" { // the order itself is hidden
			return klarnaRefusal(http.StatusNotFound, "NO_SUCH_ORDER", "Order "+o.Entity.ID+" cannot be found")
		}
		seen.misreport(g.show.misread(o.Entity.ID))
		return do(c, seen)
	})
}

// change answers a change of an order: once for each idempotency key.
func (g *klarna) change(verb, missing string, do func(*call, *klarnaOrder) reply) func(*call) reply {
	return g.as(func(c *call, m *merchant) reply {
		return g.once(c, m, func() reply {
			then := missing
			if strings.HasSuffix(c.URL.Path, "/shipping-info") {
				then = "Shipping info cannot be added to order " + c.PathValue("id") + "."
				if capture := c.PathValue("capture"); capture != "" {
					then = "Shipping info cannot be added to capture " + capture + "."
				}
			}
			o, bad := g.order(m, c.PathValue("id"), then)
			if bad != nil {
				return *bad
			}
			before := clone(o)
			answer := do(c, o)
			if answer.status/100 == 2 {
				g.orders.put(o.Entity.ID, o)
				g.show.note(o.Entity.ID, verb, before, c.plan)
			}
			return answer
		})
	})
}

// readKlarna reads a JSON object; an empty body has no members.
func readKlarna(c *call, into any) *reply {
	if len(c.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		field := "body"
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			field = wrong.Field
		}
		bad := klarnaBadValue(field)
		return &bad
	}
	return nil
}
