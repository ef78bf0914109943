package handlers

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ListFyndExtensions is Extensions > Fynd payment extension.
func (h *Handlers) ListFyndExtensions(c echo.Context) error {
	list, err := h.DB.FyndExtensions(c.Request().Context())
	if err != nil {
		return err
	}
	v := views.FyndExtensionsView{Person: web.User(c), Extensions: list, Gateways: h.DB.ExtensionGateways()}
	return web.Render(c, http.StatusOK, views.FyndExtensionsPage(web.Page(c, views.FyndExtensionsPath, "Fynd payment extension"), v))
}

// NewFyndExtension is the form of an extension that is not registered yet.
func (h *Handlers) NewFyndExtension(c echo.Context) error {
	form := models.ExtensionForm{URL: h.web.Address(c)}
	form.Distribution, form.APIVersion, form.Fee, form.Checkout, form.AutoCapture = models.DistributionPrivate, models.FyndAPIVersions[0], models.FeeFixed, "standard", true
	return h.newExtension(c, http.StatusOK, form, nil)
}

func (h *Handlers) newExtension(c echo.Context, status int, form models.ExtensionForm, wrong []*models.Problem) error {
	v := h.extensionView(c, &models.FyndExtension{})
	v.Form = &form
	v.Refuse(c.Request().Context(), wrong)
	return web.Render(c, status, views.NewFyndExtensionPage(web.Page(c, views.FyndExtensionsPath, "Create Extension"), v))
}

func (h *Handlers) extensionView(c echo.Context, e *models.FyndExtension) views.FyndExtensionView {
	return views.FyndExtensionView{
		Person: web.User(c), CSRF: web.CSRF(c), Tab: views.FyndTab(c.QueryParam("tab")), Extension: e, Gateways: h.DB.ExtensionGateways(), Address: h.web.Address(c), SDK: gofynd.SDKVersion,
	}
}

type extensionParam struct {
	ID      int64  `param:"extension"`
	Version int    `form:"version"`
	Event   string `form:"event"`
	Comment string `form:"comment"`
	Company string `form:"company"`
	Key     string `form:"api_key"`
	Secret  string `form:"api_secret"`
	Confirm string `form:"confirm"`
}

// ShowFyndExtension is one extension, at one of its tabs.
func (h *Handlers) ShowFyndExtension(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	return h.showExtension(c, http.StatusOK, param.ID, nil)
}

// showExtension shows the tab of the address, or the one that fill chooses.
func (h *Handlers) showExtension(c echo.Context, status int, id int64, fill func(*views.FyndExtensionView)) error {
	ctx := c.Request().Context()
	e, err := h.DB.FyndExtension(ctx, id)
	if err != nil {
		return err
	}
	v := h.extensionView(c, e)
	if fill != nil {
		fill(&v)
	}
	if err := h.fillExtension(ctx, &v); err != nil {
		return err
	}
	if v.Secret != "" {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	}
	return web.Render(c, status, views.FyndExtensionPage(web.Page(c, views.FyndExtensionsPath, e.Name), v))
}

// fillExtension reads what the tab of the page shows.
func (h *Handlers) fillExtension(ctx context.Context, v *views.FyndExtensionView) (err error) {
	e := v.Extension
	switch v.Tab {
	case models.TabOverview:
		if v.Steps, err = h.DB.ExtensionSteps(ctx, e); err != nil {
			return err
		}
		if v.Tests, err = h.DB.FyndTests(ctx, e.ID); err != nil {
			return err
		}
		v.Reviews, err = h.DB.FyndReviews(ctx, e.ID)
	case models.TabPublish:
		if v.Person.May(models.FyndManage) {
			v.Instructions, err = h.DB.ReviewInstructions(e)
		}
	case views.TabSubscribers:
		v.Subscribers, err = h.DB.FyndSubscribers(ctx, e.ID)
	case views.TabVolume:
		v.Volumes, err = h.DB.FyndVolumes(ctx, e)
	case views.TabDuties:
		v.Duties, err = h.DB.FyndDuties(ctx)
	}
	return err
}

