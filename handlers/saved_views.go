package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
	"github.com/kartify/kartify/web"
)

type savedViewForm struct {
	ID     int64  `param:"view"`
	Name   string `form:"name"`
	Shared string `form:"shared"`
	Query  string `form:"query"`
}

// CreateSavedView keeps the filter of the order list under a name.
func (h *Handlers) CreateSavedView(c echo.Context) error {
	var form savedViewForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx, user := c.Request().Context(), web.User(c)
	query, err := url.ParseQuery(form.Query)
	if err != nil {
		query = url.Values{}
	}
	choices, err := h.DB.OrderChoices(ctx, user.ID)
	if err != nil {
		return err
	}
	filter, _ := models.ReadOrderFilter(query, choices)
	view := models.SavedView{UserID: user.ID, Name: form.Name, Shared: form.Shared != "", Query: views.SavedQuery(filter)}
	err = h.DB.SaveView(ctx, &view, user.Role)
	var problem *models.Problem
	if errors.As(err, &problem) {
		v, err := h.orderList(c, query)
		if err != nil {
			return err
		}
		v.View, v.Refused, v.Open = view, problem, views.FormSave
		return web.Render(c, http.StatusUnprocessableEntity, views.OrdersPage(web.Page(c, "/sales/orders", "Orders"), v))
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, lang.T(c.Request().Context(), "The view “%s” is saved.", view.Name)); err != nil {
		return err
	}
	return web.SeeOther(c, ordersPath(view.Query))
}

// ListSavedViews is where people change and delete their views.
func (h *Handlers) ListSavedViews(c echo.Context) error {
	return h.showSavedViews(c, http.StatusOK, models.SavedView{}, nil)
}

func (h *Handlers) showSavedViews(c echo.Context, status int, changed models.SavedView, refused *models.Problem) error {
	user := web.User(c)
	choices, err := h.DB.OrderChoices(c.Request().Context(), user.ID)
	if err != nil {
		return err
	}
	frame := web.Page(c, "/sales/orders", "Views", ui.Link{Label: "Sales"}, ui.Link{Label: "Orders", Path: "/sales/orders"}, ui.Link{Label: "Views"})
	return web.Render(c, status, views.SavedViewsPage(frame, views.SavedViewsView{
		Views: choices.Views, User: user.ID, CSRF: web.CSRF(c), MayShare: user.May(models.ViewsShare), Changed: changed, Refused: refused,
	}))
}

// ChangeSavedView gives a view another name, and shares it or not.
func (h *Handlers) ChangeSavedView(c echo.Context) error {
	var form savedViewForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	user := web.User(c)
	view := models.SavedView{ID: form.ID, UserID: user.ID, Name: form.Name, Shared: form.Shared != ""}
	err := h.DB.ChangeView(c.Request().Context(), &view, user.Role)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showSavedViews(c, http.StatusUnprocessableEntity, view, problem)
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, lang.T(c.Request().Context(), "The view “%s” is saved.", view.Name)); err != nil {
		return err
	}
	return web.SeeOther(c, "/sales/orders/views")
}

// DeleteSavedView removes a view.
func (h *Handlers) DeleteSavedView(c echo.Context) error {
	var form savedViewForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := h.DB.DeleteView(c.Request().Context(), web.User(c).ID, form.ID); err != nil {
		return err
	}
	if err := web.Notice(c, "The view is deleted."); err != nil {
		return err
	}
	return web.SeeOther(c, "/sales/orders/views")
}
