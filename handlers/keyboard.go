package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ShowKeyboard is the help about the keys, which every page opens when somebody asks for it.
func (h *Handlers) ShowKeyboard(c echo.Context) error {
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.KeyboardHelp())
	}
	return web.Render(c, http.StatusOK, views.KeyboardPage(web.Page(c, "/profile", "Keyboard shortcuts")))
}
