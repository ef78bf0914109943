package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
)

// errSignedOut is a page for people who are signed in, asked by somebody who is not.
var errSignedOut = errors.New("signed out")

// showError is the one place that decides how an error looks. It logs what is ours to mend.
func (w *Web) showError(err error, c echo.Context) {
	if stateOf(c) == nil {
		w.recognize(c)
	}
	ctx := c.Request().Context()
	status, sentence := describe(err, c)
	if status >= http.StatusInternalServerError && !errors.Is(err, errPanic) && !errors.Is(err, context.Canceled) {
		w.log.Log(ctx, severity(err), "request failed", "error", err, "route", c.Request().Method+" "+c.Path())
	}
	if c.Response().Committed {
		return
	}
	if err := w.writeError(c, err, status, sentence); err != nil {
		w.log.ErrorContext(ctx, "show an error", "error", err)
	}
}

// severity is how loudly an error is logged: that a copy is not ready, such as while it stops, is no fault.
func severity(err error) slog.Level {
	if said := new(echo.HTTPError); errors.As(err, &said) && said.Code == http.StatusServiceUnavailable {
		return slog.LevelWarn
	}
	return slog.LevelError
}

func (w *Web) writeError(c echo.Context, err error, status int, sentence string) error {
	s := stateOf(c)
	if wait := new(models.TooManyTries); errors.As(err, &wait) {
		c.Response().Header().Set("Retry-After", wait.Seconds())
	}
	if status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", "2")
	}
	switch {
	case c.Request().Method == http.MethodHead:
		return c.NoContent(status)
	case s != nil && s.route.Errors != nil:
		return s.route.Errors(c, status, sentence)
	case s != nil && s.route.NoSession:
		return c.String(status, sentence+"\n")
	case errors.Is(err, errSignedOut):
		return w.askToSignIn(c)
	case IsHTMX(c) && status == http.StatusUnprocessableEntity:
		return Render(c, status, ui.Problem(sentence))
	case IsHTMX(c):
		return c.String(status, sentence)
	}
	return Render(c, status, views.ErrorPage(Page(c, "", errorTitle(status).In(c.Request().Context())), sentence, errorID(c, status)))
}

