package models

import (
	"cmp"
	"context"
	"fmt"

	"github.com/kartify/kartify/gateways"
)

// checkoutOf is an order in the words that every provider understands.
func (db *DB) checkoutOf(ctx context.Context, c *Checkout, settings *GatewaySettings, req CheckoutRequest) (gateways.Checkout, error) {
	var order Order
	if err := db.in(ctx).First(&order, "id = ?", c.OrderID).Error; err != nil {
		return gateways.Checkout{}, fmt.Errorf("read order %d: %w", c.OrderID, err)
	}
	lines, err := db.checkoutLines(ctx, c, order.TotalMinor)
	if err != nil {
		return gateways.Checkout{}, err
	}
	store, err := db.Store(ctx, c.StoreID)
	if err != nil {
		return gateways.Checkout{}, err
	}
	hold, err := db.holds(ctx, c, settings)
	if err != nil {
		return gateways.Checkout{}, err
	}
	callbacks := fmt.Sprintf("%s/callbacks/%s/%d", req.Address, c.Gateway, c.StoreID)
	back := req.Address + "/pay/" + req.Token + "/result"
	notify, turned := callbacks, back
	switch c.Gateway {
	case "ccavenue": // its buyers bring the answer back themselves
		back, notify = callbacks+"/return", callbacks+"/echo"
		turned = back
	case "klarna", "razorpay": // their pages have a way back of their own, besides those for buyers who paid or were declined
		turned = back + "?turned=back"
	}
	return gateways.Checkout{
		OrderRef: c.OrderRef, Amount: order.Total(), Lines: lines, Customer: customerOf(&order),
		Hold: hold, Locale: store.Locale,
		ReturnURL: back, CancelURL: turned, NotifyURL: notify, Key: c.Key,
	}, nil
}

// holds says whether the money is only held when the buyer pays: as the extension says whose session it is, else as
// the gateway's settings say.
func (db *DB) holds(ctx context.Context, c *Checkout, settings *GatewaySettings) (bool, error) {
	s, err := db.sessionOfLink(ctx, c.LinkID)
	if s == nil || err != nil {
		return settings.Values["payment_action"] == "authorize", err
	}
	e, err := db.FyndExtension(ctx, s.ExtensionID)
	if err != nil {
		return false, err
	}
	return !e.AutoCapture, nil
}

// customerOf is who pays, by the order's addresses.
func customerOf(o *Order) gateways.Customer {
	a, b := o.BillingAddress, o.ShippingAddress
	return gateways.Customer{
		Name: cmp.Or(a.Name, o.CustomerName, b.Name), Email: cmp.Or(o.CustomerEmail, a.Email, b.Email), Phone: cmp.Or(o.CustomerPhone, a.Phone, b.Phone),
		Address: cmp.Or(a.Line1, b.Line1), City: cmp.Or(a.City, b.City), Postcode: cmp.Or(a.Postcode, b.Postcode), Region: cmp.Or(a.State, b.State),
		Country: cmp.Or(a.Country, b.Country), Organization: cmp.Or(o.Company, a.Company),
	}
}

// checkoutLines are the lines of an order with tax in their prices. They add up to its total, or there are none.
func (db *DB) checkoutLines(ctx context.Context, c *Checkout, total int64) ([]gateways.Line, error) {
	at, err := db.position(ctx, &Payment{ID: c.PaymentID, OrderID: c.OrderID, StoreID: c.StoreID, Gateway: c.Gateway})
	if err != nil {
		return nil, err
	}
	lines := gatewayLines(orderLines(at))
	for _, line := range lines {
		total -= line.Total
	}
	if total != 0 {
		return nil, nil
	}
	return lines, nil
}
