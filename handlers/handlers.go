// Package handlers has a file for every screen and action, and the one route table.
package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/static"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// Handlers are the screens and actions. What they need is here.
type Handlers struct {
	DB      *models.DB
	web     *web.Web
	ready   func(context.Context) error
	metrics http.Handler
	frames  []string       // pages that may show the credential form
	quirks  fyndapi.Quirks // of Fynd Platform
	hints   hints          // uninstallations without proof
}

// Options are what the handlers are made of.
type Options struct {
	DB      *models.DB
	Web     web.Config
	Ready   func(context.Context) error // besides the database: why this process should get no requests, or nil
	Metrics http.Handler                // answers Prometheus; nil when something else does
	Frames  []string                    // pages of Fynd that may show the credential form in a frame; FyndFrames when empty
	Quirks  fyndapi.Quirks              // what is taken of Fynd Platform besides the usual
}

// New makes the whole site. It fails when a line of the route table is incomplete.
func New(o Options) (*echo.Echo, error) {
	shared, err := web.New(o.Web, o.DB)
	if err != nil {
		return nil, err //nolint:wrapcheck // says what is wrong with the configuration
	}
	o.DB.SetOrderFiles(views.OrderFile)
	h := &Handlers{DB: o.DB, web: shared, ready: o.Ready, metrics: o.Metrics, frames: o.Frames, quirks: o.Quirks}
	if len(h.frames) == 0 {
		h.frames = FyndFrames
	}
	shared.Echo.Pre(atExtension)
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
