package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// limboPath is the board.
const limboPath = "/sales/limbo"

// limboFilter is what the address of the board asks for. What makes no sense in it asks for nothing.
func limboFilter(q url.Values) models.LimboFilter {
	f := models.LimboFilter{After: q.Get("after"), Age: views.LimboAge(q.Get("age"))}
	f.Store, _ = strconv.ParseInt(q.Get("store"), 10, 64)
	for _, kind := range models.LimboKinds {
		if string(kind) == q.Get("of") {
			f.Kind = kind
		}
	}
	return f
}

// ListLimbo is Sales > Limbo: orders whose money and whose state disagree.
func (h *Handlers) ListLimbo(c echo.Context) error {
	return h.showLimbo(c, http.StatusOK, c.QueryParams())
}

func (h *Handlers) showLimbo(c echo.Context, status int, q url.Values) error {
	ctx, user := c.Request().Context(), web.User(c)
	v := views.LimboView{Filter: limboFilter(q), User: user, Now: time.Now(), CSRF: web.CSRF(c)}
	page, err := h.DB.Limbo(ctx, v.Filter)
	if err != nil {
		return err
	}
	v.Rows, v.Next = page.Rows, page.Next
	if v.Tally, err = h.DB.LimboTally(ctx, models.LimboFilter{Store: v.Filter.Store, Age: v.Filter.Age}); err != nil {
		return err
	}
	if v.Stores, err = h.DB.Stores(ctx); err != nil {
		return err
	}
	if user.May(models.EmailSettings) {
		if v.Alerts, err = h.DB.LimboAlerts(ctx); err != nil {
			return err
		}
	}
	return web.Render(c, status, views.LimboPage(web.Page(c, limboPath, "Limbo"), v))
}

type limboForm struct {
	Do    string   `form:"do"`
	Rows  []string `form:"row"`   // "missing:1005"
	Back  string   `form:"back"`  // the query of the board
	Sure  string   `form:"sure"`  // how many rows the person was shown
	Order int64    `form:"order"` // pressed on this order's page, not on the board
}

// FixLimbo does something about one row of the board, or about several after they were counted.
func (h *Handlers) FixLimbo(c echo.Context) error {
	var form limboForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	back, err := url.ParseQuery(form.Back)
	if err != nil {
		back = url.Values{}
	}
	path := limboPath
	if len(back) > 0 {
		path += "?" + back.Encode()
	}
	if form.Order > 0 {
		path = views.OrderPath(form.Order)
	}
	fix := models.LimboFix(form.Do)
	right, known := models.LimboRights[fix]
	ctx := c.Request().Context()
	switch {
	case !known, len(form.Rows) == 0:
		return h.limboProblem(c, path, "Tick at least one row, and choose what is to be done about it.")
	case !web.User(c).May(right):
		return models.ErrForbidden
	case len(form.Rows) > models.MostLimbo:
		return h.limboProblem(c, path, lang.T(ctx, "Choose at most %d rows at once.", models.MostLimbo))
	case len(form.Rows) > 1 && form.Sure != strconv.Itoa(len(form.Rows)):
		return web.Render(c, http.StatusOK, views.LimboSure(web.Page(c, limboPath, "Limbo"), views.LimboSureView{
			CSRF: web.CSRF(c), Fix: fix, Rows: form.Rows, Back: form.Back, Path: path,
		}))
	}
	done, problems, err := h.fixRows(c, fix, form.Rows)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return h.limboProblem(c, path, said(ctx, problems, done))
	}
	if err := web.Notice(c, said(ctx, done, nil)); err != nil {
		return err
	}
	return web.SeeOther(c, path)
}

func (h *Handlers) limboProblem(c echo.Context, path, sentence string) error {
	if err := web.Problem(c, sentence); err != nil {
		return err
	}
	return web.SeeOther(c, path)
}

// fixRows does one thing about each row, and gathers what is to be said.
func (h *Handlers) fixRows(c echo.Context, fix models.LimboFix, rows []string) (done, problems []string, err error) {
	for _, row := range rows {
		kind, number, _ := strings.Cut(row, ":")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, nil, models.ErrNotFound
		}
		sentence, err := h.DB.FixLimbo(c.Request().Context(), fix, models.NeedKind(kind), id, web.User(c), web.Actor(c).Address)
		var problem *models.Problem
		switch {
		case errors.As(err, &problem):
			problems = append(problems, problem.In(c.Request().Context()))
		case err != nil:
			return nil, nil, err
		default:
			done = append(done, sentence)
		}
	}
	return done, problems, nil
}

// mostSaid is how many rows are told of in full.
const mostSaid = 5

// said is what came of several rows: the first few in full, and how many others there are.
func said(ctx context.Context, list, others []string) string {
	text := strings.Join(list[:min(len(list), mostSaid)], " ")
	if n := len(list) - mostSaid; n > 0 {
		text += " " + lang.N(ctx, "And %d more.", "And %d more.", n, n)
	}
	if len(others) > 0 {
		text += " " + lang.T(ctx, "Done: %d.", len(others))
	}
	return text
}

// ShowLimboTrends is how much has been in limbo, by age and by day.
func (h *Handlers) ShowLimboTrends(c echo.Context) error {
	ctx := c.Request().Context()
	tally, err := h.DB.LimboTally(ctx, models.LimboFilter{})
	if err != nil {
		return err
	}
	days, err := h.DB.LimboDays(ctx, plottedDays)
	if err != nil {
		return err
	}
	tally.Today(days)
	return web.Render(c, http.StatusOK, views.LimboTrendsPage(web.Page(c, limboPath, "Trends"), tally, days))
}

type alertForm struct {
	Store   int64  `form:"store"`
	Mails   string `form:"mails"`
	Address string `form:"address"`
	Every   int    `form:"every"`
}

// SaveLimboAlert sets who hears by e-mail of what is new in limbo.
func (h *Handlers) SaveLimboAlert(c echo.Context) error {
	var form alertForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.SaveLimboAlert(c.Request().Context(), models.LimboAlert{
		StoreID: form.Store, Mails: form.Mails != "", Address: strings.TrimSpace(form.Address), EveryMinutes: form.Every,
	}, web.Actor(c))
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.limboProblem(c, limboPath+"#alerts", problem.In(c.Request().Context()))
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, "Saved."); err != nil {
		return err
	}
	return web.SeeOther(c, limboPath+"#alerts")
}
