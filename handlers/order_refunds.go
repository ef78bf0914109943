package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type refundForm struct {
	OrderID   int64  `param:"order"`
	PaymentID int64  `param:"payment"`
	Mode      string `form:"mode" query:"mode"` // full, partial or lines; an amount alone will do
	Amount    string `form:"amount" query:"amount"`
	Full      string `form:"full" query:"full"` // all that was left when the form was shown
	Currency  string `form:"currency" query:"currency"`
	Reason    string `form:"reason"`
	Note      string `form:"note"`
	Event     int64  `form:"event" query:"event"`
	Shipping  string `form:"shipping" query:"shipping"`
	Token     string `form:"token"`
	Update    string `form:"update"` // only add it up

	lines map[int64]string // item → quantity as typed, of the fields line_<item>
}

// NewRefund is an order with the Refund Money form open, or to htmx what the form comes to so far.
func (h *Handlers) NewRefund(c echo.Context) error {
	form, err := bindRefund(c)
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
	v := h.orderView(c, page)
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.RefundSum(v, payment, form.total(c.Request().Context(), page, payment)))
	}
	return h.showOrder(c, http.StatusOK, form.OrderID, func(v *views.OrderView) {
		v.OpenRefund(form.PaymentID)
	})
}

// CreateRefund is the Refund Money button of an order.
func (h *Handlers) CreateRefund(c echo.Context) error {
	form, err := bindRefund(c)
	if err != nil {
		return err
	}
	if form.Update != "" {
		return h.showRefund(c, http.StatusOK, form, nil)
	}
	req, err := form.request(c.Request().Context(), web.Actor(c))
	var op *models.Operation
	if err == nil {
		op, err = h.DB.RefundPayment(c.Request().Context(), req)
	}
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showRefund(c, http.StatusUnprocessableEntity, form, problem)
	case err != nil:
		return err
	}
	return h.showOperation(c, op, lang.T(c.Request().Context(), "Refund #%d of %s", op.ID, op.Amount()))
}

// showRefund shows the form again as it was sent, with what is wrong with it.
func (h *Handlers) showRefund(c echo.Context, status int, form refundForm, problem *models.Problem) error {
	return h.showOrder(c, status, form.OrderID, func(v *views.OrderView) {
		payment := v.Payment(form.PaymentID)
		if payment == nil {
			return
		}
		if form.Mode != views.RefundFull {
			form.Full = "" // what is left now is shown again
		}
		fresh := v.Refund.Token
		v.Refund = views.RefundForm{
			PaymentID: form.PaymentID, Open: true, Mode: form.Mode, Amount: form.Amount, Full: form.Full, Reason: form.Reason,
			Note: form.Note, Event: form.Event, Lines: form.lines, Shipping: form.Shipping != "", Problem: problem,
			Total: form.total(c.Request().Context(), v.OrderPage, payment),
			Token: func(payment int64) string {
				if payment == form.PaymentID && form.Token != "" {
					return form.Token // nothing has come of it yet
				}
				return fresh(payment)
			},
		}
	})
}

// bindRefund reads the form, its lines included.
func bindRefund(c echo.Context) (refundForm, error) {
	var form refundForm
	if err := c.Bind(&form); err != nil {
		return form, err
	}
	values := c.QueryParams()
	if c.Request().Method == http.MethodPost {
		values = c.Request().PostForm
	}
	form.lines = map[int64]string{}
	for name := range values {
		item, ok := strings.CutPrefix(name, "line_")
		if id, err := strconv.ParseInt(item, 10, 64); ok && err == nil {
			form.lines[id] = strings.TrimSpace(values.Get(name))
		}
	}
	if form.Mode != views.RefundFull && form.Mode != views.RefundLines {
		form.Mode = views.RefundPartial
	}
	return form, nil
}

// request is what the form asks for.
func (f refundForm) request(ctx context.Context, by models.Actor) (models.RefundRequest, error) {
	req := models.RefundRequest{
		OrderID: f.OrderID, PaymentID: f.PaymentID, Reason: f.Reason, Note: strings.TrimSpace(f.Note), EventID: f.Event, Token: f.Token, By: by,
	}
	var err error
	if f.Mode == views.RefundLines {
		req.ByLines, req.Shipping = true, f.Shipping != ""
		req.Lines, err = f.choices()
	} else {
		req.Amount, err = f.amount(ctx)
	}
	if left, wrong := models.ParseAmount(f.Full, f.Currency); wrong == nil && f.Mode != views.RefundFull {
		req.Left = &left // two people with the same part in mind are one refund
	}
	return req, err //nolint:wrapcheck // a sentence for the person
}

func (f refundForm) amount(ctx context.Context) (money.Amount, error) {
	text := f.Amount
	if f.Mode == views.RefundFull && f.Full != "" {
		text = f.Full
	}
	return models.ParseAmount(lang.Typed(ctx, text), f.Currency) //nolint:wrapcheck // a sentence for the person
}

// choices are the quantities of the lines, in the order of their items.
func (f refundForm) choices() ([]models.LineChoice, error) {
	var choices []models.LineChoice
	for item, text := range f.lines {
		if text == "" || text == "0" {
			continue
		}
		quantity, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, models.FieldProblem("lines", "“%s” is not a number of items; write it with the digits 0 to 9.", text)
		}
		choices = append(choices, models.LineChoice{ItemID: item, Quantity: quantity})
	}
	slices.SortFunc(choices, func(a, b models.LineChoice) int { return int(a.ItemID - b.ItemID) })
	return choices, nil
}

// total adds the form up without doing anything.
func (f refundForm) total(ctx context.Context, page *models.OrderPage, payment *models.OrderPayment) views.RefundTotal {
	var total views.RefundTotal
	var err error
	if f.Mode == views.RefundLines {
		var choices []models.LineChoice
		if choices, err = f.choices(); err == nil {
			total.Lines, total.Amount, err = page.LineTotal(choices, f.Shipping != "")
		}
		if err == nil && total.Amount.Minor == 0 {
			return views.RefundTotal{Problem: "Choose at least one line to refund."}
		}
	} else {
		total.Amount, err = f.amount(ctx)
	}
	if err == nil {
		err = payment.CheckRefund(total.Amount)
	}
	if err != nil {
		return views.RefundTotal{Problem: inWords(ctx, err)}
	}
	total.Same = page.SameRefund(payment, total.Amount)
	return total
}
