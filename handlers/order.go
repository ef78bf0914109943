package handlers

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type orderForm struct {
	OrderID int64  `param:"order"`
	Seen    string `query:"seen"`
}

// ShowOrder is the page of an order.
func (h *Handlers) ShowOrder(c echo.Context) error {
	var form orderForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return h.showOrder(c, http.StatusOK, form.OrderID, nil)
}

// OrderProgress is the order's page for itself, asked while money is under way. It answers nothing
// as long as nothing has changed.
func (h *Handlers) OrderProgress(c echo.Context) error {
	var form orderForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	page, err := h.DB.OrderPage(c.Request().Context(), form.OrderID)
	if err != nil {
		return err
	}
	if page.Live() && page.Fingerprint() == form.Seen {
		return c.NoContent(http.StatusNoContent)
	}
	return web.Render(c, http.StatusOK, views.OrderRegion(h.orderView(c, page)))
}

// showOrder renders an order: the changing part of the page to htmx, all of it otherwise. edit fills in
// what the last form left behind.
func (h *Handlers) showOrder(c echo.Context, status int, id int64, edit func(*views.OrderView)) error {
	page, err := h.DB.OrderPage(c.Request().Context(), id)
	if err != nil {
		return err
	}
	v := h.orderView(c, page)
	if edit != nil {
		edit(&v)
	}
	if web.IsHTMX(c) {
		return web.Render(c, status, views.OrderRegion(v))
	}
	return web.Render(c, status, views.OrderPage(web.Page(c, "/sales/orders", views.OrderTitle(c.Request().Context(), page)), v))
}

func (h *Handlers) orderView(c echo.Context, page *models.OrderPage) views.OrderView {
	user := web.User(c)
	return views.OrderView{
		OrderPage: page, Person: user, CSRF: web.CSRF(c), Back: listPath(c), Address: h.web.Address(c),
		Refund: views.RefundForm{Token: func(payment int64) string { return h.DB.FormToken(user.ID, "refund", payment) }},
		Notice: views.NoticeForm{Token: func(payment int64) string { return h.DB.FormToken(user.ID, "notification", payment) }},
		Plan:   views.PlanForm{Token: func(payment int64) string { return h.DB.PlanToken(user.ID, payment) }},
		Action: views.ActionForm{Token: func(action models.Action, payment int64) string {
			return h.DB.FormToken(user.ID, string(action), payment)
		}},
	}
}

// listPath is the list an order's page was opened from, with its filter, or "".
func listPath(c echo.Context) string {
	back := c.QueryParam("back")
	if c.Request().Method == http.MethodPost {
		back = c.FormValue("back")
	}
	at, err := url.Parse(back)
	if back == "" || err != nil || web.LocalPath(back) != back || at.IsAbs() || at.Host != "" || at.Path != "/sales/orders" {
		return ""
	}
	if at.RawQuery == "" {
		return at.Path
	}
	return at.Path + "?" + at.Query().Encode()
}

// orderPath is an order's page with the list it was opened from, and a place on it.
func orderPath(c echo.Context, id int64, place string) string {
	path := views.OrderPath(id)
	if back := listPath(c); back != "" {
		path += "?back=" + url.QueryEscape(back)
	}
	return path + place
}
