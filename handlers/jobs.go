package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ListJobs is Systems > Jobs: what kartify does again and again, how it went, and what waits.
func (h *Handlers) ListJobs(c echo.Context) error {
	page, err := h.DB.JobsPage(c.Request().Context())
	if err != nil {
		return err
	}
	f := web.Page(c, "/system/jobs", "Jobs")
	return web.Render(c, http.StatusOK, views.JobsPage(f, page, web.User(c).May(models.JobsRun)))
}

type jobForm struct {
	Name string `param:"job"`
}

// RunJob has a chore done now instead of at its time.
func (h *Handlers) RunJob(c echo.Context) error {
	var form jobForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := h.DB.RunChore(c.Request().Context(), form.Name, web.Actor(c)); err != nil {
		return err
	}
	if err := web.Notice(c, "Started. Reload this page to see how it went."); err != nil {
		return err
	}
	return web.SeeOther(c, "/system/jobs")
}
