package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

type (
	orderBody struct {
		StoreID          int64       `json:"store_id" must:"1"`
		PartnerOrderID   string      `json:"partner_order_id,omitempty" max:"100"`
		AffiliateOrderID string      `json:"affiliate_order_id,omitempty" max:"100"`
		Gateway          string      `json:"gateway,omitempty" max:"40"`
		Customer         newCustomer `json:"customer" must:"1"`
		Lines            []newLine   `json:"lines" must:"1"`
		Shipping         *sum        `json:"shipping,omitempty"`
		ShippingTax      *sum        `json:"shipping_tax,omitempty"`
		Total            *sum        `json:"total" must:"1"`
		BillingAddress   *newAddress `json:"billing_address,omitempty"`
		ShippingAddress  *newAddress `json:"shipping_address,omitempty"`
		ReturnURL        string      `json:"return_url,omitempty" max:"1000"`
	}
	newCustomer struct {
		Name    string `json:"name" must:"1"`
		Email   string `json:"email,omitempty" max:"254"`
		Phone   string `json:"phone,omitempty" max:"50"`
		Company string `json:"company,omitempty"`
	}
	newLine struct {
		SKU      string `json:"sku,omitempty" max:"100"`
		Name     string `json:"name" must:"1"`
		Quantity int64  `json:"quantity" must:"1"`
		Unit     *sum   `json:"unit" must:"1"`
		Discount *sum   `json:"discount,omitempty"`
		Tax      *sum   `json:"tax,omitempty"`
	}
	newAddress struct {
		Name     string `json:"name,omitempty"`
		Company  string `json:"company,omitempty"`
		Line1    string `json:"line1,omitempty"`
		Line2    string `json:"line2,omitempty"`
		Landmark string `json:"landmark,omitempty"`
		City     string `json:"city,omitempty"`
		State    string `json:"state,omitempty"`
		Postcode string `json:"postcode,omitempty" max:"20"`
		Country  string `json:"country,omitempty"`
		Phone    string `json:"phone,omitempty" max:"50"`
		Email    string `json:"email,omitempty" max:"254"`
	}
)

// CreateOrder is POST /orders: an order, and where its buyer can pay.
func (a *API) CreateOrder(c echo.Context) error {
	var in orderBody
	if err := read(c, &in); err != nil {
		return err
	}
	asked, err := in.order()
	if err != nil {
		return err
	}
	asked.By, asked.Address = web.Actor(c), a.address(c)
	return a.once(c, in, false, func(ctx context.Context, db *models.DB, _ string) (outcome, error) {
		made, err := db.CreateOrder(ctx, asked)
		if errors.Is(err, models.ErrNotFound) {
			return outcome{}, wrong([]fieldError{{Pointer: "/store_id", Detail: "There is no such store, or it is not for this token."}})
		}
		if err != nil {
			return outcome{}, err //nolint:wrapcheck // says what it did
		}
		body := struct {
			order
			PaymentLink *string `json:"payment_link"`
		}{orderOf(made.Order, made.Items), text(made.PaymentLink)}
		return outcome{http.StatusCreated, orderPath(made.Order.ID), body}, nil
	})
}

// order is what the body asks for. All its money is of one currency, the total's.
func (in orderBody) order() (models.NewOrder, error) {
	r := &sums{currency: in.Total.Currency}
	out := models.NewOrder{
		StoreID: in.StoreID, PartnerOrderID: in.PartnerOrderID, AffiliateOrderID: in.AffiliateOrderID, Gateway: in.Gateway, Currency: in.Total.Currency,
		Customer:      models.NewCustomer{Name: in.Customer.Name, Email: in.Customer.Email, Phone: in.Customer.Phone, Company: in.Customer.Company},
		ShippingMinor: r.minor("/shipping", in.Shipping), ShippingTaxMinor: r.minor("/shipping_tax", in.ShippingTax), TotalMinor: r.minor("/total", in.Total),
		Billing: in.BillingAddress.address(), Shipping: in.ShippingAddress.address(), ReturnURL: in.ReturnURL,
	}
	if in.BillingAddress == nil {
		out.Billing = out.Shipping
	}
	if in.ShippingAddress == nil {
		out.Shipping = out.Billing
	}
	for i, l := range in.Lines {
		at := fmt.Sprintf("/lines/%d", i)
		out.Lines = append(out.Lines, models.NewLine{
			SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, UnitMinor: r.minor(at+"/unit", l.Unit), DiscountMinor: r.minor(at+"/discount", l.Discount), TaxMinor: r.minor(at+"/tax", l.Tax),
		})
	}
	return out, r.err
}

// sums reads the amounts of one currency, and keeps the first that is wrong.
type sums struct {
	currency string
	err      error
}

func (r *sums) minor(pointer string, s *sum) int64 {
	amount, err := s.read(pointer)
	if err == nil && s != nil && s.Currency != r.currency {
		err = wrong([]fieldError{{Pointer: pointer + "/currency", Detail: "The total is in " + r.currency + ", and so is everything else of an order."}})
	}
	if r.err == nil {
		r.err = err
	}
	return amount.Minor
}

func (a *newAddress) address() models.Address {
	if a == nil {
		return models.Address{}
	}
	return models.Address{
		Name: a.Name, Company: a.Company, Line1: a.Line1, Line2: a.Line2, Landmark: a.Landmark, City: a.City, State: a.State, Postcode: a.Postcode,
		Country: a.Country, Phone: a.Phone, Email: a.Email,
	}
}
