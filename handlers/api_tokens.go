package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

const programsPath = "/system/api-tokens"

type apiTokenForm struct {
	TokenID   int64               `param:"apitoken"`
	Name      string              `form:"name"`
	Scopes    []models.Permission `form:"scopes"`
	AllStores bool                `form:"all_stores"`
	Stores    []int64             `form:"stores"`
	Days      int                 `form:"days"`
	PerMinute string              `form:"per_minute"`
}

// details are what the form asks for. A number of requests that is no number is one that is refused.
func (f apiTokenForm) details() models.APITokenDetails {
	d := models.APITokenDetails{Name: f.Name, Scopes: f.Scopes, AllStores: f.AllStores, Stores: f.Stores, Days: f.Days}
	if text := strings.TrimSpace(f.PerMinute); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n == 0 {
			n = -1
		}
		d.PerMinute = n
	}
	return d
}

// ListAPITokens is Systems > API tokens.
func (h *Handlers) ListAPITokens(c echo.Context) error {
	return h.showAPITokens(c, http.StatusOK, views.APITokenList{Form: models.APITokenDetails{Scopes: []models.Permission{models.OrdersRead}, Days: 90}})
}

// CreateAPIToken makes a token and shows it, this once.
func (h *Handlers) CreateAPIToken(c echo.Context) error {
	var form apiTokenForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	token, secret, err := h.DB.CreateAPIToken(c.Request().Context(), web.User(c), c.RealIP(), form.details())
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showAPITokens(c, http.StatusUnprocessableEntity, views.APITokenList{Form: form.details(), Typed: form.PerMinute, Problem: problem})
	}
	if err != nil {
		return err
	}
	return h.showAPITokens(c, http.StatusOK, views.APITokenList{New: token, Secret: secret, Form: models.APITokenDetails{Scopes: []models.Permission{models.OrdersRead}, Days: 90}})
}

// RevokeAPIToken makes a token useless at once.
func (h *Handlers) RevokeAPIToken(c echo.Context) error {
	var form apiTokenForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := h.DB.RevokeAPIToken(c.Request().Context(), web.Actor(c), form.TokenID); err != nil {
		return err
	}
	if err := web.Notice(c, "Revoked. Its next request is refused."); err != nil {
		return err
	}
	return web.SeeOther(c, programsPath)
}

func (h *Handlers) showAPITokens(c echo.Context, status int, v views.APITokenList) error {
	ctx := c.Request().Context()
	var err error
	if v.Tokens, err = h.DB.APITokens(ctx); err != nil {
		return err
	}
	if v.Stores, err = h.DB.Stores(ctx); err != nil {
		return err
	}
	v.Now = time.Now().UTC()
	return web.Render(c, status, views.APITokensPage(web.Page(c, programsPath, "API tokens"), v))
}
