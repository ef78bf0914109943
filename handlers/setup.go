package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type setupForm struct {
	Token    string `param:"token"`
	Name     string `form:"name"`
	Email    string `form:"email"`
	Password string `form:"password"`
}

// ShowSetup is where a one-time link leads: the first owner, or a person's new password. Looking does not use the link.
func (h *Handlers) ShowSetup(c echo.Context) error {
	link, err := h.DB.FindLink(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.SetupPage(web.Page(c, "", "Set up"), link, views.Setup{}))
}

// SetUp sets the password and leads to the sign-in page.
func (h *Handlers) SetUp(c echo.Context) error {
	var form setupForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	_, err := h.DB.UseLink(c.Request().Context(), form.Token, models.LinkUse{
		Name: form.Name, Email: form.Email, Password: form.Password, Address: c.RealIP(),
	})
	var problem *models.Problem
	if errors.As(err, &problem) {
		link, err := h.DB.FindLink(c.Request().Context(), form.Token)
		if err != nil {
			return err
		}
		v := views.Setup{Name: form.Name, Email: form.Email, Problem: problem}
		return web.Render(c, http.StatusUnprocessableEntity, views.SetupPage(web.Page(c, "", "Set up"), link, v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, "/login?done=password")
}
