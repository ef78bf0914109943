package ui

import (
	"cmp"
	"strings"
)

// Kind is what a status asks of the person who reads it; it gives a badge its colour and its shape.
type Kind string

// The five kinds.
const (
	Good      Kind = "green" // money or goods have settled
	Busy      Kind = "blue"  // under way, nothing to do
	Attention Kind = "amber" // somebody should look
	Bad       Kind = "red"   // failed
	Neutral   Kind = "grey"  // not begun, or closed
)

// kinds has the words of order statuses, payment statuses, operations, partner events and deliveries.
var kinds = map[string]Kind{
	"processed": Good, "complete": Good, "shipped": Good, "captured": Good, "success": Good, "obtained": Good,
	"succeeded": Good, "done": Good, "sent": Good, "delivered": Good, "enabled": Good, "active": Good, "live": Good,
	"verified": Good, "matched": Good, "confirmed": Good, "refund_done": Good, "healthy": Good, "resolved": Good,

	"processing": Busy, "authorized": Busy, "queued": Busy, "dispatching": Busy, "running": Busy,
	"requested": Busy, "refunding": Busy, "accepted": Busy, "sending": Busy, "retrying": Busy, "test": Busy,

	"missing": Attention, "stuck": Attention, "unknown": Attention, "needs_review": Attention, "mismatch": Attention,
	"refund_initiated": Attention, "awaiting_approval": Attention, "expiring": Attention, "unverified": Attention,
	"partially_refunded": Attention, "locked": Attention, "suppressed": Attention,

	"failed": Bad, "rejected": Bad, "chargeback": Bad, "forged": Bad, "invalid": Bad, "error": Bad, "discarded": Bad,
}

// KindOf is the kind of a status word, however it is written; a word it does not know is neutral.
func KindOf(word string) Kind {
	if kind, ok := kinds[strings.ReplaceAll(strings.ToLower(word), " ", "_")]; ok {
		return kind
	}
	return Neutral
}

// names are the words that are not written as they are known by.
var names = map[string]string{"api": "API", "cod": "COD", "emails": "e-mails", "emi": "EMI", "fynd": "Fynd", "upi": "UPI"}

// Words writes a status word for people: partially_refunded becomes Partially refunded. A partner's
// own word in capitals, such as REFUND_INITIATED, stays as it came.
func Words(word string) string {
	if word == "" || word == strings.ToUpper(word) {
		return word
	}
	words := strings.Split(word, "_")
	if len(words) == 1 {
		words = strings.Split(word, " ")
	}
	for i, w := range words {
		words[i] = cmp.Or(names[w], w)
	}
	text := strings.ReplaceAll(strings.Join(words, " "), "sign ins", "sign-ins")
	return strings.ToUpper(text[:1]) + text[1:]
}
