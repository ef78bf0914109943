package handlers

import (
	"errors"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// The forms of the order list come when they are opened. A browser without scripts follows the link in the
// unopened form to the same address, and gets the list with the form open.

// NewExport is the Export form of a list, whose orders it counts to the last.
func (h *Handlers) NewExport(c echo.Context) error {
	if !web.IsHTMX(c) {
		return h.showOrderForm(c, views.FormExport)
	}
	v, err := h.orderFilter(c, c.QueryParams())
	if err != nil {
		return err
	}
	var problem *models.Problem
	if v.Tally, err = h.DB.ExportTally(c.Request().Context(), v.Filter, v.Choices); err != nil && !errors.As(err, &problem) {
		return err
	}
	return web.Render(c, http.StatusOK, views.ExportSheet(v))
}

// NewSavedView is the form that keeps the filter of a list under a name.
func (h *Handlers) NewSavedView(c echo.Context) error {
	return h.orderForm(c, views.FormSave, views.SaveViewSheet)
}

// EditOrderColumns is the form that chooses the columns of a list.
func (h *Handlers) EditOrderColumns(c echo.Context) error {
	return h.orderForm(c, views.FormColumns, views.ColumnsSheet)
}

// EditOrderFilter is a part of the filter that most lists do without.
func (h *Handlers) EditOrderFilter(c echo.Context) error {
	part := c.Param("part")
	if !slices.Contains(views.FormsOfFilter, part) {
		return models.ErrNotFound
	}
	return h.orderForm(c, part, func(v views.OrderListView) templ.Component { return views.OrderFilterSheet(v, part) })
}

// orderForm shows a form by itself to the page that opens it.
func (h *Handlers) orderForm(c echo.Context, form string, sheet func(views.OrderListView) templ.Component) error {
	if !web.IsHTMX(c) {
		return h.showOrderForm(c, form)
	}
	v, err := h.orderFilter(c, c.QueryParams())
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, sheet(v))
}

// showOrderForm shows the list with a form open.
func (h *Handlers) showOrderForm(c echo.Context, form string) error {
	v, err := h.orderList(c, c.QueryParams())
	if err != nil {
		return err
	}
	v.Open = form
	return showOrders(c, http.StatusOK, v)
}
