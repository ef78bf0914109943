package views

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// OrderView is the page of an order as one person sees it.
type OrderView struct {
	*models.OrderPage
	Person  *models.User
	CSRF    string
	Back    string // the list this page was opened from, with its filter
	Said    string // why the last action was not done, when no form shows it
	Refund  RefundForm
	Action  ActionForm
	Plan    PlanForm
	Noted   string // what the last action found done already
	Status  StatusForm
	Pass    PassForm
	Notice  NoticeForm
	Focused int64 // the operation that was just asked for

	Address     string // how buyers reach kartify
	LinkProblem string // why no payment link was made
}

// StatusForm is what stands in the Change status form.
type StatusForm struct {
	Open                    bool
	Status, Reason, Comment string
	Problem                 *models.Problem
}

// OrderTitle is what the page of an order is called.
func OrderTitle(ctx context.Context, p *models.OrderPage) string {
	return lang.T(ctx, "Order #%d", p.Order.ID)
}

// inFigures is an amount in a sentence: "1,499.00 INR", as the language writes it.
func inFigures(ctx context.Context, a money.Amount) string { return lang.Number(ctx, a.Grouped()) }

func (v OrderView) zone() *time.Location { return v.Store.Zone() }

func (v OrderView) path() string { return OrderPath(v.Order.ID) }

// OrderPath is the address of an order's page.
func OrderPath(id int64) string { return "/sales/orders/" + strconv.FormatInt(id, 10) }

// listPath is where the way back leads.
func (v OrderView) listPath() string {
	if v.Back != "" {
		return v.Back
	}
	return "/sales/orders"
}

// progressPath is asked while something is under way; it answers only when something has changed.
func (v OrderView) progressPath() string {
	query := url.Values{"seen": {v.Fingerprint()}}
	if v.Back != "" {
		query.Set("back", v.Back)
	}
	return v.path() + "/progress?" + query.Encode()
}

// status is an order status as people read it, with its colour.
func (v OrderView) status(code string) models.OrderStatus {
	for _, s := range v.Statuses {
		if s.Code == code {
			return s
		}
	}
	return models.OrderStatus{Code: code, Label: ui.Words(code), Colour: string(ui.Neutral)}
}

// payment is the one payment that stands for the order: the latest that took money, or else the latest.
func (v OrderView) payment() *models.OrderPayment {
	var found *models.OrderPayment
	for i := range v.Payments {
		if found == nil || v.Payments[i].Status.Captured() || !found.Status.Captured() {
			found = &v.Payments[i]
		}
	}
	return found
}

// customer is the name of the buyer, or what else is known of them.
func (v OrderView) customer(ctx context.Context) string {
	for _, name := range []string{v.Order.CustomerName, v.Order.Company, v.Order.CustomerEmail, v.Order.CustomerPhone} {
		if name != "" {
			return name
		}
	}
	return lang.T(ctx, "the customer")
}

// request is a waiting refund request in a sentence; asked is the same without its end.
func (v OrderView) request(ctx context.Context, e models.OrderEvent) string {
	return lang.T(ctx, "%s.", v.asked(ctx, e))
}

func (v OrderView) asked(ctx context.Context, e models.OrderEvent) string {
	sentence := lang.T(ctx, "Fynd asks for money back")
	if e.AmountMinor != nil {
		sentence = lang.T(ctx, "Fynd asks for %s back", inFigures(ctx, v.Order.Amount(*e.AmountMinor)))
	}
	if e.RequestID != "" {
		sentence = lang.T(ctx, "%s, request %s", sentence, e.RequestID)
	}
	if e.ShipmentID != "" {
		sentence = lang.T(ctx, "%s, shipment %s", sentence, e.ShipmentID)
	}
	if e.UnitDoubt {
		sentence = lang.T(ctx, "%s. The amount fits the order only when it is read in the other unit: compare it with what is to be returned", sentence)
	}
	return sentence
}

