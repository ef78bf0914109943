package web

import (
	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
)

// speak has the page said in the language the person chose, else in the first of their browser's that
// kartify speaks. Programs are always answered in English.
func (s *state) speak(c echo.Context) {
	code := lang.Prefer(c.Request().Header.Get("Accept-Language"))
	if user := s.user(); user != nil && user.Language() != "" {
		code = user.Language()
	}
	c.SetRequest(c.Request().WithContext(lang.With(c.Request().Context(), code)))
}
