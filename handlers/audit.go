package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
	"github.com/kartify/kartify/web"
)

const auditPath = "/system/audit"

// ListAudit is Systems > Audit: who did what, the newest first.
func (h *Handlers) ListAudit(c echo.Context) error { return h.showAudit(c, nil) }

// VerifyAudit computes the log again and says whether it is as it was written.
func (h *Handlers) VerifyAudit(c echo.Context) error {
	report, err := h.DB.VerifyAudit(c.Request().Context())
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.AuditState(report))
	}
	return h.showAudit(c, report)
}

func (h *Handlers) showAudit(c echo.Context, report *models.AuditReport) error {
	query := c.QueryParams()
	zone, err := h.auditZone(c)
	if err != nil {
		return err
	}
	filter, asked := auditFilter(query, zone)
	page, err := h.DB.AuditLog(c.Request().Context(), filter)
	if err != nil {
		return err
	}
	v := views.AuditView{
		Page: page, Query: asked, Report: report, Zone: zone, Store: zone.String(), Chips: auditChips(query),
		Pager: ui.PagerView{
			Shown: strconv.Itoa(len(page.Rows)), Noun: lang.N(c.Request().Context(), "row", "rows", len(page.Rows)), Target: "#audit",
			Next: auditTurn(query, "after", page.Next), Prev: auditTurn(query, "before", page.Prev), First: auditFirst(query, page.Prev),
			Sizes: ui.PageSizes(filter.Limit, func(rows int) string { return auditWith(query, "limit", strconv.Itoa(rows)) }),
		},
	}
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.AuditList(v))
	}
	return web.Render(c, http.StatusOK, views.AuditPage(web.Page(c, auditPath, "Audit"), v))
}

// auditZone is the zone in which days begin: the one store's, or UTC for several.
func (h *Handlers) auditZone(c echo.Context) (*time.Location, error) {
	stores, err := h.DB.Stores(c.Request().Context())
	if err != nil {
		return nil, err
	}
	if len(stores) == 1 {
		return stores[0].Zone(), nil
	}
	return time.UTC, nil
}

// auditFilter reads the query. What it cannot read is passed over, and is not among what was asked.
func auditFilter(query url.Values, zone *time.Location) (models.AuditFilter, views.AuditQuery) {
	text := func(name string) string { return strings.TrimSpace(query.Get(name)) }
	asked := views.AuditQuery{Actor: text("actor"), Action: text("action")}
	filter := models.AuditFilter{Actor: asked.Actor, Action: asked.Action, After: query.Get("after"), Before: query.Get("before"), Limit: 50}
	if id, err := strconv.ParseInt(text("order"), 10, 64); err == nil && id > 0 {
		filter.OrderID, asked.Order = id, text("order")
	}
	if day, err := time.ParseInLocation(time.DateOnly, text("from"), zone); err == nil {
		filter.From, asked.From = day, text("from")
	}
	if day, err := time.ParseInLocation(time.DateOnly, text("to"), zone); err == nil {
		filter.To, asked.To = day.AddDate(0, 0, 1), text("to")
	}
	if limit, err := strconv.Atoi(text("limit")); err == nil {
		filter.Limit = min(max(limit, 10), 500)
	}
	return filter, asked
}

func auditChips(query url.Values) []ui.Chip {
	var chips []ui.Chip
	for _, field := range []struct{ name, label string }{
		{"from", "From"}, {"to", "To"}, {"actor", "Who"}, {"action", "Action"}, {"order", "Order"},
	} {
		if value := strings.TrimSpace(query.Get(field.name)); value != "" {
			chips = append(chips, ui.Chip{Label: field.label, Value: value, Path: auditWith(query, field.name, "")})
		}
	}
	return chips
}

// auditWith is the address of the log's first page with one part of the query changed.
func auditWith(query url.Values, name, value string) string {
	changed := url.Values{}
	for key, values := range query {
		if key != "after" && key != "before" {
			changed[key] = values
		}
	}
	changed.Set(name, value)
	if value == "" {
		changed.Del(name)
	}
	if len(changed) == 0 {
		return auditPath
	}
	return auditPath + "?" + changed.Encode()
}

// auditTurn is the address of the page at a cursor, empty without one.
func auditTurn(query url.Values, name, cursor string) string {
	if cursor == "" {
		return ""
	}
	return auditWith(query, name, cursor)
}

func auditFirst(query url.Values, prev string) string {
	if prev == "" {
		return ""
	}
	return auditWith(query, "after", "")
}