// doesNotAddUp says in what the lines differ from the order, or "".
func (v OrderView) doesNotAddUp(ctx context.Context) string {
	var net, discount, tax int64
	for _, item := range v.Items {
		net += item.Quantity * item.UnitMinor
		discount += item.DiscountMinor
		tax += item.TaxMinor
	}
	o := v.Order
	if len(v.Items) == 0 || net == o.ItemsMinor && discount == o.DiscountMinor && tax == o.TaxMinor {
		return ""
	}
	return lang.T(ctx, "The lines come to %s; the order says %s for them.", inFigures(ctx, o.Amount(net-discount+tax)), inFigures(ctx, o.Amount(o.ItemsMinor-o.DiscountMinor+o.TaxMinor)))
}

// historyTitle is what happened, in one line; historyText what else was said of it.
func (v OrderView) historyTitle(ctx context.Context, h models.OrderHistory) string {
	switch {
	case h.Kind == "status" && h.FromStatus != nil && h.ToStatus != nil:
		return lang.T(ctx, v.status(*h.FromStatus).Label) + " → " + lang.T(ctx, v.status(*h.ToStatus).Label)
	case h.Kind == "status" && h.ToStatus != nil:
		return v.status(*h.ToStatus).Label
	case h.Kind == "created":
		return "Order created"
	case h.Kind == "note":
		return "Note"
	case h.Kind == "event":
		return strings.TrimSuffix(h.Comment, ".") // a title
	case h.Comment != "":
		return h.Comment
	}
	return ui.Words(h.Kind)
}

func (v OrderView) historyText(ctx context.Context, h models.OrderHistory) string {
	if h.Kind == "event" || h.Comment == v.historyTitle(ctx, h) {
		return ""
	}
	if h.Actor == "user" {
		return h.Comment // as it was typed
	}
	return lang.T(ctx, h.Comment)
}

func (v OrderView) historyKind(h models.OrderHistory) ui.Kind {
	if h.ToStatus != nil {
		return ui.Kind(v.status(*h.ToStatus).Colour)
	}
	switch h.Kind {
	case "operation":
		return operationMood(h.Comment)
	case "event":
		return ui.KindOf(strings.Trim(strings.Fields(h.Comment + " .")[0], ",."))
	case "note":
		return ui.Busy
	}
	return ui.Neutral
}

// operationMood colours a line of the history about an operation by what it says.
func operationMood(comment string) ui.Kind {
	for _, m := range []struct {
		word string
		kind ui.Kind
	}{
		{" done", ui.Good},
		{" failed", ui.Bad},
		{"needs a person", ui.Attention},
		{"did not come", ui.Attention},
		{"accepted", ui.Busy},
		{"requested", ui.Busy},
	} {
		if strings.Contains(comment, m.word) {
			return m.kind
		}
	}
	return ui.Attention
}

// actor is who did something, and as what when it was no person.
func actor(ctx context.Context, h models.OrderHistory) string {
	if h.Actor == "user" {
		return h.ActorName
	}
	return h.ActorName + " (" + actorKind(ctx, h.Actor) + ")"
}

func actorKind(ctx context.Context, kind string) string {
	switch kind {
	case "system":
		return lang.T(ctx, "system")
	case "job":
		return lang.T(ctx, "job")
	case "webhook":
		return lang.T(ctx, "webhook")
	}
	return kind
}

func sourceName(source string) string {
	return map[string]string{"razorpay": "Razorpay", "gofynd": "Fynd"}[source]
}

func dataLogPath(partner string) string {
	return "/system/tools/data-log?" + url.Values{"table": {"gofynd_webhook"}, "gofynd_order_id": {partner}}.Encode()
}

func emailLogPath(partner string) string {
	return "/system/tools/data-log?" + url.Values{"table": {"gofynd_email"}, "gofynd_order_id": {partner}}.Encode()
}
