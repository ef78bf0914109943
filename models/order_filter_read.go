package models

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// FilterNotice is one sentence about a filter that was not taken as it was given.
type FilterNotice struct {
	Field    string // its name in the URL
	Sentence lang.Text
}

const (
	maxQuery   = 200 // runes of a search
	maxText    = 100 // runes of any other field
	maxChoices = 40  // values of a field that may be repeated
	maxNotices = 6   // more would bury the list
)

// ReadOrderFilter reads a filter from a URL. Nothing in it is ever an error: a value that makes no
// sense is left out, and a sentence says which, why, and what to write instead.
func ReadOrderFilter(q url.Values, c *OrderChoices) (OrderFilter, []FilterNotice) {
	r := &filterReader{values: q, choices: c}
	f := OrderFilter{
		Q:             r.words("q", maxQuery),
		Parts:         r.one("parts") == "1",
		Customer:      r.words("customer", maxText),
		Statuses:      r.statuses(),
		Events:        r.events(),
		Store:         r.store(),
		Gateway:       r.words("gateway", maxText),
		PaymentMethod: r.words("payment_method", maxText),
		Added:         DayRange{r.day("added_from"), r.day("added_to")},
		Modified:      DayRange{r.day("modified_from"), r.day("modified_to")},
		Sort:          r.sort(),
		Limit:         r.limit(),
		Columns:       r.columns(),
	}
	f.OrderID, f.PartnerOrderID = r.orderID()
	f.AmountFrom, f.AmountTo = r.amount("amount_from", f.Store), r.amount("amount_to", f.Store)
	f.Deadline = r.deadline()
	f.Reconciled = r.reconciled()
	f.Action = r.action()
	f.Waiting = r.waiting(f.Events)
	f.After, f.Before = r.cursors(f.Sort)
	r.compare(f)
	return f, r.notices
}

type filterReader struct {
	values  url.Values
	choices *OrderChoices
	notices []FilterNotice
}

func (r *filterReader) say(field, format string, args ...any) {
	if len(r.notices) < maxNotices {
		r.notices = append(r.notices, FilterNotice{Field: field, Sentence: lang.Textf(format, args...)})
	}
}

// plain is text without what no field can hold: broken UTF-8 and control characters.
func plain(text string) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c == unicode.ReplacementChar:
			return -1
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, ""))
	return strings.Trim(text, " ")
}

// one is the first value of a field that is not empty, without the spaces around it.
func (r *filterReader) one(name string) string {
	for _, value := range r.values[name] {
		if value = plain(value); value != "" {
			return value
		}
	}
	return ""
}

// many are the values of a field, each once, the first forty of them.
func (r *filterReader) many(name string) []string {
	var many []string
	for _, value := range r.values[name] {
		if value = plain(value); value != "" && !slices.Contains(many, value) && len(many) < maxChoices {
			many = append(many, value)
		}
	}
	return many
}

// words is free text with single spaces, at most limit runes of it.
func (r *filterReader) words(name string, limit int) string {
	text := strings.Join(strings.Fields(r.one(name)), " ")
	if runes := []rune(text); len(runes) > limit {
		r.say(name, "%s is longer than %d characters; only the first %d are looked for.", fieldName(name), limit, limit)
		text = strings.TrimRight(string(runes[:limit]), " ")
	}
	return text
}

