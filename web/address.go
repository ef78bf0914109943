package web

import "github.com/labstack/echo/v4"

// Address is how browsers and providers reach kartify: as configured, or else as this request did.
func (w *Web) Address(c echo.Context) string {
	if w.public != "" {
		return w.public
	}
	return c.Scheme() + "://" + c.Request().Host
}
