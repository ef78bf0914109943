package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// timed has every call of Fynd Platform measured, for the duties of whoever offers a payment extension.
func (h *Handlers) timed(table []web.Route) []web.Route {
	for i := range table {
		next := table[i].Handler
		table[i].Handler = func(c echo.Context) error {
			began := time.Now()
			err := next(c)
			if h.DB != nil {
				h.DB.NoteFyndAnswer(time.Since(began), ourFault(c, err))
			}
			return err
		}
	}
	return table
}

// ourFault says whether a call was answered with an error of kartify's own: what is not there, or not to be seen, is
// none.
func ourFault(c echo.Context, err error) bool {
	var problem *models.Problem
	var said *echo.HTTPError
	switch {
	case err == nil:
		return c.Response().Status >= http.StatusInternalServerError
	case errors.As(err, &said):
		return said.Code >= http.StatusInternalServerError
	}
	return !errors.Is(err, models.ErrNotFound) && !errors.Is(err, models.ErrForbidden) && !errors.As(err, &problem)
}
