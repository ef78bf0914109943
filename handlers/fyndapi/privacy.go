package fyndapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// privacyWish is what Fynd asks about somebody's data. The payment extension documentation names the three duties
// and no bodies; these are the ids that the platform knows its customers and shops by.
type privacyWish struct {
	Company     anyID `json:"company_id"`
	Application anyID `json:"application_id"`
	RequestID   anyID `json:"request_id"`
	Customer    *struct {
		ID    anyID `json:"id"`
		Email anyID `json:"email"`
		Phone anyID `json:"phone"`
	} `json:"customer"`
}

// anyID is an id that may come as text or as a number, of any length.
type anyID string

// UnmarshalJSON takes a text, a number as it is written, or nothing.
func (id *anyID) UnmarshalJSON(raw []byte) error {
	switch {
	case bytes.Equal(raw, []byte("null")):
		*id = ""
	case raw[0] == '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err //nolint:wrapcheck // says what is wrong
		}
		*id = anyID(strings.TrimSpace(text))
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		*id = anyID(raw)
	default:
		return errors.New("an id is a text or a number")
	}
	return nil
}

type privacyAnswer struct {
	Success   bool   `json:"success"`
	RequestID string `json:"request_id"`
}

// AskData is Fynd's wish for everything that is kept about a customer.
func (a *API) AskData(c echo.Context, in Request) error { return a.privacy(c, in, models.PrivacyData) }

// EraseCustomer is Fynd's wish to have a customer erased.
func (a *API) EraseCustomer(c echo.Context, in Request) error {
	return a.privacy(c, in, models.PrivacyErase)
}

// EraseShop is Fynd's wish to have a company's shops erased.
func (a *API) EraseShop(c echo.Context, in Request) error {
	return a.privacy(c, in, models.PrivacyShop)
}

// privacy stores a wish about somebody's data, which a job fulfils. The same one again is answered alike.
func (a *API) privacy(c echo.Context, in Request, kind models.PrivacyKind) error {
	var body privacyWish
	if err := json.Unmarshal(in.Body, &body); err != nil {
		return refuse(http.StatusBadRequest, "The body is not JSON that can be read.")
	}
	w := models.PrivacyWish{
		Kind: kind, Origin: "fynd", Extension: &in.Extension.ID, RequestID: string(body.RequestID), Company: string(body.Company), Application: string(body.Application),
		By: models.Actor{Kind: models.FyndActor.Kind, Name: models.FyndActor.Name, Address: c.RealIP()},
	}
	switch {
	case w.Company == "":
		return refuse(http.StatusBadRequest, "company_id is missing.")
	case w.RequestID == "":
		return refuse(http.StatusBadRequest, "request_id is missing.")
	case kind != models.PrivacyShop && body.Customer == nil:
		return refuse(http.StatusBadRequest, "customer is missing.")
	case kind != models.PrivacyShop:
		w.Person = models.Person{ID: string(body.Customer.ID), Email: string(body.Customer.Email), Phone: string(body.Customer.Phone)}
	}
	r, err := a.db.AskPrivacy(c.Request().Context(), w)
	switch {
	case errors.Is(err, models.ErrForbidden):
		return refuse(http.StatusForbidden, "The company has not installed this extension, or the sales channel is not one of its own.")
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	}
	return answer(c, http.StatusAccepted, privacyAnswer{true, r.RequestID})
}
