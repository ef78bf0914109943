package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// errForged is a request that another site made the browser send, or that does not show it came from a page of ours.
var errForged = errors.New("forged")

// checkForgery wants proof that a change was asked on one of our pages: the browser's word that it was,
// or the token our forms carry. Requests of other sites were refused before.
func (w *Web) checkForgery(c echo.Context, s *state) error {
	if s.route.Permission == models.Public || w.sameOrigin(c.Request()) {
		return nil
	}
	row := s.record()
	if row == nil {
		return errForged
	}
	token := c.Request().Header.Get("X-CSRF-Token")
	if token == "" {
		form, err := postForm(c)
		if err != nil {
			return err
		}
		if s.route.OpToken && form.Get("token") != "" {
			return nil // bound to the person and the record, and checked with them
		}
		token = form.Get(ui.CSRFField)
	}
	if !w.db.CheckSessionToken(row, token) {
		return errForged
	}
	return nil
}

// sameOrigin says whether the browser vouches that a page of ours sent the request.
func (w *Web) sameOrigin(r *http.Request) bool {
	from := r.Header.Get("Origin")
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case site != "":
		return site == "same-origin"
	case from == "":
		return false
	case w.public != "":
		return from == w.public
	case w.config.TLS:
		return from == "https://"+r.Host
	default:
		return from == "http://"+r.Host
	}
}