// refused are the problems of a form, or nil when an error is none of them.
func refused(err error) []*models.Problem {
	var many models.FieldProblems
	var one *models.Problem
	switch {
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return []*models.Problem{one}
	}
	return nil
}

// ShowFyndLogo is the logo of an extension.
func (h *Handlers) ShowFyndLogo(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	e, err := h.DB.FyndExtension(c.Request().Context(), param.ID)
	if err != nil {
		return err
	}
	if e.LogoType == "" {
		return models.ErrNotFound
	}
	return web.Foreign(c, e.LogoType, e.Logo)
}

// CreateFyndExtension registers an extension.
func (h *Handlers) CreateFyndExtension(c echo.Context) error {
	form, err := extensionForm(c)
	if err != nil {
		return err
	}
	saved, err := h.DB.SaveExtension(c.Request().Context(), form)
	if wrong := refused(err); wrong != nil {
		return h.newExtension(c, http.StatusUnprocessableEntity, form, wrong)
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, "Registered, with an API key and a secret. The secret is shown once, under API key."); err != nil {
		return err
	}
	return web.SeeOther(c, views.FyndExtensionPath(saved.ID))
}

// SaveFyndExtension changes what is registered of an extension.
func (h *Handlers) SaveFyndExtension(c echo.Context) error {
	form, err := extensionForm(c)
	if err != nil {
		return err
	}
	saved, err := h.DB.SaveExtension(c.Request().Context(), form)
	if wrong := refused(err); wrong != nil {
		return h.showExtension(c, http.StatusUnprocessableEntity, form.ID, func(v *views.FyndExtensionView) {
			v.Tab, v.Form = models.TabDetails, &form
			v.Refuse(c.Request().Context(), wrong)
		})
	}
	if err != nil {
		return err
	}
	said := lang.T(c.Request().Context(), "Saved.")
	if saved.Unsent {
		said = lang.T(c.Request().Context(), "Saved. Submit it for review to have the changed details accepted.")
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, views.FyndTabPath(saved.ID, models.TabDetails))
}

// extensionForm is the form of an extension as it was sent. A logo is a file in it.
func extensionForm(c echo.Context) (models.ExtensionForm, error) {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return models.ExtensionForm{}, err
	}
	values := c.Request().PostForm
	if parts := c.Request().MultipartForm; parts != nil {
		defer parts.RemoveAll() //nolint:errcheck // its temporary files
		values = url.Values(parts.Value)
	}
	form := models.ExtensionForm{
		ID: param.ID, Shown: param.Version, Name: values.Get("name"), URL: values.Get("url"), PlatformURL: values.Get("platform_url"), OtherMethods: values.Get("other_methods"),
		DropLogo: values.Get("drop_logo") != "", FeeTexts: feeTexts(values), By: web.Actor(c),
		ExtensionDetails: models.ExtensionDetails{
			Distribution: values.Get("distribution"), ContactEmail: values.Get("contact_email"), Description: values.Get("description"), MorePermissions: values.Get("more_permissions") != "",
			APIVersion: values.Get("api_version"), Methods: values["methods"], Countries: values["countries"], Currencies: values["currencies"], Partnership: values.Get("partnership") != "",
			Fee: values.Get("fee"), Checkout: values.Get("checkout"), AutoCapture: values.Get("auto_capture") != "", Gateway: values.Get("gateway"),
		},
	}
	head, err := c.FormFile("logo")
	if err != nil || head.Size == 0 {
		return form, nil //nolint:nilerr // none was chosen
	}
	file, err := head.Open()
	if err != nil {
		return form, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	form.Logo, err = io.ReadAll(io.LimitReader(file, models.MaxLogoBytes+1))
	return form, err
}

// feeTexts are the fees as they were typed, the one for all first.
func feeTexts(values url.Values) []models.ExtensionFeeText {
	text := func(method, name string) models.ExtensionFeeText {
		return models.ExtensionFeeText{Method: method, Percent: values.Get("fee_percent_" + name), Flat: values.Get("fee_flat_" + name), Currency: values.Get("fee_currency_" + name)}
	}
	list := []models.ExtensionFeeText{text("", "all")}
	for _, m := range models.FyndMethods {
		list = append(list, text(m.Value, m.Value))
	}
	return list
}
