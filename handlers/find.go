package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// Find is the box on every page. A text that is exactly the id of one thing opens it; any other shows everything
// that it may name.
func (h *Handlers) Find(c echo.Context) error {
	ctx, user := c.Request().Context(), web.User(c)
	choices, err := h.DB.PaymentChoicesOf(ctx, user)
	if err != nil {
		return err
	}
	found, err := h.DB.Find(ctx, models.FindRequest{Text: c.QueryParam("q"), Webhooks: user.May(models.WebhooksRead)}, choices)
	frame := web.Page(c, "/find", "Find")
	var problem *models.Problem
	if errors.As(err, &problem) {
		frame.Problem, found = problem.In(c.Request().Context()), &models.Found{}
	} else if err != nil {
		return err
	}
	switch order, payment := found.Only(); {
	case payment != 0:
		return web.SeeOther(c, views.PaymentPath(payment))
	case order != 0:
		return web.SeeOther(c, views.OrderPath(order))
	}
	return web.Render(c, http.StatusOK, views.FindPage(frame, views.FindView{Found: found, Choices: choices, Gateways: h.gatewayOptions(), Person: user}))
}
