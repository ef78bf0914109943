package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// The buyer's side: what a payment link opens. Nobody signs in here; the token in the address is all there is.

// Pay starts the payment of the order that the token names and sends the buyer to the provider. Where the shop
// offers several ways to pay, the buyer chooses one first. Programs that only look ahead start nothing.
func (h *Handlers) Pay(c echo.Context) error {
	ctx := models.AsSystem(c.Request().Context())
	page, err := h.DB.PayPage(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	gateway, back := c.QueryParam("gateway"), c.QueryParam("return")
	payable := page.State == models.PayOpen || page.State == models.PayFailed
	chosen := gateway != "" || len(page.Ways) == 1 && page.State == models.PayOpen
	if !payable || !chosen || looksAhead(c.Request()) {
		return h.showPay(c, http.StatusOK, page, back)
	}
	checkout, err := h.DB.StartCheckout(ctx, models.CheckoutRequest{Token: page.Token, Gateway: gateway, ReturnURL: back, Address: h.web.Address(c)})
	var problem *models.Problem
	switch {
	case errors.As(err, &problem):
		view := views.PayView{PayPage: page, Problem: problem.In(c.Request().Context())}
		return web.Render(c, http.StatusUnprocessableEntity, views.PayPage(web.Page(c, "", "Pay"), view))
	case err != nil:
		return err
	case checkout.State == models.CheckoutStarting:
		return h.showPay(c, http.StatusOK, page, back)
	case checkout.State == models.CheckoutFailed:
		page.State, page.Reason = models.PayFailed, checkout.Problem
		return h.showPay(c, http.StatusBadGateway, page, back)
	case checkout.Form == nil:
		return c.Redirect(http.StatusSeeOther, checkout.URL)
	}
	letFormsGo(c, checkout.URL)
	return web.Render(c, http.StatusOK, views.PayForm(web.Page(c, "", "Pay"), page, checkout))
}

// PayResult is where a provider sends the buyer back: paid, not paid, or being checked. Once that is known the
// buyer goes on to the shop.
func (h *Handlers) PayResult(c echo.Context) error {
	come := h.DB.ReturnFrom
	if c.QueryParam("turned") == "back" {
		come = h.DB.TurnedBack
	}
	page, err := come(models.AsSystem(c.Request().Context()), c.Param("token"))
	if err != nil {
		return err
	}
	if c.Request().Method == http.MethodPost { // a reload must not send the provider's form again
		return c.Redirect(http.StatusSeeOther, "/pay/"+page.Token+"/result")
	}
	if page.Session != nil {
		return h.backToFynd(c, page)
	}
	if shop := shopAddress(page); shop != "" && (page.State == models.PayDone || page.State == models.PayFailed) {
		return c.Redirect(http.StatusSeeOther, shop)
	}
	return h.showPay(c, http.StatusOK, page, "")
}

// backToFynd sends the buyer whom Fynd sent here back there, as soon as it is known where to. A page that goes on by
// itself is shown until then.
func (h *Handlers) backToFynd(c echo.Context, page *models.PayPage) error {
	ctx := models.AsSystem(c.Request().Context())
	for try := range 8 { // most buyers never see the page: Fynd answers within a second
		shop, err := h.DB.FyndReturn(ctx, page)
		switch {
		case err != nil:
			return err
		case shop != "":
			return c.Redirect(http.StatusSeeOther, shop)
		case page.State != models.PayDone || try == 7:
			return h.waitForFynd(c, page)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

// waitForFynd is the page of a buyer who waits for the bank, or for Fynd to hear of the payment.
func (h *Handlers) waitForFynd(c echo.Context, page *models.PayPage) error {
	if page.State == models.PayDone || page.State == models.PayChecking {
		c.Response().Header().Set("Refresh", "2")
	}
	return web.Render(c, http.StatusOK, views.PayPage(web.Page(c, "", "Pay"), views.PayView{PayPage: page, Confirming: page.State == models.PayDone}))
}

// Paying is where a buyer ends whose payment the provider did not name.
func (h *Handlers) Paying(c echo.Context) error {
	return web.Render(c, http.StatusOK, views.PayNote(web.Page(c, "", "Pay"), "Your payment is being checked", "If money was taken, your order is confirmed as soon as the bank has said so. The shop writes to you. You can close this page."))
}

func (h *Handlers) showPay(c echo.Context, status int, page *models.PayPage, back string) error {
	return web.Render(c, status, views.PayPage(web.Page(c, "", "Pay"), views.PayView{PayPage: page, Return: back, Shop: shopAddress(page)}))
}

// shopAddress is where the shop wanted the buyer back, with the order and what came of it; "" for nowhere.
func shopAddress(page *models.PayPage) string {
	if page.Checkout == nil || page.Checkout.ReturnURL == "" {
		return ""
	}
	shop, err := url.Parse(page.Checkout.ReturnURL)
	if err != nil {
		return ""
	}
	query := shop.Query()
	query.Set("order", strconv.FormatInt(page.Order.ID, 10))
	query.Set("payment", map[models.PayState]string{models.PayDone: "paid", models.PayFailed: "failed"}[page.State])
	if query.Get("payment") == "" {
		query.Set("payment", "checking")
	}
	shop.RawQuery = query.Encode()
	return shop.String()
}

// looksAhead says whether a request only looks what is behind a link: a preview, or a browser before the click.
func looksAhead(r *http.Request) bool {
	purpose := strings.ToLower(cmp.Or(r.Header.Get("Sec-Purpose"), r.Header.Get("Purpose"), r.Header.Get("X-Moz")))
	return r.Method == http.MethodHead || strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "preview")
}

// letFormsGo lets the form of this one page lead to the provider's address, and nowhere else.
func letFormsGo(c echo.Context, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return
	}
	h := c.Response().Header()
	policy := h.Get("Content-Security-Policy")
	h.Set("Content-Security-Policy", strings.Replace(policy, "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1))
}

// payErrors is how buyers are told what went wrong.
func payErrors(c echo.Context, status int, sentence string) error {
	title := "This page is not available"
	switch status {
	case http.StatusNotFound:
		title, sentence = "This link leads nowhere", "Check the address, or ask the shop for a new link."
	case http.StatusConflict, http.StatusUnprocessableEntity:
		title = "Nothing was done"
	}
	return web.Render(c, status, views.PayNote(web.Page(c, "", "Pay"), title, sentence))
}
