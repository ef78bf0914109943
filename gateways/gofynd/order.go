package gofynd

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// OrderSnapshot is an order as an event tells it. Sums are minor units of Currency.
type OrderSnapshot struct {
	Currency        string
	Customer        Customer
	Items           []Item
	Shipping        int64
	ShippingTax     int64
	Discount        int64
	Total           int64
	Payment         *OrderPayment // nil when none is told
	BillingAddress  Address
	ShippingAddress Address
	PlacedAt        time.Time // zero when it is not told
}

// Customer is who bought.
type Customer struct{ Name, Email, Phone string }

// Item is a line of an order.
type Item struct {
	SKU      string
	Name     string
	Quantity int64
	Unit     int64 // price of one
	Discount int64 // on the line
	Tax      int64 // on the line
	Total    int64 // quantity × unit − discount + tax, unless the event says another
}

// OrderPayment is how an order was paid.
type OrderPayment struct {
	Gateway    string // "razorpay"
	PaymentRef string // the gateway's id of the payment
	OrderRef   string // the gateway's id of its order
	Method     string
	Status     string // Fynd's word
	Amount     int64
}

// Address is where an order is billed or sent. Fynd's area and landmark are Line2 and Landmark.
type Address struct {
	Name, Line1, Line2, Landmark, City, State, Postcode, Country, Phone, Email string
}

const maxItems = 1000

func readOrder(n node, currency string) (*OrderSnapshot, error) {
	if !n.isObject() {
		return nil, errors.New("it is no object")
	}
	order := &OrderSnapshot{
		Currency:        strings.ToUpper(first(n.of("currency"), currency)),
		Customer:        Customer{n.at("customer").of("name"), n.at("customer").of("email"), n.at("customer").of("phone", "mobile")},
		BillingAddress:  readAddress(n.at("billing_address")),
		ShippingAddress: readAddress(n.at("shipping_address")),
		PlacedAt:        n.at("placed_at").moment(),
	}
	if !money.Known(order.Currency) {
		return nil, fmt.Errorf("%q is not a currency", order.Currency)
	}
	sums := &sums{currency: order.Currency}
	order.Shipping, order.ShippingTax = sums.of(n, "shipping"), sums.of(n, "shipping_tax")
	order.Discount, order.Total = sums.of(n, "discount"), sums.of(n, "total")
	items := n.at("items").list()
	if len(items) > maxItems {
		return nil, fmt.Errorf("it has %d items", len(items))
	}
	for i, in := range items {
		item := Item{
			SKU: in.of("sku"), Name: in.of("name"), Quantity: sums.count(in, "quantity"), Unit: sums.of(in, "unit_price"),
			Discount: sums.of(in, "discount"), Tax: sums.of(in, "tax"), Total: sums.of(in, "total"),
		}
		if sums.err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, sums.err)
		}
		if item.Unit > math.MaxInt64/4/item.Quantity {
			return nil, fmt.Errorf("item %d: it costs more than an amount can hold", i+1)
		}
		if in.of("total") == "" {
			item.Total = item.Quantity*item.Unit - item.Discount + item.Tax
		}
		order.Items = append(order.Items, item)
	}
	if payment := n.at("payment"); payment.isObject() {
		order.Payment = &OrderPayment{
			Gateway: strings.ToLower(payment.of("gateway")), PaymentRef: payment.of("payment_id"), OrderRef: payment.of("order_id"),
			Method: payment.of("method"), Status: payment.of("status"), Amount: sums.of(payment, "amount"),
		}
	}
	return order, sums.err
}

func readAddress(n node) Address {
	return Address{
		Name: n.of("name"), Line1: n.of("line1", "address"), Line2: n.of("line2", "area"), Landmark: n.of("landmark"),
		City: n.of("city"), State: n.of("state"), Postcode: n.of("postcode", "pincode", "area_code", "zip"),
		Country: n.of("country", "country_iso_code"), Phone: n.of("phone"), Email: n.of("email"),
	}
}

// sums reads decimals of one currency and keeps the first problem.
type sums struct {
	currency string
	err      error
}

// of is a sum in minor units; one that is not told is 0.
func (s *sums) of(n node, name string) int64 {
	text := n.of(name)
	if text == "" {
		return 0
	}
	amount, err := minorOf(text, s.currency)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("%s: %w", name, err)
	}
	return amount.Minor
}

// count is a whole number of pieces; 1 when it is not told.
func (s *sums) count(n node, name string) int64 {
	text := n.of(name)
	if text == "" {
		return 1
	}
	count, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	if (err != nil || count < 1) && s.err == nil {
		s.err = fmt.Errorf("%s: %.40q is no number of pieces", name, text)
		return 0
	}
	return count
}

var decimal = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]{1,18})?$`)

// minorOf reads a decimal of the main unit, "499" or "499.50". Zeros behind the smallest unit are
// allowed, other digits there are not; nothing is rounded.
func minorOf(text, currency string) (money.Amount, error) {
	if !money.Known(currency) {
		return money.Amount{}, fmt.Errorf("%.10q is not a currency", currency)
	}
	if !decimal.MatchString(text) {
		return money.Amount{}, fmt.Errorf("%.40q is no amount", text)
	}
	digits := money.Digits(currency)
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > digits {
		return money.Amount{}, fmt.Errorf("%s has more decimals than %s", text, currency)
	}
	return wholeOf(whole+fraction+strings.Repeat("0", digits-len(fraction)), currency)
}

// wholeOf reads a whole number of smallest units, at most 15 digits.
func wholeOf(text, currency string) (money.Amount, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	if !decimal.MatchString(text) || strings.Trim(fraction, "0") != "" || len(whole) > 15 {
		return money.Amount{}, fmt.Errorf("%.40q is no number of smallest units", text)
	}
	minor, err := strconv.ParseInt("0"+whole, 10, 64)
	return money.New(minor, currency), err
}