// askToSignIn leads to the sign-in page and, from a page, back again.
func (w *Web) askToSignIn(c echo.Context) error {
	path := "/login"
	if IsHTMX(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.String(http.StatusUnauthorized, lang.T(c.Request().Context(), "Sign in first."))
	}
	if next := c.Request().URL.RequestURI(); c.Request().Method == http.MethodGet && next != "/" && LocalPath(next) == next {
		path += "?next=" + url.QueryEscape(next)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// describe says what an error means to the person or the machine that asked.
func describe(err error, c echo.Context) (status int, sentence string) {
	var problem *models.Problem
	var wait *models.TooManyTries
	var tooBig *http.MaxBytesError
	var httpErr *echo.HTTPError
	switch {
	case errors.As(err, &problem) && problem.Conflict:
		return http.StatusConflict, problem.In(c.Request().Context())
	case errors.As(err, &problem):
		return http.StatusUnprocessableEntity, problem.In(c.Request().Context())
	case errors.As(err, &wait):
		return http.StatusTooManyRequests, wait.In(c.Request().Context())
	case errors.Is(err, models.ErrNotFound):
		return http.StatusNotFound, lang.T(c.Request().Context(), "There is nothing at this address, or it is not for you to see.")
	case errors.Is(err, models.ErrForbidden):
		return http.StatusForbidden, lang.T(c.Request().Context(), "Your role does not permit this. An owner can change that under Systems > Users.")
	case errors.Is(err, models.ErrLinkSpent):
		return http.StatusGone, lang.T(c.Request().Context(), "This link has been used or has run out. Ask an owner for a new one.")
	case errors.Is(err, errForged):
		return http.StatusForbidden, lang.T(c.Request().Context(), "This request did not come from a page of kartify, so nothing was done. Reload the page and try again.")
	case errors.Is(err, errSignedOut):
		return http.StatusUnauthorized, lang.T(c.Request().Context(), "Sign in first.")
	case errors.As(err, &tooBig):
		return http.StatusRequestEntityTooLarge, lang.T(c.Request().Context(), "This is more than the %d KiB that are accepted here.", tooBig.Limit/1024)
	case errors.As(err, &httpErr):
		return describeHTTP(httpErr, c)
	case models.Unavailable(err) && c.Request().Context().Err() == nil:
		return http.StatusServiceUnavailable, lang.T(c.Request().Context(), "The database does not answer at the moment. Try again in a few seconds.")
	}
	return http.StatusInternalServerError, lang.T(c.Request().Context(), "Something went wrong on our side. It has been noted.")
}

func describeHTTP(err *echo.HTTPError, c echo.Context) (int, string) {
	var number *strconv.NumError
	if errors.As(err.Internal, &number) {
		return http.StatusBadRequest, notANumber(c, number.Num)
	}
	sentence, _ := err.Message.(string)
	switch err.Code {
	case http.StatusNotFound:
		return err.Code, lang.T(c.Request().Context(), "There is nothing at this address, or it is not for you to see.")
	case http.StatusMethodNotAllowed:
		return err.Code, lang.T(c.Request().Context(), "This address does not take such a request.")
	case http.StatusUnsupportedMediaType:
		return err.Code, lang.T(c.Request().Context(), "Only forms are accepted here.")
	case http.StatusServiceUnavailable:
		return err.Code, lang.T(c.Request().Context(), "This copy of kartify is not ready for requests. Its log says why.")
	}
	switch {
	case err.Code >= http.StatusInternalServerError:
		return err.Code, lang.T(c.Request().Context(), "Something went wrong on our side. It has been noted.")
	case sentence == "" || err.Internal != nil && sentence == err.Internal.Error(): // a sentence of the machine
		return err.Code, lang.T(c.Request().Context(), "This request cannot be understood.")
	}
	return err.Code, lang.T(c.Request().Context(), sentence)
}

// numbers say of the numbers in addresses that a text is none.
var numbers = map[string]lang.Text{
	"email":          lang.Textf("“%s” is not an e-mail number."),
	"extension":      lang.Textf("“%s” is not an extension number."),
	"operation":      lang.Textf("“%s” is not an operation number."),
	"order":          lang.Textf("“%s” is not an order number."),
	"payment":        lang.Textf("“%s” is not a payment number."),
	"reconciliation": lang.Textf("“%s” is not a reconciliation number."),
	"store":          lang.Textf("“%s” is not a store number."),
	"user":           lang.Textf("“%s” is not a user number."),
	"view":           lang.Textf("“%s” is not a view number."),
	"webhook":        lang.Textf("“%s” is not a webhook number."),
}

// notANumber says what should have stood where text does: the order of an address is an order number.
func notANumber(c echo.Context, text string) string {
	said := lang.Textf("“%s” is not a number.")
	for i, value := range c.ParamValues() {
		if known, ok := numbers[c.ParamNames()[i]]; ok && value == text {
			said = known
			break
		}
	}
	return lang.T(c.Request().Context(), said.Format, text)
}

func errorTitle(status int) lang.Text {
	switch status {
	case http.StatusNotFound:
		return lang.Textf("Not found")
	case http.StatusForbidden:
		return lang.Textf("Not permitted")
	case http.StatusGone:
		return lang.Textf("Link used")
	case http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest:
		return lang.Textf("Not done")
	case http.StatusTooManyRequests:
		return lang.Textf("Too many tries")
	case http.StatusServiceUnavailable:
		return lang.Textf("Not available")
	}
	if status >= http.StatusInternalServerError {
		return lang.Textf("Something went wrong")
	}
	return lang.Textf("Not accepted")
}

// errorID is what to quote when something went wrong on our side.
func errorID(c echo.Context, status int) string {
	if status < http.StatusInternalServerError {
		return ""
	}
	return RequestID(c.Request().Context())
}
