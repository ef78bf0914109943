package handlers

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// Find is the box on every page: the number of an order opens it, anything else is looked for among the orders.
func (h *Handlers) Find(c echo.Context) error {
	sought := strings.TrimSpace(c.QueryParam("q"))
	if id, err := strconv.ParseInt(strings.TrimPrefix(sought, "#"), 10, 64); err == nil && id > 0 {
		known, err := h.DB.KnowsOrder(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if known {
			return web.SeeOther(c, views.OrderPath(id))
		}
	}
	if sought == "" {
		return web.SeeOther(c, "/sales/orders")
	}
	return web.SeeOther(c, "/sales/orders?"+url.Values{"q": {sought}}.Encode())
}
