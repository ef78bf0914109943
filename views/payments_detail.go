package views

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
)

// PaymentDetailView is a payment with its four tabs, on its own page or under its row.
type PaymentDetailView struct {
	*models.PaymentDetail
	Person *models.User
	Tab    string
	List   *PaymentListView // the registry it is expanded in; nil on its own page
	Notify templ.Component  // what its shop was told of it, with the button that tells it again; nil for nothing
}

// PaymentTabs are the tabs of a payment: their word in the address and their name.
var PaymentTabs = []models.Choice{
	{Value: "info", Label: "Payment information"},
	{Value: "operation", Label: "Operation parameters"},
	{Value: "refunds", Label: "Refunds"},
	{Value: "request", Label: "Request parameters"},
}

// PaymentTab is one of the tabs by its word; the first for any other word.
func PaymentTab(word string) string {
	if slices.ContainsFunc(PaymentTabs, func(t models.Choice) bool { return t.Value == word }) {
		return word
	}
	return PaymentTabs[0].Value
}

// PaymentTitle is what the page of a payment is called.
func PaymentTitle(ctx context.Context, d *models.PaymentDetail) string {
	if d.Payment.Ref != nil {
		return lang.T(ctx, "Payment %s", *d.Payment.Ref)
	}
	return lang.T(ctx, "Payment #%d", d.Payment.ID)
}

func (v PaymentDetailView) tabPath(tab string) string {
	if v.List != nil {
		return v.List.openPath(v.Payment.ID, tab)
	}
	return PaymentPath(v.Payment.ID) + "?tab=" + tab
}

// tabSwap replaces the row in the registry, or the details on the page.
func (v PaymentDetailView) tabSwap(tab string) templ.Attributes {
	path := PaymentPath(v.Payment.ID) + "?tab=" + tab
	if v.List != nil {
		return templ.Attributes{"hx-get": path + "&in=list", "hx-replace-url": v.tabPath(tab), "hx-target": "closest tbody", "hx-swap": "outerHTML settle:0ms"}
	}
	return templ.Attributes{"hx-get": path, "hx-target": "#payment-detail", "hx-swap": "outerHTML settle:0ms", "hx-push-url": "true"}
}

func (v PaymentDetailView) order() OrderView {
	return OrderView{OrderPage: v.OrderPage, Person: v.Person}
}

// refundPath is the refund form of the order's page.
func (v PaymentDetailView) refundPath() string { return refundsPath(v.order(), v.Payment) + "/new" }

func (v PaymentDetailView) capturePath() string {
	return fmt.Sprintf("%s/payments/%d/captures/new", OrderPath(v.Order.ID), v.Payment.ID)
}

// pendingWords says of a payment that is waited for what that means, and since when.
func (v PaymentDetailView) pendingWords(ctx context.Context) string {
	since := lang.Format(ctx, v.Payment.CreatedAt.In(v.Store.Zone()), "2 Jan 2006, 15:04")
	return lang.T(ctx, "Awaiting payment since %s (%s). This is not proof of non-payment: a buyer who closed the page may have paid, and %s is asked by itself.",
		since, span(ctx, v.Now.Sub(v.Payment.CreatedAt)), gatewayName(v.Payment))
}

// slowWords says of a refund that is on its way for too long whom to ask.
func (v PaymentDetailView) slowWords(ctx context.Context) string {
	text := lang.T(ctx, "The refund has been on its way for %s; it should take an hour at most. The bank may not be able to process it. It stays as it is and no second one is sent.",
		span(ctx, v.Now.Sub(*v.Payment.RefundingSince)))
	if v.Payment.Driver.Support != "" {
		text += " " + lang.T(ctx, "Ask %s: %s", gatewayName(v.Payment), v.Payment.Driver.Support)
	}
	return text
}

// refunds are the payment's refunds, the newest first.
func (v PaymentDetailView) refunds() []models.Operation {
	return v.operations(func(op models.Operation) bool { return op.Kind == gateways.Refund })
}

// others are what else was done to the payment.
func (v PaymentDetailView) others() []models.Operation {
	return v.operations(func(op models.Operation) bool { return op.Kind != gateways.Refund })
}

func (v PaymentDetailView) operations(is func(models.Operation) bool) []models.Operation {
	var list []models.Operation
	for _, op := range v.Payment.Operations {
		if is(op) {
			list = append(list, op)
		}
	}
	slices.Reverse(list)
	return list
}

// ofOperation are parameters that tell of the operation at the bank and of the buyer; everything is among the
// request parameters.
var ofOperation = []string{
	"auth_code", "bank", "bank_id", "card_expiry", "card_holder", "card_number", "cart", "client_email", "client_phone", "clientid", "contact", "eci", "email",
	"msgtype", "obtain_datetime", "pending_datetime", "repeat_counter", "rrn", "service_name", "success_datetime", "terminal", "unique_id", "utr", "vpa",
}

func (v PaymentDetailView) operationValues() []models.NamedValue {
	var list []models.NamedValue
	for _, value := range v.Requested() {
		if slices.Contains(ofOperation, strings.ToLower(value.Name)) {
			list = append(list, value)
		}
	}
	return list
}

// requestText is the request parameters as they are copied.
func (v PaymentDetailView) requestText() string {
	var b strings.Builder
	for _, value := range v.Requested() {
		fmt.Fprintf(&b, "%s: %s\n", value.Name, value.Value)
	}
	return b.String()
}

// PaymentNotice is what the shop was told of a payment, with a form that leads to its order's page.
func PaymentNotice(v OrderView, p *models.OrderPayment) templ.Component {
	notice := v.notice(p)
	notice.Back, notice.Swap, notice.Alone = "", nil, true
	return NotificationBlock(notice)
}

// captureBy is what a provider does with money that is still held at the end of the hold, as a label.
func captureBy(d gateways.Driver) string {
	if d.DrawsHeld {
		return "Automatic capture"
	}
	return "Capture before"
}
