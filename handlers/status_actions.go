package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type statusActionsForm struct {
	StoreID int64  `query:"store" form:"store"`
	Gateway string `query:"gateway" form:"gateway"`
	Suggest string `query:"suggest"`
	Shown   *int   `form:"shown"`
}

// ShowStatusActions is Systems > Order status actions.
func (h *Handlers) ShowStatusActions(c echo.Context) error {
	var form statusActionsForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showStatusActions(c, http.StatusOK, form, func(v *views.StatusActionsView) {
		if v.Chosen == nil {
			return
		}
		for _, g := range models.StatusGroups {
			v.Groups = append(v.Groups, v.Chosen.Rules.Group(g.Action))
		}
		if form.Suggest != "" && len(v.Chosen.Rules.Rules) == 0 {
			v.Groups, v.Suggested = models.SuggestedStatuses, true
		}
	})
}

// SaveStatusActions stores what a store links to its order statuses for one payment method.
func (h *Handlers) SaveStatusActions(c echo.Context) error {
	var form statusActionsForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	values, err := c.FormParams()
	if err != nil {
		return err
	}
	groups := statusGroups(values)
	_, err = h.DB.SaveStatusRules(c.Request().Context(), models.StatusRuleForm{StoreID: form.StoreID, Gateway: form.Gateway, Groups: groups, Shown: form.Shown, By: web.Actor(c)})
	var wrong models.FieldProblems
	var problem *models.Problem
	switch {
	case errors.As(err, &wrong):
		return h.showStatusActions(c, http.StatusUnprocessableEntity, form, func(v *views.StatusActionsView) { v.Groups, v.Problems = groups, wrong })
	case errors.As(err, &problem):
		return h.showStatusActions(c, http.StatusUnprocessableEntity, form, func(v *views.StatusActionsView) { v.Groups, v.Problem = groups, problem.In(c.Request().Context()) })
	case err != nil:
		return err
	}
	if err := web.Notice(c, "Saved. Changes of status from now on go by it."); err != nil {
		return err
	}
	q := url.Values{"store": {strconv.FormatInt(form.StoreID, 10)}, "gateway": {form.Gateway}}
	return web.SeeOther(c, views.StatusActionsPath+"?"+q.Encode())
}

// statusGroups are the groups of the form, as typed.
func statusGroups(values url.Values) []models.StatusGroupForm {
	var groups []models.StatusGroupForm
	for _, g := range models.StatusGroups {
		name := string(g.Action)
		groups = append(groups, models.StatusGroupForm{
			Action: g.Action, Statuses: values[name], AfterDone: values.Get(name + "_after_done"), AfterFail: values.Get(name + "_after_fail"), Notify: values.Get(name+"_notify") != "",
		})
	}
	return groups
}

func (h *Handlers) showStatusActions(c echo.Context, status int, form statusActionsForm, fill func(*views.StatusActionsView)) error {
	page, err := h.DB.StatusActionsPage(c.Request().Context(), form.StoreID)
	if err != nil {
		return err
	}
	v := views.StatusActionsView{StatusActionsPage: page}
	for _, g := range page.Chosen() {
		if form.Gateway == "" && v.Chosen == nil || g.Driver.Code == form.Gateway {
			v.Chosen = &g
		}
	}
	fill(&v)
	return web.Render(c, status, views.StatusActionsPage(web.Page(c, views.StatusActionsPath, "Order status actions"), v))
}

type statusActionForm struct {
	OrderID  int64  `param:"order"`
	ActionID int64  `param:"action"`
	Reason   string `form:"reason"`
}

// RetryStatusAction has the provider asked once more for what failed.
func (h *Handlers) RetryStatusAction(c echo.Context) error {
	var form statusActionForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.RetryStatusAction(c.Request().Context(), form.OrderID, form.ActionID, web.Actor(c))
	return h.afterStatusAction(c, form, "Tried again", err)
}

// PassStatusAction goes on without the provider, for a reason.
func (h *Handlers) PassStatusAction(c echo.Context) error {
	var form statusActionForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.PassStatusAction(c.Request().Context(), form.OrderID, form.ActionID, form.Reason, web.Actor(c))
	return h.afterStatusAction(c, form, "The order goes on without the payment method", err)
}

func (h *Handlers) afterStatusAction(c echo.Context, form statusActionForm, said string, err error) error {
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showOrder(c, http.StatusUnprocessableEntity, form.OrderID, func(v *views.OrderView) {
			if problem.Field == "" {
				v.Said = problem.In(c.Request().Context())
				return
			}
			v.Pass = views.PassForm{ActionID: form.ActionID, Reason: form.Reason, Problem: problem}
		})
	case err != nil:
		return err
	}
	if web.IsHTMX(c) {
		say(c, said)
		return h.showOrder(c, http.StatusOK, form.OrderID, nil)
	}
	return web.SeeOther(c, orderPath(c, form.OrderID, "#status-actions"))
}
