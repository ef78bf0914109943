package handlers

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/models"
)

// fyndCompany is what Fynd says of an installation.
type fyndCompany struct {
	Company json.Number `json:"company_id"` // a number or a text
	Code    string      `json:"code"`
}

// readCompany reads the body of a call, and keeps it for its proof.
func readCompany(c echo.Context) (in fyndCompany, body []byte, err error) {
	if body, err = io.ReadAll(c.Request().Body); err != nil {
		return in, nil, errors.New("the body did not arrive whole")
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Company == "" {
		return in, nil, errors.New("the body is not JSON with a company_id")
	}
	return in, body, nil
}

// AutoInstallFynd installs an extension for a company that Fynd brings a code of. The code is the proof: Fynd gives a
// token only for one of its own.
func (h *Handlers) AutoInstallFynd(c echo.Context) error {
	c.SetRequest(c.Request().WithContext(models.AsSystem(c.Request().Context())))
	in, _, err := readCompany(c)
	if err != nil {
		return fyndapi.Errors(c, http.StatusBadRequest, "Send company_id and code as JSON.")
	}
	extension, err := h.namedExtension(c)
	if err != nil {
		return tellFynd(c, http.StatusNotFound, err)
	}
	install, err := h.DB.AutoInstallFynd(c.Request().Context(), extension, in.Company.String(), in.Code, h.webhooksAt(c))
	if err != nil {
		return tellFynd(c, http.StatusForbidden, err)
	}
	h.subscribe(c, install)
	return c.JSON(http.StatusOK, map[string]string{"message": "success"})
}

// UninstallFynd closes a company's install. Fynd's library takes this call from anybody, and Fynd may send it without any
// proof: then it is only a hint, and Fynd is asked whether the company's token is still good.
func (h *Handlers) UninstallFynd(c echo.Context) error {
	ctx := models.AsSystem(c.Request().Context())
	c.SetRequest(c.Request().WithContext(ctx))
	in, body, err := readCompany(c)
	if err != nil {
		return fyndapi.Errors(c, http.StatusBadRequest, "Send company_id as JSON.")
	}
	extension, claimed, err := h.uninstaller(c, body)
	switch {
	case err != nil:
		return tellFynd(c, http.StatusNotFound, err)
	case extension == nil:
		return fyndapi.Errors(c, http.StatusUnauthorized, "Authorization failed")
	}
	install, err := h.DB.FyndInstallOf(ctx, extension.ID, in.Company.String())
	switch {
	case errors.Is(err, models.ErrNotFound):
		return fyndapi.Errors(c, http.StatusNotFound, "This company has not installed the extension.")
	case err != nil:
		return err
	}
	if claimed && install.UninstalledAt == nil {
		if !h.hints.may(install.ID) {
			return fyndapi.Errors(c, http.StatusUnauthorized, "This call carries no proof, and Fynd was asked a moment ago. Sign it with a checksum.")
		}
		still, err := h.DB.FyndStillInstalled(ctx, install)
		switch {
		case err != nil:
			return fyndapi.Errors(c, http.StatusServiceUnavailable, "This call carries no proof, and Fynd cannot be asked at the moment.")
		case still:
			return fyndapi.Errors(c, http.StatusUnauthorized, "This call carries no proof, and Fynd still accepts the company's token.")
		}
	}
	if err := h.DB.UninstallFynd(ctx, install.ID, "Uninstalled at Fynd.", models.Actor{Kind: "webhook", Name: "Fynd Platform", Address: c.RealIP()}); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]bool{"success": true})
}

// uninstaller is the extension of which an uninstallation is told: the one whose secret the call proves, or, claimed
// only, the one that its address names. Nil when the proof is wrong.
func (h *Handlers) uninstaller(c echo.Context, body []byte) (extension *models.FyndExtension, claimed bool, err error) {
	header := c.Request().Header
	checksum, authorization := header.Get("checksum"), header.Get(echo.HeaderAuthorization)
	if checksum == "" && authorization == "" {
		extension, err = h.namedExtension(c)
		return extension, true, err
	}
	forms := gofynd.Forms(body)
	extension, err = h.DB.SignedExtension(c.Request().Context(), func(secret string) bool {
		wanted := "Basic " + base64.StdEncoding.EncodeToString([]byte(secret))
		return (checksum == "" || gofynd.RightForm(secret, checksum, forms)) &&
			(authorization == "" || subtle.ConstantTimeCompare([]byte(authorization), []byte(wanted)) == 1)
	})
	return extension, false, err
}

// tellFynd says a Problem in Fynd's envelope; other errors go on.
func tellFynd(c echo.Context, status int, err error) error {
	var problem *models.Problem
	if errors.As(err, &problem) {
		return fyndapi.Errors(c, status, problem.Sentence)
	}
	return err
}

// hints keeps questions that anybody can cause to one a minute for each install.
type hints struct {
	mu   sync.Mutex
	last map[int64]time.Time
}

func (h *hints) may(install int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.last[install]) < time.Minute {
		return false
	}
	if h.last == nil {
		h.last = map[int64]time.Time{}
	}
	h.last[install] = time.Now()
	return true
}
