package handlers

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/views/ui"
	"github.com/kartify/kartify/web"
)

// countPatience is how long the count of a list may take when it is all that is asked for.
const countPatience = 5 * time.Second

// ListOrders is Sales > Orders.
func (h *Handlers) ListOrders(c echo.Context) error {
	c.Response().Header().Add(echo.HeaderVary, "HX-Request")
	q, plain := plainAmounts(c)
	if !plain && !web.IsHTMX(c) {
		return web.SeeOther(c, "/sales/orders?"+q.Encode())
	}
	v, err := h.orderList(c, q)
	if err != nil {
		return err
	}
	if !plain {
		c.Response().Header().Set("HX-Push-Url", "/sales/orders?"+q.Encode())
	}
	return showOrders(c, http.StatusOK, v)
}

// plainAmounts is the query of a list with its amounts as addresses write them, with a point, and whether they were
// written so: who writes a comma before the decimals types one here as well.
func plainAmounts(c echo.Context) (url.Values, bool) {
	q, plain := maps.Clone(c.QueryParams()), true
	for _, name := range []string{"amount_from", "amount_to"} {
		typed := q.Get(name)
		if amount := lang.Typed(c.Request().Context(), typed); amount != typed {
			q[name], plain = []string{amount}, false
		}
	}
	return q, plain
}

func showOrders(c echo.Context, status int, v views.OrderListView) error {
	if web.IsHTMX(c) {
		typing := c.Request().Header.Get("HX-Trigger") == "order-filter" && len(v.Notices) == 0
		return web.Render(c, status, views.OrdersRegion(v, typing))
	}
	return web.Render(c, status, views.OrdersPage(web.Page(c, "/sales/orders", "Orders"), v))
}

// orderFilter is a list as its query asks for it, not read yet.
func (h *Handlers) orderFilter(c echo.Context, q url.Values) (views.OrderListView, error) {
	user := web.User(c)
	v := views.OrderListView{User: user.ID, CSRF: web.CSRF(c), MayShare: user.May(models.ViewsShare), MayExport: user.May(models.OrdersExport), MayChange: user.May(models.OrdersStatus), Now: time.Now(), Gateways: h.gatewayOptions()}
	var err error
	if v.Choices, err = h.DB.ChoicesOf(c.Request().Context(), user); err != nil {
		return v, err
	}
	v.Filter, v.Notices = models.ReadOrderFilter(q, v.Choices)
	return v, nil
}

// orderList reads the list that a query asks for. A list that takes too long is a page that says so.
func (h *Handlers) orderList(c echo.Context, q url.Values) (views.OrderListView, error) {
	ctx := c.Request().Context()
	v, err := h.orderFilter(c, q)
	if err != nil {
		return v, err
	}
	var problem *models.Problem
	if v.List, err = h.DB.Orders(ctx, v.Filter, v.Choices); errors.As(err, &problem) {
		v.Problem = problem.In(c.Request().Context())
		return v, nil
	} else if err != nil {
		return v, err
	}
	patience := models.InlinePatience
	if q.Get("count") != "" {
		patience = countPatience
	}
	if v.Tally, err = h.DB.TallyOrders(ctx, v.Filter, v.Choices, v.List, patience); errors.As(err, &problem) {
		err = nil // the list stands without its count
	}
	return v, err
}

// CountOrders counts a list that was shown without its count, because that took too long.
func (h *Handlers) CountOrders(c echo.Context) error {
	q := c.QueryParams()
	q.Set("count", "1")
	if !web.IsHTMX(c) {
		return web.SeeOther(c, "/sales/orders?"+q.Encode())
	}
	v, err := h.orderList(c, q)
	if err != nil || v.List == nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.OrderCount(v))
}

// gatewayOptions are the gateways an order may have been paid by.
func (h *Handlers) gatewayOptions() []ui.Option {
	options := []ui.Option{}
	for _, driver := range h.DB.Drivers() {
		if driver.Partner {
			continue
		}
		options = append(options, ui.Option{Value: driver.Code, Label: driver.Name})
	}
	if !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == "cod" }) {
		options = append(options, ui.Option{Value: "cod", Label: "Cash on delivery"})
	}
	return options
}

type orderColumnsForm struct {
	Columns []string `form:"col"`
	Query   string   `form:"query"`
}

// ChooseOrderColumns remembers the columns a person wants to see.
func (h *Handlers) ChooseOrderColumns(c echo.Context) error {
	var form orderColumnsForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if err := h.DB.SetOrderColumns(c.Request().Context(), web.User(c).ID, form.Columns); err != nil {
		return err
	}
	return web.SeeOther(c, ordersPath(form.Query))
}

// ordersPath is the list with a query that came with a form.
func ordersPath(query string) string {
	q, err := url.ParseQuery(query)
	if err != nil || len(q) == 0 {
		return "/sales/orders"
	}
	return "/sales/orders?" + q.Encode()
}
