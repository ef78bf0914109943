package svea

import (
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Amounts are whole minor units that include tax; quantities and percents have two implied decimals
// (Svea docs, data types). Lists may be empty, null or missing.

type order struct {
	ID            int64      `json:"Id"`
	Currency      string     `json:"Currency"`
	Number        string     `json:"MerchantOrderId"`
	Status        string     `json:"OrderStatus"`
	System        string     `json:"SystemStatus"`
	SystemMessage string     `json:"SystemStatusMessage"`
	PaymentType   string     `json:"PaymentType"`
	CreatedAt     string     `json:"CreationDate"`
	ExpiresAt     string     `json:"ExpirationDate"`
	Cancelled     int64      `json:"CancelledAmount"` // grows; the order's amount stays
	Amount        int64      `json:"OrderAmount"`
	Deliveries    []delivery `json:"Deliveries"`
	Rows          []row      `json:"OrderRows"` // what is not delivered
	Actions       []string   `json:"Actions"`
}

type delivery struct {
	ID        int64    `json:"Id"`
	CreatedAt string   `json:"CreationDate"`
	Invoice   int64    `json:"InvoiceId"`
	Amount    int64    `json:"DeliveryAmount"`
	Credited  int64    `json:"CreditedAmount"`
	Credits   []credit `json:"Credits"`
	Rows      []row    `json:"OrderRows"`
	Actions   []string `json:"Actions"`
}

type credit struct {
	Amount int64 `json:"Amount"` // negative
}

type row struct {
	ID              int64    `json:"OrderRowId"`
	Article         string   `json:"ArticleNumber"`
	Quantity        int64    `json:"Quantity"`
	UnitPrice       int64    `json:"UnitPrice"`
	DiscountPercent int64    `json:"DiscountPercent"`
	DiscountAmount  int64    `json:"DiscountAmount"`
	VATPercent      int64    `json:"VatPercent"`
	Cancelled       bool     `json:"IsCancelled"`
	Actions         []string `json:"Actions"`
}

// The actions that Svea lists on an order, a delivery or a row are what may be done, whatever the status.
const (
	canDeliver      = "CanDeliverOrder"
	canDeliverPart  = "CanDeliverPartially"
	canDeliverRow   = "CanDeliverRow"
	canCancel       = "CanCancelOrder"
	canCancelAmount = "CanCancelAmount"
	canCancelRows   = "CanCancelOrderRow"
	canCancelRow    = "CanCancelRow"
	canUpdateRows   = "CanUpdateOrderRow"
	canCreditAmount = "CanCreditAmount"
	canCreditRows   = "CanCreditOrderRows"
	canCreditRow    = "CanCreditRow"
	canCreditNewRow = "CanCreditNewRow"
)

func (o order) offers(action string) bool    { return slices.Contains(o.Actions, action) }
func (d delivery) offers(action string) bool { return slices.Contains(d.Actions, action) }
func (r row) offers(action string) bool      { return slices.Contains(r.Actions, action) }

func (o order) amount(minor int64) money.Amount { return money.New(minor, o.Currency) }

// delivered is what was captured, and credited what was returned of that.
func (o order) delivered() (sum int64) {
	for _, d := range o.Deliveries {
		sum += d.Amount
	}
	return sum
}

func (o order) credited() (sum int64) {
	for _, d := range o.Deliveries {
		sum += d.Credited
	}
	return sum
}

// undone is what was cancelled of a card payment after its delivery: together they exceed the order.
func (o order) undone() int64 { return max(0, o.delivered()+o.Cancelled-o.Amount) }

// held is what can still be delivered.
func (o order) held() int64 {
	if o.is("cancelled", "failed", "expired") {
		return 0
	}
	return max(0, o.Amount-o.Cancelled-o.delivered())
}

func (o order) is(words ...string) bool { return slices.Contains(words, strings.ToLower(o.Status)) }

// total of a row: UnitPrice × Quantity − discount.
func (r row) total() int64 { return r.totalOf(r.Quantity) }

func (r row) totalOf(quantity int64) int64 {
	whole := r.UnitPrice * quantity / 100
	switch {
	case r.DiscountPercent != 0:
		return whole - (whole*r.DiscountPercent+5000)/10000
	case r.Quantity != 0:
		return whole - r.DiscountAmount*quantity/r.Quantity
	}
	return whole
}

type newRow struct {
	Article        string `json:"ArticleNumber,omitempty"`
	Name           string `json:"Name"`
	Quantity       int64  `json:"Quantity"`
	UnitPrice      int64  `json:"UnitPrice"`
	DiscountAmount int64  `json:"DiscountAmount,omitempty"`
	VATPercent     int64  `json:"VatPercent"`
	Unit           string `json:"Unit,omitempty"`
}

// rowsOf are the lines as Svea writes rows, or nil when they do not add up to amount. A discount is a row of
// its own with a negative price; a row with less than its pieces cost carries the difference.
func rowsOf(lines []gateways.Line, amount int64) []newRow {
	var rows []newRow
	var sum int64
	for _, line := range lines {
		r := newRow{Article: shorten(line.Ref, 256), Name: shorten(line.Name, 40), Quantity: line.Quantity * 100, UnitPrice: line.Unit, VATPercent: line.TaxRate}
		if r.Name == "" {
			r.Name = "Item"
		}
		if r.DiscountAmount = line.Quantity*line.Unit - line.Total; line.Quantity <= 0 || r.DiscountAmount < 0 || line.Unit < 0 {
			r.Quantity, r.UnitPrice, r.DiscountAmount = 100, line.Total, 0
		}
		rows, sum = append(rows, r), sum+line.Total
	}
	if sum != amount {
		return nil
	}
	return rows
}

// stockholm is where Svea's clock stands: its times name no zone.
var stockholm = func() *time.Location {
	if zone, err := time.LoadLocation("Europe/Stockholm"); err == nil {
		return zone
	}
	return time.UTC
}()

// at reads 2020-06-23T20:21:17; what cannot be read is no time.
func at(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", time.RFC3339Nano} {
		if t, err := time.ParseInLocation(layout, text, stockholm); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// shorten keeps a text within a number of characters.
func shorten(text string, most int) string {
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
