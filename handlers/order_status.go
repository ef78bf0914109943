package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type statusForm struct {
	OrderID int64  `param:"order"`
	Status  string `form:"status"`
	Reason  string `form:"missing_reason"`
	Comment string `form:"comment"`
	Version int    `form:"version"`
}

// ChangeStatus gives an order another status by hand.
func (h *Handlers) ChangeStatus(c echo.Context) error {
	var form statusForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	done, err := h.DB.ChangeStatus(c.Request().Context(), models.StatusChange{
		OrderID: form.OrderID, Status: form.Status, Reason: form.Reason, Comment: form.Comment, Version: form.Version, By: web.Actor(c),
	})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) {
			v.Status = views.StatusForm{Open: true, Status: form.Status, Reason: form.Reason, Comment: form.Comment, Problem: problem}
		})
	case err != nil:
		return err
	}
	if web.IsHTMX(c) {
		if done.Waits {
			say(c, "Asked for. The payment comes first")
		} else {
			say(c, "Status changed")
		}
		return h.showOrder(c, http.StatusOK, form.OrderID, nil)
	}
	return web.SeeOther(c, orderPath(c, form.OrderID, ""))
}
