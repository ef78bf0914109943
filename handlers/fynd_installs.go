package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type installForm struct {
	Extension int64  `param:"extension"`
	Install   int64  `param:"install"`
	Channel   int64  `param:"channel"`
	Store     *int64 `form:"store"`
}

// ListFyndInstalls is the page of the companies that have installed an extension.
func (h *Handlers) ListFyndInstalls(c echo.Context) error {
	var form installForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showInstalls(c, http.StatusOK, form.Extension, "")
}

// SubscribeFyndInstall subscribes to the webhooks of a company again.
func (h *Handlers) SubscribeFyndInstall(c echo.Context) error {
	var form installForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx := c.Request().Context()
	extension, err := h.installed(c, form)
	if err != nil {
		return err
	}
	err = h.DB.SubscribeFynd(ctx, form.Install, h.platformWebhooks(c, extension))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showInstalls(c, http.StatusUnprocessableEntity, form.Extension, problem.In(c.Request().Context()))
	case err != nil:
		return err
	}
	if err := web.Notice(c, "Fynd sends the company's events here from now on."); err != nil {
		return err
	}
	return web.SeeOther(c, views.FyndInstallsPath(form.Extension))
}

// LinkFyndChannel says which store a sales channel is.
func (h *Handlers) LinkFyndChannel(c echo.Context) error {
	var form installForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Store != nil && *form.Store == 0 {
		form.Store = nil
	}
	err := h.DB.LinkFyndStore(c.Request().Context(), form.Extension, form.Channel, form.Store, web.Actor(c))
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showInstalls(c, http.StatusUnprocessableEntity, form.Extension, problem.In(c.Request().Context()))
	case err != nil:
		return err
	}
	said := lang.T(c.Request().Context(), "The sales channel is linked to no store any more.")
	if form.Store != nil {
		said = lang.T(c.Request().Context(), "The sales channel is store %d from now on.", *form.Store)
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, views.FyndInstallsPath(form.Extension))
}

// installed is the extension of an address, when the install in it is one of its.
func (h *Handlers) installed(c echo.Context, form installForm) (*models.FyndExtension, error) {
	ctx := c.Request().Context()
	extension, err := h.DB.FyndExtension(ctx, form.Extension)
	if err != nil {
		return nil, err
	}
	rows, err := h.DB.FyndInstalls(ctx, extension)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Install.ID == form.Install {
			return extension, nil
		}
	}
	return nil, models.ErrNotFound
}

// platformWebhooks is where Fynd sends the events of an extension's companies.
func (h *Handlers) platformWebhooks(c echo.Context, e *models.FyndExtension) string {
	return views.FyndBase(h.web.Address(c), e) + platformWebhooks
}

func (h *Handlers) showInstalls(c echo.Context, status int, id int64, problem string) error {
	ctx := c.Request().Context()
	extension, err := h.DB.FyndExtension(ctx, id)
	if err != nil {
		return err
	}
	rows, err := h.DB.FyndInstalls(ctx, extension)
	if err != nil {
		return err
	}
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	v := views.FyndInstallsView{Extension: extension, Rows: rows, Stores: stores, Person: web.User(c), CSRF: web.CSRF(c), Address: h.web.Address(c), Problem: problem, SDK: gofynd.SDKVersion}
	return web.Render(c, status, views.FyndInstallsPage(web.Page(c, "/extensions/fynd", "Installs"), v))
}
