package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sveaOrder is an order at Svea: what the API shows of it, and what it does not.
type sveaOrder struct {
	Merchant  string           `json:"merchant"`
	Settled   bool             `json:"settled,omitempty"`   // a delivered card payment has reached the bank
	Busy      bool             `json:"busy,omitempty"`      // a task on it is in progress
	Flying    int64            `json:"flying,omitempty"`    // a credit the bank has not answered yet, in minor units
	Credited  map[string]int64 `json:"credited"`            // credited quantity of a delivery's row, by "delivery/row"
	Late      int64            `json:"late,omitempty"`      // of CancelledAmount, what was cancelled after the delivery
	NextRow   int64            `json:"next_row"`            // the id of the next row
	NextTask  string           `json:"next_task,omitempty"` // what becomes of the next task: fail, vanish, stay
	ExpiresAt time.Time        `json:"expires_at,omitzero"`
	PushURL   string           `json:"push_url,omitempty"`
	NoRaise   bool             `json:"no_raise,omitempty"`   // the credit check of an increase says no
	Mark      bool             `json:"mark,omitempty"`       // answers begin with a byte order mark
	NullLists bool             `json:"null_lists,omitempty"` // empty lists are written as null
	Loose     bool             `json:"loose,omitempty"`      // the caps are off: more can be credited than was delivered
	Entity    sveaEntity       `json:"entity"`
}

// sveaEntity is an order as Svea writes it, in the order of its members (Svea docs, data types).
type sveaEntity struct {
	ID              int64          `json:"Id"`
	Currency        string         `json:"Currency"`
	MerchantOrderID string         `json:"MerchantOrderId"`
	Status          string         `json:"OrderStatus"`  // Open, Delivered, Cancelled, Expired
	SystemStatus    string         `json:"SystemStatus"` // Active, Closed, Pending
	SystemMessage   *string        `json:"SystemStatusMessage"`
	CreditStatus    *string        `json:"PaymentCreditStatus"`
	Email           string         `json:"EmailAddress"`
	Phone           string         `json:"PhoneNumber"`
	CustomerRef     string         `json:"CustomerReference"`
	PeppolID        *string        `json:"PeppolId"`
	PaymentType     string         `json:"PaymentType"`
	CreatedAt       string         `json:"CreationDate"`
	NationalID      string         `json:"NationalId"`
	IsCompany       bool           `json:"IsCompany"`
	Cancelled       int64          `json:"CancelledAmount"`
	Amount          int64          `json:"OrderAmount"`
	Billing         sveaAddress    `json:"BillingAddress"`
	Shipping        sveaAddress    `json:"ShippingAddress"`
	Deliveries      []sveaDelivery `json:"Deliveries"`
	Rows            []sveaRow      `json:"OrderRows"`
	Actions         []string       `json:"Actions"`
	WillBuy         bool           `json:"SveaWillBuy"`
	Expires         *string        `json:"ExpirationDate,omitempty"`
}

type sveaAddress struct {
	Name    string  `json:"FullName"`
	Street  string  `json:"StreetAddress"`
	Co      *string `json:"CoAddress"`
	Code    string  `json:"PostalCode"`
	City    string  `json:"City"`
	Country string  `json:"CountryCode"`
}

// sveaDelivery is a part of an order the merchant has delivered, which is when Svea takes the money.
type sveaDelivery struct {
	ID        int64        `json:"Id"`
	CreatedAt string       `json:"CreationDate"`
	InvoiceID *int64       `json:"InvoiceId"`
	Amount    int64        `json:"DeliveryAmount"`
	Credited  int64        `json:"CreditedAmount"`
	Credits   []sveaCredit `json:"Credits"`
	Rows      []sveaRow    `json:"OrderRows"`
	Actions   []string     `json:"Actions"`
	Status    *string      `json:"Status"`
	DueDate   *string      `json:"DueDate"`
}

// sveaCredit is money given back of a delivery: a negative amount, rows of negative quantities.
type sveaCredit struct {
	Amount  int64     `json:"Amount"`
	Rows    []sveaRow `json:"OrderRows"`
	Actions []string  `json:"Actions"`
}

// sveaTime is how Svea writes times: without a zone.
const sveaTime = "2006-01-02T15:04:05"

func (o *sveaOrder) key() string { return strconv.FormatInt(o.Entity.ID, 10) }

// kind is the family of a payment type: rows (invoice, account credit), plan, card (also Vipps and
// MobilePay) or bank, which is delivered the moment it is paid.
func (o *sveaOrder) kind() string {
	switch strings.ToLower(o.Entity.PaymentType) {
	case "invoice", "accountcredit":
		return "rows"
	case "paymentplan":
		return "plan"
	case "swish", "trustly", "directbank":
		return "bank"
	}
	return "card"
}

