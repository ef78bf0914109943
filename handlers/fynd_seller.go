package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// Sellers come from Fynd, into a frame of its pages, and have no account here: the visit that began with the
// installation of the extension is all there is, in a cookie of the company's.

// seller is for pages of sellers who come from Fynd.
func seller(r web.Route) web.Route {
	r = machine(r)
	r.Errors = sellerErrors
	return r
}

// FyndFrames are the pages that may show the credential form in a frame unless others are named.
var FyndFrames = []string{"https://fynd.com", "https://*.fynd.com"}

// letFyndFrame lets Fynd's pages, and no others, show this one in a frame.
func (h *Handlers) letFyndFrame(c echo.Context) {
	header := c.Response().Header()
	policy := header.Get("Content-Security-Policy")
	header.Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors "+strings.Join(h.frames, " "), 1))
}

// framed is a page for sellers.
func (h *Handlers) framed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h.letFyndFrame(c)
		c.SetRequest(c.Request().WithContext(models.AsSystem(c.Request().Context())))
		return next(c)
	}
}

// visitCookie is the name of the cookie of a company's visit (fdk-extension-javascript, SESSION_COOKIE_NAME).
func visitCookie(company string) string { return "ext_session_" + company }

// setVisit has the browser keep a visit, or forget it when there is no value. Over TLS the cookie goes along within
// Fynd's frame, kept apart for Fynd's pages. Without TLS no browser would take such a cookie; there it is one of this
// site only, which is enough where Fynd's page and kartify share a host name, as in the demo.
func (h *Handlers) setVisit(c echo.Context, company, value string, until time.Time) {
	cookie := &http.Cookie{Name: visitCookie(company), Value: value, Path: cmp.Or(extensionPrefix(c), "/"), HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if h.web.Secure() {
		cookie.Secure, cookie.SameSite, cookie.Partitioned = true, http.SameSiteNoneMode, true
	}
	if value == "" {
		cookie.MaxAge = -1
	} else {
		cookie.Expires = until.UTC()
	}
	c.SetCookie(cookie)
}

// visit is the visit of a company's seller. ErrNotFound when there is none, or it is over; ErrForbidden when there is
// one of another company instead.
func (h *Handlers) visit(c echo.Context, company string) (*models.FyndVisit, error) {
	missing := models.ErrNotFound
	for _, cookie := range c.Cookies() { // one of another path may come first
		of, ok := strings.CutPrefix(cookie.Name, visitCookie(""))
		if !ok {
			continue
		}
		visit, err := h.DB.FyndVisit(c.Request().Context(), cookie.Value, of)
		switch {
		case errors.Is(err, models.ErrNotFound):
		case err != nil:
			return nil, err
		case of == company:
			return visit, nil
		case visit.AllowedAt != nil:
			missing = models.ErrForbidden
		}
	}
	return nil, missing
}

// sellerNote is a page for sellers with nothing but a sentence.
func sellerNote(c echo.Context, status int, title, sentence string) error {
	return web.Render(c, status, views.FyndNote(web.Page(c, "", title), title, sentence))
}

// refuseSeller says a Problem on a page of its own; other errors go on.
func refuseSeller(c echo.Context, status int, title string, err error) error {
	var problem *models.Problem
	if errors.As(err, &problem) {
		return sellerNote(c, status, title, problem.In(c.Request().Context()))
	}
	return err
}

// noVisit is for those who come without a visit.
func noVisit(c echo.Context) error {
	return sellerNote(c, http.StatusUnauthorized, "Open this from Fynd",
		"unauthorized: this page belongs to a visit that begins in Fynd, and there is none in this browser, or it is over. Open the extension in Fynd once more. If that does not help, the browser may keep no cookies within Fynd's pages.")
}

// sellerErrors is how sellers are told what went wrong.
func sellerErrors(c echo.Context, status int, sentence string) error {
	return sellerNote(c, status, "This page is not available", sentence)
}

// fyndPath is a path of the extension that was asked, with a query.
func fyndPath(c echo.Context, path string, query url.Values) string {
	path = extensionPrefix(c) + path
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}
