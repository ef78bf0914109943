// Package handlers has a file for every screen and action, and the one route table.
package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/static"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// Handlers are the screens and actions. What they need is here.
type Handlers struct {
	DB    *models.DB
	web   *web.Web
	ready func(context.Context) error
}

// Options are what the handlers are made of.
type Options struct {
	DB    *models.DB
	Web   web.Config
	Ready func(context.Context) error // besides the database: why this process should get no requests, or nil
}

// New makes the whole site. It fails when a line of the route table is incomplete.
func New(o Options) (*echo.Echo, error) {
	shared, err := web.New(o.Web, o.DB)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what is wrong with the configuration
	}
	o.DB.SetOrderFiles(views.OrderFile)
	h := &Handlers{DB: o.DB, web: shared, ready: o.Ready}
	if err := shared.Add(h.routes()...); err != nil {
		return nil, err //nolint:wrapcheck // names the route
	}
	return shared.Echo, nil
}

// Table is the route table, for kartify routes and for checks.
func Table() []web.Route { return (&Handlers{}).routes() }

// Static serves the style sheet, the scripts and the icons.
func (h *Handlers) Static(c echo.Context) error {
	static.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}

// Live says that the process runs.
func (h *Handlers) Live(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// Ready says whether this process can serve: the database answers and has the right schema.
func (h *Handlers) Ready(c echo.Context) error {
	ctx := c.Request().Context()
	err := h.DB.Ping(ctx)
	if err == nil && h.ready != nil {
		err = h.ready(ctx)
	}
	if err != nil {
		return echo.NewHTTPError(http.StatusServiceUnavailable).SetInternal(err)
	}
	return c.String(http.StatusOK, "ready\n")
}

// Home leads to the first page this person may open.
func (h *Handlers) Home(c echo.Context) error { return web.SeeOther(c, h.web.Home(web.User(c))) }
