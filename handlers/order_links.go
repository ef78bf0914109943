package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// CreatePaymentLink makes the link with which the buyer of an order can pay, or shows the one there is.
func (h *Handlers) CreatePaymentLink(c echo.Context) error {
	return h.changeLink(c, func(id int64, by models.Actor) error {
		_, err := h.DB.SharePaymentLink(c.Request().Context(), id, by)
		return err
	})
}

// RevokePaymentLink makes the link of an order useless.
func (h *Handlers) RevokePaymentLink(c echo.Context) error {
	return h.changeLink(c, func(id int64, by models.Actor) error {
		return h.DB.RevokePaymentLinks(c.Request().Context(), id, by)
	})
}

func (h *Handlers) changeLink(c echo.Context, change func(int64, models.Actor) error) error {
	var form orderForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := change(form.OrderID, web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) { v.LinkProblem = problem.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	return web.SeeOther(c, orderPath(c, form.OrderID, "#payment-link"))
}
