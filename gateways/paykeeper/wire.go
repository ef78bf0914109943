package paykeeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// moscow is the wall clock of every time on the wire. It has had no summer time since October 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// record is one flat object of PayKeeper: its values are text or numbers, mostly text (JSON API).
type record map[string]string

// UnmarshalJSON takes any object. A value that is a list or an object stays as its JSON.
func (r *record) UnmarshalJSON(raw []byte) error {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return err //nolint:wrapcheck // encoding/json says where
	}
	if values == nil {
		return errors.New("null stands where an object belongs")
	}
	*r = make(record, len(values))
	for key, value := range values {
		var text gateways.Text
		if json.Unmarshal(value, &text) != nil {
			text = gateways.Text(value)
		}
		(*r)[key] = string(text)
	}
	return nil
}

// first is the first of these values that says anything.
func (r record) first(keys ...string) string {
	for _, key := range keys {
		if r[key] != "" {
			return r[key]
		}
	}
	return ""
}

// records are a list of them, or a single one that stands alone.
type records []record

// UnmarshalJSON reads [{…}] and {…}.
func (r *records) UnmarshalJSON(raw []byte) error {
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		var list []record
		err := json.Unmarshal(raw, &list)
		*r = list
		return err //nolint:wrapcheck // encoding/json says where
	}
	var one record
	if err := json.Unmarshal(raw, &one); err != nil {
		return err //nolint:wrapcheck // encoding/json says where
	}
	if one == nil {
		return errors.New("null stands where an object belongs")
	}
	*r = records{one}
	return nil
}

// stand is what a status word says of a payment.
type stand int

const (
	strange  stand = iota // a word we do not know
	waiting               // the buyer was sent to the bank's page
	paid                  // the bank has taken or held the money
	turned                // the buyer turned back
	refusal               // the bank declined
	moving                // a refund is on its way
	returned              // all or a part went back
)

// stands are the nine words of the cabinet (Payments, statuses). Obtained, success and stuck differ only in
// whether the shop has confirmed the notification.
var stands = map[string]stand{
	"pending": waiting, "obtained": paid, "success": paid, "stuck": paid, "canceled": turned, "failed": refusal,
	"refunding": moving, "refunded": returned, "partially_refunded": returned,
}

// words are all statuses, for lists that want them named.
var words = []string{"pending", "obtained", "canceled", "failed", "success", "stuck", "refunding", "refunded", "partially_refunded"}

// refundStatus is what PayKeeper says of one refund.
var refundStatus = map[string]gateways.Status{
	"started": gateways.Pending,
	"done":    gateways.Succeeded,
	"failed":  gateways.Failed,
}

// at reads a time of Moscow: 2014-04-02 08:52:14, or only its day.
func at(text string) time.Time {
	for _, layout := range []string{time.DateTime, time.DateOnly, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(text), moscow); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// amountOf reads an amount in roubles: 1234.56.
func amountOf(text string) (money.Amount, error) {
	return gateways.Decimal(text, currency) //nolint:wrapcheck // says what is wrong
}

// shorten keeps a text within so many characters.
func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// sumOf writes an amount with two decimals, as every field of PayKeeper wants it.
func sumOf(amount money.Amount) string { return amount.Decimal() }
