package sandbox

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// razorpay is Razorpay as its API documents describe it: orders, payments, capture, refunds,
// settlements, webhooks and a hosted pay page.
type razorpay struct {
	s        *Sandbox
	orders   *table[razorpayOrder]
	payments *table[razorpayPayment]
	refunds  *table[razorpayRefund]
	keys     *table[razorpayKey]

	paymentsOf map[string][]string  // payment ids of an order, oldest first
	refundsOf  map[string][]string  // refund ids of a payment, oldest first
	held       map[string]bool      // idempotency keys of calls under way
	hidden     map[string]time.Time // what cannot be looked up, until when; zero is until the faults are deleted
}

// The default merchant, so that a shop can be connected without setting anything up.
var defaultRazorpay = merchant{
	Gateway:       "razorpay",
	KeyID:         "rzp_test_KF00000000000A",
	KeySecret:     "kartify_test_secret_0001",
	WebhookSecret: "whsec_kartify_0001",
	AccountID:     "acc_KF00000000001A",
}

func newRazorpay(s *Sandbox) *razorpay {
	g := &razorpay{
		s:          s,
		orders:     newTable[razorpayOrder](s.journal, "razorpay.orders"),
		payments:   newTable[razorpayPayment](s.journal, "razorpay.payments"),
		refunds:    newTable[razorpayRefund](s.journal, "razorpay.refunds"),
		keys:       newTable[razorpayKey](s.journal, "razorpay.keys"),
		paymentsOf: map[string][]string{},
		refundsOf:  map[string][]string{},
		held:       map[string]bool{},
		hidden:     map[string]time.Time{},
	}
	g.payments.added = func(id string, p *razorpayPayment) {
		if p.Entity.OrderID != nil {
			g.paymentsOf[*p.Entity.OrderID] = append(g.paymentsOf[*p.Entity.OrderID], id)
		}
	}
	g.refunds.added = func(id string, r *razorpayRefund) {
		g.refundsOf[r.Entity.PaymentID] = append(g.refundsOf[r.Entity.PaymentID], id)
	}
	return g
}

func (g *razorpay) code() string       { return "razorpay" }
func (g *razorpay) prefixes() []string { return []string{"/razorpay/v1", "/v1"} }

func (g *razorpay) routes() []route {
	ofPath := func(c *call) string { return c.PathValue("id") }
	effect := func(pattern, verb string, payment func(*call) string, do func(*call, *merchant) reply) route {
		return route{pattern, verb, true, payment, g.as(do)}
	}
	lookup := func(pattern string, payment func(*call) string, do func(*call, *merchant) reply) route {
		return route{pattern, "lookup", false, payment, g.as(do)}
	}
	return []route{
		effect("POST /orders", "order", nil, g.createOrder),
		lookup("GET /orders", nil, g.listOrders),
		lookup("GET /orders/{id}", nil, g.showOrder),
		lookup("GET /orders/{id}/payments", nil, g.listOrderPayments),
		effect("PATCH /orders/{id}", "notes", nil, g.noteOrder),
		lookup("GET /payments", nil, g.listPayments),
		lookup("GET /payments/{id}", ofPath, g.showPayment),
		lookup("GET /payments/{id}/card", ofPath, g.showCard),
		effect("PATCH /payments/{id}", "notes", ofPath, g.notePayment),
		effect("POST /payments/{id}/capture", "capture", ofPath, g.capturePayment),
		effect("POST /payments/{id}/refund", "refund", ofPath, g.refundPayment),
		effect("POST /refunds", "refund", paymentOfBody, g.refundByBody),
		lookup("GET /payments/{id}/refunds", ofPath, g.listPaymentRefunds),
		lookup("GET /payments/{id}/refunds/{refund}", ofPath, g.showPaymentRefund),
		lookup("GET /refunds", nil, g.listRefunds),
		lookup("GET /refunds/{id}", g.paymentOfRefund, g.showRefund),
		effect("PATCH /refunds/{id}", "notes", g.paymentOfRefund, g.noteRefund),
		lookup("GET /settlements", nil, g.listSettlements),
		lookup("GET /settlements/{id}", nil, g.showSettlement),
		lookup("GET /settlements/recon/combined", nil, g.reconcile),
		{"GET /checkout/embedded", "checkout", false, nil, g.showCheckout},
		{"POST /checkout/embedded", "checkout", false, nil, g.showCheckout},
		{"POST /checkout/embedded/pay", "payment", true, nil, g.payCheckout},
	}
}

// resume takes up what was waiting for the clock.
func (g *razorpay) resume() {
	if g.s.merchants.get(defaultRazorpay.id()) == nil {
		m := defaultRazorpay
		g.s.merchants.put(m.id(), &m)
	}
	for _, p := range g.payments.oldest() {
		g.watch(p)
	}
	for _, r := range g.refunds.oldest() {
		if r.Entity.Status == "pending" {
			g.process(r)
		}
	}
}

func (g *razorpay) unhide() { clear(g.hidden) }

