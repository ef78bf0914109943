package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// foreignPolicy is for documents that somebody else wrote: nothing in them runs, and nothing is fetched,
// whether they stand in a frame or are opened by their address. Only pages of ours may frame them.
const foreignPolicy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// Frames lets the page being answered show documents of this site in a frame.
func Frames(c echo.Context) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; frame-src 'self'")
}

// Foreign answers with a document that somebody else wrote.
func Foreign(c echo.Context, kind string, document []byte) error {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", foreignPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	return c.Blob(http.StatusOK, kind, document) //nolint:wrapcheck // the client has gone
}
