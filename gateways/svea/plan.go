package svea

import (
	"net/http"
	"strconv"

	"github.com/kartify/kartify/gateways"
)

type orderRowIDs struct {
	IDs       []int64       `json:"OrderRowIds"`
	Deliver   []rowQuantity `json:"RowDeliveryOptions,omitempty"`
	Crediting []rowQuantity `json:"RowCreditingOptions,omitempty"`
}

type rowQuantity struct {
	ID       int64 `json:"OrderRowId"`
	Quantity int64 `json:"Quantity"` // hundredths of a piece
}

type (
	cancellation    struct{ IsCancelled bool }
	cancelledAmount struct{ CancelledAmount int64 } // the new total, not what is added
	creditedAmount  struct{ CreditedAmount int64 }  // the same
	deliveredAmount struct{ DeliveredAmount int64 }
	newRows         struct{ OrderRows []newRow }
	freeCredit      struct {
		NewCreditOrderRow  newRow
		NewCreditOrderRows []newRow `json:",omitempty"`
	}
)

// capturing delivers everything that is open, or the rows and pieces of req.Lines, or for card-like
// payments a lower amount, which gives the rest up.
func capturing(o order, req gateways.Request) ([]change, error) {
	path := orderPath(req.PaymentRef, "/deliveries")
	held := o.held()
	switch {
	case !o.offers(canDeliver):
		return nil, refusal(req.Verb, "Svea does not offer to deliver this order now. "+o.standing())
	case req.Amount.Minor > held || held == 0:
		return nil, refusal(req.Verb, "Svea holds "+o.amount(held).String()+" of this order, not "+req.Amount.String()+". Reload the order.")
	case req.Amount.Minor == held:
		return []change{{http.MethodPost, path, orderRowIDs{IDs: []int64{}}}}, nil
	case o.offers(canDeliverPart):
		ids, quantities := matchRows(o.Rows, canDeliverRow, req)
		if ids == nil {
			return nil, refusal(req.Verb, "Svea delivers a part of this order by its rows. Choose the rows and pieces that are shipped; they must be those Svea has.")
		}
		return []change{{http.MethodPost, path, orderRowIDs{IDs: ids, Deliver: quantities}}}, nil
	case o.offers(canCancelAmount):
		return []change{{http.MethodPost, path + "/DeliverAndLowerAmount", deliveredAmount{req.Amount.Minor}}}, nil
	}
	return nil, refusal(req.Verb, "Svea delivers this payment as a whole or not at all.")
}

// voiding cancels everything that is open.
func voiding(o order, req gateways.Request) ([]change, error) {
	path := orderPath(req.PaymentRef)
	held := o.held()
	switch {
	case held == 0:
		return nil, refusal(req.Verb, "Nothing of this order is open at Svea that could be cancelled. "+o.standing())
	case req.Amount.Minor != held:
		return nil, refusal(req.Verb, "Svea holds "+o.amount(held).String()+" of this order, not "+req.Amount.String()+". Reload the order.")
	case len(o.Deliveries) == 0 && o.offers(canCancel):
		return []change{{http.MethodPatch, path, cancellation{true}}}, nil
	case o.offers(canCancelRows):
		ids, sum := []int64{}, int64(0)
		for _, r := range o.Rows {
			if !r.Cancelled && r.offers(canCancelRow) {
				ids, sum = append(ids, r.ID), sum+r.total()
			}
		}
		if sum == held {
			return []change{{http.MethodPatch, path + "/rows/cancelOrderRows", orderRowIDs{IDs: ids}}}, nil
		}
	}
	if o.offers(canCancelAmount) {
		return []change{{http.MethodPatch, path, cancelledAmount{o.Cancelled + held}}}, nil
	}
	return nil, refusal(req.Verb, "Svea does not offer to cancel the rest of this order now. "+o.standing())
}

// updating replaces the rows, or lowers the amount of a payment that has no rows to change.
func updating(o order, req gateways.Request) ([]change, error) {
	path := orderPath(req.PaymentRef)
	switch {
	case len(o.Deliveries) > 0 || o.held() == 0:
		return nil, refusal(req.Verb, "A part of this order is delivered or nothing of it is open, so Svea changes its amount no more; what is delivered can be credited.")
	case o.offers(canUpdateRows):
		rows := rowsOf(req.Lines, req.Amount.Minor)
		if rows == nil {
			return nil, refusal(req.Verb, "Svea replaces the order's rows together with its amount, and the lines given do not add up to it. Change the lines; the amount follows.")
		}
		return []change{{http.MethodPut, path + "/rows/replaceOrderRows", newRows{rows}}}, nil
	case !o.offers(canCancelAmount):
		return nil, refusal(req.Verb, "Svea does not offer to change this order now. "+o.standing())
	case req.Amount.Minor >= o.held() || req.Amount.Minor <= 0:
		return nil, refusal(req.Verb, "Svea can only lower the amount of this payment, below "+o.amount(o.held()).String()+".")
	}
	return []change{{http.MethodPatch, path, cancelledAmount{o.Amount - req.Amount.Minor}}}, nil
}

