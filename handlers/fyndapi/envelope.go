package fyndapi

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// titles are the titles of Fynd's error envelope (payment extension documentation, errors). Any other status has
// the title of 500.
var titles = map[int]string{
	http.StatusBadRequest: "Request Validation Failed", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden",
	http.StatusNotFound: "Not Found", http.StatusMethodNotAllowed: "Method Not Allowed", http.StatusInternalServerError: "Internal Server Error",
}

// envelope is how Fynd is told what went wrong.
type envelope struct {
	Success bool   `json:"success"`
	Title   string `json:"title"`
	Message string `json:"message"`
}

// refusal is an envelope as an error.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

// refuse is an error that Fynd is told in this status and these words.
func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// Tell has a handler's refusals told in the envelope. What is ours to mend goes on to be logged, and is told by
// Errors without its words.
func Tell(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		var said *refusal
		var sentence *models.Problem
		var closed *models.FyndClosed
		switch {
		case err == nil:
			return nil
		case errors.As(err, &said):
			return Errors(c, said.status, said.message)
		case errors.As(err, &closed):
			return Errors(c, http.StatusForbidden, closed.Error())
		case errors.As(err, &sentence) && sentence.Conflict:
			return Errors(c, http.StatusConflict, sentence.Sentence)
		case errors.As(err, &sentence):
			return Errors(c, http.StatusBadRequest, sentence.Sentence)
		}
		return err
	}
}

// Errors writes the envelope of a status.
func Errors(c echo.Context, status int, message string) error {
	title, known := titles[status]
	if !known {
		title = titles[http.StatusInternalServerError]
	}
	if c.Request().Method == http.MethodHead {
		return c.NoContent(status) //nolint:wrapcheck // the client has gone
	}
	return answer(c, status, envelope{false, title, message})
}

// answer writes JSON as Fynd's samples have it: addresses with their &.
func answer(c echo.Context, status int, body any) error {
	text, err := gateways.EncodeJSON(body)
	if err != nil {
		return err //nolint:wrapcheck // plain values
	}
	return c.JSONBlob(status, text) //nolint:wrapcheck // the client has gone
}
