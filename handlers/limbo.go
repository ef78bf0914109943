package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ListLimbo is Sales > Limbo: money whose end is not known or not believed, and what Fynd was not told.
func (h *Handlers) ListLimbo(c echo.Context) error {
	ctx := c.Request().Context()
	needs, err := h.DB.Needs(ctx, web.User(c), time.Now())
	if err != nil {
		return err
	}
	v := views.LimboView{Kind: limboKind(c.QueryParam("of"), needs), Needs: needs, Now: time.Now()}
	after, _ := strconv.ParseInt(c.QueryParam("after"), 10, 64) // what is no number is the beginning
	if v.Rows, v.More, err = h.DB.Limbo(ctx, v.Kind, after); err != nil {
		return err
	}
	v.Begun = after > 0
	return web.Render(c, http.StatusOK, views.LimboPage(web.Page(c, "/sales/limbo", "Limbo"), v))
}

// limboKind is the kind that was asked for, or the most pressing of those where something waits.
func limboKind(asked string, needs []models.Need) models.NeedKind {
	if kind := models.NeedKind(asked); slices.Contains(models.LimboKinds, kind) {
		return kind
	}
	for _, kind := range models.LimboKinds {
		if slices.ContainsFunc(needs, func(n models.Need) bool { return n.Kind == kind }) {
			return kind
		}
	}
	return models.LimboKinds[0]
}
