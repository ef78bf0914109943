package fyndapi

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
)

// Request is a request of Fynd whose checksum is right.
type Request struct {
	Extension *models.FyndExtension // the one whose secret signed it
	Body      []byte                // as it came; nil when it has none
}

// Handler answers a request of Fynd. The request's context sees every store.
type Handler func(c echo.Context, in Request) error

// checksumHeaders are where the checksum stands: the first name is the one of the boilerplates and the payment
// extension documentation, the others are those of Fynd's pages on payment and refund flows.
var checksumHeaders = []string{"checksum", "checksum_auth", "order_checksum_auth"}

// Posted has a request with a body answered when the checksum over the body is right.
func (a *API) Posted(next Handler) echo.HandlerFunc {
	return Tell(func(c echo.Context) error {
		body, err := read(c)
		if err != nil {
			return err
		}
		return a.checked(c, gofynd.Forms(body), body, next)
	})
}

// Asked has a request without a body answered when the checksum over a parameter of its address is right.
func (a *API) Asked(param string, next Handler) echo.HandlerFunc {
	return Tell(func(c echo.Context) error {
		messages := [][]byte{[]byte(c.Param(param))}
		if a.quirks.EmptyGET {
			messages = append(messages, []byte("{}"))
		}
		return a.checked(c, messages, nil, next)
	})
}

// checked answers a request when its checksum is right over one of the messages.
func (a *API) checked(c echo.Context, messages [][]byte, body []byte, next Handler) error {
	ctx := models.AsSystem(c.Request().Context())
	c.SetRequest(c.Request().WithContext(ctx))
	given := checksum(c.Request().Header)
	extension, err := a.db.SignedExtension(ctx, func(secret string) bool { return gofynd.RightForm(secret, given, messages) })
	switch {
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	case extension == nil && given == "":
		return refuse(http.StatusUnauthorized, "Missing Checksum")
	case extension == nil:
		return refuse(http.StatusUnauthorized, "Invalid Checksum")
	}
	return next(c, Request{Extension: extension, Body: body})
}

// checksum is the checksum that a request carries, or "". One that is given twice is none.
func checksum(h http.Header) string {
	for _, name := range checksumHeaders {
		switch values := h.Values(name); len(values) {
		case 0:
		case 1:
			return values[0]
		default:
			return ""
		}
	}
	return ""
}

// read is the body of a request.
func read(c echo.Context) ([]byte, error) {
	if coding := c.Request().Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, refuse(http.StatusBadRequest, "Send the body as it is, without a content encoding.")
	}
	body, err := io.ReadAll(c.Request().Body)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return nil, refuse(http.StatusRequestEntityTooLarge, "A request has 2 MiB at most.")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "The body did not arrive whole.")
	}
	return body, nil
}
