package callbacks

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// Klarna takes in a push or a fraud notification about the order in the address.
func (cb *Callbacks) Klarna(c echo.Context) error { return cb.hint(c, "klarna", c.Param("order")) }

// Svea takes in a push or an event about the order in the address.
func (cb *Callbacks) Svea(c echo.Context) error { return cb.hint(c, "svea", c.Param("order")) }

// PayKeeper takes in a notification, which is answered as PayKeeper wants it: OK and a digest.
func (cb *Callbacks) PayKeeper(c echo.Context) error { return cb.hint(c, "paykeeper", "") }

// CCAvenueEcho takes in what CCAvenue reports from server to server: the order status echo, and the order
// reconciliation status.
func (cb *Callbacks) CCAvenueEcho(c echo.Context) error { return cb.hint(c, "ccavenue", "echo") }

// hint takes in what proves nothing: the provider is asked afterwards.
func (cb *Callbacks) hint(c echo.Context, source, ref string) error {
	if !cb.enter() {
		return later(c)
	}
	defer cb.leave()
	d, err := cb.open(c, source, ref)
	if d == nil {
		return err
	}
	receipt, err := cb.store(c, *d)
	switch {
	case receipt == nil:
		return err
	case receipt.Verdict == models.Verified && receipt.Doubt != "":
		return c.String(http.StatusOK, "Error! "+receipt.Doubt) // kept, and not what the provider counts as taken in
	case receipt.Verdict == models.Verified && receipt.Answer != nil:
		return c.Blob(http.StatusOK, receipt.ContentType, receipt.Answer)
	}
	return reply(c, *receipt)
}

// CCAvenueReturn takes in what CCAvenue has the buyer's own browser bring back, and sends the buyer on to the
// result of the payment.
func (cb *Callbacks) CCAvenueReturn(c echo.Context) error {
	if !cb.enter() {
		return later(c)
	}
	defer cb.leave()
	d, err := cb.open(c, "ccavenue", "return")
	if d == nil {
		return err
	}
	receipt, err := cb.store(c, *d)
	if receipt == nil {
		return err
	}
	path := "/pay"
	if receipt.Verdict == models.Verified {
		result, err := cb.db.BuyerPath(models.AsSystem(c.Request().Context()), d.StoreID, d.Source, receipt.OrderRef)
		if err != nil {
			return err //nolint:wrapcheck // says what it did
		}
		path = result
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// open reads a hint: a form, JSON, or nothing at all. What its address says is set here and nowhere else.
func (cb *Callbacks) open(c echo.Context, source, ref string) (*models.Delivery, error) {
	store, err := strconv.ParseInt(c.Param("store"), 10, 64)
	if err != nil || store <= 0 || len(ref) > 200 {
		return nil, Errors(c, http.StatusNotFound, "There is no such store.")
	}
	if wait := cb.pace.wait(source, store, c.RealIP()); wait > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		return nil, Errors(c, http.StatusTooManyRequests, "Too many of these come from one address. Send it again later.")
	}
	if !plain(c.Request().Header) {
		return nil, Errors(c, http.StatusUnsupportedMediaType, "Send a form, JSON, or nothing.")
	}
	body, err := cb.read(c)
	if err != nil || body == nil {
		return nil, err
	}
	return &models.Delivery{Source: source, StoreID: store, Header: models.CallbackHeaders(c.Request().Header, ref), Body: body, Address: c.RealIP()}, nil
}
