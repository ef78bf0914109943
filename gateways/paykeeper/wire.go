package paykeeper

import (
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// moscow is the wall clock of every time on the wire. It has had no summer time since October 2014.
var moscow = time.FixedZone("MSK", 3*60*60)

// Objects of PayKeeper are flat: their values are text or numbers, mostly text (JSON API).
type (
	record  = gateways.Record
	records = gateways.Records
)

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
