package views

import (
	"context"
	"fmt"
	"strconv"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// RefundForm is what stands in the Refund Money form of one payment, as typed.
type RefundForm struct {
	PaymentID int64 // whose dialog is filled in by this; the others begin anew
	Token     func(payment int64) string
	Open      bool
	Mode      string // full, partial, lines
	Amount    string
	Full      string
	Reason    string
	Note      string
	Event     int64
	Lines     map[int64]string // item → quantity
	Shipping  bool
	Problem   *models.Problem
	Total     RefundTotal
}

// RefundTotal is what a Refund Money form comes to.
type RefundTotal struct {
	Amount  money.Amount
	Lines   []models.RefundLine // when chosen by line
	Problem string              // why there is no sum
	Same    *models.Operation   // an equal refund of a moment ago
}

// The modes of the form.
const (
	RefundFull    = "full"
	RefundPartial = "partial"
	RefundLines   = "lines"
)

// refundForm is the form of one payment: as it was sent, or as it begins.
func (v OrderView) refundForm(p *models.OrderPayment) RefundForm {
	f := v.Refund
	if f.PaymentID != p.ID {
		f = v.newRefundForm(p)
	}
	f.Full = p.Refundable().Decimal()
	if v.Refund.PaymentID == p.ID && v.Refund.Full != "" {
		f.Full = v.Refund.Full
	}
	return f
}

// OpenRefund opens the Refund Money form of a payment as it begins.
func (v *OrderView) OpenRefund(payment int64) {
	if p := v.Payment(payment); p != nil {
		v.Refund = v.newRefundForm(p)
		v.Refund.Open = true
	}
}

func (v OrderView) newRefundForm(p *models.OrderPayment) RefundForm {
	amount, event := v.SuggestRefund(p)
	f := RefundForm{PaymentID: p.ID, Token: v.Refund.Token, Mode: RefundFull, Amount: amount.Decimal()}
	if amount != p.Refundable() {
		f.Mode = RefundPartial
	}
	if event != nil {
		f.Event, f.Reason = event.ID, "requested_by_customer"
	}
	f.Total = RefundTotal{Amount: amount, Same: v.SameRefund(p, amount)}
	return f
}

func (f RefundForm) field(ctx context.Context, p *models.OrderPayment, name string) string {
	return fmt.Sprintf("refund-%d-%s", p.ID, name)
}

func refundsPath(v OrderView, p *models.OrderPayment) string {
	return fmt.Sprintf("%s/payments/%d/refunds", v.path(), p.ID)
}

// refundSentence is what pressing the button will do.
func (v OrderView) refundSentence(ctx context.Context, p *models.OrderPayment, t RefundTotal) string {
	return lang.T(ctx, "Refund %s to %s by %s.", inFigures(ctx, t.Amount), v.customer(ctx), gatewayName(p))
}

// sameWarning says that an equal refund was made a moment ago, or nothing.
func (v OrderView) sameWarning(ctx context.Context, t RefundTotal) string {
	if t.Same == nil {
		return ""
	}
	amount, by, id := inFigures(ctx, t.Amount), t.Same.Requester, t.Same.ID
	if minutes := int(v.Now.Sub(t.Same.CreatedAt).Minutes()); minutes > 0 {
		return lang.N(ctx, "%s was already refunded %d minute ago by %s (Refund #%d). Refund again only if the customer is to get it twice.",
			"%s was already refunded %d minutes ago by %s (Refund #%d). Refund again only if the customer is to get it twice.", minutes, amount, minutes, by, id)
	}
	return lang.T(ctx, "%s was already refunded less than a minute ago by %s (Refund #%d). Refund again only if the customer is to get it twice.", amount, by, id)
}

func (v OrderView) quantity(f RefundForm, item int64) string {
	if text, ok := f.Lines[item]; ok {
		return text
	}
	return "0"
}

// requestOptions are the refund requests a refund can answer.
func (v OrderView) requestOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, e := range v.Unanswered() {
		options = append(options, ui.Option{Value: strconv.FormatInt(e.ID, 10), Label: v.asked(ctx, e)})
	}
	return options
}

func gatewayName(p *models.OrderPayment) string {
	if p.Driver.Name != "" {
		return p.Driver.Name
	}
	return ui.Words(p.Gateway)
}

// totalSwap keeps the sum of the form up to date while it is filled in. Nothing secret goes into an address.
func totalSwap(v OrderView, p *models.OrderPayment) templ.Attributes {
	return templ.Attributes{
		"hx-get": refundsPath(v, p) + "/new", "hx-include": "closest form", "hx-params": "not token,csrf,note,reason,back,update",
		"hx-trigger": "change from:closest form, input from:closest form delay:250ms", "hx-sync": "this:queue last", "hx-target": "this", "hx-swap": "innerHTML",
	}
}
