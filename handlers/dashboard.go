package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// plottedDays are how many days the dashboard looks back.
const plottedDays = 30

// ShowDashboard is the first page: what needs a person now, and how the last days went. Whoever may see no
// orders is led to the first page they may open.
func (h *Handlers) ShowDashboard(c echo.Context) error {
	ctx, user := c.Request().Context(), web.User(c)
	if !user.May(models.OrdersRead) {
		return web.SeeOther(c, h.web.Home(user))
	}
	totals, err := h.DB.DayTotals(ctx, plottedDays)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	needs, err := h.DB.Needs(ctx, user, now.Truncate(24*time.Hour))
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.DashboardPage(web.Page(c, "/", "Dashboard"), views.DashboardView{
		Needs: needs, Totals: totals, Now: now, Zone: totals.Zone(),
		MaySettings: user.May(models.PaymentSettings), MayLog: user.May(models.WebhooksRead),
	}))
}
