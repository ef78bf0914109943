package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type operationForm struct {
	ID int64 `param:"operation"`
}

// RetryOperation asks the gateway now what became of an operation. Nothing is ever sent twice by it.
func (h *Handlers) RetryOperation(c echo.Context) error {
	var form operationForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	op, err := h.DB.AskAgain(c.Request().Context(), form.ID, web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem) && op != nil:
		return h.showOrder(c, http.StatusUnprocessableEntity, op.OrderID, func(v *views.OrderView) { v.Said = problem.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	return h.showOperation(c, op, "The gateway is being asked")
}

type updateForm struct {
	OrderID  int64 `param:"order"`
	UpdateID int64 `param:"update"`
}

// RetryUpdate has Fynd told once more what it has not heard.
func (h *Handlers) RetryUpdate(c echo.Context) error {
	var form updateForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx := c.Request().Context()
	page, err := h.DB.OrderPage(ctx, form.OrderID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(page.Updates, func(u models.PartnerUpdate) bool { return u.ID == form.UpdateID }) {
		return models.ErrNotFound
	}
	var problem *models.Problem
	err = h.DB.RetryPartner(ctx, form.UpdateID, web.Actor(c))
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) { v.Said = problem.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	if web.IsHTMX(c) {
		say(c, "Fynd is being told")
		return h.showOrder(c, http.StatusOK, form.OrderID, nil)
	}
	return web.SeeOther(c, orderPath(c, form.OrderID, "#partner"))
}

// showOperation answers a form that made or moved an operation: every answer names it.
func (h *Handlers) showOperation(c echo.Context, op *models.Operation, toast string) error {
	c.Response().Header().Set("X-Operation", strconv.FormatInt(op.ID, 10))
	if web.IsHTMX(c) {
		say(c, toast)
		return h.showOrder(c, http.StatusOK, op.OrderID, func(v *views.OrderView) { v.Focused = op.ID })
	}
	return web.SeeOther(c, orderPath(c, op.OrderID, fmt.Sprintf("#operation-%d", op.ID)))
}

// say has the page of an htmx answer say something at its edge.
func say(c echo.Context, text string) {
	message, err := json.Marshal(map[string]any{"toast": map[string]string{"text": lang.T(c.Request().Context(), text)}})
	if err == nil {
		c.Response().Header().Set("HX-Trigger", inASCII(string(message)))
	}
}

// inASCII writes the letters of JSON that a header cannot carry by their numbers.
func inASCII(text string) string {
	var plain strings.Builder
	for _, letter := range utf16.Encode([]rune(text)) {
		if letter < utf8.RuneSelf {
			plain.WriteByte(byte(letter))
		} else {
			_, _ = fmt.Fprintf(&plain, `\u%04x`, letter)
		}
	}
	return plain.String()
}

// inWords is what an error tells the person who asked.
func inWords(ctx context.Context, err error) string {
	var problem *models.Problem
	if errors.As(err, &problem) {
		return problem.In(ctx)
	}
	return err.Error()
}
