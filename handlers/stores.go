package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ListStores is Systems > Stores.
func (h *Handlers) ListStores(c echo.Context) error {
	stores, err := h.DB.Stores(c.Request().Context())
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.StoresPage(web.Page(c, "/system/stores", "Stores"), stores))
}
