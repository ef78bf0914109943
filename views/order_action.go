package views

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
)

// ActionForm is what stands in the form of one action on one payment, as typed.
type ActionForm struct {
	PaymentID int64 // whose dialog is filled in by this; the others begin anew
	Action    models.Action
	Token     func(action models.Action, payment int64) string
	Open      bool
	Mode      string // full, partial, lines
	Amount    string
	Lines     map[int64]string // item → quantity
	Shipping  bool
	Reason    string
	Note      string
	Problem   *models.Problem
	Plan      models.Plan // what pressing would do
	Wrong     string      // why it would do nothing, as the form stands
}

// actionButton is one of the buttons of a payment.
type actionButton struct {
	Action models.Action
	Name   string
	Icon   string
	May    models.Permission
	Path   string // of its collection
	Class  string
}

var actionButtons = []actionButton{
	{models.CaptureAction, "Capture", "check", models.CaptureMoney, "captures", "primary"},
	{models.UpdateAction, "Change amount", "pencil", models.UpdateAmount, "amount-updates", ""},
	{models.CancelAction, "Cancel or credit", "x", models.VoidMoney, "cancellations", ""},
}

func buttonOf(action models.Action) actionButton {
	for _, b := range actionButtons {
		if b.Action == action {
			return b
		}
	}
	return actionButton{}
}

// offered are the buttons of a payment that this person may press, as far as its gateway has them at all.
func (v OrderView) offered(p *models.OrderPayment) []actionButton {
	var list []actionButton
	for _, b := range actionButtons {
		plan := p.Plans[b.Action]
		if !v.Person.May(b.May) || plan.Code == models.SkipNotConnected || plan.Code == models.SkipNotPossible {
			continue
		}
		// A gateway that draws by itself and holds nothing back has Refund and needs no second way to it.
		if b.Action == models.CancelAction && !p.Driver.Can.Does("void") {
			continue
		}
		list = append(list, b)
	}
	return list
}

// refused are the buttons that are there and cannot be pressed, each with its reason.
func (v OrderView) refused(ctx context.Context, p *models.OrderPayment) []string {
	var reasons []string
	names := map[string][]string{}
	for _, b := range v.offered(p) {
		if p.Plans[b.Action].Skip == "" {
			continue
		}
		reason := p.Plans[b.Action].SkipIn(ctx)
		if names[reason] == nil {
			reasons = append(reasons, reason)
		}
		names[reason] = append(names[reason], press(ctx, b.Name))
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(names[reason], ", ") + ": " + reason
	}
	return reasons
}

func (b actionButton) dialog(p *models.OrderPayment) string {
	return fmt.Sprintf("%s-%d", b.Action, p.ID)
}

func (v OrderView) actionPath(b actionButton, p *models.OrderPayment) string {
	return fmt.Sprintf("%s/payments/%d/%s", v.path(), p.ID, b.Path)
}

// actionForm is the form of an action: as it was sent, or as it begins.
func (v OrderView) actionForm(b actionButton, p *models.OrderPayment) ActionForm {
	if f := v.Action; f.PaymentID == p.ID && f.Action == b.Action {
		return f
	}
	return v.newActionForm(b, p)
}

// OpenAction opens the form of an action as it begins.
func (v *OrderView) OpenAction(action models.Action, payment int64) {
	if p := v.Payment(payment); p != nil {
		v.Action = v.newActionForm(buttonOf(action), p)
		v.Action.Open = true
	}
}

func (v OrderView) newActionForm(b actionButton, p *models.OrderPayment) ActionForm {
	f := ActionForm{PaymentID: p.ID, Action: b.Action, Token: v.Action.Token, Mode: RefundFull, Amount: p.Held().Decimal(), Plan: p.Plans[b.Action], Shipping: true}
	if b.Action == models.UpdateAction {
		f.Wrong, f.Mode = "Change a quantity or the amount to see what pressing will do.", RefundLines
		if len(v.Items) == 0 || v.Order.Total() != p.Held() {
			f.Mode = RefundPartial
		}
	}
	return f
}

func (f ActionForm) field(ctx context.Context, b actionButton, p *models.OrderPayment, name string) string {
	return fmt.Sprintf("%s-%d-%s", b.Action, p.ID, name)
}

// quantityOf is how many of a line the form says.
func (f ActionForm) quantityOf(line models.LineLeft) string {
	if text, ok := f.Lines[line.Item.ID]; ok {
		return text
	}
	if f.Action == models.UpdateAction {
		return strconv.FormatInt(line.Left, 10)
	}
	return "0"
}

// actionLines are the lines an action can be for, and how many of each.
func (v OrderView) actionLines(b actionButton) (lines []models.LineLeft, shipping bool) {
	if b.Action == models.CaptureAction {
		return v.LinesToCapture()
	}
	for _, item := range v.Items {
		lines = append(lines, models.LineLeft{Item: item, Left: item.Quantity})
	}
	return lines, v.Order.ShippingMinor+v.Order.ShippingTaxMinor > 0
}

// leftUntil is how long it is until then: "3 d 4 h". Days are counted once there are several of them, as in deadlineWords.
func leftUntil(ctx context.Context, now, then time.Time) string {
	left := then.Sub(now)
	switch hours := int(left.Hours()); {
	case left <= 0:
		return lang.T(ctx, "over")
	case hours >= 72:
		return lang.T(ctx, "%d d %d h left", hours/24, hours%24)
	case hours >= 24:
		return lang.T(ctx, "%d h left", hours)
	case hours > 0:
		return lang.T(ctx, "%d h %d min left", hours, int(left.Minutes())%60)
	}
	return lang.T(ctx, "%d min left", int(left.Minutes()))
}

// actionSwap keeps what pressing will do up to date while the form is filled in.
func actionSwap(v OrderView, b actionButton, p *models.OrderPayment) templ.Attributes {
	return templ.Attributes{
		"hx-get": v.actionPath(b, p) + "/new", "hx-include": "closest form", "hx-params": "not token,csrf,note,reason,back,update",
		"hx-trigger": "change from:closest form, input from:closest form delay:250ms", "hx-sync": "this:queue last", "hx-target": "this", "hx-swap": "innerHTML",
	}
}
