package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

type requestKey struct{}

// RequestID names the request that ctx belongs to, empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// LogHandler adds the request id to every line that is logged within a request.
func LogHandler(next slog.Handler) slog.Handler { return requestHandler{next} }

type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // passes on
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

// observe gives each request an id and logs how it went. Addresses are logged by their pattern: a
// query may hold a customer's name.
func (w *Web) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := make([]byte, 8)
		_, _ = rand.Read(id) // never fails
		ctx := context.WithValue(c.Request().Context(), requestKey{}, hex.EncodeToString(id))
		c.SetRequest(c.Request().WithContext(ctx))
		c.Response().Header().Set(echo.HeaderXRequestID, RequestID(ctx))
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		level := slog.LevelInfo
		if s := stateOf(c); s != nil && s.route.Background {
			level = slog.LevelDebug
		}
		user := int64(0)
		if u := User(c); u != nil {
			user = u.ID
		}
		token := int64(0)
		if t := Token(c); t != nil {
			token = t.ID
		}
		if w.config.Observe != nil {
			w.config.Observe(c.Request().Method, c.Path(), c.Response().Status, time.Since(start))
		}
		w.log.LogAttrs(ctx, level, "request", slog.String("method", c.Request().Method), slog.String("route", c.Path()),
			slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(start)),
			slog.Int64("user", user), slog.Int64("token", token), slog.String("address", c.RealIP()))
		return nil
	}
}

// recoverPanics turns a panic into an error. The stack goes to the log and nowhere else.
func (w *Web) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler: //nolint:errorlint // compared as net/http does
				panic(p)
			default:
				w.log.ErrorContext(c.Request().Context(), "panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = errPanic
			}
		}()
		return next(c)
	}
}

// errPanic was logged when it happened.
var errPanic = errors.New("panic")
