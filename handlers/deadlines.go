package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type planForm struct {
	OrderID   int64  `param:"order"`
	PaymentID int64  `param:"payment"`
	At        string `form:"at"` // by the clocks of the order's store
	Token     string `form:"token"`
}

// PlanCapture is the Plan the capture form of a payment.
func (h *Handlers) PlanCapture(c echo.Context) error {
	var form planForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx := c.Request().Context()
	page, err := h.DB.OrderPage(ctx, form.OrderID)
	if err != nil {
		return err
	}
	if page.Payment(form.PaymentID) == nil {
		return models.ErrNotFound
	}
	at, err := time.ParseInLocation(views.PlanTime, form.At, page.Store.Zone())
	if err != nil {
		err = models.FieldProblem("at", "Write the time as a date and an hour, such as %s.", page.Now.In(page.Store.Zone()).Add(24*time.Hour).Format(views.PlanTime))
	} else {
		_, err = h.DB.PlanCapture(ctx, models.CapturePlan{OrderID: form.OrderID, PaymentID: form.PaymentID, At: at, Token: form.Token, By: web.Actor(c)})
	}
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) {
			fresh := v.Plan.Token
			v.Plan = views.PlanForm{PaymentID: form.PaymentID, Token: fresh, Open: true, At: form.At, Problem: problem}
			if v.PlanOf(form.PaymentID) != nil {
				v.Said = problem.In(c.Request().Context())
			}
		})
	case err != nil:
		return err
	}
	return h.planned(c, form, "The capture is planned.")
}

// CancelPlannedCapture is the Cancel button of a planned capture, and Do not capture by itself.
func (h *Handlers) CancelPlannedCapture(c echo.Context) error {
	var form planForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.CancelPlannedCapture(c.Request().Context(), form.OrderID, form.PaymentID, web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) { v.Said = problem.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	return h.planned(c, form, "Cancelled: nothing will be captured by itself.")
}

// planned shows the order after its plan has changed.
func (h *Handlers) planned(c echo.Context, form planForm, said string) error {
	if web.IsHTMX(c) {
		say(c, said)
		return h.showOrder(c, http.StatusOK, form.OrderID, nil)
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, orderPath(c, form.OrderID, "#payment-"+strconv.FormatInt(form.PaymentID, 10)))
}

type captureRuleForm struct {
	Store    int64    `form:"store"`
	Gateway  string   `form:"gateway"`
	Hours    string   `form:"hours"`
	Statuses []string `form:"status"`
}

// ListCaptureRules is Systems > Capture deadlines.
func (h *Handlers) ListCaptureRules(c echo.Context) error {
	return h.showCaptureRules(c, http.StatusOK, views.CaptureRulesView{})
}

// SaveCaptureRule sets what a store captures by itself.
func (h *Handlers) SaveCaptureRule(c echo.Context) error {
	var form captureRuleForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	hours, err := 0, error(nil)
	if text := strings.TrimSpace(form.Hours); text != "" {
		if hours, err = strconv.Atoi(text); err != nil {
			err = models.FieldProblem("hours", "Write whole hours in digits, such as 12, or nothing.")
		}
	}
	if err == nil {
		err = h.DB.SaveCaptureRule(c.Request().Context(), models.CaptureRuleForm{
			StoreID: form.Store, Gateway: form.Gateway, Hours: hours, Statuses: form.Statuses, By: web.Actor(c),
		})
	}
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showCaptureRules(c, http.StatusUnprocessableEntity, views.CaptureRulesView{
			Store: form.Store, Gateway: form.Gateway, Hours: form.Hours, Chosen: form.Statuses, Problem: problem,
		})
	case err != nil:
		return err
	}
	if err := web.Notice(c, "Saved."); err != nil {
		return err
	}
	return web.SeeOther(c, views.CaptureRulesPath)
}

func (h *Handlers) showCaptureRules(c echo.Context, status int, v views.CaptureRulesView) error {
	ctx := c.Request().Context()
	var err error
	if v.Lines, err = h.DB.CaptureRules(ctx); err != nil {
		return err
	}
	if v.Statuses, err = h.DB.OrderStatuses(ctx); err != nil {
		return err
	}
	return web.Render(c, status, views.CaptureRulesPage(web.Page(c, views.CaptureRulesPath, "Capture deadlines"), v))
}
