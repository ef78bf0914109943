package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// confirmPath is the page of Confirm Payment.
const confirmPath = "/system/tools/fynd-api/gofynd-api"

// confirmPatience is how long Execute waits for results before it shows the page, which goes on by itself.
const confirmPatience = 3 * time.Second

type confirmForm struct {
	IDs   string   `form:"ids" query:"ids"`
	Picks []string `form:"pick"` // ticked in the list below
}

// ShowConfirm is Systems > Tools > Fynd API > GoFynd API > Confirm Payment.
func (h *Handlers) ShowConfirm(c echo.Context) error {
	var form confirmForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showConfirm(c, http.StatusOK, form, nil)
}

func (h *Handlers) showConfirm(c echo.Context, status int, form confirmForm, problem *models.Problem) error {
	v := views.ConfirmView{CSRF: web.CSRF(c), IDs: form.IDs, Picks: form.Picks, Problem: problem, Now: time.Now()}
	var err error
	if v.Missing, v.More, err = h.DB.MissingPaid(c.Request().Context()); err != nil {
		return err
	}
	return web.Render(c, status, views.ConfirmPage(web.Page(c, confirmPath, "Confirm Payment"), v))
}

// CreateConfirmation is its Execute button.
func (h *Handlers) CreateConfirmation(c echo.Context) error {
	var form confirmForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ids, err := models.ConfirmIDs(form.IDs + "\n" + strings.Join(form.Picks, "\n"))
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showConfirm(c, http.StatusUnprocessableEntity, form, problem)
	}
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	run, err := h.DB.StartConfirmations(ctx, ids, web.Actor(c))
	if err != nil {
		return err
	}
	soon, cancel := context.WithTimeout(ctx, confirmPatience)
	defer cancel()
	if err := h.DB.RunConfirmations(soon, run); err != nil && soon.Err() == nil {
		return err
	}
	h.awaitConfirmations(soon, run, web.User(c))
	return web.SeeOther(c, confirmPath+"/confirmations/"+run)
}

// awaitConfirmations waits for what other workers have taken up of a run, until ctx is over.
func (h *Handlers) awaitConfirmations(ctx context.Context, id string, user *models.User) {
	for ctx.Err() == nil {
		run, err := h.DB.ConfirmationRun(ctx, id, user)
		if err != nil || run.Count(models.ConfirmWaiting) == 0 {
			return // the page says how it stands
		}
		time.Sleep(50 * time.Millisecond)
	}
}

type confirmationParam struct {
	Run string `param:"confirmation"`
}

// ShowConfirmation is what came of one press of Execute, id by id.
func (h *Handlers) ShowConfirmation(c echo.Context) error {
	run, err := h.confirmation(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.ConfirmationPage(web.Page(c, confirmPath, "Result"), run))
}

// ConfirmationProgress is the results for themselves, asked while something is awaited.
func (h *Handlers) ConfirmationProgress(c echo.Context) error {
	run, err := h.confirmation(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.ConfirmationRegion(run))
}

func (h *Handlers) confirmation(c echo.Context) (*models.ConfirmationRun, error) {
	var form confirmationParam
	if err := c.Bind(&form); err != nil {
		return nil, err
	}
	return h.DB.ConfirmationRun(c.Request().Context(), form.Run, web.User(c))
}
