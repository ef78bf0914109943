package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// order is an order as programs read it.
type order struct {
	ID               int64          `json:"id"`
	StoreID          int64          `json:"store_id"`
	PartnerOrderID   *string        `json:"partner_order_id"`
	AffiliateOrderID *string        `json:"affiliate_order_id"`
	Status           string         `json:"status"`
	StatusReason     *string        `json:"status_reason"`
	LastEvent        *string        `json:"last_event"`
	RefundWaiting    bool           `json:"refund_waiting"`
	Customer         customer       `json:"customer"`
	Gateway          *string        `json:"gateway"`
	PaymentMethod    string         `json:"payment_method"`
	Lines            []orderLine    `json:"lines"`
	Shipping         amount         `json:"shipping"`
	ShippingTax      amount         `json:"shipping_tax"`
	Discount         amount         `json:"discount"`
	Tax              amount         `json:"tax"`
	Total            amount         `json:"total"`
	BillingAddress   models.Address `json:"billing_address"`
	ShippingAddress  models.Address `json:"shipping_address"`
	Version          int            `json:"version"`
	DateAdded        time.Time      `json:"date_added"`
	DateModified     time.Time      `json:"date_modified"`
	Payments         []payment      `json:"payments"`
}

type customer struct {
	Name    string `json:"name"`
	Email   string `json:"email"`
	Phone   string `json:"phone"`
	Company string `json:"company"`
}

// orderLine is a line of an order: quantity × unit − discount + tax.
type orderLine struct {
	ItemID   int64  `json:"item_id"`
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Unit     amount `json:"unit"`
	Discount amount `json:"discount"`
	Tax      amount `json:"tax"`
	Total    amount `json:"total"`
}

func orderOf(o *models.Order, items []models.OrderItem) order {
	of := func(minor int64) amount { return amountOf(o.Amount(minor)) }
	out := order{
		ID: o.ID, StoreID: o.StoreID, PartnerOrderID: o.PartnerOrderID, AffiliateOrderID: o.AffiliateOrderID, Status: o.Status, StatusReason: text(o.StatusReason),
		LastEvent: text(o.LastEvent), Customer: customer{o.CustomerName, o.CustomerEmail, o.CustomerPhone, o.Company}, Gateway: text(o.Gateway), PaymentMethod: o.PaymentMethod,
		Lines: []orderLine{}, Shipping: of(o.ShippingMinor), ShippingTax: of(o.ShippingTaxMinor), Discount: of(o.DiscountMinor), Tax: of(o.TaxMinor), Total: of(o.TotalMinor),
		BillingAddress: o.BillingAddress, ShippingAddress: o.ShippingAddress, Version: o.Version, DateAdded: o.DateAdded.UTC(), DateModified: o.DateModified.UTC(), Payments: []payment{},
	}
	out.BillingAddress.Extra, out.ShippingAddress.Extra = nil, nil // a partner's own, which no contract covers
	for _, i := range items {
		out.Lines = append(out.Lines, orderLine{i.ID, i.SKU, i.Name, i.Quantity, of(i.UnitMinor), of(i.DiscountMinor), of(i.TaxMinor), of(i.TotalMinor)})
	}
	return out
}

func orderPath(id int64) string { return fmt.Sprintf("%s/orders/%d", Base, id) }

// ShowOrder is GET /orders/:order.
func (a *API) ShowOrder(c echo.Context) error {
	page, err := a.page(c)
	if err != nil {
		return err
	}
	out := orderOf(page.Order, page.Items)
	out.RefundWaiting, out.Payments = len(page.Waiting()) > 0, paymentsOf(page)
	return c.JSON(http.StatusOK, out) //nolint:wrapcheck // the client has gone
}
