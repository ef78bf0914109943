package sandbox

import (
	"encoding/json"
	"net/http"
	"time"
)

// klarnaOrder is an order at Klarna: what the API shows of it, and what it does not.
type klarnaOrder struct {
	Merchant     string       `json:"merchant"`
	Kustom       bool         `json:"kustom,omitempty"`
	HoldDays     int          `json:"hold_days"` // how long an authorization holds, and how far it is extended
	PushURL      string       `json:"push_url,omitempty"`
	NoticeURL    string       `json:"notice_url,omitempty"` // where fraud decisions go
	Acknowledged bool         `json:"acknowledged,omitempty"`
	Pushes       int          `json:"pushes,omitempty"`   // how many pushes there were
	Silent       bool         `json:"silent,omitempty"`   // it sends none
	Notice       string       `json:"notice,omitempty"`   // the fraud decision the shop is being told
	NoticeAt     time.Time    `json:"notice_at,omitzero"` // since when
	Notices      int          `json:"notices,omitempty"`  // how often
	FailCapture  bool         `json:"fail_capture"`       // the card behind the order is declined at capture
	FailIncrease bool         `json:"fail_increase"`      // the risk decision about more is no
	DueDays      int          `json:"due_days,omitempty"` // how far due dates of captures were moved
	Entity       klarnaEntity `json:"entity"`
}

// klarnaEntity is an order as Klarna writes it, in the order of its members (Klarna Order Management
// API docs, orders).
type klarnaEntity struct {
	ID              string          `json:"order_id"`
	Status          string          `json:"status"`       // AUTHORIZED, PART_CAPTURED, CAPTURED, CANCELLED, EXPIRED, CLOSED
	Fraud           string          `json:"fraud_status"` // ACCEPTED, PENDING, REJECTED
	Amount          int64           `json:"order_amount"`
	OriginalAmount  int64           `json:"original_order_amount"`
	Captured        int64           `json:"captured_amount"`
	Refunded        int64           `json:"refunded_amount"`
	Remaining       int64           `json:"remaining_authorized_amount"`
	Currency        string          `json:"purchase_currency"`
	Locale          string          `json:"locale"`
	Lines           []klarnaLine    `json:"order_lines"`
	Reference1      string          `json:"merchant_reference1,omitempty"`
	Reference2      string          `json:"merchant_reference2,omitempty"`
	KlarnaReference string          `json:"klarna_reference"`
	Customer        klarnaCustomer  `json:"customer"`
	Billing         klarnaAddress   `json:"billing_address"`
	Shipping        klarnaAddress   `json:"shipping_address"`
	CreatedAt       string          `json:"created_at"`
	Country         string          `json:"purchase_country"`
	ExpiresAt       string          `json:"expires_at"`
	Captures        []klarnaCapture `json:"captures"`
	Refunds         []klarnaRefund  `json:"refunds"`
	Method          klarnaMethod    `json:"initial_payment_method"`
	MerchantData    string          `json:"merchant_data,omitempty"`
	ShippingInfo    json.RawMessage `json:"shipping_info,omitempty"`
}

type klarnaCustomer struct {
	Born string `json:"date_of_birth,omitempty"`
	Type string `json:"type"`
}

type klarnaMethod struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

// klarnaAddress has empty texts rather than missing ones.
type klarnaAddress struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email"`
	Title      string `json:"title,omitempty"`
	Street     string `json:"street_address"`
	Street2    string `json:"street_address2,omitempty"`
	PostalCode string `json:"postal_code"`
	City       string `json:"city"`
	Region     string `json:"region,omitempty"`
	Phone      string `json:"phone"`
	Country    string `json:"country"`
}

// klarnaTime is how Klarna writes times.
const klarnaTime = "2006-01-02T15:04:05.000Z"

// klarnaHold is how long an authorization holds unless the merchant has agreed on another time.
const klarnaHold = 28

