package handlers

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// Live says that the process runs.
func (h *Handlers) Live(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// Ready says whether this process should get requests: the database answers, its schema is known, the workers
// work, and the process is not about to stop.
func (h *Handlers) Ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	err := h.DB.Ping(ctx)
	if err == nil && h.ready != nil {
		err = h.ready(ctx)
	}
	if err != nil {
		return echo.NewHTTPError(http.StatusServiceUnavailable).SetInternal(err)
	}
	return c.String(http.StatusOK, "ready\n")
}

// Metrics answers Prometheus on this machine. To anybody else, and to whoever comes through a proxy, there is
// nothing here: KARTIFY_METRICS_ADDR opens an address of its own.
func (h *Handlers) Metrics(c echo.Context) error {
	if h.metrics == nil || !fromThisMachine(c.Request()) {
		return models.ErrNotFound
	}
	h.metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

func fromThisMachine(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if r.Header.Get(name) != "" {
			return false // a proxy on this machine speaks for somebody
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}
