package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

const privacyPath = "/system/privacy"

type privacyForm struct {
	Store  int64  `form:"person_store"`
	Find   string `form:"find"`
	Kind   string `form:"kind"`
	Typed  string `form:"confirm"`
	Before int64  `query:"before"`
}

// ListPrivacy is Systems > Privacy: what was wished for people's data, and a form to look for somebody.
func (h *Handlers) ListPrivacy(c echo.Context) error {
	return h.showPrivacy(c, http.StatusOK, views.PrivacyView{})
}

func (h *Handlers) showPrivacy(c echo.Context, status int, v views.PrivacyView) error {
	ctx := c.Request().Context()
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64) // the first page when it is none
	var err error
	if v.Stores, err = h.DB.Stores(ctx); err != nil {
		return err
	}
	if v.Requests, err = h.DB.PrivacyRequests(ctx, before, views.PrivacyRows+1); err != nil {
		return err
	}
	v.CSRF, v.Now, v.Later = web.CSRF(c), time.Now(), before == 0
	return web.Render(c, status, views.PrivacyPage(web.Page(c, privacyPath, "Privacy"), v))
}

// FindPerson shows what is kept about somebody, before anything is done about it. Whom it is about stands in the form
// only: an address would stay in logs.
func (h *Handlers) FindPerson(c echo.Context) error {
	var form privacyForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	v, err := h.findPerson(c, form)
	var problem *models.Problem
	if errors.As(err, &problem) {
		v.Refused = problem
		return h.showPrivacy(c, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	return h.showPrivacy(c, http.StatusOK, v)
}

// findPerson looks for somebody by an e-mail address, a phone number or an order.
func (h *Handlers) findPerson(c echo.Context, form privacyForm) (views.PrivacyView, error) {
	ctx := c.Request().Context()
	find := strings.TrimSpace(form.Find)
	v := views.PrivacyView{Find: find, Store: form.Store}
	if _, err := h.DB.Store(ctx, form.Store); err != nil {
		return v, models.FieldProblem("person_store", "Choose the store.")
	}
	person := models.Person{}
	number, numeric := strconv.ParseInt(strings.TrimPrefix(find, "#"), 10, 64)
	switch {
	case !strings.ContainsAny(find, "@0123456789"):
		return v, models.FieldProblem("find", "Say whose data it is: an e-mail address, a phone number or the number of an order.")
	case strings.Contains(find, "@"):
		person.Email = find
	case numeric == nil && len(find) < 10 && !strings.HasPrefix(find, "+"):
		found, store, err := h.DB.PersonOfOrder(ctx, number)
		if errors.Is(err, models.ErrNotFound) || err == nil && store != form.Store {
			return v, models.FieldProblem("find", "The store has no order %d, or its customer is erased.", number)
		}
		if err != nil {
			return v, err
		}
		person = found
	default:
		person.Phone = find
	}
	preview, err := h.DB.PreviewPrivacy(ctx, []int64{form.Store}, person)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return v, &models.Problem{Field: "find", Sentence: problem.Sentence, Text: problem.Text}
	}
	v.Preview = preview
	return v, err
}

// CreatePrivacyRequest starts what the form wishes for a person who was looked at.
func (h *Handlers) CreatePrivacyRequest(c echo.Context) error {
	var form privacyForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	v, err := h.findPerson(c, form)
	var problem *models.Problem
	kind := models.PrivacyKind(form.Kind)
	switch {
	case errors.As(err, &problem):
	case err != nil:
		return err
	case kind != models.PrivacyErase && kind != models.PrivacyData:
		problem = &models.Problem{Field: "kind", Sentence: "Choose what is to be done."}
	case kind == models.PrivacyErase && strings.TrimSpace(form.Typed) != views.PrivacyConfirmation:
		errors.As(models.FieldProblem("confirm", "Type %s to erase the person. This cannot be taken back.", views.PrivacyConfirmation), &problem)
	}
	if problem != nil {
		v.Refused = problem
		return h.showPrivacy(c, http.StatusUnprocessableEntity, v)
	}
	r, err := h.DB.AskPrivacy(c.Request().Context(), models.PrivacyWish{
		Kind: kind, Origin: "staff", Stores: []int64{form.Store}, Person: v.Preview.Person, By: web.User(c).Actor(c.RealIP()),
	})
	if err != nil {
		return err
	}
	if err := web.Notice(c, lang.T(c.Request().Context(), "Request %d is stored, and under way.", r.ID)); err != nil {
		return err
	}
	return web.SeeOther(c, privacyPath)
}

// DownloadPrivacyFile hands out the data of a person, to everybody with the right once. It takes a button: whatever
// looks at links before people do would use up the one time.
func (h *Handlers) DownloadPrivacyFile(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("privacy"), 10, 64)
	if err != nil {
		return models.ErrNotFound
	}
	data, err := h.DB.PrivacyFile(c.Request().Context(), id, web.User(c), c.RealIP())
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showPrivacy(c, http.StatusUnprocessableEntity, views.PrivacyView{Refused: problem})
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", fmt.Sprintf("personal-data-%d.json", id)))
	return c.Blob(http.StatusOK, "application/json; charset=utf-8", data) //nolint:wrapcheck // the client has gone
}
