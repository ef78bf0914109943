package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// ListPayments is Sales > Payments: the registry.
func (h *Handlers) ListPayments(c echo.Context) error {
	c.Response().Header().Add(echo.HeaderVary, "HX-Request")
	v, err := h.paymentList(c, c.QueryParams())
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		using := c.Request().Header.Get("HX-Trigger")
		if len(v.Notices) > 0 {
			using = ""
		}
		return web.Render(c, http.StatusOK, views.PaymentsRegion(v, using))
	}
	if v.Detail, err = h.expanded(c, &v); err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.PaymentsPage(web.Page(c, "/sales/payments", "Payments"), v))
}

// paymentFrame is the registry that a query asks for, before it is read.
func (h *Handlers) paymentFrame(c echo.Context, q url.Values) (views.PaymentListView, error) {
	v := views.PaymentListView{Person: web.User(c), Now: time.Now(), Gateways: h.gatewayOptions()}
	var err error
	if v.Choices, err = h.DB.PaymentChoicesOf(c.Request().Context(), v.Person); err != nil {
		return v, err
	}
	v.Filter, v.Notices = models.ReadPaymentFilter(q, v.Choices)
	return v, nil
}

// paymentList reads the registry that a query asks for. A list that takes too long is a page that says so.
func (h *Handlers) paymentList(c echo.Context, q url.Values) (views.PaymentListView, error) {
	v, err := h.paymentFrame(c, q)
	if err != nil {
		return v, err
	}
	ctx := c.Request().Context()
	var problem *models.Problem
	if v.List, err = h.DB.Payments(ctx, v.Filter, v.Choices); errors.As(err, &problem) {
		v.Problem = problem.In(ctx)
		return v, nil
	} else if err != nil {
		return v, err
	}
	if v.Tally, err = h.DB.TallyPayments(ctx, v.Filter, v.Choices, v.List, models.InlinePatience); errors.As(err, &problem) {
		err = nil // the list stands without its count
	}
	return v, err
}

// expanded is the payment that the address wants expanded in its row, when it is on the page.
func (h *Handlers) expanded(c echo.Context, v *views.PaymentListView) (*views.PaymentDetailView, error) {
	id, err := strconv.ParseInt(c.QueryParam("open"), 10, 64)
	if err != nil || v.List == nil {
		return nil, nil //nolint:nilerr // no number, no payment
	}
	for _, row := range v.List.Rows {
		if row.ID == id {
			return h.paymentDetail(c, id, v)
		}
	}
	return nil, nil
}

func (h *Handlers) paymentDetail(c echo.Context, id int64, list *views.PaymentListView) (*views.PaymentDetailView, error) {
	detail, err := h.DB.PaymentDetail(c.Request().Context(), id)
	if err != nil {
		return nil, err
	}
	return &views.PaymentDetailView{
		PaymentDetail: detail, Person: web.User(c), Tab: views.PaymentTab(c.QueryParam("tab")), List: list,
		Notify: views.PaymentNotice(h.orderView(c, detail.OrderPage), detail.Payment),
	}, nil
}

type paymentParam struct {
	ID   int64  `param:"payment"`
	In   string `query:"in"`   // "list": the row of the registry, for itself
	Shut string `query:"shut"` // without the details
}

// ShowPayment is one payment with its tabs: on its own page, or as its row of the registry.
func (h *Handlers) ShowPayment(c echo.Context) error {
	c.Response().Header().Add(echo.HeaderVary, "HX-Request")
	var form paymentParam
	if err := c.Bind(&form); err != nil {
		return err
	}
	if web.IsHTMX(c) && form.In == "list" {
		list, err := h.paymentFrame(c, views.ListQuery(c.Request().Header.Get("HX-Current-URL")))
		if err != nil {
			return err
		}
		detail, err := h.paymentDetail(c, form.ID, &list)
		if err != nil {
			return err
		}
		if form.Shut == "" {
			list.Detail = detail
		}
		row := detail.Row()
		return web.Render(c, http.StatusOK, views.PaymentRow(list, &row))
	}
	v, err := h.paymentDetail(c, form.ID, nil)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return web.Render(c, http.StatusOK, views.PaymentDetailRegion(*v))
	}
	return web.Render(c, http.StatusOK, views.PaymentDetailPage(web.Page(c, "/sales/payments", views.PaymentTitle(c.Request().Context(), v.PaymentDetail)), *v))
}

// DownloadPayments is the registry file: the table as it is filtered, or extended with what the details have. It
// is sent while it is made; a download that breaks off is cut short for all to see.
func (h *Handlers) DownloadPayments(c echo.Context) error {
	name := "payments-" + time.Now().UTC().Format(time.DateOnly) + ".xlsx"
	if c.Request().Method == http.MethodHead {
		fileHeaders(c, models.ExportXLSX, name)
		return c.NoContent(http.StatusOK)
	}
	v, err := h.paymentFrame(c, c.QueryParams())
	if err != nil {
		return err
	}
	extended := c.QueryParam("with") == "details"
	if err := h.DB.NotePaymentFile(c.Request().Context(), web.Actor(c), v.Filter, extended); err != nil {
		return err
	}
	fileHeaders(c, models.ExportXLSX, name)
	c.Response().WriteHeader(http.StatusOK)
	if err := h.sendPayments(c.Request().Context(), v, extended, newDownload(c)); err != nil {
		slog.ErrorContext(c.Request().Context(), "send the registry of payments", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (h *Handlers) sendPayments(ctx context.Context, v views.PaymentListView, extended bool, to *download) error {
	began := time.Now()
	file := views.NewPaymentFile(v, extended, to)
	if err := h.DB.EachPayment(ctx, v.Filter, v.Choices, extended, file.Add); err != nil {
		return err
	}
	return file.Finish(began)
}
