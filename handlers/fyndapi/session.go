package fyndapi

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// StartSession takes a payment that Fynd asks for and answers where its buyer pays it. The same body again is answered
// with the same bytes.
func (a *API) StartSession(c echo.Context, in Request) error {
	ctx := c.Request().Context()
	kept, err := gofynd.Keep(in.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "The body is not JSON that can be read.")
	}
	asked, err := gofynd.ReadSession(in.Body)
	var wrong *gofynd.SessionError
	switch {
	case errors.As(err, &wrong):
		if err := a.db.NoteFyndRefusal(ctx, in.Extension, asked, wrong); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		return refuse(http.StatusBadRequest, "%s", wrong.Sentence)
	case err != nil:
		return err //nolint:wrapcheck // plain values
	case asked.GID != c.Param("gid"):
		return refuse(http.StatusBadRequest, "The gid of the body is not the one of the address.")
	}
	session, err := a.db.StartFyndSession(ctx, models.FyndSessionRequest{Extension: in.Extension, In: asked, Kept: kept, Address: a.address(c)})
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, []byte(session.Reply)) //nolint:wrapcheck // the client has gone
}

// ShowSession tells Fynd how a payment stands.
func (a *API) ShowSession(c echo.Context, in Request) error {
	session, err := a.session(c, in, c.Param("gid"))
	if err != nil {
		return err
	}
	state, err := a.db.FyndSessionState(c.Request().Context(), session)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	return answer(c, http.StatusOK, a.standing(state))
}
