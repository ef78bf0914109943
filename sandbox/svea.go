package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// svea is Svea's Checkout and Payment Admin API as its documents and its own clients describe them.
// What they leave open, such as the words of a refusal, is worded here and says so.
type svea struct {
	s             *Sandbox
	orders        *table[sveaOrder]
	checkouts     *table[sveaCheckout]
	tasks         *table[sveaTask]
	subscriptions *table[sveaSubscription]

	last int64 // the youngest order id
	show *snapshots[sveaOrder]
}

// The default merchant, so that a shop can be connected without setting anything up.
var defaultSvea = merchant{
	Gateway:   "svea",
	KeyID:     "100001",
	KeySecret: "sandbox-secret",
	AccountID: "100001",
}

func newSvea(s *Sandbox) *svea {
	g := &svea{
		s:             s,
		orders:        newTable[sveaOrder](s.journal, "svea.orders"),
		checkouts:     newTable[sveaCheckout](s.journal, "svea.checkouts"),
		tasks:         newTable[sveaTask](s.journal, "svea.tasks"),
		subscriptions: newTable[sveaSubscription](s.journal, "svea.subscriptions"),
		last:          2300000,
		show:          newSnapshots[sveaOrder](),
	}
	g.orders.added = func(_ string, o *sveaOrder) { g.last = max(g.last, o.Entity.ID) }
	g.checkouts.added = func(_ string, k *sveaCheckout) { g.last = max(g.last, k.ID) }
	return g
}

func (g *svea) code() string       { return "svea" }
func (g *svea) prefixes() []string { return []string{"/svea"} }

func (g *svea) routes() []route {
	const admin = "/admin/api/v1/orders/{id}"
	ofPath := func(c *call) string { return c.PathValue("id") }
	change := func(pattern, verb string, do func(*call, *sveaOrder) reply) route {
		method, path, _ := strings.Cut(pattern, " ")
		return route{method + " " + admin + path, verb, true, ofPath, g.change(verb, do)}
	}
	return []route{
		{"GET " + admin, "find", false, ofPath, g.read(g.showOrder)},
		{"GET " + admin + "/deliveries/{delivery}", "find", false, ofPath, g.read(g.showDelivery)},
		{"GET " + admin + "/deliveries/{delivery}/credits/{credit}", "find", false, ofPath, g.read(g.showCredit)},
		change("PATCH ", "void", g.patchOrder),
		change("POST /deliveries", "capture", g.deliver),
		change("POST /deliveries/DeliverAndLowerAmount", "capture", g.deliverLess),
		change("PATCH /deliveries/{delivery}", "refund", g.creditAmount),
		change("POST /deliveries/{delivery}/credits", "refund", g.creditRows),
		change("POST /deliveries/{delivery}/credits/CreditWithFee", "refund", g.creditWithFee),
		change("POST /rows", "amount_update", g.addRow),
		change("POST /rows/addOrderRows", "amount_update", g.addRows),
		change("POST /rows/updateOrderRows", "amount_update", g.updateRows),
		change("PUT /rows/replaceOrderRows", "amount_update", g.replaceRows),
		change("PATCH /rows/cancelOrderRows", "void", g.cancelRows),
		change("PATCH /rows/{row}", "amount_update", g.patchRow),
		{"GET /admin/api/v1/queue/{task}", "task", false, g.orderOfTask, g.as(g.showTask)},
		{"GET /admin/api/v2/reports", "settlements", false, nil, g.as(g.report)},

		{"POST /admin/api/v2/callbacks/subscriptions", "subscriptions", true, nil, g.as(g.subscribe)},
		{"GET /admin/api/v2/callbacks/subscriptions", "subscriptions", false, nil, g.as(g.listSubscriptions)},
		{"GET /admin/api/v2/callbacks/subscriptions/{subscription}", "subscriptions", false, nil, g.as(g.showSubscription)},
		{"PUT /admin/api/v2/callbacks/subscriptions/{subscription}", "subscriptions", true, nil, g.as(g.updateSubscription)},
		{"DELETE /admin/api/v2/callbacks/subscriptions/{subscription}", "subscriptions", true, nil, g.as(g.unsubscribe)},
		{"POST /admin/api/v2/callbacks/subscriptions/{subscription}/verify", "subscriptions", true, nil, g.as(g.verify)},

		{"POST /checkout/api/orders", "start", true, nil, g.as(g.createCheckout)},
		{"GET /checkout/api/orders/{id}", "find", false, ofPath, g.as(g.showCheckout)},
		{"PUT /checkout/api/orders/{id}", "start", true, ofPath, g.as(g.updateCheckout)},
		{"GET /checkout/page/{id}", "page", false, ofPath, g.openPage},
		{"POST /checkout/page/{id}", "payment", true, ofPath, g.pay},
	}
}

