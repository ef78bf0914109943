package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type emailRulesForm struct {
	StoreID int64    `query:"store" form:"store"`
	Events  []string `form:"event"`
}

// ShowEmailRules is Systems > E-mails: which events mail the customer of a store.
func (h *Handlers) ShowEmailRules(c echo.Context) error {
	var form emailRulesForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showEmailRules(c, http.StatusOK, form.StoreID, nil)
}

// SaveEmailRules stores which events mail the customer.
func (h *Handlers) SaveEmailRules(c echo.Context) error {
	var form emailRulesForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.SaveEmailRules(c.Request().Context(), form.StoreID, form.Events, web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showEmailRules(c, http.StatusUnprocessableEntity, form.StoreID, problem)
	case err != nil:
		return err
	}
	if err := web.Notice(c, "Saved. Events that come from now on go by it."); err != nil {
		return err
	}
	return web.SeeOther(c, views.EmailRulesPath+"?store="+strconv.FormatInt(form.StoreID, 10))
}

func (h *Handlers) showEmailRules(c echo.Context, status int, id int64, problem *models.Problem) error {
	ctx := c.Request().Context()
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	v := views.EmailRules{Stores: stores, Person: web.User(c), Server: h.DB.MailServer(), Problem: problem}
	for i, store := range stores {
		if store.ID == id || id == 0 && (v.Store == nil || store.Fynd && !v.Store.Fynd) {
			v.Store = &stores[i]
		}
	}
	if v.Store == nil && id != 0 {
		return models.ErrNotFound
	}
	if v.Store != nil {
		if v.Rules, err = h.DB.EmailRules(ctx, v.Store.ID); err != nil {
			return err
		}
	}
	return web.Render(c, status, views.EmailRulesPage(web.Page(c, views.EmailRulesPath, "E-mails"), v))
}
