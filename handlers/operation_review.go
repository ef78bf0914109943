package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type decisionForm struct {
	ID       int64  `param:"operation"`
	Decision string `form:"decision"` // yes: it happened; no: it did not
	Pick     string `form:"pick"`     // the gateway's id, of its list
	Ref      string `form:"ref"`      // or as typed
	Reason   string `form:"reason"`
}

// ReviewOperation shows an operation that only a person can settle, with what its gateway lists now.
func (h *Handlers) ReviewOperation(c echo.Context) error {
	var form decisionForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showReview(c, http.StatusOK, form, nil)
}

// DecideOperation settles an operation as a person decides: "It happened" or "It did not happen".
func (h *Handlers) DecideOperation(c echo.Context) error {
	var form decisionForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	var problem *models.Problem
	if form.Decision != "yes" && form.Decision != "no" {
		return h.showReview(c, http.StatusUnprocessableEntity, form, &models.Problem{Sentence: "Say whether it happened.", Field: "decision"})
	}
	ref := form.Ref
	if ref == "" {
		ref = form.Pick
	}
	op, err := h.DB.DecideOperation(c.Request().Context(), models.Decision{
		OperationID: form.ID, Happened: form.Decision == "yes", Ref: ref, Reason: form.Reason, By: web.Actor(c),
	})
	switch {
	case errors.As(err, &problem):
		return h.showReview(c, http.StatusUnprocessableEntity, form, problem)
	case err != nil:
		return err
	}
	return h.showOperation(c, op, lang.T(c.Request().Context(), "%s is decided", views.OperationTitle(c.Request().Context(), op)))
}

func (h *Handlers) showReview(c echo.Context, status int, form decisionForm, problem *models.Problem) error {
	review, err := h.DB.Review(c.Request().Context(), form.ID)
	var moved *models.Problem
	switch {
	case errors.As(err, &moved):
		return h.showOrder(c, http.StatusUnprocessableEntity, review.Operation.OrderID, func(v *views.OrderView) { v.Said = moved.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	return web.Render(c, status, views.ReviewPage(web.Page(c, "/sales/orders", views.OperationTitle(c.Request().Context(), review.Operation)), views.ReviewView{
		Review: review, CSRF: web.CSRF(c), Pick: form.Pick, Ref: form.Ref, Reason: form.Reason, Problem: problem,
	}))
}