// refunding returns money of the deliveries. What covers all that is left goes delivery by delivery; a part
// comes out of one delivery, so that it either happens or does not.
func refunding(o order, req gateways.Request) ([]change, error) {
	var credits []delivery
	left := int64(0)
	for _, d := range o.Deliveries {
		if d.Amount > d.Credited {
			credits, left = append(credits, d), left+d.Amount-d.Credited
		}
	}
	left -= o.undone()
	if req.Amount.Minor > left || left <= 0 {
		return nil, refusal(req.Verb, "Svea shows "+o.amount(max(0, left)).String()+" of this order left to return. Reload the order.")
	}
	if !offersCredit(credits) && o.unsettled() {
		return uncharging(o, req, left)
	}
	if req.Amount.Minor != left {
		for _, d := range credits {
			if len(req.Lines) == 0 && d.Amount-d.Credited < req.Amount.Minor {
				continue
			}
			if c, ok := d.crediting(req, req.Amount.Minor); ok {
				return []change{c}, nil
			}
		}
	} else if changes, ok := creditingAll(credits, req); ok {
		return changes, nil
	}
	switch {
	case !offersCredit(credits):
		return nil, refusal(req.Verb, "Svea does not offer a credit of this order now: an earlier credit may be under way, or the payment is not settled yet. Try again later, or credit it in Payment Admin. "+o.standing())
	case len(credits) > 1:
		return nil, refusal(req.Verb, "Svea credits each delivery by itself, and none of them has "+req.Amount.String()+" left that it would credit so. Credit them one by one.")
	}
	return nil, refusal(req.Verb, "Svea credits this delivery by its rows. Choose the rows and pieces that are returned, or credit it in Payment Admin.")
}

// creditingAll credits everything that is left, delivery by delivery. Of a card payment a part may have gone back
// before it was settled: its delivery still shows the whole, and only the rest is credited.
func creditingAll(credits []delivery, req gateways.Request) ([]change, bool) {
	var changes []change
	rest := req.Amount.Minor
	for _, d := range credits {
		part := min(d.Amount-d.Credited, rest)
		if part == 0 {
			break
		}
		c, ok := d.crediting(req, part)
		if !ok {
			return nil, false
		}
		changes, rest = append(changes, c), rest-part
	}
	return changes, rest == 0
}

// uncharging returns money of a card payment that is delivered and not settled: it is cancelled in full or in part.
func uncharging(o order, req gateways.Request, left int64) ([]change, error) {
	path := orderPath(req.PaymentRef)
	switch {
	case req.Amount.Minor == left && o.Cancelled == 0 && o.offers(canCancel):
		return []change{{http.MethodPatch, path, cancellation{true}}}, nil
	case o.offers(canCancelAmount):
		return []change{{http.MethodPatch, path, cancelledAmount{o.Cancelled + req.Amount.Minor}}}, nil
	}
	return nil, refusal(req.Verb, "Svea returns this payment only as a whole until it is settled.")
}

func offersCredit(deliveries []delivery) bool {
	for _, d := range deliveries {
		if d.credits() {
			return true
		}
	}
	return false
}

// crediting credits part of a delivery in the way it offers: by its rows where they make the sum, else by its
// amount, else by new rows.
func (d delivery) crediting(req gateways.Request, part int64) (change, bool) {
	path := orderPath(req.PaymentRef, "/deliveries/", strconv.FormatInt(d.ID, 10))
	if d.offers(canCreditRows) {
		if ids, sum := []int64{}, int64(0); part == d.Amount-d.Credited {
			for _, r := range d.Rows {
				if r.offers(canCreditRow) {
					ids, sum = append(ids, r.ID), sum+r.total()
				}
			}
			if sum == part {
				return change{http.MethodPost, path + "/credits", orderRowIDs{IDs: ids}}, true
			}
		}
		if ids, quantities := matchRows(d.Rows, canCreditRow, req); ids != nil && part == req.Amount.Minor {
			return change{http.MethodPost, path + "/credits", orderRowIDs{IDs: ids, Crediting: quantities}}, true
		}
	}
	if part > d.Amount-d.Credited {
		return change{}, false
	}
	switch {
	case d.offers(canCreditAmount):
		return change{http.MethodPatch, path, creditedAmount{d.Credited + part}}, true
	case d.offers(canCreditNewRow):
		rows := d.freeRows(req, part)
		return change{http.MethodPost, path + "/credits", freeCredit{rows[0], rows[1:]}}, true
	}
	return change{}, false
}

// standing says how the order stands, for people.
func (o order) standing() string {
	text := "At Svea it is " + o.Status
	if o.System != "" {
		text += " and " + o.System
	}
	if o.SystemMessage != "" {
		text += " (" + o.SystemMessage + ")"
	}
	return text + "."
}