// newOrder is an order a buyer has just placed. The caller holds the lock.
func (g *svea) newOrder(m *merchant, id int64, paymentType string, rows []sveaRow, currency string) *sveaOrder {
	o := &sveaOrder{
		Merchant: m.KeyID, Credited: map[string]int64{}, PushURL: m.WebhookURL,
		Entity: sveaEntity{
			ID: id, Currency: currency, Status: "Open", SystemStatus: "Active", PaymentType: paymentType,
			Email: "kund@example.test", Phone: "0700000000", Rows: rows,
			Deliveries: []sveaDelivery{}, Actions: []string{}, WillBuy: true,
		},
	}
	for i := range rows {
		o.NextRow++
		rows[i].ID = o.NextRow
		o.Entity.Amount += rows[i].total()
	}
	o.date(g.s.clock(), m.HoldDays)
	return o
}

// date says when an order was placed, and until when it can be delivered where there is such a time.
func (o *sveaOrder) date(at time.Time, holdDays int) {
	o.Entity.CreatedAt = at.Format(sveaTime)
	if holdDays > 0 {
		o.ExpiresAt = at.AddDate(0, 0, holdDays)
		text := o.ExpiresAt.Format(sveaTime)
		o.Entity.Expires = &text
	}
}

// place makes a new order one that everybody sees. The caller holds the lock.
func (g *svea) place(o *sveaOrder) {
	g.orders.put(o.key(), o)
	g.record("payment", o, o.Entity.Amount, o.key())
	if o.kind() == "bank" && o.Entity.SystemStatus != "Pending" {
		g.book(o, g.delivery(o, o.Entity.Amount))
	}
	g.watch(o)
	g.orders.put(o.key(), o)
}

// watch has the clock end an order nobody delivered in time. The caller holds the lock, or nobody else
// is there yet.
func (g *svea) watch(o *sveaOrder) {
	if o.ExpiresAt.IsZero() {
		return
	}
	id := o.key()
	g.s.timeline.at(o.ExpiresAt, func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		if o := g.orders.get(id); o.Entity.Status == "Open" {
			g.expire(o)
		}
	})
}

// expire closes what is still open. The caller holds the lock.
func (g *svea) expire(o *sveaOrder) {
	o.Entity.Status, o.Entity.SystemStatus = "Expired", "Closed"
	g.orders.put(o.key(), o)
	g.tell(o, "CheckoutOrder.Closed", map[string]any{"CloseReason": "Expired"})
}

// record writes an effect into the ledger. The caller holds the lock.
func (g *svea) record(verb string, o *sveaOrder, amount int64, ref string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: o.key(), AmountMinor: amount, Currency: o.Entity.Currency, Ref: ref,
	})
}

func (o *sveaOrder) delivery(id int64) *sveaDelivery {
	for i := range o.Entity.Deliveries {
		if o.Entity.Deliveries[i].ID == id {
			return &o.Entity.Deliveries[i]
		}
	}
	return nil
}

func (o *sveaOrder) delivered() int64 {
	var sum int64
	for _, d := range o.Entity.Deliveries {
		sum += d.Amount
	}
	return sum
}

func (g *svea) showOrder(_ *call, o *sveaOrder) reply {
	o.act()
	answer := jsonReply(http.StatusOK, o.Entity)
	if o.NullLists {
		answer.body = []byte(strings.ReplaceAll(string(answer.body), ":[]", ":null"))
	}
	if o.Mark {
		answer.body = append([]byte("\xef\xbb\xbf"), answer.body...)
	}
	return answer
}

func (g *svea) showDelivery(c *call, o *sveaOrder) reply {
	o.act()
	if d := o.delivery(number(c.PathValue("delivery"))); d != nil {
		return jsonReply(http.StatusOK, d)
	}
	return sveaBare(http.StatusNotFound)
}

// misreport makes a read of the order get the amount of a verb's last effect wrong by one.
func (o *sveaOrder) misreport(verb string) {
	e := &o.Entity
	n := len(e.Deliveries)
	switch {
	case verb == "capture" && n > 0:
		e.Deliveries[n-1].Amount++
	case verb == "refund" && n > 0 && e.Deliveries[n-1].Credited > 0:
		e.Deliveries[n-1].Credited++
		if k := len(e.Deliveries[n-1].Credits); k > 0 {
			e.Deliveries[n-1].Credits[k-1].Amount--
		}
	case verb == "amount_update" && e.Cancelled == 0:
		e.Amount++
	case verb != "":
		e.Cancelled++
	}
}
