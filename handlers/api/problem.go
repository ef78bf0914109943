package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// kind is a kind of problem: its name is the end of its type, and a heading of docs/api.md.
type kind string

// The kinds of problems.
const (
	badRequest       kind = "bad-request"
	unauthorized     kind = "unauthorized"
	forbidden        kind = "missing-scope"
	notFound         kind = "not-found"
	notAllowed       kind = "method-not-allowed"
	conflict         kind = "conflict"
	tooLarge         kind = "too-large"
	unsupported      kind = "unsupported-media-type"
	invalid          kind = "invalid"
	keyMissing       kind = "idempotency-key-missing"
	keyReused        kind = "idempotency-key-reused"
	keyBusy          kind = "idempotency-key-busy"
	tooMany          kind = "too-many-requests"
	internal         kind = "internal"
	unavailable      kind = "unavailable"
	typeBase              = "https://github.com/kartify/kartify/blob/main/docs/api.md#"
	problemMediaType      = "application/problem+json"
)

var titles = map[kind]string{
	badRequest: "The request cannot be understood", unauthorized: "No valid token", forbidden: "The token lacks a scope",
	notFound: "Not found", notAllowed: "Not a request for this address", conflict: "Not possible as things stand", tooLarge: "Too large",
	unsupported: "Not JSON", invalid: "Something in the request is wrong", keyMissing: "An idempotency key is needed",
	keyReused: "The idempotency key was used for another request", keyBusy: "The request of this key is being worked on",
	tooMany: "Too many requests", internal: "Something went wrong here", unavailable: "Not available at the moment",
}

// byStatus is the kind of a problem of which only the status is known.
var byStatus = map[int]kind{
	http.StatusUnauthorized: unauthorized, http.StatusForbidden: forbidden, http.StatusNotFound: notFound, http.StatusMethodNotAllowed: notAllowed,
	http.StatusConflict: conflict, http.StatusRequestEntityTooLarge: tooLarge, http.StatusUnsupportedMediaType: unsupported,
	http.StatusUnprocessableEntity: invalid, http.StatusTooManyRequests: tooMany, http.StatusServiceUnavailable: unavailable,
}

// problem is an answer that says why nothing was done: RFC 9457.
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Errors    []fieldError `json:"errors,omitempty"`
}

// fieldError is what is wrong with one member of the body, or one parameter of the address.
type fieldError struct {
	Pointer   string `json:"pointer,omitempty"` // RFC 6901: /lines/0/quantity
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// refusal is a problem as an error.
type refusal struct {
	kind   kind
	status int
	detail string
	errors []fieldError
}

func (r *refusal) Error() string { return r.detail }

// wrong is the refusal of a request for the errors in it.
func wrong(list []fieldError) error {
	if len(list) == 1 {
		return &refusal{invalid, http.StatusUnprocessableEntity, list[0].Detail, list}
	}
	return &refusal{invalid, http.StatusUnprocessableEntity, fmt.Sprintf("%d things in the request are wrong.", len(list)), list}
}

// Tell has a handler's refusals told as problems. What is ours to mend goes on to be logged.
func Tell(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		var said *refusal
		var sentence *models.Problem
		switch {
		case err == nil:
			return nil
		case errors.As(err, &said):
		case errors.As(err, &sentence) && sentence.Conflict:
			said = &refusal{conflict, http.StatusConflict, sentence.Sentence, pointed(sentence)}
		case errors.As(err, &sentence):
			said = &refusal{invalid, http.StatusUnprocessableEntity, sentence.Sentence, pointed(sentence)}
		case errors.Is(err, models.ErrKeyReused):
			said = &refusal{keyReused, http.StatusUnprocessableEntity, "Something else was asked under this Idempotency-Key. Take another key for another request.", nil}
		case errors.Is(err, models.ErrKeyBusy):
			c.Response().Header().Set(echo.HeaderRetryAfter, "1")
			said = &refusal{keyBusy, http.StatusConflict, "The same request is being worked on at this moment. Send it again in a second.", nil}
		default:
			return err
		}
		return write(c, said)
	}
}

func pointed(p *models.Problem) []fieldError {
	if p.Field == "" {
		return nil
	}
	return []fieldError{{Pointer: "/" + p.Field, Detail: p.Sentence}}
}

// Errors tells programs what went wrong before or around a handler.
func Errors(c echo.Context, status int, sentence string) error {
	k, known := byStatus[status]
	switch {
	case !known && status >= http.StatusInternalServerError:
		k = internal
	case !known:
		k = badRequest
	}
	if status == http.StatusUnsupportedMediaType {
		sentence = "The body of a request is JSON, announced as application/json."
	}
	return write(c, &refusal{kind: k, status: status, detail: strings.TrimSpace(sentence)})
}

func write(c echo.Context, r *refusal) error {
	text, err := json.Marshal(problem{typeBase + string(r.kind), titles[r.kind], r.status, r.detail, web.RequestID(c.Request().Context()), r.errors})
	if err != nil {
		return fmt.Errorf("write a problem: %w", err)
	}
	return c.Blob(r.status, problemMediaType, text) //nolint:wrapcheck // the client has gone
}
