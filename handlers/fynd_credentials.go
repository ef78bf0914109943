package handlers

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
	"github.com/kartify/kartify/web"
)

// The credential form: a seller enters the gateway's credentials for one sales channel, within Fynd's frame.

// credentialsAsked is what an address of the credential form asks for.
type credentialsAsked struct {
	Visit       *models.FyndVisit
	Credentials *models.FyndCredentials
}

// credentials are the credentials that an address asks for, of the company and channel of the visit. ErrNotFound says
// that there is no visit, ErrForbidden that they are not of its company and channel.
func (h *Handlers) credentials(c echo.Context, company, application, mode string) (asked credentialsAsked, err error) {
	visit, err := h.visit(c, company)
	switch {
	case err != nil:
		return asked, err
	case visit.AllowedAt == nil:
		return asked, models.ErrNotFound
	case !visit.Opens(company, application):
		return asked, models.ErrForbidden
	}
	ctx := c.Request().Context()
	channel, err := h.DB.FyndApplicationOf(ctx, visit, application)
	if err != nil {
		return asked, err
	}
	found, err := h.DB.FyndCredentials(ctx, channel, mode)
	if errors.Is(err, models.ErrNotFound) {
		return asked, models.FieldProblem("mode", "The mode is test or live.")
	}
	return credentialsAsked{visit, found}, err
}

// ShowFyndCredentials is the credential form of a sales channel.
func (h *Handlers) ShowFyndCredentials(c echo.Context) error {
	company, application := formPlace(c)
	if application == "" {
		return h.chooseChannel(c, company)
	}
	asked, err := h.credentials(c, company, application, c.QueryParam("mode"))
	if err != nil {
		return refuseCredentials(c, err)
	}
	return h.showCredentials(c, http.StatusOK, asked, func(v *views.FyndCredentialsView) { v.Saved = c.QueryParam("saved") != "" })
}

// SaveFyndCredentials stores what the seller entered.
func (h *Handlers) SaveFyndCredentials(c echo.Context) error {
	if err := c.Bind(&struct{}{}); err != nil { // reads the form
		return err
	}
	company, application := formPlace(c)
	asked, err := h.credentials(c, company, application, c.FormValue("mode"))
	if err != nil {
		return refuseCredentials(c, err)
	}
	if !h.DB.CheckFyndFormToken(asked.Visit, c.FormValue(ui.CSRFField)) {
		return sellerNote(c, http.StatusForbidden, "Nothing was saved", "This did not come from the form that was shown in this visit. Open the extension in Fynd once more and enter it again.")
	}
	form := models.FyndCredentialForm{Values: map[string]string{}, By: "seller"}
	for _, field := range asked.Credentials.Driver.Fields {
		form.Values[field.Slug] = c.FormValue(field.Slug)
	}
	if version, err := strconv.Atoi(c.FormValue("version")); err == nil {
		form.Shown = &version
	}
	_, err = h.DB.SaveFyndCredentials(c.Request().Context(), asked.Credentials, form)
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		return h.showCredentials(c, http.StatusUnprocessableEntity, asked, func(v *views.FyndCredentialsView) { v.Refuse(c.Request().Context(), form.Values, err) })
	case err != nil:
		return err
	}
	return c.Redirect(http.StatusSeeOther, fyndPath(c, views.FyndFormPath(company, application), url.Values{"mode": {asked.Credentials.Mode}, "saved": {"1"}}))
}

// formPlace is the company and the sales channel of a form's address, in its newer or its older shape.
func formPlace(c echo.Context) (company, application string) {
	return c.Param("company_id"), cmp.Or(c.Param("application_id"), c.QueryParam("application_id"))
}

// chooseChannel leads to the form of the visit's channel, or lets the seller choose among the company's.
func (h *Handlers) chooseChannel(c echo.Context, company string) error {
	visit, err := h.visit(c, company)
	if err == nil && visit.AllowedAt == nil {
		err = models.ErrNotFound
	}
	if err != nil {
		return refuseCredentials(c, err)
	}
	channels, err := h.DB.FyndApplications(c.Request().Context(), visit)
	switch {
	case err != nil:
		return err
	case visit.ApplicationID != "":
		return c.Redirect(http.StatusSeeOther, fyndPath(c, views.FyndFormPath(company, visit.ApplicationID), nil))
	case len(channels) == 1:
		return c.Redirect(http.StatusSeeOther, fyndPath(c, views.FyndFormPath(company, channels[0]), nil))
	case len(channels) == 0:
		return sellerNote(c, http.StatusOK, "The extension is installed", "Open it from one of your sales channels in Fynd to enter the credentials of its payments. Until then it takes none.")
	}
	return web.Render(c, http.StatusOK, views.FyndChannels(web.Page(c, "", "Sales channels"), extensionPrefix(c), company, channels))
}

// refuseCredentials is how a seller is told that a form is not for them.
func refuseCredentials(c echo.Context, err error) error {
	switch {
	case errors.Is(err, models.ErrNotFound):
		return noVisit(c)
	case errors.Is(err, models.ErrForbidden):
		return sellerNote(c, http.StatusForbidden, "Not for this visit", "Unauthorized: this visit is for another company or sales channel, or the extension is not installed any more. Open the extension in Fynd from the sales channel that it is for.")
	}
	return refuseSeller(c, http.StatusUnprocessableEntity, "This page is not available", err)
}