// verbOf tells a cancellation from an update where one call does both.
func (g *svea) verbOf(rt route, c *call) string {
	if c.Method != http.MethodPatch || rt.verb != "void" && rt.verb != "amount_update" {
		return rt.verb
	}
	var in sveaPatch
	_ = json.Unmarshal(c.body, &in) // who reads the whole body will say what is wrong with it
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	o := g.orders.get(c.PathValue("id"))
	if o == nil {
		return rt.verb
	}
	return o.verb(in)
}

// resume takes up what was waiting for the clock.
func (g *svea) resume() {
	if g.s.merchants.get(defaultSvea.id()) == nil {
		m := defaultSvea
		g.s.merchants.put(m.id(), &m)
	}
	for _, t := range g.tasks.oldest() {
		if t.Status == taskInProgress {
			g.plan(t)
		} else if t.Kind == "credit" && t.Ends == "credit_fails" && g.orders.get(t.Order).Flying > 0 {
			g.failCredit(t)
		}
	}
	for _, o := range g.orders.oldest() {
		g.watch(o)
	}
	for _, k := range g.checkouts.oldest() {
		g.forget(k)
	}
}

func (g *svea) unhide() { g.show.unhide() }

// sveaError is the body of a refusal (Svea's .NET client, ErrorResponse).
type sveaError struct {
	Code    int              `json:"Code"`
	Message string           `json:"Message"`
	Errors  []sveaErrorField `json:"Errors"`
}

type sveaErrorField struct {
	Code    int    `json:"Code"`
	Field   string `json:"Field"`
	Message string `json:"ErrorMessage"`
}

// sveaInvalid is a 400 about a member; Svea's own texts are not published.
func sveaInvalid(field, text string) *reply {
	answer := jsonReply(http.StatusBadRequest, sveaError{
		http.StatusBadRequest, "Validation error (wording of the sandbox)", []sveaErrorField{{http.StatusBadRequest, field, text}},
	})
	return &answer
}

// sveaNoAction is a 400 about something the order's action lists do not offer.
func sveaNoAction(action string) *reply {
	return sveaInvalid("Actions", "The action "+action+" is not available for this order.")
}

// sveaBare is an answer without a body.
func sveaBare(status int) reply { return reply{status, http.Header{}, nil} }

func (g *svea) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return sveaBare(http.StatusNotFound)
	case refusedRate:
		return reply{http.StatusTooManyRequests, http.Header{"ErrorMessage": {"Too many requests"}}, nil}
	case refusedBusy:
		return *sveaInvalid("Order", "Another operation on the order is in progress.")
	case refusedSize:
		return sveaBare(http.StatusRequestEntityTooLarge)
	}
	return jsonReply(http.StatusInternalServerError, map[string]any{"resultCode": 50000, "errorMessage": "Unexpected error"})
}

// order finds an order of a merchant, or says what Svea says: another merchant's is forbidden. The
// caller holds the lock.
func (g *svea) order(m *merchant, id string) (*sveaOrder, *reply) {
	status := http.StatusNotFound
	o := g.orders.get(id)
	switch {
	case o != nil && o.Merchant == m.KeyID:
		return o, nil
	case o != nil:
		status = http.StatusForbidden
	}
	bad := sveaBare(status)
	return nil, &bad
}

// read answers a look at an order, as far as the faults let it be seen.
func (g *svea) read(do func(*call, *sveaOrder) reply) func(*call) reply {
	return g.as(func(c *call, m *merchant) reply {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o, bad := g.order(m, c.PathValue("id"))
		if bad != nil {
			return *bad
		}
		seen := g.show.seen(o.key(), o)
		if seen.Merchant == "" { // the order itself is hidden
			return sveaBare(http.StatusNotFound)
		}
		seen.misreport(g.show.misread(o.key()))
		seen.Loose = !g.s.capped(g.code())
		return do(c, seen)
	})
}

// change answers a change of an order. Svea knows no idempotency keys: each call is a new one.
func (g *svea) change(verb string, do func(*call, *sveaOrder) reply) func(*call) reply {
	return g.as(func(c *call, m *merchant) reply {
		c.accept()
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o, bad := g.order(m, c.PathValue("id"))
		if bad != nil {
			return *bad
		}
		if o.Busy {
			return *sveaInvalid("Order", "Another operation on the order is in progress.")
		}
		what := verb
		if c.Method == http.MethodPatch && verb != "refund" {
			var in sveaPatch
			_ = json.Unmarshal(c.body, &in) // do will say what is wrong with it
			what = o.verb(in)
		}
		before := clone(o)
		o.Loose = !g.s.capped(g.code())
		answer := do(c, o)
		if answer.status/100 == 2 {
			g.orders.put(o.key(), o)
			p := c.plan
			if answer.status == http.StatusAccepted { // the amount to get wrong is not there yet
				p.ending = ""
			}
			g.show.note(o.key(), what, before, p)
		}
		return answer
	})
}

// readSvea reads a JSON object. Names are taken in any case, as Svea takes them.
func readSvea(c *call, into any) *reply {
	if err := json.Unmarshal(c.body, into); err != nil {
		return sveaInvalid("Body", "The body is not what this call takes.")
	}
	return nil
}

// number reads an id of a path; 0 is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
