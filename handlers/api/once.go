package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// keyHeader names a request, so that sending it again is not doing it again (the IETF's draft of that name).
const keyHeader = "Idempotency-Key"

// outcome is what came of a request.
type outcome struct {
	status   int
	location string
	body     any
}

// work does what a request asks for. It is given the database to do it in, and the name of the request.
type work func(ctx context.Context, db *models.DB, name string) (outcome, error)

// once does a request under its key, or gives the answer it was given before. asked is the body as it was read.
// Work that asks a provider is apart: see models.APICall.
func (a *API) once(c echo.Context, asked any, apart bool, do work) error {
	key, err := idempotencyKey(c.Request().Header)
	if err != nil {
		return err
	}
	text, err := json.Marshal([]any{c.Request().Method, c.Request().URL.Path, asked})
	if err != nil {
		return fmt.Errorf("digest a request: %w", err)
	}
	sum, ctx := sha256.Sum256(text), c.Request().Context()
	call := models.APICall{TokenID: web.Token(c).ID, Key: key, Digest: sum[:], Apart: apart}
	answer, replayed, err := a.db.AnswerOnce(ctx, call, func(db *models.DB) (models.APIAnswer, error) {
		out, err := do(ctx, db, call.Name())
		if err != nil {
			return models.APIAnswer{}, err
		}
		body, err := json.Marshal(out.body)
		if err != nil {
			return models.APIAnswer{}, fmt.Errorf("write an answer: %w", err)
		}
		return models.APIAnswer{Status: out.status, Location: out.location, Body: body}, nil
	})
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	if replayed {
		c.Response().Header().Set("Idempotent-Replayed", "true")
	}
	if answer.Location != "" {
		c.Response().Header().Set(echo.HeaderLocation, answer.Location)
	}
	return c.JSONBlob(answer.Status, answer.Body) //nolint:wrapcheck // the client has gone
}

// idempotencyKey is the key of a request, with or without the quotes of the draft.
func idempotencyKey(h http.Header) (string, error) {
	values := h.Values(keyHeader)
	if len(values) != 1 {
		return "", &refusal{keyMissing, http.StatusBadRequest, "Send one header Idempotency-Key with a name of your choosing for this request, such as a UUID, and the same one when you repeat it.", nil}
	}
	key := values[0]
	if len(key) > 1 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	if err := models.CheckAPIKey(key); err != nil {
		return "", &refusal{keyMissing, http.StatusBadRequest, err.Error(), nil}
	}
	return key, nil
}
