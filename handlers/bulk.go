package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// runPatience is how long planning may take before the page is shown, which goes on by itself.
const runPatience = 2 * time.Second

type statusRunForm struct {
	Orders  []int64 `query:"order" form:"order"`
	All     string  `query:"all" form:"all"`
	Query   string  `query:"query" form:"query"`
	Status  string  `form:"status"`
	Reason  string  `form:"missing_reason"`
	Comment string  `form:"comment"`
}

// NewStatusRun is the form that changes the status of the orders chosen on the list.
func (h *Handlers) NewStatusRun(c echo.Context) error {
	var form statusRunForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.newStatusRun(c, http.StatusOK, form, nil)
}

func (h *Handlers) newStatusRun(c echo.Context, status int, form statusRunForm, problem *models.Problem) error {
	ctx, user := c.Request().Context(), web.User(c)
	v := views.StatusRunForm{
		CSRF: web.CSRF(c), Orders: form.Orders, All: form.All != "", Query: form.Query, Status: form.Status, Reason: form.Reason, Comment: form.Comment, Problem: problem,
	}
	var err error
	if v.Statuses, err = h.DB.OrderStatuses(ctx); err != nil {
		return err
	}
	if v.Matching, err = h.matching(ctx, user, form.Query); err != nil {
		return err
	}
	if v.Runs, err = h.DB.StatusRuns(ctx, user); err != nil {
		return err
	}
	return web.Render(c, status, views.StatusRunNewPage(web.Page(c, "/sales/orders", "Change status of many"), v))
}

// matching is how many orders a list's filter has, in words; "" when that is not known in time.
func (h *Handlers) matching(ctx context.Context, user *models.User, query string) (string, error) {
	choices, err := h.DB.ChoicesOf(ctx, user)
	if err != nil {
		return "", err
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", nil //nolint:nilerr // the form says so when it is sent
	}
	f, _ := models.ReadOrderFilter(q, choices)
	f = f.FirstPage()
	list, err := h.DB.Orders(ctx, f, choices)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	tally, err := h.DB.TallyOrders(ctx, f, choices, list, models.InlinePatience)
	if errors.As(err, &problem) || err == nil && tally == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return views.MatchingOrders(tally), nil
}

// CreateStatusRun plans the change and shows what it would do. Nothing is changed by it.
func (h *Handlers) CreateStatusRun(c echo.Context) error {
	var form statusRunForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	q, err := url.ParseQuery(form.Query)
	if err != nil {
		q = url.Values{}
	}
	ctx := c.Request().Context()
	id, err := h.DB.PlanStatusRun(ctx, models.StatusRunRequest{
		Orders: form.Orders, All: form.All != "", Query: q, Status: form.Status, Reason: form.Reason, Comment: form.Comment, User: web.User(c), Address: c.RealIP(),
	})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.newStatusRun(c, http.StatusUnprocessableEntity, form, problem)
	case err != nil:
		return err
	}
	soon, cancel := context.WithTimeout(models.AsSystem(ctx), runPatience)
	defer cancel()
	if err := h.DB.RunStatusRun(soon, id); err != nil && soon.Err() == nil {
		return err
	}
	h.awaitPlan(soon, id, web.User(c))
	return web.SeeOther(c, views.StatusRunPath(id))
}

// awaitPlan waits while another worker plans the run, until ctx is over.
func (h *Handlers) awaitPlan(ctx context.Context, id string, user *models.User) {
	for ctx.Err() == nil {
		state, err := h.DB.StatusRunState(ctx, id, user)
		if err != nil || state != models.RunPlanning {
			return // the page says how it stands
		}
		time.Sleep(30 * time.Millisecond)
	}
}

type statusRunParam struct {
	Run   string `param:"run"`
	Show  string `query:"show"`
	After int    `query:"after"`
}

// ShowStatusRun is a change of many orders: what it would do, how far it is, and what came of each.
func (h *Handlers) ShowStatusRun(c echo.Context) error {
	v, err := h.statusRun(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.StatusRunPage(web.Page(c, "/sales/orders", "Change status of many"), v))
}

// StatusRunProgress is the run for itself, asked while it goes on.
func (h *Handlers) StatusRunProgress(c echo.Context) error {
	v, err := h.statusRun(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.StatusRunRegion(v))
}

func (h *Handlers) statusRun(c echo.Context) (views.StatusRunView, error) {
	var form statusRunParam
	if err := c.Bind(&form); err != nil {
		return views.StatusRunView{}, err
	}
	ctx, user := c.Request().Context(), web.User(c)
	v := views.StatusRunView{CSRF: web.CSRF(c), Show: form.Show, After: form.After, Delay: h.DB.Timings().StatusDelay, MayRetry: user.May(models.OperationRetry)}
	var err error
	if v.StatusRunPage, err = h.DB.StatusRun(ctx, form.Run, user, form.Show, form.After); err != nil {
		return v, err
	}
	v.Statuses, err = h.DB.OrderStatuses(ctx)
	return v, err
}

// StartStatusRun has a planned change begin after the delay.
func (h *Handlers) StartStatusRun(c echo.Context) error { return h.turnRun(c, h.DB.StartStatusRun) }

// CancelStatusRun calls a change off.
func (h *Handlers) CancelStatusRun(c echo.Context) error { return h.turnRun(c, h.DB.CancelStatusRun) }

// RetryStatusRun does what failed of a change once more.
func (h *Handlers) RetryStatusRun(c echo.Context) error { return h.turnRun(c, h.DB.RetryStatusRun) }

func (h *Handlers) turnRun(c echo.Context, do func(context.Context, string, *models.User, string) error) error {
	var form statusRunParam
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := do(c.Request().Context(), form.Run, web.User(c), c.RealIP())
	var problem *models.Problem
	if errors.As(err, &problem) {
		v, err := h.statusRun(c)
		if err != nil {
			return err
		}
		v.Said = problem.In(c.Request().Context())
		return web.Render(c, http.StatusUnprocessableEntity, views.StatusRunPage(web.Page(c, "/sales/orders", "Change status of many"), v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, views.StatusRunPath(form.Run))
}
