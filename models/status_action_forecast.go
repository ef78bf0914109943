package models

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/lang"
)

// StatusForecast is what giving an order a status would do.
type StatusForecast struct {
	To    string
	Same  bool         // the order has it already, or it was asked for
	Calls []StatusCall // what its payments' providers would be asked; empty when nothing is linked
}

// StatusCall is what one payment's provider would be asked.
type StatusCall struct {
	Rule      StatusRule
	PaymentID int64
	Gateway   string
	Plan      Plan
}

// In is what would happen, in the language of who asked; "" when nothing is called.
func (f *StatusForecast) In(ctx context.Context) string {
	var parts []string
	for _, call := range f.Calls {
		parts = append(parts, call.Plan.In(ctx))
	}
	return strings.Join(parts, " ")
}

// Moves says whether money would move.
func (f *StatusForecast) Moves() bool {
	for _, call := range f.Calls {
		if len(call.Plan.Steps) > 0 {
			return true
		}
	}
	return false
}

// Blocked is the first call that could not be made, or nil. The order would keep its status.
func (f *StatusForecast) Blocked() *StatusCall {
	for i := range f.Calls {
		if f.Calls[i].Plan.Blocked() {
			return &f.Calls[i]
		}
	}
	return nil
}

// statusPosition is an order with everything a change of its status depends on.
type statusPosition struct {
	order    *Order
	payments []*position
	rules    map[string]*StatusRuleSet // of its store, by gateway
	open     []StatusAction            // of the order
}

// asked is the status the order has or is about to have. One whose action failed is not about to come.
func (at *statusPosition) asked() string {
	for _, a := range at.open {
		if a.holds() && a.State != ActionFailed {
			return a.ToStatus
		}
	}
	return at.order.Status
}

// holds says whether the order waits for a status that was asked for, or failed to get one.
func (at *statusPosition) holds() bool {
	return slices.ContainsFunc(at.open, func(a StatusAction) bool { return a.holds() })
}

// failed is whether a status was asked for whose action failed, or, for "", whether any was.
func (at *statusPosition) failed(to string) bool {
	for _, a := range at.open {
		if a.holds() && a.State == ActionFailed && (to == "" || to == a.ToStatus) {
			return true
		}
	}
	return false
}

// forecast says what a status would start: for each gateway the rule of that status, unless the status before
// is in the same group, with the payments there is money in.
func (at *statusPosition) forecast(to string) StatusForecast {
	f := StatusForecast{To: to, Same: to == at.asked()}
	if f.Same || to == at.order.Status {
		return f // what it never left starts nothing anew
	}
	for _, gateway := range slices.Sorted(maps.Keys(at.rules)) {
		rules := at.rules[gateway]
		rule := rules.rule(to)
		if rule == nil {
			continue
		}
		if before := rules.rule(at.asked()); before != nil && before.Action == rule.Action {
			continue
		}
		for _, payment := range at.meant(gateway, rule.Action) {
			f.Calls = append(f.Calls, StatusCall{Rule: *rule, PaymentID: payment.payment.ID, Gateway: gateway, Plan: payment.forStatus(rule.Action)})
		}
	}
	return f
}

// meant are the payments a rule is about: those that hold or drew money. A capture is also asked of the latest
// payment when there is money in none, so that an order nobody paid for does not leave unnoticed.
func (at *statusPosition) meant(gateway string, action Action) []*position {
	var live []*position
	var latest *position
	for _, payment := range at.payments {
		if payment.payment.Gateway != gateway {
			continue
		}
		latest = payment
		if payment.payment.rank() >= 2 {
			live = append(live, payment)
		}
	}
	if len(live) == 0 && latest != nil && action == CaptureAction {
		live = append(live, latest)
	}
	return live
}

