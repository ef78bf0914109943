package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

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
				h.DB.NoteFyndAnswer(time.Since(began), err != nil || c.Response().Status >= http.StatusInternalServerError)
			}
			return err
		}
	}
	return table
}
