// Package callbacks takes in what providers and partners send by themselves: it verifies, stores and
// answers, and a job acts on it afterwards. The senders prove who they are by a signature over the body.
package callbacks

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

const (
	// Limit is how many bytes a webhook may have.
	Limit = 1 << 20
	// atOnce is how many webhooks are taken in at a time; more are asked to come again.
	atOnce = 200
	// patience is how long storing may take. Razorpay waits five seconds for its answer (Razorpay docs, webhooks/best-practices).
	patience = 4 * time.Second
)

// Callbacks take in webhooks.
type Callbacks struct {
	db    *models.DB
	log   *slog.Logger
	slots chan struct{}
	pace  pace
}

// New makes the callbacks of a database.
func New(db *models.DB, log *slog.Logger) *Callbacks {
	if log == nil {
		log = slog.Default()
	}
	return &Callbacks{db: db, log: log, slots: make(chan struct{}, atOnce)}
}

// Razorpay takes in a webhook of the store in the address.
func (cb *Callbacks) Razorpay(c echo.Context) error {
	store, err := strconv.ParseInt(c.Param("store"), 10, 64)
	if err != nil || store <= 0 {
		return Errors(c, http.StatusNotFound, "There is no such store.")
	}
	return cb.take(c, "razorpay", store)
}

// GoFynd takes in a webhook of Fynd. Its address names no store: the secret that fits does.
func (cb *Callbacks) GoFynd(c echo.Context) error { return cb.take(c, "gofynd", 0) }

// take stores a webhook and answers. Any answer of success means that it is on disk.
func (cb *Callbacks) take(c echo.Context, source string, store int64) error {
	if !cb.enter() {
		return later(c)
	}
	defer cb.leave()
	if !readable(c.Request().Header) {
		return Errors(c, http.StatusUnsupportedMediaType, "A webhook is JSON.")
	}
	body, err := cb.read(c)
	if err != nil || body == nil {
		return err
	}
	receipt, err := cb.store(c, models.Delivery{Source: source, StoreID: store, Header: models.CallbackHeaders(c.Request().Header, ""), Body: body, Address: c.RealIP()})
	if receipt == nil {
		return err
	}
	return reply(c, *receipt)
}

// enter takes one of the places for those that are taken in at a time, and says whether there was one; leave
// gives it back.
func (cb *Callbacks) enter() bool {
	select {
	case cb.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (cb *Callbacks) leave() { <-cb.slots }

// read is the body of a webhook, or nil when the sender has been told what is wrong with it.
func (cb *Callbacks) read(c echo.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, Limit))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, Errors(c, http.StatusRequestEntityTooLarge, "A webhook has 1 MiB at most.")
	case err != nil:
		return nil, Errors(c, http.StatusBadRequest, "The body did not arrive whole.")
	}
	return body, nil
}

// store stores a webhook. Without a receipt the sender has been told that it is not.
func (cb *Callbacks) store(c echo.Context, d models.Delivery) (*models.Receipt, error) {
	ctx, cancel := context.WithTimeout(models.AsSystem(c.Request().Context()), patience)
	defer cancel()
	receipt, err := cb.db.ReceiveWebhook(ctx, d)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil, Errors(c, http.StatusNotFound, "Nobody here takes webhooks of "+d.Source+".")
	case err != nil:
		cb.log.ErrorContext(ctx, "a webhook could not be stored", "source", d.Source, "store", d.StoreID, "error", err)
		return nil, later(c)
	}
	return &receipt, nil
}

// reply is what the sender is told of a webhook that is on disk.
func reply(c echo.Context, receipt models.Receipt) error {
	switch {
	case receipt.Verdict == models.Forged:
		return Errors(c, http.StatusUnauthorized, "The signature does not fit.")
	case receipt.Verdict == models.Unreadable:
		return Errors(c, http.StatusBadRequest, "This cannot be understood.")
	case receipt.Duplicate:
		return c.JSONBlob(http.StatusOK, []byte(`{"success":true,"duplicate":true}`))
	}
	return c.JSONBlob(http.StatusOK, []byte(`{"success":true}`))
}

// later asks the sender to come again: nothing was stored.
func later(c echo.Context) error {
	c.Response().Header().Set("Retry-After", "5")
	return Errors(c, http.StatusServiceUnavailable, "This cannot be taken in now. Send it again.")
}

// readable says whether a body is announced as plain JSON, or not announced at all.
func readable(h http.Header) bool {
	if coding := h.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return false
	}
	announced := h.Get("Content-Type")
	if announced == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(announced)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// plain says whether a body is announced as a form or as JSON, or not announced at all.
func plain(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	form := err == nil && (kind == "application/x-www-form-urlencoded" || kind == "text/plain")
	return form && h.Get("Content-Encoding") == "" || readable(h)
}

// Errors is how machines are told what went wrong.
func Errors(c echo.Context, status int, sentence string) error {
	return c.JSON(status, struct {
		Success bool   `json:"success"`
		Message string `json:"message"`
	}{false, sentence})
}