// hide keeps an effect out of the lookups as a call's faults say. The caller holds the lock.
func (g *razorpay) hide(id string, p plan) {
	if !p.hidden {
		return
	}
	g.hidden[id] = time.Time{}
	if p.hiddenFor > 0 {
		g.hidden[id] = time.Now().Add(p.hiddenFor) // of the machine's time, like every delay_ms
	}
}

func (g *razorpay) visible(id string) bool {
	until, hidden := g.hidden[id]
	return !hidden || !until.IsZero() && time.Now().After(until)
}

// as answers a call of a merchant that has shown its keys. Razorpay spells the scheme "Basic" and
// takes no other case (Razorpay API docs, authentication).
func (g *razorpay) as(do func(*call, *merchant) reply) func(*call) reply {
	return func(c *call) reply {
		id, secret, ok := c.BasicAuth()
		g.s.mu.Lock()
		m := g.s.merchants.get(g.code() + "/" + id)
		g.s.mu.Unlock()
		if !ok || m == nil || !strings.HasPrefix(c.Header.Get("Authorization"), "Basic ") ||
			subtle.ConstantTimeCompare([]byte(secret), []byte(m.KeySecret)) == 0 {
			return razorpayRefusal(http.StatusUnauthorized, "Authentication failed")
		}
		return do(c, m)
	}
}

// razorpayError is the body of every answer that is not a success.
type razorpayError struct {
	Code        string         `json:"code"`
	Description string         `json:"description"`
	Source      any            `json:"source"`
	Step        any            `json:"step"`
	Reason      any            `json:"reason"`
	Metadata    map[string]any `json:"metadata"`
	Field       string         `json:"field,omitempty"`
}

func (e razorpayError) reply(status int) reply {
	if e.Metadata == nil {
		e.Metadata = map[string]any{}
	}
	return jsonReply(status, map[string]any{"error": e})
}

// razorpayRefusal is an answer whose source, step and reason Razorpay fills with "NA".
func razorpayRefusal(status int, description string) reply {
	return razorpayError{
		Code: "BAD_REQUEST_ERROR", Description: description, Source: "NA", Step: "NA", Reason: "NA",
	}.reply(status)
}

// razorpayInvalid is an answer about a value that was sent; field may be "".
func razorpayInvalid(field, description string) reply {
	return razorpayError{
		Code: "BAD_REQUEST_ERROR", Description: description, Field: field,
		Source: "business", Step: "payment_initiation", Reason: "input_validation_failed",
	}.reply(http.StatusBadRequest)
}

// What Razorpay answers for an id nobody has, one that cannot be, and a path that is not there: 400,
// never 404 (Razorpay API docs, orders, payments, refunds).
var (
	razorpayNoSuchID   = razorpayInvalid("", "The id provided does not exist")
	razorpayMalformed  = razorpayInvalid("", "id is not a valid id")
	razorpayNoSuchPath = razorpayRefusal(http.StatusBadRequest, "The requested URL was not found on the server.")
)

func (g *razorpay) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return razorpayNoSuchPath
	case refusedRate:
		return razorpayRefusal(http.StatusTooManyRequests, "Too many requests")
	case refusedBusy:
		return razorpayRefusal(http.StatusBadRequest, "Request failed because another payment operation is in progress.")
	case refusedSize:
		return razorpayRefusal(http.StatusRequestEntityTooLarge, "The request is too large.")
	}
	return razorpayError{
		Code:        "SERVER_ERROR",
		Description: "We are facing some trouble completing your request at the moment. Please try again shortly.",
	}.reply(http.StatusInternalServerError)
}

var razorpayID = regexp.MustCompile(`^[a-z]+_[0-9A-Za-z]{14}$`)

// readRazorpay reads a JSON object whose members are all known; an empty body has none.
func readRazorpay(body []byte, known ...string) (map[string]json.RawMessage, *reply) {
	in := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(body)) > 0 {
		if err := json.Unmarshal(body, &in); err != nil || in == nil {
			bad := razorpayInvalid("", "The request body is not a JSON object.")
			return nil, &bad
		}
	}
	var extra []string
	for name := range in {
		if !slices.Contains(known, name) {
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		slices.Sort(extra)
		bad := razorpayInvalid("", strings.Join(extra, ", ")+" is/are not required and should not be sent")
		return nil, &bad
	}
	return in, nil
}

// readNotes is up to 15 pairs of short values; none are written as an empty list.
func readNotes(raw json.RawMessage) (json.RawMessage, bool) {
	empty := json.RawMessage("[]")
	var list []any
	if raw == nil || string(raw) == "null" || json.Unmarshal(raw, &list) == nil && len(list) == 0 {
		return empty, true
	}
	var pairs map[string]any
	if json.Unmarshal(raw, &pairs) != nil || len(pairs) > 15 {
		return nil, false
	}
	if len(pairs) == 0 {
		return empty, true
	}
	for name, value := range pairs {
		switch v := value.(type) {
		case string:
			if len([]rune(v)) > 512 || len(name) > 256 {
				return nil, false
			}
		case map[string]any, []any, nil:
			return nil, false
		}
	}
	var kept bytes.Buffer
	if json.Compact(&kept, raw) != nil {
		return nil, false
	}
	return kept.Bytes(), true
}
