package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

const dataLogPath = "/system/tools/data-log"

// ListDataLog is Systems > Tools > Data Log: what came in and what went out, the newest first.
func (h *Handlers) ListDataLog(c echo.Context) error {
	ctx, user := c.Request().Context(), web.User(c)
	tables := models.LogTablesOf(user.Role)
	if asked := models.LogTable(c.QueryParam("table")); slices.Contains(models.LogTables, asked) && !slices.Contains(tables, asked) {
		return models.ErrForbidden
	}
	choices, err := h.DB.OrderChoices(ctx, user.ID)
	if err != nil {
		return err
	}
	v := views.DataLogView{Choices: choices, Tables: tables, User: user, Now: time.Now(), Gateways: h.gatewayOptions()}
	v.Filter, v.Notices = models.ReadLogFilter(c.QueryParams(), choices, tables)
	var problem *models.Problem
	if v.Log, err = h.DB.DataLog(ctx, v.Filter, choices); errors.As(err, &problem) {
		v.Problem = problem.In(c.Request().Context())
	} else if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		c.Response().Header().Set("HX-Push-Url", views.DataLogPath(v.Filter))
		return web.Render(c, http.StatusOK, views.DataLogRegion(v))
	}
	return web.Render(c, http.StatusOK, views.DataLogPage(web.Page(c, dataLogPath, "Data Log"), v))
}

type webhookForm struct {
	ID     int64  `param:"webhook"`
	Digest string `form:"digest"`
}

// ShowWebhook is one webhook of the Data Log.
func (h *Handlers) ShowWebhook(c echo.Context) error {
	var form webhookForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showWebhook(c, form.ID, http.StatusOK, nil)
}

// RevealWebhook shows the personal data in a webhook, and writes down that somebody looked.
func (h *Handlers) RevealWebhook(c echo.Context) error {
	var form webhookForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if _, err := h.DB.RevealWebhook(c.Request().Context(), form.ID, web.Actor(c)); err != nil {
		return err
	}
	return h.showWebhook(c, form.ID, http.StatusOK, func(v *views.WebhookView) { v.Revealed = true })
}

// ReplayWebhook says what applying a webhook once more would change; with the digest of what was said, it applies it.
func (h *Handlers) ReplayWebhook(c echo.Context) error {
	var form webhookForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx := c.Request().Context()
	var replay *models.Replay
	var err error
	if form.Digest == "" {
		replay, err = h.DB.PreviewReplay(ctx, form.ID)
	} else {
		replay, err = h.DB.ReplayWebhook(ctx, form.ID, form.Digest, web.Actor(c))
	}
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showWebhook(c, form.ID, http.StatusUnprocessableEntity, func(v *views.WebhookView) { v.Problem = problem.In(c.Request().Context()) })
	case errors.Is(err, models.ErrMoved):
		return h.showWebhook(c, form.ID, http.StatusUnprocessableEntity, func(v *views.WebhookView) {
			v.Replay, v.Problem = replay, lang.T(ctx, "Something has changed since you looked. This is what it would do now.")
		})
	case err != nil:
		return err
	case form.Digest == "":
		return h.showWebhook(c, form.ID, http.StatusOK, func(v *views.WebhookView) { v.Replay = replay })
	case web.IsHTMX(c):
		say(c, lang.T(ctx, "Applied again"))
		return h.showWebhook(c, form.ID, http.StatusOK, func(v *views.WebhookView) { v.Replay, v.Applied = replay, true })
	}
	return web.SeeOther(c, fmt.Sprintf("%s/webhooks/%d", dataLogPath, form.ID))
}

func (h *Handlers) showWebhook(c echo.Context, id int64, status int, change func(*views.WebhookView)) error {
	page, err := h.DB.WebhookPage(c.Request().Context(), id)
	if err != nil {
		return err
	}
	v := views.WebhookView{WebhookPage: page, User: web.User(c), CSRF: web.CSRF(c)}
	if change != nil {
		change(&v)
	}
	if web.IsHTMX(c) {
		return web.Render(c, status, views.WebhookRegion(v))
	}
	return web.Render(c, status, views.WebhookPage(web.Page(c, dataLogPath, lang.T(c.Request().Context(), "Webhook %d", id)), v))
}
