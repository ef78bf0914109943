package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// orderRow is an order as the list has it.
type orderRow struct {
	ID             int64     `json:"id"`
	StoreID        int64     `json:"store_id"`
	PartnerOrderID *string   `json:"partner_order_id"`
	CustomerName   string    `json:"customer_name"`
	CustomerEmail  string    `json:"customer_email"`
	Company        string    `json:"company"`
	Status         string    `json:"status"`
	StatusReason   *string   `json:"status_reason"`
	LastEvent      *string   `json:"last_event"`
	RefundWaiting  bool      `json:"refund_waiting"`
	PaymentMethod  string    `json:"payment_method"`
	Total          amount    `json:"total"`
	DateAdded      time.Time `json:"date_added"`
	DateModified   time.Time `json:"date_modified"`
}

// orderList is a page of the list.
type orderList struct {
	Items      []orderRow `json:"items"`
	Sort       string     `json:"sort"`
	Next       *string    `json:"next"`        // the address of the page after this
	Prev       *string    `json:"prev"`        // and of the one before
	SearchedTo *time.Time `json:"searched_to"` // a long search stopped here; next goes on with it
}

// listParams are what the list can be asked for: every filter of Sales > Orders.
var listParams = []string{
	"q", "parts", "order_id", "partner_order_id", "customer", "status", "event", "waiting", "store", "gateway", "payment_method", "deadline", "reconciled",
	"added_from", "added_to", "modified_from", "modified_to", "amount_from", "amount_to", "sort", "after", "before", "limit",
}

// ListOrders is GET /orders. A filter that makes no sense is refused, where the page of the same list would leave it out.
func (a *API) ListOrders(c echo.Context) error {
	q, ctx := c.QueryParams(), c.Request().Context()
	choices, err := a.db.OrderChoices(ctx, 0)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	var errs []fieldError
	for name, values := range q {
		if !slices.Contains(listParams, name) {
			errs = append(errs, fieldError{Parameter: short(name), Detail: "There is no such filter."})
		} else if len(values) > 1 && name != "status" && name != "event" {
			errs = append(errs, fieldError{Parameter: name, Detail: "This comes once."})
		}
	}
	filter, notices := models.ReadOrderFilter(q, choices)
	for _, n := range notices {
		errs = append(errs, fieldError{Parameter: n.Field, Detail: n.Sentence.String()})
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b fieldError) int { return strings.Compare(a.Parameter, b.Parameter) })
		return wrong(errs)
	}
	list, err := a.db.Orders(ctx, filter, choices)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	if list.ByDate {
		filter.Sort = models.OrderSort{}
	}
	out := orderList{Items: []orderRow{}, Sort: filter.Sort.Param()}
	for i := range list.Rows {
		out.Items = append(out.Items, rowOf(&list.Rows[i]))
	}
	if !list.SearchedTo.IsZero() {
		out.SearchedTo = stamp(&list.SearchedTo)
	}
	var links []string
	turn := func(rel, after, before string) *string {
		f := filter
		f.After, f.Before = after, before
		path := Base + "/orders?" + f.Query().Encode()
		links = append(links, "<"+path+`>; rel="`+rel+`"`)
		return &path
	}
	if list.Next != "" {
		out.Next = turn("next", list.Next, "")
	}
	if list.Prev != "" {
		out.Prev = turn("prev", "", list.Prev)
	}
	if len(links) > 0 {
		c.Response().Header().Set("Link", strings.Join(links, ", "))
	}
	return c.JSON(http.StatusOK, out) //nolint:wrapcheck // the client has gone
}

func rowOf(r *models.OrderRow) orderRow {
	return orderRow{
		ID: r.ID, StoreID: r.StoreID, PartnerOrderID: text(r.PartnerOrderID), CustomerName: r.CustomerName, CustomerEmail: r.CustomerEmail, Company: r.Company,
		Status: r.Status, StatusReason: text(r.StatusReason), LastEvent: text(r.LastEvent), RefundWaiting: r.Waiting, PaymentMethod: r.PaymentMethod,
		Total: amountOf(r.Total()), DateAdded: r.DateAdded.UTC(), DateModified: r.DateModified.UTC(),
	}
}
