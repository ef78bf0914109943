package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
)

// Page is the frame of a page. active is its path in the menu, which also gives the crumbs when none
// are named. What the last action left to say is said here.
func Page(c echo.Context, active, title string, crumbs ...ui.Link) views.Frame {
	s := stateOf(c)
	f := views.Frame{Title: title, Active: active, Crumbs: crumbs}
	if s == nil {
		return f
	}
	f.Test = s.web.config.Test
	user := s.user()
	if user == nil {
		return f
	}
	if len(crumbs) == 0 {
		f.Crumbs = s.web.crumbs(active, title)
	}
	f.Menu = s.web.menuFor(user)
	f.Finder = user.May(models.OrdersRead)
	f.Person = &views.Person{Name: user.Name, Email: user.Email, Role: user.Role.Label()}
	f.CSRF = s.web.db.SessionToken(s.record())
	f.Notice, f.Problem = s.said(c)
	return f
}

// CSRF is the token for forms in parts of a page that have no frame.
func CSRF(c echo.Context) string {
	s := stateOf(c)
	if row := s.record(); row != nil {
		return s.web.db.SessionToken(row)
	}
	return ""
}

// Render writes a component. It is made whole first, so a failure shows no half page.
func Render(c echo.Context, status int, component templ.Component) error {
	var page bytes.Buffer
	if err := component.Render(c.Request().Context(), &page); err != nil {
		return fmt.Errorf("render %s: %w", c.Path(), err)
	}
	return c.HTMLBlob(status, page.Bytes())
}

// IsHTMX says whether a part of the page is wanted instead of all of it.
func IsHTMX(c echo.Context) bool {
	h := c.Request().Header
	return h.Get("HX-Request") == "true" && h.Get("HX-History-Restore-Request") != "true"
}

// SeeOther leads the browser to a path of ours.
func SeeOther(c echo.Context, path string) error {
	path = LocalPath(path)
	if IsHTMX(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// LocalPath is path when it stays on this site, and / when it could lead anywhere else.
func LocalPath(path string) string {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, bad) || len(path) > 2000 {
		return "/"
	}
	return path
}

// Absolute is a path of ours as an address that can be sent to somebody.
func Absolute(c echo.Context, path string) string {
	s := stateOf(c)
	switch {
	case s.web.public != "":
		return s.web.public + path
	case s.web.config.TLS:
		return "https://" + c.Request().Host + path
	default:
		return "http://" + c.Request().Host + path
	}
}
