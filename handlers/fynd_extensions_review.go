package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// SaveFyndPublication stores what Fynd wants to know of whoever offers an extension.
func (h *Handlers) SaveFyndPublication(c echo.Context) error {
	var form struct {
		ID           int64  `param:"extension"`
		Version      int    `form:"version"`
		Organisation string `form:"organisation"`
		ApprovedOn   string `form:"approved_on"`
		AgreementOn  string `form:"agreement_on"`
		BillingEmail string `form:"billing_email"`
		SupportEmail string `form:"support_email"`
		SupportPhone string `form:"support_phone"`
		WebsiteURL   string `form:"website_url"`
		FAQURL       string `form:"faq_url"`
		PrivacyURL   string `form:"privacy_url"`
		ReviewEmail  string `form:"review_email"`
		Instructions string `form:"review_instructions"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	entered := models.PublicationForm{
		ID: form.ID, Shown: form.Version, Organisation: form.Organisation, ApprovedOn: form.ApprovedOn, AgreementOn: form.AgreementOn, BillingEmail: form.BillingEmail,
		SupportEmail: form.SupportEmail, SupportPhone: form.SupportPhone, WebsiteURL: form.WebsiteURL, FAQURL: form.FAQURL, PrivacyURL: form.PrivacyURL,
		ReviewEmail: form.ReviewEmail, Instructions: form.Instructions, By: web.Actor(c),
	}
	err := h.DB.SavePublication(c.Request().Context(), entered)
	if wrong := refused(err); wrong != nil {
		return h.showExtension(c, http.StatusUnprocessableEntity, form.ID, func(v *views.FyndExtensionView) {
			v.Tab, v.Typed = models.TabPublish, &entered
			v.Refuse(c.Request().Context(), wrong)
		})
	}
	return h.afterExtension(c, form.ID, models.TabPublish, "Saved.", err)
}

// SubmitFyndExtension hands an extension in for Fynd's review.
func (h *Handlers) SubmitFyndExtension(c echo.Context) error {
	return h.stepReview(c, models.ReviewSubmit, "Submitted. It is under review.")
}

// EndFyndReview enters what a review came to.
func (h *Handlers) EndFyndReview(c echo.Context) error {
	return h.stepReview(c, "", "The outcome is entered.")
}

// stepReview does the event, or the one that the form names.
func (h *Handlers) stepReview(c echo.Context, event models.ReviewEvent, said string) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	if event == "" {
		event = models.ReviewEvent(param.Event)
		if event != models.ReviewApprove && event != models.ReviewReject {
			return echo.NewHTTPError(http.StatusBadRequest, "Say whether Fynd accepted or rejected the extension.")
		}
	}
	err := h.DB.StepReview(c.Request().Context(), models.ReviewStep{ID: param.ID, Event: event, Comment: param.Comment, Shown: param.Version, By: web.Actor(c)})
	if wrong := refused(err); wrong != nil {
		return h.showExtension(c, http.StatusUnprocessableEntity, param.ID, func(v *views.FyndExtensionView) {
			v.Tab, v.Comment = models.TabOverview, param.Comment
			v.Refuse(c.Request().Context(), wrong)
		})
	}
	return h.afterExtension(c, param.ID, models.TabOverview, said, err)
}

func (h *Handlers) afterExtension(c echo.Context, id int64, tab, said string, err error) error {
	if err != nil {
		return err
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, views.FyndTabPath(id, tab))
}

// RevealFyndSecret shows the API secret of an extension, once.
func (h *Handlers) RevealFyndSecret(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	secret, err := h.DB.RevealExtensionSecret(c.Request().Context(), param.ID, web.Actor(c))
	status, wrong := http.StatusOK, refused(err)
	if wrong != nil {
		status = http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	return h.showExtension(c, status, param.ID, func(v *views.FyndExtensionView) {
		v.Tab, v.Secret = views.TabKey, secret
		v.Refuse(c.Request().Context(), wrong)
	})
}

// ReplaceFyndSecret puts a new API secret in force, made here or by Fynd.
func (h *Handlers) ReplaceFyndSecret(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	err := h.DB.ReplaceExtensionSecret(c.Request().Context(), models.ExtensionSecretForm{
		ID: param.ID, Key: param.Key, Secret: param.Secret, Confirm: param.Confirm, Shown: param.Version, By: web.Actor(c),
	})
	if wrong := refused(err); wrong != nil {
		return h.showExtension(c, http.StatusUnprocessableEntity, param.ID, func(v *views.FyndExtensionView) {
			v.Tab, v.Key = views.TabKey, param.Key
			v.Refuse(c.Request().Context(), wrong)
		})
	}
	return h.afterExtension(c, param.ID, views.TabKey, "The new secret is in force. The old one is refused from now on.", err)
}

// AddFyndSubscriber lets a company use a private extension.
func (h *Handlers) AddFyndSubscriber(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	err := h.DB.AddFyndSubscriber(c.Request().Context(), param.ID, param.Company, web.Actor(c))
	if wrong := refused(err); wrong != nil {
		return h.showExtension(c, http.StatusUnprocessableEntity, param.ID, func(v *views.FyndExtensionView) {
			v.Tab, v.Company = views.TabSubscribers, param.Company
			v.Refuse(c.Request().Context(), wrong)
		})
	}
	return h.afterExtension(c, param.ID, views.TabSubscribers, "Added. The company may use the extension from now on.", err)
}

// RemoveFyndSubscriber takes a private extension away from a company.
func (h *Handlers) RemoveFyndSubscriber(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	err := h.DB.RemoveFyndSubscriber(c.Request().Context(), param.ID, param.Company, web.Actor(c))
	return h.afterExtension(c, param.ID, views.TabSubscribers, "Removed. Its payments are refused from now on.", err)
}

// DownloadFyndVolume is the volume of an extension by month as a file.
func (h *Handlers) DownloadFyndVolume(c echo.Context) error {
	var param extensionParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	ctx := c.Request().Context()
	e, err := h.DB.FyndExtension(ctx, param.ID)
	if err != nil {
		return err
	}
	volumes, err := h.DB.FyndVolumes(ctx, e)
	if err != nil {
		return err
	}
	fileHeaders(c, "csv", fmt.Sprintf("fynd-extension-%d-volume.csv", e.ID))
	c.Response().WriteHeader(http.StatusOK)
	w := csv.NewWriter(c.Response())
	lines := [][]string{{"month", "store_id", "time_zone", "mode", "currency", "payments", "captured", "refunds", "refunded", "left", "transaction_fees", "payments_without_known_fee"}}
	for _, v := range volumes {
		lines = append(lines, []string{
			v.Month, strconv.FormatInt(v.StoreID, 10), v.Zone, v.Mode, v.Currency, strconv.FormatInt(v.Payments, 10), v.Amount(v.Captured).Decimal(), strconv.FormatInt(v.Refunds, 10),
			v.Amount(v.Refunded).Decimal(), v.Net().Decimal(), v.Amount(v.Fee).Decimal(), strconv.FormatInt(v.Unpriced, 10),
		})
	}
	return w.WriteAll(lines)
}
