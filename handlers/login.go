package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type loginForm struct {
	Email    string `form:"email"`
	Password string `form:"password"`
	Next     string `form:"next"`
}

// ShowLogin is the sign-in page.
func (h *Handlers) ShowLogin(c echo.Context) error {
	if web.User(c) != nil {
		return web.SeeOther(c, c.QueryParam("next"))
	}
	v := views.Login{Next: c.QueryParam("next")}
	if c.QueryParam("done") == "password" {
		v.Notice = "Your password is set. Sign in with it."
	}
	return web.Render(c, http.StatusOK, views.LoginPage(web.Page(c, "", "Sign in"), v))
}

// SignIn checks who somebody says they are and gives their browser a session.
func (h *Handlers) SignIn(c echo.Context) error {
	var form loginForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	user, err := h.DB.SignIn(c.Request().Context(), models.SignInRequest{
		Email: form.Email, Password: form.Password, Address: c.RealIP(),
	})
	if err != nil {
		return h.refuseSignIn(c, form, err)
	}
	if err := web.SignIn(c, user); err != nil {
		return err
	}
	return web.SeeOther(c, form.Next)
}

func (h *Handlers) refuseSignIn(c echo.Context, form loginForm, err error) error {
	var problem *models.Problem
	var wait *models.TooManyTries
	status, said := http.StatusUnprocessableEntity, ""
	switch {
	case errors.As(err, &wait):
		said = wait.In(c.Request().Context())
		status = http.StatusTooManyRequests
		c.Response().Header().Set("Retry-After", wait.Seconds())
	case errors.As(err, &problem):
		said = problem.In(c.Request().Context())
	default:
		return err
	}
	f := web.Page(c, "", "Sign in")
	f.Problem = said
	return web.Render(c, status, views.LoginPage(f, views.Login{Email: form.Email, Next: form.Next}))
}

// SignOut ends the session of this browser.
func (h *Handlers) SignOut(c echo.Context) error {
	if err := web.SignOut(c); err != nil {
		return err
	}
	return web.SeeOther(c, "/login")
}
