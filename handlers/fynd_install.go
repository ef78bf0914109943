package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// sellerRoutes are what Fynd opens for a company's seller, and what it tells of an installation. The addresses are those
// of Fynd's own library (fdk-extension-javascript, routes).
func (h *Handlers) sellerRoutes() []web.Route {
	const form, older = "/company/:company_id/application/:application_id", "/company/:company_id/credentials"
	const protected = "/protected/v1/company/:company_id/credentials/:app_id"
	return []web.Route{
		seller(get("/fp/install", models.Public, h.framed(h.InstallFynd))),
		seller(get("/fp/auth", models.Public, h.framed(h.FinishFyndInstall))),
		platform(post("/fp/auto_install", models.Public, h.AutoInstallFynd)),
		platform(post("/fp/uninstall", models.Public, h.UninstallFynd)),

		seller(get(form, models.Public, h.framed(h.ShowFyndCredentials))),
		seller(post(form, models.Public, h.framed(h.SaveFyndCredentials))),
		seller(get(older, models.Public, h.framed(h.ShowFyndCredentials))),
		seller(post(older, models.Public, h.framed(h.SaveFyndCredentials))),
		platform(get(protected, models.Public, h.ReadFyndCredentials)),
		platform(post(protected, models.Public, h.WriteFyndCredentials)),
		platform(get("/protected/v1/credentials/:app_id", models.Public, h.ReadFyndCredentials)),
		platform(post("/protected/v1/credentials/:app_id", models.Public, h.WriteFyndCredentials)),
	}
}

// namedExtension is the extension that an address names, by its prefix or in its query, or the only one.
func (h *Handlers) namedExtension(c echo.Context) (*models.FyndExtension, error) {
	key, _ := c.Get(extensionKey).(string)
	for _, name := range []string{"extension", "client_id", "api_key"} {
		if key == "" {
			key = c.QueryParam(name)
		}
	}
	return h.DB.FyndExtensionAt(c.Request().Context(), key)
}

// InstallFynd begins the installation of an extension: the seller goes to Fynd and says yes there.
func (h *Handlers) InstallFynd(c echo.Context) error {
	title := lang.T(c.Request().Context(), "The extension cannot be installed")
	if c.Request().Method != http.MethodGet {
		return c.NoContent(http.StatusOK) // whoever looks ahead begins nothing
	}
	extension, err := h.namedExtension(c)
	if err != nil {
		return refuseSeller(c, http.StatusNotFound, title, err)
	}
	query := url.Values{}
	application := c.QueryParam("application_id")
	if application != "" {
		query.Set("application_id", application)
	}
	wanted := c.QueryParam("redirect_path")
	if web.LocalPath(wanted) != wanted {
		wanted = "" // never to another site
	}
	back := h.web.Address(c) + fyndPath(c, "/fp/auth", query)
	begun := models.FyndVisit{CompanyID: c.QueryParam("company_id"), ApplicationID: application, RedirectPath: wanted}
	visit, cookie, leave, err := h.DB.BeginFyndVisit(c.Request().Context(), extension, begun, back)
	if err != nil {
		return refuseSeller(c, http.StatusUnprocessableEntity, title, err)
	}
	h.setVisit(c, visit.CompanyID, cookie, visit.ExpiresAt)
	return c.Redirect(http.StatusFound, leave)
}

// FinishFyndInstall is where Fynd sends the seller back, with a code when the seller said yes.
func (h *Handlers) FinishFyndInstall(c echo.Context) error {
	title := lang.T(c.Request().Context(), "The extension was not installed")
	ctx, company := c.Request().Context(), c.QueryParam("company_id")
	if c.Request().Method != http.MethodGet {
		return c.NoContent(http.StatusOK)
	}
	visit, err := h.visit(c, company)
	if errors.Is(err, models.ErrNotFound) || errors.Is(err, models.ErrForbidden) {
		return sellerNote(c, http.StatusUnauthorized, title, "Can not complete oauth process as session not found: the installation was not begun in this browser, or more than 15 minutes ago. Open the extension in Fynd once more.")
	}
	if err != nil {
		return err
	}
	if err := h.DB.TakeFyndState(ctx, visit, c.QueryParam("state")); err != nil {
		h.setVisit(c, company, "", time.Time{})
		return refuseSeller(c, http.StatusForbidden, title, err)
	}
	if refusal := c.QueryParam("error"); refusal != "" {
		h.setVisit(c, company, "", time.Time{})
		if err := h.DB.EndFyndVisit(ctx, visit); err != nil {
			return err
		}
		return sellerNote(c, http.StatusForbidden, title, denial(c.Request().Context(), refusal, c.QueryParam("error_description")))
	}
	install, next, cookie, err := h.DB.FinishFyndVisit(ctx, visit, c.QueryParam("code"), h.webhooksAt(c))
	if err != nil {
		h.setVisit(c, company, "", time.Time{})
		return refuseSeller(c, http.StatusForbidden, title, err)
	}
	h.subscribe(c, install)
	h.setVisit(c, company, cookie, next.ExpiresAt)
	return c.Redirect(http.StatusFound, h.afterInstall(c, visit))
}

// denial is what a seller reads who said no at Fynd, or whom Fynd did not let say yes.
func denial(ctx context.Context, refusal, description string) string {
	sentence := lang.T(ctx, "Fynd did not allow it (%s).", clip(refusal, 100))
	if refusal == "access_denied" {
		sentence = lang.T(ctx, "The installation was refused at Fynd, so nothing was installed.")
	}
	if description != "" {
		sentence += " " + lang.T(ctx, "Fynd says: %s", clip(description, 300))
	}
	return sentence + " " + lang.T(ctx, "To install the extension after all, open it in Fynd once more.")
}

func clip(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// afterInstall is where the seller goes next: where they wanted to, or to the credential form.
func (h *Handlers) afterInstall(c echo.Context, visit *models.FyndVisit) string {
	switch {
	case visit.RedirectPath != "":
		return visit.RedirectPath
	case visit.ApplicationID == "":
		return fyndPath(c, "/company/"+url.PathEscape(visit.CompanyID)+"/credentials", nil)
	}
	return fyndPath(c, "/company/"+url.PathEscape(visit.CompanyID)+"/application/"+url.PathEscape(visit.ApplicationID), nil)
}

// webhooksAt is where Fynd sends the events of an extension, as the request that names it came.
func (h *Handlers) webhooksAt(c echo.Context) string {
	return h.web.Address(c) + fyndPath(c, platformWebhooks, nil)
}

// subscribe has Fynd send us the events of a company. What goes wrong stands on the page of installs, is tried again by
// itself, and does not stop the installation.
func (h *Handlers) subscribe(c echo.Context, install *models.FyndInstall) {
	ctx := context.WithoutCancel(c.Request().Context())
	if err := h.DB.SubscribeFynd(ctx, install.ID, h.webhooksAt(c)); err != nil {
		slog.WarnContext(ctx, "the webhooks of Fynd could not be subscribed to", "install", install.ID, "error", err)
	}
}
