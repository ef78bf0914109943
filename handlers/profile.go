package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type passwordForm struct {
	Current  string `form:"current"`
	Password string `form:"password"`
}

// ShowProfile is what a person sees of themselves: password, rights, where they are signed in.
func (h *Handlers) ShowProfile(c echo.Context) error { return h.showProfile(c, http.StatusOK, nil) }

// ChangePassword replaces the password of who is signed in.
func (h *Handlers) ChangePassword(c echo.Context) error {
	var form passwordForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.ChangePassword(c.Request().Context(), web.Actor(c), web.Session(c), form.Current, form.Password)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showProfile(c, http.StatusUnprocessableEntity, problem)
	}
	if err != nil {
		return err
	}
	if err := web.SignIn(c, web.User(c)); err != nil { // a new id with the new password
		return err
	}
	if err := web.Notice(c, "Your password is changed. Every other browser is signed out."); err != nil {
		return err
	}
	return web.SeeOther(c, "/profile")
}

// SetLanguage has every page from now on said in the language the person chose.
func (h *Handlers) SetLanguage(c echo.Context) error {
	code := c.FormValue("language")
	err := h.DB.SetLanguage(c.Request().Context(), web.User(c).ID, code)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showProfile(c, http.StatusUnprocessableEntity, problem)
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, "Saved."); err != nil {
		return err
	}
	return web.SeeOther(c, "/profile")
}

// EndMySessions signs a person out in every browser but this one.
func (h *Handlers) EndMySessions(c echo.Context) error {
	err := h.DB.EndSessions(c.Request().Context(), web.Actor(c), web.User(c).ID, web.Session(c))
	if err != nil {
		return err
	}
	if err := web.Notice(c, "Every other browser is signed out."); err != nil {
		return err
	}
	return web.SeeOther(c, "/profile")
}

func (h *Handlers) showProfile(c echo.Context, status int, problem *models.Problem) error {
	ctx := c.Request().Context()
	user := web.User(c)
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	sessions, err := h.DB.Sessions(ctx, user.ID)
	if err != nil {
		return err
	}
	v := views.Profile{User: user, Stores: stores, Sessions: sessions, This: web.Session(c), Problem: problem}
	return web.Render(c, status, views.ProfilePage(web.Page(c, "/profile", "Profile"), v))
}
