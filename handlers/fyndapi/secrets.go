package fyndapi

import (
	"cmp"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// secretsReply says what is stored of a sales channel's credentials. Both names of the channel's id are in use (payment
// extension documentation, secrets; payment-extension-boilerplate).
type secretsReply struct {
	Success     bool                     `json:"success"`
	AppID       string                   `json:"app_id"`
	Application string                   `json:"application_id"`
	Active      bool                     `json:"is_active"`
	Message     string                   `json:"message,omitempty"`
	Data        []models.CredentialField `json:"data"`
}

// ShowSecrets answers GET /secrets/:app_id: the fields of the credential form, and of each what is stored: nothing, or
// that there is something. The values themselves are told only when the operator has switched that on.
func (a *API) ShowSecrets(c echo.Context) error {
	application := c.Param("app_id")
	extension, err := a.authorized(c, gofynd.Forms([]byte(application)))
	if err != nil {
		return err
	}
	found, err := a.db.FyndSecrets(c.Request().Context(), extension, application, "")
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	return answer(c, http.StatusOK, a.secrets(found, ""))
}

func (a *API) secrets(found *models.FyndCredentials, said string) secretsReply {
	fields := a.db.Masked(found)
	if a.quirks.ClearSecrets {
		fields = a.db.Clear(found)
	}
	id := found.Channel.Application.ApplicationID
	return secretsReply{true, id, id, found.Active(), said, fields}
}

// StoreSecrets answers POST /secrets: {"data": [{"slug", "value"}]}, for the sales channel of the header
// x-application-id or of the body (fdk-payment-extension-javascript). Fields that are not named stay as they are.
func (a *API) StoreSecrets(c echo.Context) error {
	body, err := read(c)
	if err != nil {
		return err
	}
	extension, err := a.authorized(c, gofynd.Forms(body))
	if err != nil {
		return err
	}
	var in struct {
		AppID string `json:"app_id"`
		Mode  string `json:"mode"`
		Data  []struct {
			Slug  string  `json:"slug"`
			Value *string `json:"value"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return refuse(http.StatusBadRequest, `The body is not JSON of the form {"data":[{"slug":…,"value":…}]}.`)
	}
	application := cmp.Or(c.Request().Header.Get("X-Application-Id"), in.AppID)
	switch {
	case application == "":
		return refuse(http.StatusBadRequest, "Missing app_id or company_id")
	case in.AppID != "" && in.AppID != application:
		return refuse(http.StatusForbidden, "The header and the body name different sales channels.")
	case len(in.Data) == 0:
		return refuse(http.StatusBadRequest, "Invalid or empty credentials array")
	}
	values := map[string]string{}
	for _, field := range in.Data {
		if field.Value != nil {
			values[field.Slug] = *field.Value
		}
	}
	ctx := c.Request().Context()
	found, err := a.db.FyndSecrets(ctx, extension, application, in.Mode)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return refuse(http.StatusBadRequest, "The mode is test or live.")
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	case found.Channel.Install.ID == 0:
		return refuse(http.StatusForbidden, "No company with this sales channel has installed the extension.")
	}
	_, err = a.db.SaveFyndCredentials(ctx, found, models.FyndCredentialForm{Values: values, Keep: true, By: "Fynd"})
	var wrong models.FieldProblems
	switch {
	case errors.As(err, &wrong):
		return refuse(http.StatusBadRequest, "%s", wrong.Error())
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	}
	if found, err = a.db.FyndSecrets(ctx, extension, application, found.Mode); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	return answer(c, http.StatusCreated, a.secrets(found, "The credentials are stored."))
}

// authorized is the extension whose secret a request shows: in Authorization, as Basic and the secret alone in base64,
// without a colon (payment-extension-boilerplate, secrets). A checksum beside it must be right as well, over one of the messages.
func (a *API) authorized(c echo.Context, messages [][]byte) (*models.FyndExtension, error) {
	ctx := models.AsSystem(c.Request().Context())
	c.SetRequest(c.Request().WithContext(ctx))
	given, sum := []byte(c.Request().Header.Get(echo.HeaderAuthorization)), checksum(c.Request().Header)
	claimed := false
	for _, name := range checksumHeaders {
		claimed = claimed || len(c.Request().Header.Values(name)) > 0
	}
	extension, err := a.db.SignedExtension(ctx, func(secret string) bool {
		wanted := []byte("Basic " + base64.StdEncoding.EncodeToString([]byte(secret)))
		fits := secret != "" && subtle.ConstantTimeCompare(given, wanted) == 1
		return fits && (!claimed || gofynd.RightForm(secret, sum, messages))
	})
	if err == nil && extension == nil {
		err = refuse(http.StatusUnauthorized, "Authorization failed")
	}
	return extension, err
}
