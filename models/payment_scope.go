package models

import (
	"strings"
)

// scope applies the filter to a statement in which the payment is called p and its search text s: to the list,
// to its count, to its file.
func (f PaymentFilter) scope(c *clauses, choices *PaymentChoices, by found) {
	ids := choices.ids(f)
	one := func(column string, values []string) {
		if len(values) == 1 {
			c.and(column+" = ?", values[0])
		} else if len(values) > 1 {
			c.and(column+" = ANY (?)", values)
		}
	}
	if len(ids) == 1 {
		c.and("p.store_id = ?", ids[0])
	} else {
		c.and("p.store_id = ANY (?)", ids)
	}
	one("p.status", f.Statuses)
	one("s.system", f.Systems)
	if len(f.Systems) == 1 {
		c.and("s.system <> ''") // as its index has it
	}
	if f.Gateway != "" {
		c.and("p.gateway = ?", f.Gateway)
	}
	f.scopeStarted(c, choices, by)
	switch {
	case by.known:
		c.and("p.id = ANY (?)", by.ids)
	case by.walk:
		// Written as an expression the text cannot be sought by its index, which would lead away from the walk.
		f.scopeWords(c, "(s.txt || '')")
		if !by.edge.At.IsZero() {
			sign := " >= "
			if f.Before != "" {
				sign = " <= "
			}
			c.and("(s.created_at, s.payment_id)"+sign+"(?, ?)", by.edge.At, by.edge.ID)
		}
	}
}

// scopeStarted keeps payments to the days on which they began, as the clocks of their own store have them.
func (f PaymentFilter) scopeStarted(c *clauses, choices *PaymentChoices, by found) {
	if f.Started.empty() {
		return
	}
	_, column, _ := f.from(by)
	var each []string
	for _, zone := range choices.Zones(OrderFilter{Store: f.Store}) {
		var ids []int64
		var limits []string
		for _, s := range choices.stores(f) {
			if s.Zone().String() != zone {
				continue
			}
			if ids = append(ids, s.ID); len(ids) > 1 {
				continue
			}
			from, before := f.Started.Bounds(s.Zone())
			if !from.IsZero() {
				limits = append(limits, column+" >= "+c.arg(from))
			}
			if !before.IsZero() {
				limits = append(limits, column+" < "+c.arg(before))
			}
		}
		each = append(each, c.fill("(p.store_id = ANY (?) AND ", ids)+strings.Join(limits, " AND ")+")")
	}
	if len(each) > 0 {
		c.and("(" + strings.Join(each, " OR ") + ")")
	}
}

// scopeWords wants every word of the search in column.
func (f PaymentFilter) scopeWords(c *clauses, column string) {
	for _, n := range paymentNeedles(f.Q) {
		c.and(n.in(c, column))
	}
}
