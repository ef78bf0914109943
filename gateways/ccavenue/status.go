package ccavenue

import (
	"regexp"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// class is what a status word says of the money. Browser and echo say Success and Failure where the API says
// Successful and Unsuccessful.
type class int

const (
	strange  class = iota // a word we do not know: never paid
	page                  // the buyer is on the billing page
	bank                  // he was sent to the bank, and no answer came
	success               // authorized, not confirmed
	shipped               // confirmed: it will be settled
	failure               // not paid
	aborted               // the buyer turned back
	void                  // given back before it was confirmed
	returned              // one refund or more
	reversed              // given back by CCAvenue
	disputed              // the buyer's bank took it back
	spoilt                // the bank took another amount
)

type standing struct {
	class  class
	reason string
}

// standings are the words without blanks and hyphens, in lower case (API guide, order lookup, pending orders;
// Integration Document, response).
var standings = map[string]standing{
	"initiated":     {page, ""},
	"awaited":       {bank, "The bank has not answered CCAvenue yet."},
	"success":       {success, ""},
	"successful":    {success, ""},
	"shipped":       {shipped, ""},
	"unsuccessful":  {failure, "The bank declined the payment."},
	"failure":       {failure, "The bank declined the payment."},
	"aborted":       {aborted, "The buyer turned back."},
	"invalid":       {failure, "CCAvenue refused the parameters of the payment."},
	"timeout":       {failure, "CCAvenue's page ran out before the buyer paid."},
	"cancelled":     {void, "It was cancelled at CCAvenue."},
	"autocancelled": {void, "Nobody confirmed it within CCAvenue's twelve days, so the money went back to the buyer."},
	"autoreversed":  {void, "CCAvenue gave it back, because this order was paid more than once."},
	"refunded":      {returned, ""},
	"systemrefund":  {reversed, "CCAvenue gave the money back by itself."},
	"chargeback":    {disputed, "The buyer disputed it, and his bank took the money back."},
	"fraud":         {spoilt, "The bank took another amount than CCAvenue asked for."},
}

func standingOf(word string) standing {
	return standings[strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(word))]
}

// sessionLife is how long the billing page waits for the buyer.
const sessionLife = 15 * time.Minute

var (
	saysDebited    = regexp.MustCompile(`(?i)\bdebited\b`)
	saysNotDebited = regexp.MustCompile(`(?i)\b(not|no|never)\s+(been\s+)?debited\b`)
)

// debited says whether a text of the bank tells that the buyer's account was debited.
func debited(texts ...string) bool {
	for _, text := range texts {
		if saysDebited.MatchString(text) && !saysNotDebited.MatchString(text) {
			return true
		}
	}
	return false
}

// judge fills in what a word says of a payment whose amount, time and reference of the bank are known.
func judge(seen *gateways.Payment, drawn int64, said string, now time.Time) {
	stands := standingOf(seen.Word)
	all := seen.Amount.Minor
	switch confirmed := drawn > 0; {
	case confirmed && (stands.class == void || stands.class == spoilt):
		stands.class = reversed // it was drawn before it went back
	case stands.class == spoilt:
		stands.class = failure
	}
	if drawn <= 0 || drawn > all {
		drawn = all
	}
	seen.Reason, seen.Offers = stands.reason, []gateways.Verb{}
	switch stands.class {
	case page:
		if !seen.At.IsZero() && now.Sub(seen.At) >= sessionLife {
			seen.Failed, seen.Reason = true, "The buyer left CCAvenue's page without paying."
		} else {
			seen.Waits = gateways.ForBuyer
		}
	case bank:
		seen.Doubt, seen.Waits = gateways.Unclear, gateways.ForBank
	case success:
		seen.Authorized, seen.Offers = true, []gateways.Verb{gateways.Capture, gateways.Void}
		if !seen.At.IsZero() {
			seen.CaptureBefore = seen.At.Add(confirm)
		}
	case shipped, returned:
		seen.Authorized, seen.Captured, seen.Voided = true, drawn, all-drawn
		seen.Offers = []gateways.Verb{gateways.Refund}
	case failure:
		seen.Failed = true
	case aborted:
		seen.Canceled = true
	case void:
		seen.Canceled, seen.Voided = true, all
	case reversed:
		seen.Authorized, seen.Captured, seen.Refunded = true, drawn, drawn
	case disputed:
		seen.Authorized, seen.Captured = true, drawn
	case strange:
		seen.Doubt, seen.Reason = gateways.Unclear, "CCAvenue says “"+shorten(seen.Word, 60)+"”, which is not a state we know."
	}
	switch {
	case seen.Authorized || stands.class == void:
	case debited(said):
		seen.Doubt = gateways.Debited
	case (stands.class == failure || stands.class == aborted) && seen.RRN != "":
		seen.Doubt = gateways.Unclear // the bank gave it a reference, so it may have taken the money
	}
}

// ist is the wall clock of every time on the wire. It has no summer time.
var ist = time.FixedZone("IST", 5*60*60+30*60)

// at reads a time of India: 2026-11-22 10:15:00.0, once seen without the blank, or 22/11/2026 10:15:00.
func at(text string) time.Time {
	text = strings.TrimSpace(text)
	if len(text) > 10 && text[10] >= '0' && text[10] <= '9' {
		text = text[:10] + " " + text[10:]
	}
	for _, layout := range []string{time.DateTime, "02/01/2006 15:04:05", "02-01-2006 15:04:05", time.DateOnly, "02-01-2006", "02/01/2006"} {
		if t, err := time.ParseInLocation(layout, text, ist); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// dayOf is a day of India as the commands want it.
func dayOf(t time.Time) string { return t.In(ist).Format("02-01-2006") }

// methods are the payment options, of the API and of the browser.
var methods = map[string]string{
	"OPTCRDC": "card", "OPTDBCRD": "card", "OPTNBK": "netbanking", "OPTWLT": "wallet", "OPTUPI": "upi", "OPTEMI": "emi", "OPTCASHC": "cash card", "OPTIVRS": "ivrs", "OPTNEFT": "neft",
	"Credit Card": "card", "Debit Card": "card", "Net Banking": "netbanking", "Wallet": "wallet", "Unified Payments": "upi", "EMI": "emi", "Cash Card": "cash card", "IVRS": "ivrs",
}
