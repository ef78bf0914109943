package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
	"github.com/kartify/kartify/web"
)

const usersPath = "/system/users"

type userForm struct {
	UserID    int64       `param:"user"`
	Email     string      `form:"email"`
	Name      string      `form:"name"`
	Role      models.Role `form:"role"`
	AllStores bool        `form:"all_stores"`
	Stores    []int64     `form:"stores"`
}

func (f userForm) details() models.UserDetails {
	return models.UserDetails{Email: f.Email, Name: f.Name, Role: f.Role, AllStores: f.AllStores, StoreIDs: f.Stores}
}

// ListUsers is Systems > Users.
func (h *Handlers) ListUsers(c echo.Context) error {
	return h.showUsers(c, http.StatusOK, models.UserDetails{}, nil)
}

// InviteUser makes an account and shows the one-time link to send.
func (h *Handlers) InviteUser(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	user, path, err := h.DB.CreateUser(c.Request().Context(), web.Actor(c), form.details())
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showUsers(c, http.StatusUnprocessableEntity, form.details(), problem)
	}
	if err != nil {
		return err
	}
	return h.showUser(c, http.StatusOK, user.ID, views.UserView{Link: web.Absolute(c, path)})
}

// ShowUser is one person, for owners.
func (h *Handlers) ShowUser(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showUser(c, http.StatusOK, form.UserID, views.UserView{})
}

// ChangeUser gives a person another name, role or stores.
func (h *Handlers) ChangeUser(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.ChangeUser(c.Request().Context(), web.Actor(c), form.UserID, form.details())
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showUser(c, http.StatusUnprocessableEntity, form.UserID, views.UserView{Form: form.details(), Problem: problem})
	}
	return h.doneToUser(c, err, lang.T(c.Request().Context(), "Saved. It counts from the next page this person opens."))
}

// CreateUserLink makes a one-time link for a new password.
func (h *Handlers) CreateUserLink(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	path, err := h.DB.ResetLink(c.Request().Context(), web.Actor(c), form.UserID)
	if err != nil {
		return err
	}
	return h.showUser(c, http.StatusOK, form.UserID, views.UserView{Link: web.Absolute(c, path)})
}

// DisableUser ends a person's access at once.
func (h *Handlers) DisableUser(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.DisableUser(c.Request().Context(), web.Actor(c), form.UserID)
	return h.doneToUser(c, err, lang.T(c.Request().Context(), "Disabled, and signed out everywhere."))
}

// EnableUser lets a disabled person in again.
func (h *Handlers) EnableUser(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	err := h.DB.EnableUser(c.Request().Context(), web.Actor(c), form.UserID)
	return h.doneToUser(c, err, lang.T(c.Request().Context(), "Enabled."))
}

// EndUserSessions signs a person out everywhere.
func (h *Handlers) EndUserSessions(c echo.Context) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if _, err := h.DB.User(c.Request().Context(), form.UserID); err != nil {
		return err
	}
	err := h.DB.EndSessions(c.Request().Context(), web.Actor(c), form.UserID, nil)
	return h.doneToUser(c, err, lang.T(c.Request().Context(), "Signed out everywhere."))
}

// doneToUser goes back to the person and says what was done, or why it was not.
func (h *Handlers) doneToUser(c echo.Context, err error, notice string) error {
	var form userForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showUser(c, http.StatusUnprocessableEntity, form.UserID, views.UserView{Problem: problem})
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, notice); err != nil {
		return err
	}
	return web.SeeOther(c, usersPath+"/"+c.Param("user"))
}

func (h *Handlers) showUsers(c echo.Context, status int, form models.UserDetails, problem *models.Problem) error {
	ctx := c.Request().Context()
	users, err := h.DB.Users(ctx)
	if err != nil {
		return err
	}
	stores, err := h.DB.Stores(ctx)
	if err != nil {
		return err
	}
	sessions, err := h.DB.SessionCounts(ctx)
	if err != nil {
		return err
	}
	v := views.UserList{Users: users, Stores: stores, Sessions: sessions, Form: form, Problem: problem}
	return web.Render(c, status, views.UsersPage(web.Page(c, usersPath, "Users"), v))
}

func (h *Handlers) showUser(c echo.Context, status int, id int64, v views.UserView) error {
	ctx := c.Request().Context()
	user, err := h.DB.User(ctx, id)
	if err != nil {
		return err
	}
	if v.Stores, err = h.DB.Stores(ctx); err != nil {
		return err
	}
	if v.Sessions, err = h.DB.Sessions(ctx, id); err != nil {
		return err
	}
	v.User = user
	if v.Form.Name == "" && v.Form.Role == "" {
		v.Form = models.UserDetails{Name: user.Name, Role: user.Role, AllStores: user.AllStores, StoreIDs: user.StoreIDs}
	}
	f := web.Page(c, usersPath, user.Name, ui.Link{Label: "Systems"}, ui.Link{Label: "Users", Path: usersPath}, ui.Link{Label: user.Name})
	return web.Render(c, status, views.UserPage(f, v))
}
