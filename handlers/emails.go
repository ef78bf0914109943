package handlers

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type emailForm struct {
	EmailID  int64  `param:"email"`
	Audience string `form:"to"`
	Token    string `form:"token"`
}

// ShowEmail is one e-mail: why it was sent or not, and what it says.
func (h *Handlers) ShowEmail(c echo.Context) error {
	var form emailForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showEmail(c, http.StatusOK, form.EmailID, nil)
}

func (h *Handlers) showEmail(c echo.Context, status int, id int64, problem *models.Problem) error {
	page, err := h.DB.EmailPage(c.Request().Context(), id)
	if err != nil {
		return err
	}
	user := web.User(c)
	web.Frames(c)
	return web.Render(c, status, views.EmailPage(web.Page(c, views.EmailMenu, views.EmailTitle(c.Request().Context(), page), views.EmailCrumbs(c.Request().Context(), page)...), views.EmailView{
		EmailPage: page, Person: user, Token: h.DB.FormToken(user.ID, "email", id), Problem: problem,
	}))
}

// EmailBody is what an e-mail shows, as a document that can do nothing.
func (h *Handlers) EmailBody(c echo.Context) error {
	return h.emailPart(c, "text/html; charset=utf-8", func(e *models.Email) []byte { return []byte(e.HTMLBody) })
}

// EmailText is the plain text of an e-mail.
func (h *Handlers) EmailText(c echo.Context) error {
	return h.emailPart(c, "text/plain; charset=utf-8", func(e *models.Email) []byte { return []byte(e.TextBody) })
}

// EmailFile is an e-mail as it was handed over, for a mail program.
func (h *Handlers) EmailFile(c echo.Context) error {
	c.Response().Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="email-%s.eml"`, digits(c.Param("email"))))
	return h.emailPart(c, "message/rfc822", func(e *models.Email) []byte { return e.Raw })
}

// emailPart answers with a part of an e-mail that was written.
func (h *Handlers) emailPart(c echo.Context, kind string, part func(*models.Email) []byte) error {
	var form emailForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	e, err := h.DB.Email(c.Request().Context(), form.EmailID)
	if err != nil {
		return err
	}
	if e.Raw == nil {
		return models.ErrNotFound // it says nothing
	}
	return web.Foreign(c, kind, part(e))
}

// digits keeps a file's name to the number it was asked by.
func digits(text string) string {
	kept := []byte{}
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			kept = append(kept, text[i])
		}
	}
	return string(kept)
}

// ResendEmail sends an e-mail again: to whoever asks, unless they chose the customer.
func (h *Handlers) ResendEmail(c echo.Context) error {
	var form emailForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if form.Audience == "" {
		form.Audience = "self"
	}
	again, err := h.DB.ResendEmail(c.Request().Context(), models.ResendRequest{
		EmailID: form.EmailID, Audience: form.Audience, Token: form.Token, By: web.User(c), Actor: web.Actor(c),
	})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showEmail(c, http.StatusUnprocessableEntity, form.EmailID, problem)
	case err != nil:
		return err
	}
	if err := web.Notice(c, lang.T(c.Request().Context(), "The e-mail is on its way to %s.", again.Recipient)); err != nil {
		return err
	}
	return web.SeeOther(c, views.EmailPath(again.ID))
}
