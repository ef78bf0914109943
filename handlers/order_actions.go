package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// actionForm is the form of a capture, a cancellation or an amount update: the fields of the refund form.
type actionForm struct {
	refundForm
	action models.Action
}

// NewCapture is an order with the Capture form open, or to htmx what the form comes to so far.
func (h *Handlers) NewCapture(c echo.Context) error { return h.newAction(c, models.CaptureAction) }

// NewCancellation is an order with the Cancel or credit form open.
func (h *Handlers) NewCancellation(c echo.Context) error { return h.newAction(c, models.CancelAction) }

// NewAmountUpdate is an order with the Change amount form open, or to htmx what the form comes to so far.
func (h *Handlers) NewAmountUpdate(c echo.Context) error { return h.newAction(c, models.UpdateAction) }

// CreateCapture is the Capture button of a payment.
func (h *Handlers) CreateCapture(c echo.Context) error {
	return h.createAction(c, models.CaptureAction, func(form actionForm, want models.Want, wish models.Wish) ([]*models.Operation, string, error) {
		op, err := h.DB.CapturePayment(c.Request().Context(), models.CaptureRequest{
			Wish: wish, Amount: want.Amount, ByLines: want.ByLines, Lines: want.Lines, Shipping: want.Shipping,
		})
		return []*models.Operation{op}, "", err
	})
}

// CreateCancellation is the Cancel or credit button of a payment. It may return money, so that right is needed too.
func (h *Handlers) CreateCancellation(c echo.Context) error {
	if !web.User(c).May(models.RefundMoney) {
		return models.ErrForbidden
	}
	return h.createAction(c, models.CancelAction, func(_ actionForm, _ models.Want, wish models.Wish) ([]*models.Operation, string, error) {
		done, err := h.DB.CancelOrCredit(c.Request().Context(), models.CancelRequest{Wish: wish})
		return done.Operations, done.Text.In(c.Request().Context()), err
	})
}

// CreateAmountUpdate is the Change amount button of a payment.
func (h *Handlers) CreateAmountUpdate(c echo.Context) error {
	return h.createAction(c, models.UpdateAction, func(_ actionForm, want models.Want, wish models.Wish) ([]*models.Operation, string, error) {
		op, err := h.DB.UpdateAmount(c.Request().Context(), models.UpdateRequest{
			Wish: wish, Amount: want.Amount, ByLines: want.ByLines, Lines: want.Lines, DropShipping: want.DropShipping,
		})
		return []*models.Operation{op}, "", err
	})
}

func (h *Handlers) newAction(c echo.Context, action models.Action) error {
	form, err := bindAction(c, action)
	if err != nil {
		return err
	}
	page, err := h.DB.OrderPage(c.Request().Context(), form.OrderID)
	if err != nil {
		return err
	}
	payment := page.Payment(form.PaymentID)
	if payment == nil {
		return models.ErrNotFound
	}
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.ActionSum(h.orderView(c, page), form.shown(c.Request().Context(), payment, nil, nil)))
	}
	return h.showOrder(c, http.StatusOK, form.OrderID, func(v *views.OrderView) { v.OpenAction(action, form.PaymentID) })
}

// createAction does what a form asks for. What is wrong with it is shown in it, with what was typed.
func (h *Handlers) createAction(c echo.Context, action models.Action, act func(actionForm, models.Want, models.Wish) ([]*models.Operation, string, error)) error {
	form, err := bindAction(c, action)
	if err != nil {
		return err
	}
	if form.Update != "" {
		return h.showAction(c, http.StatusOK, form, nil)
	}
	want, err := form.want(c.Request().Context())
	var ops []*models.Operation
	said := ""
	if err == nil {
		ops, said, err = act(form, want, models.Wish{
			OrderID: form.OrderID, PaymentID: form.PaymentID, Reason: strings.TrimSpace(form.Reason), Note: strings.TrimSpace(form.Note), Token: form.Token, By: web.Actor(c),
		})
	}
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showAction(c, http.StatusUnprocessableEntity, form, problem)
	case err != nil:
		return err
	case len(ops) == 0:
		if web.IsHTMX(c) {
			say(c, said)
		}
		return h.showOrder(c, http.StatusOK, form.OrderID, func(v *views.OrderView) { v.Noted = said })
	}
	return h.showOperation(c, ops[0], views.OperationTitle(c.Request().Context(), ops[0]))
}

// showAction shows the form again as it was sent, with what is wrong with it.
func (h *Handlers) showAction(c echo.Context, status int, form actionForm, problem *models.Problem) error {
	return h.showOrder(c, status, form.OrderID, func(v *views.OrderView) {
		if payment := v.Payment(form.PaymentID); payment != nil {
			v.Action = form.shown(c.Request().Context(), payment, problem, v.Action.Token)
		}
	})
}

func bindAction(c echo.Context, action models.Action) (actionForm, error) {
	form, err := bindRefund(c)
	return actionForm{form, action}, err
}

// want is what the form asks for.
func (f actionForm) want(ctx context.Context) (models.Want, error) {
	want := models.Want{Action: f.action}
	var err error
	switch {
	case f.action == models.CancelAction, f.Mode == views.RefundFull:
	case f.Mode == views.RefundLines:
		want.ByLines, want.Shipping = true, f.Shipping != ""
		if f.action == models.UpdateAction {
			want.Shipping, want.DropShipping = false, f.Shipping == ""
		}
		want.Lines, err = f.quantities()
	default:
		want.Amount, err = models.ParseAmount(lang.Typed(ctx, f.Amount), f.Currency)
	}
	return want, err //nolint:wrapcheck // a sentence for the person
}

// quantities are those of the lines: all that are named for an amount update, where 0 takes a line out.
func (f actionForm) quantities() ([]models.LineChoice, error) {
	choices, err := f.choices()
	if err != nil || f.action != models.UpdateAction {
		return choices, err
	}
	for item, text := range f.lines {
		if text == "0" {
			choices = append(choices, models.LineChoice{ItemID: item})
		}
	}
	slices.SortFunc(choices, func(a, b models.LineChoice) int { return int(a.ItemID - b.ItemID) })
	return choices, nil
}

// shown is the form as it was sent, with what it comes to.
func (f actionForm) shown(ctx context.Context, payment *models.OrderPayment, problem *models.Problem, fresh func(models.Action, int64) string) views.ActionForm {
	form := views.ActionForm{
		PaymentID: f.PaymentID, Action: f.action, Open: true, Mode: f.Mode, Amount: f.Amount, Lines: f.lines, Shipping: f.Shipping != "",
		Reason: f.Reason, Note: f.Note, Problem: problem,
		Token: func(action models.Action, id int64) string {
			if action == f.action && id == f.PaymentID && f.Token != "" {
				return f.Token // nothing has come of it yet
			}
			return fresh(action, id)
		},
	}
	want, err := f.want(ctx)
	if err == nil {
		form.Plan, err = payment.Plan(want)
	}
	if err != nil {
		form.Wrong = inWords(ctx, err)
	} else if form.Plan.Skip != "" {
		form.Wrong = form.Plan.SkipIn(ctx)
	}
	return form
}
