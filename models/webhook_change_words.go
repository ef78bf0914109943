package models

import (
	"context"
	"strings"

	"github.com/kartify/kartify/lang"
)

// newKinds are the records that belong to an order, said when one is added; the others are called as in around.
var newKinds = map[string]lang.Text{
	"Order": lang.Textf("New order"), "Line": lang.Textf("New line"), "Payment": lang.Textf("New payment"), "Operation": lang.Textf("New operation"),
	"Planned capture": lang.Textf("New planned capture"), "Authorization that ran out": lang.Textf("New authorization that ran out"),
	"Refused amount": lang.Textf("New refused amount"), "Event": lang.Textf("New event"), "Status action": lang.Textf("New status action"),
	"Message to Fynd": lang.Textf("New message to Fynd"), "Notification": lang.Textf("New notification"), "E-mail": lang.Textf("New e-mail"),
	"History": lang.Textf("New history"),
}

// numberedKinds are the same records, said with their number.
var numberedKinds = map[string]string{
	"Order": lang.Textf("Order %d").Format, "Line": lang.Textf("Line %d").Format, "Payment": lang.Textf("Payment %d").Format,
	"Operation": lang.Textf("Operation %d").Format, "Planned capture": lang.Textf("Planned capture %d").Format,
	"Authorization that ran out": lang.Textf("Authorization that ran out %d").Format, "Refused amount": lang.Textf("Refused amount %d").Format,
	"Event": lang.Textf("Event %d").Format, "Status action": lang.Textf("Status action %d").Format, "Message to Fynd": lang.Textf("Message to Fynd %d").Format,
	"Notification": lang.Textf("Notification %d").Format, "E-mail": lang.Textf("E-mail %d").Format, "History": lang.Textf("History %d").Format,
	"Webhook": lang.Textf("Webhook %d").Format,
}

// newKind and numbered say a record; one nobody thought of is called as it is.
func newKind(kind string) lang.Text {
	if said, ok := newKinds[kind]; ok {
		return said
	}
	return lang.Textf("New %s", strings.ToLower(kind[:1])+kind[1:])
}

func numbered(kind string, id int64) lang.Text {
	if said, ok := numberedKinds[kind]; ok {
		return lang.Text{Format: said, Args: []any{id}}
	}
	return lang.Textf("%s %d", kind, id)
}

// column is a column of a record as people call it: refunded_minor is refunded.
type column string

func columnOf(name string) column {
	return column(strings.ReplaceAll(strings.TrimSuffix(name, "_minor"), "_", " "))
}

// In is the column in the language of the context.
func (c column) In(ctx context.Context) string { return lang.Word(ctx, "column", string(c)) }

// The columns that webhooks change, for the catalogs.
var _ = []lang.Text{
	lang.Textf("column|amount"), lang.Textf("column|attempts"), lang.Textf("column|authorized"), lang.Textf("column|billing address"), lang.Textf("column|capture before"),
	lang.Textf("column|capture reserved"), lang.Textf("column|captured"), lang.Textf("column|card first6"), lang.Textf("column|card last4"), lang.Textf("column|closed by"), lang.Textf("column|comment"),
	lang.Textf("column|company"), lang.Textf("column|contradiction"), lang.Textf("column|currency"), lang.Textf("column|customer email"), lang.Textf("column|customer name"), lang.Textf("column|customer phone"),
	lang.Textf("column|decision"), lang.Textf("column|discount"), lang.Textf("column|event"), lang.Textf("column|fiscal"), lang.Textf("column|from status"), lang.Textf("column|gateway"), lang.Textf("column|gid"),
	lang.Textf("column|items"), lang.Textf("column|kind"), lang.Textf("column|last event"), lang.Textf("column|method"), lang.Textf("column|mode"), lang.Textf("column|name"), lang.Textf("column|notified"),
	lang.Textf("column|order ref"), lang.Textf("column|partner order id"), lang.Textf("column|payment method"), lang.Textf("column|problem"), lang.Textf("column|provider status"), lang.Textf("column|quantity"),
	lang.Textf("column|reason"), lang.Textf("column|recipient"), lang.Textf("column|ref"), lang.Textf("column|reference"), lang.Textf("column|refund reserved"), lang.Textf("column|refunded"),
	lang.Textf("column|refunding since"), lang.Textf("column|request id"), lang.Textf("column|requester"), lang.Textf("column|series"), lang.Textf("column|shipping"), lang.Textf("column|shipping address"),
	lang.Textf("column|shipping tax"), lang.Textf("column|sku"), lang.Textf("column|source"), lang.Textf("column|state"), lang.Textf("column|status"), lang.Textf("column|status reason"), lang.Textf("column|subject"),
	lang.Textf("column|tax"), lang.Textf("column|to status"), lang.Textf("column|total"), lang.Textf("column|voided at"), lang.Textf("column|waiting"), lang.Textf("column|waits for"), lang.Textf("column|word"),
}
