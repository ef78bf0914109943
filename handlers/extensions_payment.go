package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

const gatewaysPath = "/extensions/payment"

// ListGateways is Extensions > Extensions > Payment: every gateway of every store, searchable.
func (h *Handlers) ListGateways(c echo.Context) error {
	search := c.QueryParam("q")
	rows, err := h.DB.GatewayRows(c.Request().Context(), search)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.GatewayList(rows, search))
	}
	return web.Render(c, http.StatusOK, views.GatewaysPage(web.Page(c, gatewaysPath, "Payment"), rows, search))
}

// settingsAt is which settings an address speaks of.
type settingsAt struct {
	Gateway string
	Store   int64
	Mode    string
}

// at reads which settings are meant; the store and its mode may be left out.
func (h *Handlers) at(c echo.Context) (settingsAt, error) {
	at := settingsAt{Gateway: c.Param("gateway"), Mode: c.QueryParam("mode")}
	text := c.QueryParam("store")
	if c.Request().Method == http.MethodPost {
		text, at.Mode = cmp.Or(text, c.FormValue("store")), cmp.Or(at.Mode, c.FormValue("mode"))
	}
	stores, err := h.DB.Stores(c.Request().Context())
	if err != nil {
		return at, err
	}
	for _, store := range stores {
		asked := strconv.FormatInt(store.ID, 10) == text || text == "" && at.Store == 0 && h.offers(store, at.Gateway)
		if asked {
			at.Store, at.Mode = store.ID, cmp.Or(at.Mode, store.Mode)
		}
	}
	if at.Store == 0 {
		return at, models.ErrNotFound
	}
	return at, nil
}

func (h *Handlers) offers(store models.Store, gateway string) bool {
	for _, driver := range h.DB.Drivers() {
		if driver.Code == gateway {
			return models.Offers(&store, driver)
		}
	}
	return false
}

// ShowGateway is the settings page of a gateway for one store and mode.
func (h *Handlers) ShowGateway(c echo.Context) error {
	at, err := h.at(c)
	if err != nil {
		return err
	}
	return h.showGateway(c, http.StatusOK, at, nil)
}

// SaveGateway stores what was entered as a new version of the settings.
func (h *Handlers) SaveGateway(c echo.Context) error {
	if err := c.Bind(&struct{}{}); err != nil { // reads the form
		return err
	}
	at, err := h.at(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page, err := h.DB.SettingsPage(ctx, at.Store, at.Gateway, at.Mode)
	if err != nil {
		return err
	}
	form := models.SettingsForm{StoreID: at.Store, Gateway: at.Gateway, Mode: at.Mode, Values: map[string]string{}, By: web.Actor(c)}
	for _, field := range page.Driver.Fields {
		form.Values[field.Slug] = c.FormValue(field.Slug)
	}
	form.Enabled = c.FormValue("enabled") != ""
	if version, err := strconv.Atoi(c.FormValue("version")); err == nil {
		form.Shown = &version
	} else if page.Current() != nil && c.FormValue("enabled") == "" {
		form.Enabled = page.Current().Enabled // a form without the switch leaves it as it is
	}
	saved, err := h.DB.SaveSettings(ctx, form)
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showGateway(c, http.StatusUnprocessableEntity, at, func(v *views.GatewayView) { v.Refuse(c.Request().Context(), form, err) })
	case err != nil:
		return err
	}
	if err := web.Notice(c, lang.T(c.Request().Context(), "Version %d of the %s settings is in force.", saved.Version, page.Driver.Name)); err != nil {
		return err
	}
	return web.SeeOther(c, views.GatewayPath(at.Gateway, at.Store, at.Mode))
}

// CheckGateway asks a gateway whether the stored credentials are good.
func (h *Handlers) CheckGateway(c echo.Context) error {
	at, err := h.at(c)
	if err != nil {
		return err
	}
	err = h.DB.TestConnection(c.Request().Context(), at.Store, at.Gateway, at.Mode)
	var problem *models.Problem
	if err != nil && !errors.As(err, &problem) {
		return err
	}
	status := http.StatusOK
	if problem != nil {
		status = http.StatusUnprocessableEntity
	}
	return h.showGateway(c, status, at, func(v *views.GatewayView) {
		v.Checked, v.CheckProblem = true, problem
	})
}

// SaveReturnURLs stores where buyers of a store may be sent back to.
func (h *Handlers) SaveReturnURLs(c echo.Context) error {
	var form struct {
		Addresses string `form:"return_urls"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	at, err := h.at(c)
	if err != nil {
		return err
	}
	if _, err := h.DB.SettingsPage(c.Request().Context(), at.Store, at.Gateway, at.Mode); err != nil {
		return err
	}
	err = h.DB.SetReturnURLs(c.Request().Context(), at.Store, strings.Fields(form.Addresses), web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showGateway(c, http.StatusUnprocessableEntity, at, func(v *views.GatewayView) {
			v.ReturnTyped, v.ReturnProblem = &form.Addresses, problem.In(c.Request().Context())
		})
	case err != nil:
		return err
	}
	if err := web.Notice(c, "The addresses of the shop are stored."); err != nil {
		return err
	}
	return web.SeeOther(c, views.GatewayPath(at.Gateway, at.Store, at.Mode)+"#return")
}

func (h *Handlers) showGateway(c echo.Context, status int, at settingsAt, edit func(*views.GatewayView)) error {
	ctx := c.Request().Context()
	page, err := h.DB.SettingsPage(ctx, at.Store, at.Gateway, at.Mode)
	if err != nil {
		return err
	}
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	v := views.GatewayView{SettingsPage: page, Person: web.User(c), CSRF: web.CSRF(c), Address: h.web.Address(c)}
	for _, store := range stores {
		if models.Offers(&store, page.Driver) {
			v.Stores = append(v.Stores, store)
		}
	}
	if edit != nil {
		edit(&v)
	}
	if web.IsHTMX(c) && v.Checked {
		return web.Render(c, status, views.Connection(v))
	}
	return web.Render(c, status, views.GatewayPage(web.Page(c, gatewaysPath, page.Driver.Name), v))
}
