// Package mail writes the e-mails to customers, each as HTML and as plain text that says the same. Nothing in
// them is fetched from anywhere, and every value is escaped.
package mail

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kartify/kartify/models"
)

// view is a letter with what its pages need.
type view struct {
	models.Letter
	Subject string
	Lead    string // the first sentence
	Next    string // what happens now, or ""
	Lines   bool   // the order's lines are told
}

// Write makes the e-mail about an event.
func Write(ctx context.Context, l models.Letter) (models.WrittenLetter, error) {
	v, err := viewOf(l)
	if err != nil {
		return models.WrittenLetter{}, err
	}
	var html bytes.Buffer
	if err := letter(v).Render(ctx, &html); err != nil {
		return models.WrittenLetter{}, fmt.Errorf("write the e-mail about %s: %w", l.Event, err)
	}
	return models.WrittenLetter{Subject: v.Subject, HTML: html.String(), Text: v.text()}, nil
}

// viewOf has the words for every event of models.MailEvents.
func viewOf(l models.Letter) (view, error) {
	v := view{Letter: l}
	shop, order := l.Store.Name, v.number()
	money := "your money"
	if l.Amount != nil {
		money = l.Amount.Grouped()
	}
	switch l.Event {
	case "ORDER_PLACED":
		v.Subject, v.Lines = fmt.Sprintf("Your order %s at %s", order, shop), true
		v.Lead = fmt.Sprintf("Thank you. We have your order %s.", order)
		v.Next = "We write again when it is on its way."
	case "ORDER_PAYMENT_FAILED":
		v.Subject = fmt.Sprintf("The payment of your order %s failed", order)
		v.Lead = fmt.Sprintf("The payment of your order %s at %s did not go through.", order, shop)
		v.Next = "If your account was charged all the same, the money comes back by itself. Write to us if it does not."
	case "SHIPMENT_CREATED":
		v.Subject, v.Lines = fmt.Sprintf("A parcel of your order %s is being prepared", order), true
		v.Lead = fmt.Sprintf("%s is packing your order %s.", shop, order)
	case "SHIPMENT_SHIPPED":
		v.Subject, v.Lines = fmt.Sprintf("Your order %s is on its way", order), true
		v.Lead = fmt.Sprintf("A parcel of your order %s from %s is on its way to you.", order, shop)
	case "REFUND_INITIATED":
		v.Subject = fmt.Sprintf("A refund for your order %s is under way", order)
		v.Lead = fmt.Sprintf("%s is returning %s for your order %s.", shop, money, order)
		v.Next = "We write again when the refund is done. Your bank may take a few days more to show it."
	case "REFUND_DONE":
		v.Subject = fmt.Sprintf("The refund for your order %s is done", order)
		v.Lead = fmt.Sprintf("%s has returned %s for your order %s.", shop, money, order)
		v.Next = "It goes back the way you paid. Your bank may take a few days to show it."
	case models.MailCaptured:
		v.Subject, v.Lines = fmt.Sprintf("The payment of your order %s is made", order), true
		v.Lead = fmt.Sprintf("%s has drawn the payment of your order %s, or sent its invoice.", shop, order)
	case models.MailCancelled:
		v.Subject = fmt.Sprintf("Your order %s is cancelled", order)
		v.Lead = fmt.Sprintf("%s has cancelled your order %s. What was reserved is free again, and what was drawn comes back.", shop, order)
		v.Next = "It goes back the way you paid. Your bank may take a few days to show it."
	case models.MailUpdated:
		v.Subject, v.Lines = fmt.Sprintf("Your order %s was changed", order), true
		v.Lead = fmt.Sprintf("%s has changed what your order %s comes to, and the reserved amount with it.", shop, order)
	default:
		return v, fmt.Errorf("no e-mail is written about %s", l.Event)
	}
	return v, nil
}

// number is the order as the customer knows it.
func (v view) number() string {
	if id := v.Order.PartnerID(); id != "" {
		return id
	}
	return fmt.Sprint(v.Order.ID)
}

// greeting speaks to the customer by name, when there is one.
func (v view) greeting() string {
	if name := v.Order.CustomerName; name != "" {
		return "Hello " + name + ","
	}
	return "Hello,"
}

// placed is when the order was placed, as the store's clocks show it.
func (v view) placed() string {
	return v.Order.DateAdded.In(v.Store.Zone()).Format("2 January 2006, 15:04 ") + zoneName(v.Order.DateAdded, v.Store)
}

func zoneName(at time.Time, store *models.Store) string {
	name, _ := at.In(store.Zone()).Zone()
	return name
}

// fact is one line of what is told.
type fact struct{ Label, Value string }

func (v view) facts() []fact {
	facts := []fact{{"Order", v.number()}, {"Placed", v.placed()}}
	if v.Amount != nil {
		facts = append(facts, fact{"Refund", v.Amount.Grouped()})
	}
	if v.RequestID != "" {
		facts = append(facts, fact{"Reference", v.RequestID})
	}
	if v.ShipmentID != "" && v.RequestID != v.ShipmentID {
		facts = append(facts, fact{"Parcel", v.ShipmentID})
	}
	if v.Order.PaymentMethod != "" {
		facts = append(facts, fact{"Paid by", v.Order.PaymentMethod})
	}
	return facts
}

// text is the letter without any mark-up.
func (v view) text() string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(flat(strings.Join(parts, "")) + "\n") }
	line(v.greeting())
	line()
	line(v.Lead)
	if v.Next != "" {
		line(v.Next)
	}
	line()
	for _, f := range v.facts() {
		line(f.Label, ": ", f.Value)
	}
	if v.Lines {
		line()
		for _, item := range v.Items {
			line(fmt.Sprint(item.Quantity), " x ", item.Name, "  ", v.Order.Amount(item.TotalMinor).Grouped())
		}
		if shipping := v.Order.ShippingMinor + v.Order.ShippingTaxMinor; shipping > 0 {
			line("Shipping  ", v.Order.Amount(shipping).Grouped())
		}
		line("Total  ", v.Order.Total().Grouped())
	}
	line()
	line(v.Store.Name)
	return b.String()
}

// flat keeps a value from beginning lines of its own.
func flat(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\x00' }), " ")
}