var (
	digitsOnly  = regexp.MustCompile(`^[0-9]+$`)
	partnerLike = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{5,}$`)
)

// orderID reads the Order ID and Partner order ID boxes. A partner order id pasted into the first is
// moved to the second.
func (r *filterReader) orderID() (id, partner string) {
	id = strings.TrimLeft(strings.Join(strings.Fields(r.words("order_id", maxText)), ""), "#")
	partner = strings.ReplaceAll(r.words("partner_order_id", maxText), " ", "")
	switch {
	case id == "", digitsOnly.MatchString(id) && strings.Trim(id, "0") != "":
		return strings.TrimLeft(id, "0"), partner
	case partner == "" && partnerLike.MatchString(id) && strings.ContainsAny(id, "0123456789"):
		r.say("order_id", "“%s” is a partner order ID, so it is looked for in that field.", id)
		return "", id
	}
	r.say("order_id", "“%s” is not an order ID; write its digits only, such as 1001.", short(id))
	return "", partner
}

func (r *filterReader) statuses() []string {
	var codes []string
	for _, value := range r.many("status") {
		code := strings.ToLower(value)
		switch i := slices.IndexFunc(r.choices.Statuses, func(s OrderStatus) bool { return s.Code == code }); {
		case i < 0:
			r.say("status", "“%s” is not an order status; choose one from the list, such as processing.", short(value))
		case !slices.Contains(codes, code):
			codes = append(codes, code)
		}
	}
	return codes
}

var eventWord = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)

func (r *filterReader) events() []string {
	var events []string
	for _, value := range r.many("event") {
		if i := slices.IndexFunc(r.choices.Events, func(e string) bool { return strings.EqualFold(e, value) }); i >= 0 {
			value = r.choices.Events[i]
		} else if strings.EqualFold(value, EventRefundInitiated) {
			value = EventRefundInitiated
		}
		switch {
		case !eventWord.MatchString(value):
			r.say("event", "“%s” is not an event; events are words such as %s.", short(value), EventRefundInitiated)
		case !slices.Contains(events, value):
			events = append(events, value)
		}
	}
	return events
}

func (r *filterReader) waiting(events []string) string {
	switch value := strings.ToLower(r.one("waiting")); {
	case value == "all" || value == "done":
		if slices.Contains(events, EventRefundInitiated) {
			return value
		}
	case value != "" && value != "only":
		r.say("waiting", "“%s” is not a choice for waiting refunds; write only, done or all.", short(value))
	}
	return ""
}

// OrderActions are the choices of the filter by what a change of status started.
var OrderActions = []Choice{{Value: "failed", Label: "Failed"}, {Value: "open", Label: "Failed or under way"}}

func (r *filterReader) action() string {
	value := strings.ToLower(r.one("action"))
	if value == "" || slices.ContainsFunc(OrderActions, func(c Choice) bool { return c.Value == value }) {
		return value
	}
	r.say("action", "“%s” is not a choice for status actions; write failed or open.", short(value))
	return ""
}

func (r *filterReader) deadline() Deadline {
	value := strings.ToLower(r.one("deadline"))
	if value == "" || slices.ContainsFunc(Deadlines, func(c Choice) bool { return c.Value == value }) {
		return Deadline(value)
	}
	r.say("deadline", "“%s” is not a deadline; write 48h, 7d or expired.", short(value))
	return ""
}

func (r *filterReader) reconciled() ReconciledAs {
	value := strings.ToLower(r.one("reconciled"))
	if value == "" || slices.ContainsFunc(ReconciledChoices, func(c Choice) bool { return c.Value == value }) {
		return ReconciledAs(value)
	}
	r.say("reconciled", "“%s” is not how an order can stand in a comparison; write agrees, differs or not_yet.", short(value))
	return ""
}

func (r *filterReader) store() int64 {
	value := r.one("store")
	if value == "" {
		return 0
	}
	for _, store := range r.choices.Stores {
		if value == strconv.FormatInt(store.ID, 10) || strings.EqualFold(value, store.Code) {
			return store.ID
		}
	}
	r.say("store", "“%s” is not one of your stores; choose one from the list.", short(value))
	return 0
}

func (r *filterReader) day(name string) string {
	value := r.one(name)
	if value == "" || readDay(value) {
		return value
	}
	r.say(name, "%s: “%s” is not a date; write it as %s.", fieldName(name), short(value), likelyDay(value, time.Now()))
	return ""
}

var decimal = regexp.MustCompile(`^([0-9]{1,13})(?:\.([0-9]+))?$`)

// amount reads a decimal number of as many decimals as the currencies of the chosen stores have.
func (r *filterReader) amount(name string, store int64) string {
	value := r.one(name)
	if value == "" {
		return ""
	}
	digits := 0
	for _, s := range r.choices.Stores {
		if store == 0 || s.ID == store {
			digits = max(digits, money.Digits(s.Currency))
		}
	}
	parts := decimal.FindStringSubmatch(value)
	switch {
	case parts == nil:
		example := "1000"
		if digits > 0 {
			example += "." + strings.Repeat("0", digits-1) + "5"
		}
		r.say(name, "%s: “%s” is not an amount; write digits and at most one point, as in %s.", fieldName(name), short(value), example)
	case len(parts[2]) > digits:
		r.say(name, "%s: “%s” has more decimals than your currencies, which have %d; write fewer.", fieldName(name), short(value), digits)
	default:
		whole := strings.TrimLeft(parts[1], "0")
		if whole == "" {
			whole = "0"
		}
		if fraction := strings.TrimRight(parts[2], "0"); fraction != "" {
			return whole + "." + fraction
		}
		return whole
	}
	return ""
}

func (r *filterReader) sort() OrderSort {
	value := strings.ToLower(r.one("sort"))
	name, dir, _ := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(value, "-"), ".", " "), " ")
	s := OrderSort{Column: name, Oldest: !strings.HasPrefix(value, "-") && dir != "desc"}
	switch name {
	case "":
		return OrderSort{}
	case "date_added":
		s.Column = SortAdded
	case SortModified, SortID:
	default:
		r.say("sort", "Orders cannot be sorted by “%s”; choose date_added, date_modified or id.", short(value))
		return OrderSort{}
	}
	return s
}

func (r *filterReader) limit() int {
	value := r.one("limit")
	if value == "" {
		return DefaultOrderLimit
	}
	if n, err := strconv.Atoi(value); err == nil && digitsOnly.MatchString(value) && n >= MinOrderLimit && n <= MaxOrderLimit {
		return n
	}
	r.say("limit", "“%s” rows to a page are not possible; choose from %d to %d. These are %d.", short(value), MinOrderLimit, MaxOrderLimit, DefaultOrderLimit)
	return DefaultOrderLimit
}

func (r *filterReader) columns() []string {
	var columns []string
	for _, value := range r.many("cols") {
		for name := range strings.SplitSeq(value, ",") {
			name = strings.TrimSpace(name)
			switch {
			case name == "" || slices.Contains(columns, name):
			case !slices.Contains(OrderColumns, name):
				r.say("cols", "There is no column “%s”; choose from %s.", short(name), strings.Join(OrderColumns, ", "))
			default:
				columns = append(columns, name)
			}
		}
	}
	return columns
}

func (r *filterReader) cursors(sort OrderSort) (after, before string) {
	after, before = r.one("after"), r.one("before")
	if after != "" && before != "" {
		r.say("before", "A page comes after one order or before one, not both; this is the one after.")
		before = ""
	}
	for _, cursor := range []string{after, before} {
		if _, ok := readCursor(cursor, sort); cursor != "" && !ok {
			r.say("after", "The address of this page was damaged or belongs to another sort; this is the first page.")
			return "", ""
		}
	}
	return after, before
}

// compare points out what is possible to ask but can match nothing.
func (r *filterReader) compare(f OrderFilter) {
	backwards := func(days DayRange) bool { return days.From != "" && days.To != "" && days.From > days.To }
	if backwards(f.Added) {
		r.say("added_to", "Date added goes from %s back to %s, so no order can match; swap the dates.", f.Added.From, f.Added.To)
	}
	if backwards(f.Modified) {
		r.say("modified_to", "Date modified goes from %s back to %s, so no order can match; swap the dates.", f.Modified.From, f.Modified.To)
	}
	if f.AmountFrom != "" && f.AmountTo != "" && scaled(f.AmountFrom, 3, false) > scaled(f.AmountTo, 3, false) {
		r.say("amount_to", "The total goes from %s down to %s, so no order can match; swap the amounts.", f.AmountFrom, f.AmountTo)
	}
}

// fieldName is a field of the URL as people read it.
func fieldName(name string) lang.Text {
	return map[string]lang.Text{
		"q": lang.Textf("The search"), "order_id": lang.Textf("Order ID"), "partner_order_id": lang.Textf("Partner order ID"), "customer": lang.Textf("Customer"), "gateway": lang.Textf("Gateway"),
		"payment_method": lang.Textf("Payment method"), "added_from": lang.Textf("Date added from"), "added_to": lang.Textf("Date added to"),
		"modified_from": lang.Textf("Date modified from"), "modified_to": lang.Textf("Date modified to"), "amount_from": lang.Textf("Total from"), "amount_to": lang.Textf("Total to"),
		"from": lang.Textf("Date from"), "to": lang.Textf("Date to"), "gofynd_order_id": lang.Textf("Gofynd Order ID"), "event": lang.Textf("Event"),
	}[name]
}

// short keeps a pasted page from filling the sentence about it.
func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