// newOrder is an order a buyer has just placed. The caller holds the lock.
func (g *klarna) newOrder(m *merchant, id string, lines []klarnaLine, amount int64, currency string) *klarnaOrder {
	days := m.HoldDays
	if days == 0 {
		days = klarnaHold
	}
	o := &klarnaOrder{
		Merchant: m.KeyID, Kustom: m.Flavour == "kustom", HoldDays: days, PushURL: m.WebhookURL, NoticeURL: m.WebhookURL,
		Entity: klarnaEntity{
			ID: id, Status: "AUTHORIZED", Fraud: "ACCEPTED", Amount: amount, OriginalAmount: amount, Remaining: amount,
			Currency: currency, Locale: "sv-SE", Country: "SE", Lines: lines,
			KlarnaReference: randomFrom("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 8),
			Customer:        klarnaCustomer{"1980-01-01", "person"},
			Captures:        []klarnaCapture{}, Refunds: []klarnaRefund{},
			Method: klarnaMethod{"INVOICE", "Pay later"},
		},
	}
	o.date(g.s.clock())
	return o
}

// date says when an order was placed, and with it until when its authorization holds.
func (o *klarnaOrder) date(at time.Time) {
	o.Entity.CreatedAt = at.Truncate(time.Second).Format(klarnaTime)
	o.Entity.ExpiresAt = at.Truncate(24*time.Hour).AddDate(0, 0, o.HoldDays).Format(klarnaTime)
}

// place makes a new order one that everybody sees. The caller holds the lock.
func (g *klarna) place(o *klarnaOrder) {
	g.orders.put(o.Entity.ID, o)
	g.record("payment", o, o.Entity.Amount, o.Entity.ID, "")
	g.watch(o)
	g.push(o)
}

// expiry is when the authorization of an order ends.
func (o *klarnaOrder) expiry() time.Time {
	at, _ := time.Parse(klarnaTime, o.Entity.ExpiresAt) // we wrote it
	return at
}

func (o *klarnaOrder) created() time.Time {
	at, _ := time.Parse(klarnaTime, o.Entity.CreatedAt) // we wrote it
	return at
}

// open says whether something of the order is still only authorized.
func (o *klarnaOrder) open() bool {
	return o.Entity.Status == "AUTHORIZED" || o.Entity.Status == "PART_CAPTURED"
}

// watch has the clock end the authorization, and cancel an order that was rejected and not taken
// anyway within four hours. The caller holds the lock, or nobody else is there yet.
func (g *klarna) watch(o *klarnaOrder) {
	id := o.Entity.ID
	if !o.open() {
		return
	}
	g.s.timeline.at(o.expiry(), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if o := g.orders.get(id); o.open() && !g.s.clock().Before(o.expiry()) {
			o.Entity.Status = "EXPIRED"
			g.orders.put(id, o)
		}
	})
	if o.Entity.Fraud != "REJECTED" {
		return
	}
	g.s.timeline.at(o.NoticeAt.Add(4*time.Hour), func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if o := g.orders.get(id); o.Entity.Status == "AUTHORIZED" && o.Entity.Fraud == "REJECTED" {
			o.cancel()
			g.orders.put(id, o)
			g.record("void", o, o.Entity.Remaining, id, "")
		}
	})
}

// record writes an effect into the ledger. The caller holds the lock.
func (g *klarna) record(verb string, o *klarnaOrder, amount int64, ref, key string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: o.Entity.ID, AmountMinor: amount, Currency: o.Entity.Currency,
		Ref: ref, IdempotencyKey: key,
	})
}

func (g *klarna) showOrder(_ *call, o *klarnaOrder) reply {
	return klarnaReply(http.StatusOK, o.Entity)
}

// misreport makes a read of the order get the amount of a verb's last effect wrong by one.
func (o *klarnaOrder) misreport(verb string) {
	e := &o.Entity
	switch n, r := len(e.Captures), len(e.Refunds); {
	case verb == "capture" && n > 0:
		e.Captured, e.Captures[n-1].Amount = e.Captured+1, e.Captures[n-1].Amount+1
	case verb == "refund" && r > 0:
		e.Refunded, e.Refunds[r-1].Amount = e.Refunded+1, e.Refunds[r-1].Amount+1
	case verb != "":
		e.Amount, e.Remaining = e.Amount+1, e.Remaining+1
	}
}
