package models

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// clauses are the conditions of a statement that is built from the filters present and from nothing
// else, so that the planner sees what is asked and no more.
type clauses struct {
	where []string
	args  []any
}

// arg adds a value and gives its name in the statement.
func (c *clauses) arg(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

// and adds a condition; each ? in it stands for the next value.
func (c *clauses) and(condition string, values ...any) {
	c.where = append(c.where, c.fill(condition, values...))
}

func (c *clauses) fill(condition string, values ...any) string {
	var b strings.Builder
	for i, part := range strings.Split(condition, "?") {
		if i > 0 {
			b.WriteString(c.arg(values[i-1]))
		}
		b.WriteString(part)
	}
	return b.String()
}

func (c *clauses) sql() string {
	if len(c.where) == 0 {
		return "true"
	}
	return strings.Join(c.where, " AND ")
}

// literal is a LIKE pattern for text anywhere, in which % _ and \ mean themselves.
func literal(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// scope applies the filter to a statement in which the order is called o: to the list, to its count,
// to its exports. What is sought by words is found by search and only narrowed here.
func (f OrderFilter) scope(c *clauses, choices *OrderChoices) {
	f.scopeStores(c, choices)
	f.scopeStatuses(c)
	f.scopeEvents(c)
	f.scopeIDs(c)
	f.scopeDeadline(c, choices)
	f.scopeReconciled(c, choices)
	switch f.Action {
	case "failed":
		c.and("o.id IN (SELECT a.order_id FROM status_actions a WHERE a.state = 'failed')")
	case "open":
		c.and("o.id IN (SELECT a.order_id FROM status_actions a WHERE a.state IN ('waiting', 'sent', 'failed'))")
	}
	for _, n := range needles(f.Customer) {
		c.and(n.in(c, `kartify_fold(concat_ws(' ', o.customer_name, o.company, o.customer_email, o.customer_phone,
			regexp_replace(o.customer_phone, '[^0-9]', '', 'g')))`))
	}
	if f.Gateway != "" {
		c.and("o.gateway = ?", f.Gateway)
	}
	if f.PaymentMethod != "" {
		c.and("kartify_fold(o.payment_method) LIKE kartify_fold(?)", literal(f.PaymentMethod))
	}
	f.Added.scope(c, "o.date_added", choices.within(f))
	f.Modified.scope(c, "o.date_modified", choices.within(f))
	scopeAmount(c, ">=", f.AmountFrom, true)
	scopeAmount(c, "<=", f.AmountTo, false)
}

// scopeStores keeps a statement to the person's stores: the first wall. The second is the database's.
func (f OrderFilter) scopeStores(c *clauses, choices *OrderChoices) {
	ids := choices.storeIDs(f)
	if len(ids) == 1 {
		c.and("o.store_id = ?", ids[0])
		return
	}
	c.and("o.store_id = ANY (?)", ids)
}

// scopeStatuses is the missing rule: all means all but missing.
func (f OrderFilter) scopeStatuses(c *clauses) {
	switch len(f.Statuses) {
	case 0:
		c.and("o.status <> 'missing'")
	case 1:
		c.and("o.status = ?", f.Statuses[0])
	default:
		c.and("o.status = ANY (?)", f.Statuses)
	}
}

// scopeEvents finds orders by what they have ever received. One event leads the statement as e.
func (f OrderFilter) scopeEvents(c *clauses) {
	switch {
	case len(f.Events) == 1:
		c.and("e.event = ?", f.Events[0])
		c.and(f.waitingCondition())
	case len(f.Events) > 1:
		c.and("EXISTS (SELECT 1 FROM order_events_seen e WHERE e.order_id = o.id AND e.event = ANY (?) AND "+f.waitingCondition()+")", f.Events)
	}
}

// waitingCondition leaves out the refunds that are answered, or those that are not.
func (f OrderFilter) waitingCondition() string {
	switch {
	case f.OnlyWaiting() && len(f.Events) == 1:
		return "e.waiting" // as its index has it
	case f.OnlyWaiting():
		return "(e.waiting OR e.event <> '" + EventRefundInitiated + "')"
	case f.Waiting == "done":
		return "(NOT e.waiting OR e.event <> '" + EventRefundInitiated + "')"
	}
	return "true"
}

func (f OrderFilter) scopeIDs(c *clauses) {
	if f.OrderID != "" {
		if id, err := strconv.ParseInt(f.OrderID, 10, 64); err == nil {
			c.and("o.id = ?", id)
		} else {
			c.and("false") // no order has a number that long
		}
	}
	if f.PartnerOrderID != "" {
		c.and("o.partner_order_id = ?", f.PartnerOrderID)
	}
}

// scope keeps column within the days of each order's own store. A store or several of one zone make
// one range; several zones make a range each, inside the range that holds them all.
func (r DayRange) scope(c *clauses, column string, stores []Store) {
	if r.empty() {
		return
	}
	type span struct {
		from, before time.Time
		stores       []int64
	}
	var spans []span
	for _, s := range stores {
		from, before := r.Bounds(s.Zone())
		i := slices.IndexFunc(spans, func(have span) bool { return have.from.Equal(from) && have.before.Equal(before) })
		if i < 0 {
			i = len(spans)
			spans = append(spans, span{from: from, before: before})
		}
		spans[i].stores = append(spans[i].stores, s.ID)
	}
	if len(spans) == 0 {
		return
	}
	limits := func(from, before time.Time) string {
		var parts []string
		if !from.IsZero() {
			parts = append(parts, column+" >= "+c.arg(from))
		}
		if !before.IsZero() {
			parts = append(parts, column+" < "+c.arg(before))
		}
		return strings.Join(parts, " AND ")
	}
	first := slices.MinFunc(spans, func(a, b span) int { return a.from.Compare(b.from) }).from
	last := slices.MaxFunc(spans, func(a, b span) int { return a.before.Compare(b.before) }).before
	c.and(limits(first, last))
	if len(spans) == 1 {
		return
	}
	var each []string
	for _, s := range spans {
		each = append(each, c.fill("(o.store_id = ANY (?) AND ", s.stores)+limits(s.from, s.before)+")")
	}
	c.and("(" + strings.Join(each, " OR ") + ")")
}

// scopeAmount compares totals with an amount in the units of each order's own currency.
func scopeAmount(c *clauses, compare, amount string, up bool) {
	if amount == "" {
		return
	}
	bound := "CASE"
	for _, digits := range []int{0, 3, 4} {
		bound += c.fill(" WHEN o.currency = ANY (?) THEN ?::bigint", money.WithDigits(digits), scaled(amount, digits, up))
	}
	c.and("o.total_minor "+compare+" "+bound+" ELSE ?::bigint END", scaled(amount, 2, up))
}

// scaled is a decimal in units of digits decimals, rounded up or down where it has more.
func scaled(amount string, digits int, up bool) int64 {
	whole, fraction, _ := strings.Cut(amount, ".")
	more := len(fraction) > digits
	if more {
		fraction = fraction[:digits]
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
	if err != nil {
		return 0 // never: amounts of a filter are digits, at most 16 of them
	}
	if more && up {
		minor++
	}
	return minor
}
