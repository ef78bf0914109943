package callbacks

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// Platform takes in what Fynd Platform sends to an extension that subscribed to a company's events: the same events as
// those of GoFynd, signed with the extension's secret. The test of Fynd's panel is not signed; it is answered, and
// nothing is stored.
func (cb *Callbacks) Platform(c echo.Context) error {
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
	if gofynd.IsPing(body) {
		return c.JSONBlob(http.StatusOK, []byte(`{"success":true}`))
	}
	ctx, cancel := context.WithTimeout(models.AsSystem(c.Request().Context()), patience)
	defer cancel()
	receipt, err := cb.db.ReceivePlatformWebhook(ctx, models.Delivery{Header: models.CallbackHeaders(c.Request().Header, ""), Body: body, Address: c.RealIP()})
	switch {
	case errors.Is(err, models.ErrNotFound):
		return Errors(c, http.StatusNotFound, "Nobody here takes webhooks of Fynd.")
	case err != nil:
		cb.log.ErrorContext(ctx, "a webhook of Fynd Platform could not be stored", "error", err)
		return later(c)
	}
	if receipt.Verdict == models.Forged {
		cb.log.WarnContext(ctx, "a webhook of Fynd Platform is not signed by any extension", "webhook", receipt.WebhookID, "from", c.RealIP())
	}
	return reply(c, receipt)
}
