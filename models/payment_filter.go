package models

import (
	"net/url"
	"strconv"
)

// PaymentFilter is what a person asks of the registry of payments: its URL as values. The list, its count and
// its file apply the same one. The zero filter, with Limit set, is every payment, newest first.
type PaymentFilter struct {
	Q             string   // words to find in any parameter of a payment
	Parts         bool     // Q is sought inside longer ids too, although a payment has exactly that id
	Statuses      []string // of PaymentStatuses
	Systems       []string // ids of the payment systems, or the ways of paying where a provider names none
	Gateway       string
	Store         int64
	Started       DayRange // when the buyer was sent to pay
	Open          bool     // the block of filters is shown
	Limit         int      // rows to a page
	After, Before string   // cursors
}

// PaymentStatuses are all of them, in the order a payment passes them.
var PaymentStatuses = []PaymentStatus{
	PaymentPending, PaymentAuthorized, PaymentObtained, PaymentSuccess, PaymentStuck, PaymentRefunding, PaymentPartiallyRefunded, PaymentRefunded,
	PaymentCanceled, PaymentFailed,
}

// paymentSort is the one order of the registry. Its cursors are no use in another list.
var paymentSort = OrderSort{Column: "payments"}

// Query is the filter as the URL has it, in its shortest form.
func (f PaymentFilter) Query() url.Values {
	q := url.Values{}
	for _, p := range []struct{ name, value string }{
		{"q", f.Q}, {"gateway", f.Gateway}, {"from", f.Started.From}, {"to", f.Started.To}, {"after", f.After}, {"before", f.Before},
	} {
		if p.value != "" {
			q.Set(p.name, p.value)
		}
	}
	if f.Parts {
		q.Set("parts", "1")
	}
	if f.Open {
		q.Set("filter", "open")
	}
	for _, status := range f.Statuses {
		q.Add("status", status)
	}
	for _, system := range f.Systems {
		q.Add("ps", system)
	}
	if f.Store != 0 {
		q.Set("store", strconv.FormatInt(f.Store, 10))
	}
	if f.Limit != 0 && f.Limit != DefaultOrderLimit {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}

// FirstPage is the filter without a place in the list.
func (f PaymentFilter) FirstPage() PaymentFilter {
	f.After, f.Before = "", ""
	return f
}

// Cleared is the filter that filters nothing, shown as f is shown.
func (f PaymentFilter) Cleared() PaymentFilter { return PaymentFilter{Open: f.Open, Limit: f.Limit} }

// Unfiltered says whether the filter leaves out nothing.
func (f PaymentFilter) Unfiltered() bool {
	f = f.FirstPage()
	f.Open, f.Limit = false, 0
	return len(f.Query()) == 0
}

// InBlock is how many of the filters of the collapsible block are in force.
func (f PaymentFilter) InBlock() int {
	n := len(f.Statuses) + len(f.Systems)
	for _, set := range []bool{f.Gateway != "", f.Store != 0, !f.Started.empty()} {
		if set {
			n++
		}
	}
	return n
}

// cursor is the cursor in force, and whether the page lies after it.
func (f PaymentFilter) cursor() (at place, after, is bool) {
	text, after := f.After, true
	if f.Before != "" {
		text, after = f.Before, false
	}
	at, is = readCursor(text, paymentSort)
	return at, after, is && text != ""
}
