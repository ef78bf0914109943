package sandbox

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// What a task says of itself.
const (
	taskInProgress = "InProgress"
	taskCompleted  = "Completed"
	taskFailed     = "Failed"
)

// sveaTask is work Svea has accepted and not done yet: a delivery or a credit. The effect is there
// when the task is done, not when it was accepted.
type sveaTask struct {
	ID         int64           `json:"id"`
	Merchant   string          `json:"merchant"`
	Order      string          `json:"order"`
	Kind       string          `json:"kind"` // deliver, lower, credit; bank has no task a merchant sees
	Delivery   int64           `json:"delivery"`
	Credit     int64           `json:"credit,omitempty"`
	Parts      map[int64]int64 `json:"parts,omitempty"` // quantity by row
	Rows       []sveaRow       `json:"rows,omitempty"`
	Fee        *sveaRow        `json:"fee,omitempty"`
	Amount     int64           `json:"amount,omitempty"`
	CancelRest bool            `json:"cancel_rest,omitempty"`
	DueAt      time.Time       `json:"due_at"`
	Status     string          `json:"status"`
	Ends       string          `json:"ends,omitempty"`   // fail, vanish, credit_fails
	FailAt     time.Time       `json:"fail_at,omitzero"` // of a credit that fails after its task is done
	Wrong      bool            `json:"wrong,omitempty"`  // the next read of its amount is wrong
}

// start accepts work on an order and answers 202 with the place to ask. The caller holds the lock and
// stores the order.
func (g *svea) start(c *call, o *sveaOrder, t *sveaTask) reply {
	now := g.s.clock()
	t.ID, t.Merchant, t.Order = 2291662+int64(len(g.tasks.ids)), o.Merchant, o.key()
	t.DueAt, t.Status, t.Ends = now.Add(g.s.cfg.WebhookDelay), taskInProgress, o.NextTask
	t.Wrong = c.plan.ending == modeWrongAmount
	o.NextTask, o.Busy = "", true
	if t.Ends == "stay" {
		t.DueAt, t.Ends = now.Add(time.Hour), ""
	}
	if c.plan.fails && t.Kind == "credit" {
		t.Ends, t.FailAt = "credit_fails", t.DueAt.Add(c.plan.failsAfter)
	} else if c.plan.fails {
		t.Ends, t.DueAt = "fail", now.Add(max(c.plan.failsAfter, g.s.cfg.WebhookDelay))
	}
	if t.Kind == "credit" {
		t.Credit = o.nextCredit()
	}
	g.tasks.put(strconv.FormatInt(t.ID, 10), t)
	g.plan(t)
	answer := sveaBare(http.StatusAccepted)
	if t.Kind == "lower" {
		answer = jsonReply(http.StatusAccepted, map[string]int64{"DeliveryId": t.Delivery})
	}
	answer.header.Set("Location", hostOf(c)+"/svea/admin/api/v1/queue/"+strconv.FormatInt(t.ID, 10))
	return answer
}

// fly is a credit a bank answers later. The caller holds the lock and stores the order.
func (g *svea) fly(o *sveaOrder, t *sveaTask, p plan) {
	after := g.s.cfg.RefundDelay
	if p.fails {
		t.Ends, after = "credit_fails", cmp.Or(p.failsAfter, after)
	}
	t.ID, t.Merchant, t.Order, t.Status = 2291662+int64(len(g.tasks.ids)), o.Merchant, o.key(), taskInProgress
	t.DueAt = g.s.clock().Add(after)
	t.FailAt = t.DueAt
	o.Flying = t.Amount
	g.tasks.put(strconv.FormatInt(t.ID, 10), t)
	g.plan(t)
}

// plan has the clock do a task. The caller holds the lock, or nobody else is there yet.
func (g *svea) plan(t *sveaTask) {
	id := strconv.FormatInt(t.ID, 10)
	g.s.timeline.at(t.DueAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if t := g.tasks.get(id); t.Status == taskInProgress {
			g.finish(t)
		}
	})
}

// finish does what a task was accepted for. The caller holds the lock.
func (g *svea) finish(t *sveaTask) {
	o := g.orders.get(t.Order)
	o.Busy, t.Status = false, taskCompleted
	verb := "capture"
	switch {
	case t.Ends == "fail":
		t.Status = taskFailed
	case t.Kind == "deliver":
		g.book(o, g.deliverParts(o, t.Parts))
		if t.CancelRest && o.Entity.Status == "Open" {
			_ = g.cancel(o) // refused only when there is nothing left
		}
	case t.Kind == "lower":
		if rest := o.Entity.Amount - o.Entity.Cancelled - t.Amount; rest > 0 {
			o.Entity.Cancelled += rest
			g.record("void", o, rest, o.key())
		}
		g.book(o, g.delivery(o, t.Amount))
	case t.Ends == "credit_fails" && t.Kind == "credit":
		o.Flying = t.Amount // shows until the bank says no
		g.failCredit(t)
	case t.Ends == "credit_fails":
		o.Flying = 0
		g.tell(o, "CheckoutOrder.CreditFailed", map[string]any{"DeliveryId": t.Delivery, "CreditId": t.Credit})
	default:
		verb, o.Flying = "refund", 0
		g.giveBack(o, t)
	}
	if t.Wrong {
		g.show.note(t.Order, verb, nil, plan{ending: modeWrongAmount})
	}
	g.orders.put(t.Order, o)
	g.tasks.put(strconv.FormatInt(t.ID, 10), t)
}

// failCredit has a credit fail whose task was done. The caller holds the lock.
func (g *svea) failCredit(t *sveaTask) {
	order, delivery, credit := t.Order, t.Delivery, t.Credit
	g.s.timeline.at(t.FailAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		o := g.orders.get(order)
		o.Flying = 0
		g.orders.put(order, o)
		g.tell(o, "CheckoutOrder.CreditFailed", map[string]any{"DeliveryId": delivery, "CreditId": credit})
	})
}

// orderOfTask is the order a task is about, or "".
func (g *svea) orderOfTask(c *call) string {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if t := g.tasks.get(c.PathValue("task")); t != nil {
		return t.Order
	}
	return ""
}

// showTask is GET of the queue: 200 while the work goes on, 303 to the order or the credit when it is
// done. A failed one says so.
func (g *svea) showTask(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	t := g.tasks.get(c.PathValue("task"))
	switch {
	case t == nil || t.Kind == "bank" || t.Ends == "vanish":
		return sveaBare(http.StatusNotFound)
	case t.Merchant != m.KeyID:
		return sveaBare(http.StatusForbidden)
	case t.Status != taskCompleted:
		return jsonReply(http.StatusOK, map[string]any{"Id": t.ID, "Status": t.Status})
	}
	at := hostOf(c) + "/svea/admin/api/v1/orders/" + t.Order
	if t.Kind == "credit" {
		at += "/deliveries/" + strconv.FormatInt(t.Delivery, 10) + "/credits/" + strconv.FormatInt(t.Credit, 10)
	}
	answer := jsonReply(http.StatusSeeOther, map[string]any{"Id": t.ID, "Status": t.Status, "ResourceUri": at})
	answer.header.Set("Location", at)
	return answer
}
