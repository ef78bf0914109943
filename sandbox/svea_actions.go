package sandbox

import "slices"

// act fills in the action lists, which are what Svea lets a merchant go by (Svea's system tests, one
// file for each payment type).
func (o *sveaOrder) act() {
	e := &o.Entity
	e.Actions = []string{}
	active := e.SystemStatus != "Pending"
	if active && e.Status == "Open" {
		e.Actions = map[string][]string{
			"rows": {"CanDeliverOrder", "CanDeliverPartially", "CanCancelOrder", "CanCancelOrderRow", "CanAddOrderRow", "CanUpdateOrderRow"},
			"plan": {"CanDeliverOrder", "CanCancelOrder", "CanAddOrderRow", "CanCancelOrderRow", "CanUpdateOrderRow"},
			"card": {"CanDeliverOrder", "CanCancelOrder", "CanCancelAmount"},
		}[o.kind()]
	}
	if active && e.Status == "Delivered" && o.kind() == "card" && !o.Settled {
		e.Actions = []string{"CanCancelOrder", "CanCancelAmount"}
	}
	e.Actions = atLeastEmpty(e.Actions)
	for i := range e.Rows {
		e.Rows[i].Actions = []string{}
		if active && e.Status == "Open" && !e.Rows[i].Cancelled {
			e.Rows[i].Actions = atLeastEmpty(map[string][]string{
				"rows": {"CanDeliverRow", "CanCancelRow", "CanUpdateRow"}, "plan": {"CanCancelRow", "CanUpdateRow"},
			}[o.kind()])
		}
	}
	for i := range e.Deliveries {
		o.actOn(&e.Deliveries[i], active)
	}
}

// actOn fills in what can be done with a delivery: give rows of it back, or an amount of it.
func (o *sveaOrder) actOn(d *sveaDelivery, active bool) {
	d.Actions = []string{}
	byRow := o.kind() == "rows" || o.kind() == "plan"
	some := false
	for i := range d.Rows {
		d.Rows[i].Actions = []string{}
		if active && byRow && (o.Loose || o.left(d, &d.Rows[i]) > 0 && d.Amount > d.Credited) {
			d.Rows[i].Actions = []string{"CanCreditRow"}
			some = true
		}
	}
	left := d.Amount - d.Credited
	if o.kind() == "card" {
		left -= o.Late
	}
	if !active || left <= 0 && !o.Loose || o.Flying > 0 {
		return
	}
	switch {
	case byRow:
		d.Actions = append(d.Actions, "CanCreditNewRow")
		if some {
			d.Actions = append(d.Actions, "CanCreditOrderRows")
		}
	case o.kind() == "bank" || o.Settled:
		d.Actions = append(d.Actions, "CanCreditAmount")
	}
}

// can says whether the order offers an action now.
func (o *sveaOrder) can(action string) bool {
	o.act()
	return slices.Contains(o.Entity.Actions, action)
}
