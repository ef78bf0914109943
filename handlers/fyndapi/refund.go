package fyndapi

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// CreateRefund takes Fynd's request for a refund of a payment: 202, with what it is to know of the payment and of the
// refund. The same request again is answered with the same bytes.
func (a *API) CreateRefund(c echo.Context, in Request) error {
	asked, err := gofynd.ReadRefund(in.Body)
	var wrong *gofynd.SessionError
	switch {
	case errors.As(err, &wrong):
		return refuse(http.StatusBadRequest, "%s", wrong.Sentence)
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	case asked.GID != c.Param("gid"):
		return refuse(http.StatusBadRequest, "The gid of the body is not the one of the address. Only the body is signed, so nothing was refunded.")
	}
	session, err := a.session(c, in, asked.GID)
	if err != nil {
		return err
	}
	if err := fits(session, asked); err != nil {
		return err
	}
	kept, err := gofynd.Keep(in.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "%s.", err.Error())
	}
	ctx := c.Request().Context()
	refund, err := a.db.RefundSession(ctx, models.FyndRefundRequest{
		Session: session, RequestID: asked.RequestID, Amount: asked.Amount, JourneyType: asked.JourneyType, Body: kept.Body, BodyHash: kept.Hash,
	})
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	reply := refund.Reply
	if reply == "" {
		state, list, err := a.refunds(c, session)
		if err != nil {
			return err
		}
		text, err := gateways.EncodeJSON(acknowledgement(state, refund, list))
		if err != nil {
			return err //nolint:wrapcheck // plain values
		}
		if reply, err = a.db.KeepFyndReply(ctx, refund.ID, string(text)); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
	}
	return c.Blob(http.StatusAccepted, echo.MIMEApplicationJSON, []byte(reply)) //nolint:wrapcheck // the client has gone
}

// fits says why a refund request cannot be about a session, or nil.
func fits(s *models.FyndSession, in gofynd.RefundIn) error {
	switch {
	case in.ApplicationID != "" && in.ApplicationID != s.ApplicationID, in.CompanyID != "" && in.CompanyID != s.CompanyID:
		return unknownSession(s.GID) // another seller's; it is told no more than of one that is not there
	case in.PFOrderID != "" && s.PFOrderID != "" && in.PFOrderID != s.PFOrderID:
		return refuse(http.StatusBadRequest, "The payment %s is of the order %s, not of %s.", s.GID, s.PFOrderID, in.PFOrderID)
	case in.Amount.Currency != s.Currency:
		return refuse(http.StatusBadRequest, "The payment %s is in %s, not in %s.", s.GID, s.Currency, in.Amount.Currency)
	case in.Mode != "" && in.Mode != s.Mode:
		return refuse(http.StatusBadRequest, "The payment %s was made in %s mode, not in %s mode.", s.GID, s.Mode, in.Mode)
	}
	return nil
}

// ShowRefund tells Fynd of one refund of a payment.
func (a *API) ShowRefund(c echo.Context, in Request) error {
	session, err := a.session(c, in, c.Param("gid"))
	if err != nil {
		return err
	}
	state, list, err := a.refunds(c, session)
	if err != nil {
		return err
	}
	for _, refund := range list {
		if refund.RequestID == c.Param("request_id") {
			return answer(c, http.StatusOK, refundStatus(state, []models.SessionRefund{refund}))
		}
	}
	return refuse(http.StatusNotFound, "refund request %s of %s not found", c.Param("request_id"), session.GID)
}

// ListRefunds tells Fynd of every refund of a payment.
func (a *API) ListRefunds(c echo.Context, in Request) error {
	session, err := a.session(c, in, c.Param("gid"))
	if err != nil {
		return err
	}
	state, list, err := a.refunds(c, session)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, refundStatus(state, list))
}

// session is the payment session of a gid, of the extension that a request was signed for.
func (a *API) session(c echo.Context, in Request, gid string) (*models.FyndSession, error) {
	session, err := a.db.FyndSession(c.Request().Context(), in.Extension.ID, gid)
	if errors.Is(err, models.ErrNotFound) {
		return nil, unknownSession(gid)
	}
	return session, err //nolint:wrapcheck // says what it did
}

func unknownSession(gid string) error {
	return refuse(http.StatusNotFound, "transaction not found: %.100s", gid)
}

// refunds are how a session stands and its refunds.
func (a *API) refunds(c echo.Context, s *models.FyndSession) (*models.FyndSessionState, []models.SessionRefund, error) {
	state, err := a.db.FyndSessionState(c.Request().Context(), s)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // says what it did
	}
	list, err := a.db.SessionRefunds(c.Request().Context(), state)
	return state, list, err //nolint:wrapcheck // says what it did
}
