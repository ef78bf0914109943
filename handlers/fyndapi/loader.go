package fyndapi

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// startPatience is how long a second click waits for the first one's payment to be begun.
const startPatience = 6 * time.Second

// Loader is where Fynd sends the buyer of a session: on to the gateway's page with 307. A double click begins one
// payment; a program that only looks ahead begins none. Where the buyer goes is said by the gateway alone.
func (a *API) Loader(c echo.Context) error {
	ctx := models.AsSystem(c.Request().Context())
	c.SetRequest(c.Request().WithContext(ctx))
	page, err := a.db.FyndEntry(ctx, c.Param("id"))
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	result := "/pay/" + page.Token + "/result"
	switch {
	case looksAhead(c.Request()):
		return web.Render(c, http.StatusOK, views.PayPage(web.Page(c, "", "Pay"), views.PayView{PayPage: page})) //nolint:wrapcheck // the client has gone
	case page.State != models.PayOpen && page.State != models.PayFailed && !beginning(page):
		return c.Redirect(http.StatusTemporaryRedirect, result) //nolint:wrapcheck // the client has gone
	}
	checkout, err := a.db.StartCheckout(ctx, models.CheckoutRequest{Token: page.Token, Address: a.address(c)})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		view := views.PayView{PayPage: page, Problem: problem.Sentence}
		return web.Render(c, http.StatusConflict, views.PayPage(web.Page(c, "", "Pay"), view)) //nolint:wrapcheck // the client has gone
	case err != nil:
		return err //nolint:wrapcheck // says what it did
	}
	if checkout, err = a.begun(c, checkout); err != nil {
		return err
	}
	switch {
	case checkout.State == models.CheckoutFailed:
		page.State, page.Reason = models.PayFailed, checkout.Problem
		return web.Render(c, http.StatusBadGateway, views.PayPage(web.Page(c, "", "Pay"), views.PayView{PayPage: page})) //nolint:wrapcheck // the client has gone
	case checkout.State == models.CheckoutStarting:
		return c.Redirect(http.StatusTemporaryRedirect, result) //nolint:wrapcheck // the client has gone
	case checkout.Form != nil: // a form to be posted: the page of the payment link has it
		return c.Redirect(http.StatusTemporaryRedirect, "/pay/"+page.Token+"?"+url.Values{"gateway": {checkout.Gateway}}.Encode()) //nolint:wrapcheck // the client has gone
	}
	return c.Redirect(http.StatusTemporaryRedirect, checkout.URL) //nolint:wrapcheck // the client has gone
}

// beginning says whether another click is beginning a payment just now.
func beginning(page *models.PayPage) bool {
	return page.Checkout != nil && page.Checkout.State == models.CheckoutStarting
}

// begun waits for a payment that another click is beginning.
func (a *API) begun(c echo.Context, checkout *models.Checkout) (*models.Checkout, error) {
	ctx := c.Request().Context()
	for until := time.Now().Add(startPatience); checkout.State == models.CheckoutStarting && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return checkout, ctx.Err() //nolint:wrapcheck // the client has gone
		case <-time.After(100 * time.Millisecond):
		}
		now, err := a.db.Checkout(ctx, checkout.ID)
		if err != nil {
			return checkout, err //nolint:wrapcheck // says what it did
		}
		checkout = now
	}
	return checkout, nil
}

// looksAhead says whether a request only looks what is behind a link: a preview, or a browser before the click.
func looksAhead(r *http.Request) bool {
	purpose := strings.ToLower(cmp.Or(r.Header.Get("Sec-Purpose"), r.Header.Get("Purpose"), r.Header.Get("X-Moz")))
	return r.Method == http.MethodHead || strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview")
}

// LoaderErrors tell buyers in a page what went wrong, and machines in the envelope.
func LoaderErrors(c echo.Context, status int, sentence string) error {
	if !strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMETextHTML) {
		return Errors(c, status, sentence)
	}
	title := "This page is not available"
	if status == http.StatusNotFound {
		title, sentence = "This payment cannot be made here", "It is not known here, or its time is over. Go back to the shop and order again."
	}
	return web.Render(c, status, views.PayNote(web.Page(c, "", "Pay"), title, sentence)) //nolint:wrapcheck // the client has gone
}