// forStatus is the plan of an action that a status starts. What is so already needs no call.
func (at *position) forStatus(action Action) Plan {
	total := at.order.Total()
	plan, err := at.plan(action.want(total))
	switch {
	case action == UpdateAction && plan.Skip == "" && total == at.payment.Held():
		plan.not(SkipDone, lang.Textf("%s holds %s already.", plan.Name, total))
	case err != nil:
		plan.not(SkipNotPossible, spoken(err))
	case action == CancelAction && plan.Code == SkipNotPaid:
		plan.Code = SkipDone
	}
	return plan
}

// statusPosition reads what a change of an order's status depends on.
func (db *DB) statusPosition(ctx context.Context, order *Order) (*statusPosition, error) {
	at := &statusPosition{order: order, rules: map[string]*StatusRuleSet{}}
	err := db.in(ctx).Where("order_id = ? AND state IN ?", order.ID, []StatusActionState{ActionWaiting, ActionSent, ActionFailed}).Order("id DESC").Find(&at.open).Error
	if err != nil {
		return nil, fmt.Errorf("read the status actions of order %d: %w", order.ID, err)
	}
	var sets []StatusRuleSet
	err = db.in(ctx).Where("store_id = ? AND current AND gateway IN (SELECT gateway FROM payments WHERE order_id = ?)", order.StoreID, order.ID).Find(&sets).Error
	if err != nil || len(sets) == 0 {
		return at, wrapf(err, "read the status rules of store %d", order.StoreID)
	}
	for i := range sets {
		if err := db.in(ctx).Where("set_id = ?", sets[i].ID).Find(&sets[i].Rules).Error; err != nil {
			return nil, fmt.Errorf("read the status rules of store %d: %w", order.StoreID, err)
		}
		if len(sets[i].Rules) > 0 && db.drivers[sets[i].Gateway].Can.ByStatus {
			at.rules[sets[i].Gateway] = &sets[i]
		}
	}
	if len(at.rules) == 0 {
		return at, nil
	}
	var payments []Payment
	if err := db.in(ctx).Where("order_id = ?", order.ID).Order("id").Find(&payments).Error; err != nil {
		return nil, fmt.Errorf("read the payments of order %d: %w", order.ID, err)
	}
	for i := range payments {
		if at.rules[payments[i].Gateway] == nil {
			continue
		}
		payment, err := db.position(ctx, &payments[i])
		if err != nil {
			return nil, err
		}
		at.payments = append(at.payments, payment)
	}
	return at, nil
}

// statusPosition is what a change of the order's status depends on, as its page was read.
func (p *OrderPage) statusPosition(sets []StatusRuleSet, linked []StatusRule) *statusPosition {
	at := &statusPosition{order: p.Order, rules: map[string]*StatusRuleSet{}}
	for i := range sets {
		for _, rule := range linked {
			if rule.SetID == sets[i].ID {
				sets[i].Rules = append(sets[i].Rules, rule)
			}
		}
		at.rules[sets[i].Gateway] = &sets[i]
	}
	for i := range p.Payments {
		if p.Payments[i].Driver.Can.ByStatus {
			at.payments = append(at.payments, p.Payments[i].at)
		}
	}
	for _, a := range p.Actions {
		if a.Open() {
			at.open = append(at.open, a)
		}
	}
	return at
}

// Forecast says what giving the order a status would do, as its page was read.
func (p *OrderPage) Forecast(to string) StatusForecast { return p.changes.forecast(to) }

// PlanStatus says what giving an order a status would do, as it stands here; providers are asked when it is done.
func (db *DB) PlanStatus(ctx context.Context, order int64, to string) (StatusForecast, error) {
	var o Order
	err := db.in(ctx).Scopes(scoped(ctx, "orders")).First(&o, "id = ?", order).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return StatusForecast{}, ErrNotFound
	}
	if err != nil {
		return StatusForecast{}, fmt.Errorf("read order %d: %w", order, err)
	}
	at, err := db.statusPosition(ctx, &o)
	if err != nil {
		return StatusForecast{}, err
	}
	return at.forecast(to), nil
}

// wrapf says what was attempted, if it failed.
func wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
