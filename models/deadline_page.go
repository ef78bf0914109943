package models

import "time"

// PlanOf is what is planned for a payment, or went wrong and was not seen yet; nil when there is neither.
func (p *OrderPage) PlanOf(payment int64) *PlannedCapture {
	for i := len(p.Planned) - 1; i >= 0; i-- {
		plan := &p.Planned[i]
		if plan.PaymentID == payment && (plan.Open() || plan.State == PlanFailed && plan.SeenAt == nil) {
			return plan
		}
	}
	return nil
}

// RuleOf is the store's rule by which a held payment will be captured, and when; nil when it will not be, because
// there is no rule, somebody holds this authorization back, or the rule has had its turn.
func (p *OrderPage) RuleOf(payment *OrderPayment) (rule *CaptureRule, at time.Time) {
	if _, held := payment.Remaining(p.Now); !held {
		return nil, at
	}
	for _, plan := range p.Planned {
		if plan.PaymentID == payment.ID && plan.Source == ByRule && plan.CaptureBefore != nil && plan.CaptureBefore.Equal(*payment.CaptureBefore) {
			return nil, at
		}
	}
	for i := range p.Rules {
		if p.Rules[i].Gateway == payment.Gateway {
			return &p.Rules[i], p.Rules[i].At(&payment.Payment)
		}
	}
	return nil, at
}

// rulesOfStore are the capture rules of an order's store.
const rulesOfStore = " FROM capture_rules WHERE store_id = (SELECT store_id FROM orders WHERE id = $1 AND ($2 OR store_id = ANY($3)))"