func (h *Handlers) showCredentials(c echo.Context, status int, asked credentialsAsked, edit func(*views.FyndCredentialsView)) error {
	obstacle, err := h.DB.FyndObstacle(c.Request().Context(), asked.Credentials.Channel, asked.Credentials.Mode)
	if err != nil {
		return err
	}
	v := views.FyndCredentialsView{FyndCredentials: asked.Credentials, CSRF: h.DB.FyndFormToken(asked.Visit), Prefix: extensionPrefix(c), Obstacle: obstacle.In(c.Request().Context())}
	edit(&v)
	return web.Render(c, status, views.FyndCredentialsPage(web.Page(c, "", "Credentials"), v))
}

// protectedPlace is the company and the channel of an address for the form's own script.
func protectedPlace(c echo.Context) (company, application string) {
	return cmp.Or(c.Param("company_id"), c.Request().Header.Get("X-Company-Id"), c.QueryParam("company_id")), c.Param("app_id")
}

// protectedCredentials are the credentials of a visit for a program in the browser, or the refusal it is told.
func (h *Handlers) protectedCredentials(c echo.Context) (*models.FyndCredentials, error) {
	c.SetRequest(c.Request().WithContext(models.AsSystem(c.Request().Context())))
	company, application := protectedPlace(c)
	asked, err := h.credentials(c, company, application, c.QueryParam("mode"))
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil, fyndapi.Errors(c, http.StatusUnauthorized, "unauthorized")
	case errors.Is(err, models.ErrForbidden):
		return nil, fyndapi.Errors(c, http.StatusForbidden, "Unauthorized: these are the credentials of another company or sales channel.")
	case err != nil:
		return nil, tellFynd(c, http.StatusBadRequest, err)
	}
	return asked.Credentials, nil
}

// credentialsReply is what is told of credentials (payment-extension-boilerplate, credentials).
type credentialsReply struct {
	Success     bool                     `json:"success"`
	AppID       string                   `json:"app_id"`
	Application string                   `json:"application_id"`
	Active      bool                     `json:"is_active"`
	Mode        string                   `json:"mode"`
	Message     string                   `json:"message,omitempty"`
	Data        []models.CredentialField `json:"data"`
}

// ReadFyndCredentials tells the fields of a sales channel's credentials and what is stored in them, secrets masked.
func (h *Handlers) ReadFyndCredentials(c echo.Context) error {
	found, err := h.protectedCredentials(c)
	if found == nil {
		return err
	}
	return c.JSON(http.StatusOK, h.reply(found, ""))
}

func (h *Handlers) reply(found *models.FyndCredentials, said string) credentialsReply {
	id := found.Channel.Application.ApplicationID
	return credentialsReply{Success: true, AppID: id, Application: id, Active: found.Active(), Mode: found.Mode, Message: said, Data: h.DB.Shown(found)}
}

// WriteFyndCredentials stores credentials that a page of ours sends as JSON: {"data": [{"slug", "value"}]}. Fields that
// are not named stay as they are.
func (h *Handlers) WriteFyndCredentials(c echo.Context) error {
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType)); err != nil || kind != echo.MIMEApplicationJSON {
		return fyndapi.Errors(c, http.StatusBadRequest, "Send JSON, and say so in Content-Type.") // other sites can send forms only
	}
	if !h.fromHere(c.Request(), c) {
		return fyndapi.Errors(c, http.StatusForbidden, "This was sent by a page of another site.")
	}
	found, err := h.protectedCredentials(c)
	if found == nil {
		return err
	}
	values, sentence := credentialValues(c.Request().Body)
	if sentence != "" {
		return fyndapi.Errors(c, http.StatusBadRequest, sentence)
	}
	ctx := c.Request().Context()
	if _, err := h.DB.SaveFyndCredentials(ctx, found, models.FyndCredentialForm{Values: values, Keep: true, By: "seller"}); err != nil {
		return tellSaved(c, err)
	}
	if found, err = h.DB.FyndCredentials(ctx, found.Channel, found.Mode); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.reply(found, "The credentials are stored."))
}

// tellSaved says why credentials were not stored.
func tellSaved(c echo.Context, err error) error {
	var wrong models.FieldProblems
	var problem *models.Problem
	switch {
	case errors.As(err, &wrong):
		return fyndapi.Errors(c, http.StatusBadRequest, wrong.Error())
	case errors.As(err, &problem) && problem.Conflict:
		return fyndapi.Errors(c, http.StatusConflict, problem.Sentence)
	case errors.As(err, &problem):
		return fyndapi.Errors(c, http.StatusBadRequest, problem.Sentence)
	}
	return err
}

// fromHere says whether the browser vouches that a page of ours sent the request; a program says nothing of it.
func (h *Handlers) fromHere(r *http.Request, c echo.Context) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin" || site == "none"
	}
	from := r.Header.Get(echo.HeaderOrigin)
	return from == "" || from == h.web.Address(c)
}

// credentialValues reads {"data": [{"slug", "value"}]}, or says what is wrong with it.
func credentialValues(body io.Reader) (values map[string]string, sentence string) {
	var in struct {
		Data []struct {
			Slug  string  `json:"slug"`
			Value *string `json:"value"`
		} `json:"data"`
	}
	if err := json.NewDecoder(body).Decode(&in); err != nil {
		return nil, "The body is not JSON of the form {\"data\":[{\"slug\":…,\"value\":…}]}."
	}
	if len(in.Data) == 0 {
		return nil, "Invalid or empty credentials array"
	}
	values = map[string]string{}
	for _, field := range in.Data {
		if _, twice := values[field.Slug]; twice || field.Slug == "" {
			return nil, "Invalid or empty credentials array: every field has a slug, and each is there once."
		}
		if field.Value != nil {
			values[field.Slug] = *field.Value
		}
	}
	return values, ""
}
