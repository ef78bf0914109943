package handlers

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// CreateNotification is the Send notification button of a payment: it begins a new series of attempts.
func (h *Handlers) CreateNotification(c echo.Context) error {
	var form struct {
		PaymentID int64  `param:"payment"`
		Token     string `form:"token"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx := c.Request().Context()
	payment, err := h.DB.PaymentOrder(ctx, form.PaymentID)
	if err != nil {
		return err
	}
	_, err = h.DB.SendNotification(ctx, models.NotificationRequest{PaymentID: form.PaymentID, Token: form.Token, By: web.Actor(c)})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, payment, func(v *views.OrderView) {
			v.Notice.PaymentID, v.Notice.Problem = form.PaymentID, problem.In(c.Request().Context())
		})
	case err != nil:
		return err
	case web.IsHTMX(c):
		say(c, "The shop is being told")
		return h.showOrder(c, http.StatusOK, payment, nil)
	}
	return web.SeeOther(c, orderPath(c, payment, fmt.Sprintf("#payment-%d", form.PaymentID)))
}

// ShowNotificationSettings is Extensions > Payment notifications: how a store hears of its payments.
func (h *Handlers) ShowNotificationSettings(c echo.Context) error {
	var form struct {
		StoreID int64 `query:"store"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showNotificationSettings(c, http.StatusOK, form.StoreID, nil)
}

// SaveNotificationSettings stores how a store wants to hear of its payments.
func (h *Handlers) SaveNotificationSettings(c echo.Context) error {
	var form struct {
		StoreID int64  `form:"store"`
		Version int    `form:"version"`
		Channel string `form:"channel"`
		URL     string `form:"url"`
		Secret  string `form:"secret"`
		Email   string `form:"email"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	entered := models.NotificationForm{
		StoreID: form.StoreID, Channel: models.NotifyChannel(form.Channel), URL: form.URL, Secret: form.Secret, Email: form.Email, Shown: form.Version, By: web.Actor(c),
	}
	err := h.DB.SaveNotificationSettings(c.Request().Context(), entered)
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showNotificationSettings(c, http.StatusUnprocessableEntity, form.StoreID, func(v *views.NotificationSettings) {
			v.Problem, v.Typed = problem, &entered
		})
	case err != nil:
		return err
	}
	if err := web.Notice(c, "Saved. Whatever is told from now on goes by it."); err != nil {
		return err
	}
	return web.SeeOther(c, fmt.Sprintf("%s?store=%d", views.NotificationSettingsPath, form.StoreID))
}

func (h *Handlers) showNotificationSettings(c echo.Context, status int, id int64, edit func(*views.NotificationSettings)) error {
	ctx := c.Request().Context()
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	v := views.NotificationSettings{Stores: stores, Person: web.User(c), Networks: h.DB.NotifyNetworks()}
	v.Tries, v.Pauses = h.DB.NotifySchedule()
	for i, store := range stores {
		if store.ID == id || id == 0 && i == 0 {
			v.Store = &stores[i]
		}
	}
	if v.Store == nil && id != 0 {
		return models.ErrNotFound
	}
	if v.Store != nil {
		if v.Settings, err = h.DB.NotificationSettings(ctx, v.Store.ID); err != nil {
			return err
		}
	}
	if edit != nil {
		edit(&v)
	}
	return web.Render(c, status, views.NotificationSettingsPage(web.Page(c, views.NotificationSettingsPath, "Payment notifications"), v))
}
