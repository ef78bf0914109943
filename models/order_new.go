package models

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/kartify/kartify/money"
)

// NewOrder is an order that a shop or its ERP hands over. Its money is minor units of Currency.
type NewOrder struct {
	StoreID          int64
	PartnerOrderID   string // "" for none
	AffiliateOrderID string // the shop's own number, "" for none
	Currency         string // "" for the store's
	Gateway          string // the only one to pay with; "" lets the buyer choose
	Customer         NewCustomer
	Lines            []NewLine
	ShippingMinor    int64
	ShippingTaxMinor int64
	TotalMinor       int64 // what all of it must come to
	Billing          Address
	Shipping         Address
	ReturnURL        string // where the buyer goes after paying; "" for a page of ours
	Address          string // how buyers reach kartify: https://pay.example.com
	By               Actor
}

// NewCustomer is who buys.
type NewCustomer struct{ Name, Email, Phone, Company string }

// NewLine is a line of a new order: quantity × unit − discount + tax.
type NewLine struct {
	SKU, Name                          string
	Quantity                           int64
	UnitMinor, DiscountMinor, TaxMinor int64
}

// CreatedOrder is an order just made, and the address at which its buyer can pay: "" when the store has no gateway
// to pay with, or nothing is to be paid.
type CreatedOrder struct {
	Order       *Order
	Items       []OrderItem
	PaymentLink string
}

// CreateOrder makes an order that waits for its payment, or for nothing when it is paid on delivery. What is wrong
// with it is a Problem, whose Field is the way to the member that is wrong: lines/0/quantity.
func (db *DB) CreateOrder(ctx context.Context, in NewOrder) (*CreatedOrder, error) {
	out := &CreatedOrder{}
	err := db.Tx(ctx, func(tx *DB) error {
		store, err := tx.Store(ctx, in.StoreID)
		if err != nil {
			return err
		}
		if out.Order, out.Items, err = tx.newOrder(in, store); err != nil {
			return err
		}
		if err := tx.checkReturn(ctx, store.ID, in.ReturnURL); err != nil {
			return inField("return_url", err)
		}
		if err := tx.insertOrder(ctx, out.Order, out.Items); err != nil {
			return err
		}
		order := out.Order
		err = tx.addHistory(ctx, OrderHistory{OrderID: order.ID, StoreID: order.StoreID, Kind: "created", ToStatus: &order.Status, Comment: "Created through the API."}, in.By)
		if err != nil {
			return err
		}
		if err := tx.wakeOrder(ctx, order); err != nil {
			return err
		}
		if out.PaymentLink, err = tx.linkFor(ctx, order, store, in); err != nil {
			return err
		}
		if err := tx.in(ctx).First(order, "id = ?", order.ID).Error; err != nil { // with the version it has by now
			return fmt.Errorf("read it back: %w", err)
		}
		return tx.audit(ctx, order.StoreID, in.By, "order.created", "order "+strconv.FormatInt(order.ID, 10), &order.ID, map[string]any{
			"total_minor": order.TotalMinor, "currency": order.Currency, "partner_order_id": in.PartnerOrderID,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("create an order: %w", err)
	}
	return out, nil
}

// linkFor is the payment link of a new order, where it can be paid.
func (db *DB) linkFor(ctx context.Context, order *Order, store *Store, in NewOrder) (string, error) {
	if order.Status != StatusPending || order.TotalMinor == 0 {
		return "", nil
	}
	ways, err := db.payWays(ctx, order, store)
	if err != nil || len(ways) == 0 {
		return "", err
	}
	path, err := db.PaymentLink(ctx, order.ID, in.By)
	if err != nil {
		return "", err
	}
	if in.ReturnURL != "" {
		path += "?" + url.Values{"return": {in.ReturnURL}}.Encode()
	}
	return in.Address + path, nil
}

// newOrder is the order with its lines, checked and not stored.
func (db *DB) newOrder(in NewOrder, store *Store) (*Order, []OrderItem, error) {
	order := &Order{
		StoreID: store.ID, Status: StatusPending, Currency: strings.ToUpper(in.Currency), Gateway: in.Gateway, Version: 1,
		CustomerName: in.Customer.Name, CustomerEmail: in.Customer.Email, CustomerPhone: in.Customer.Phone, Company: in.Customer.Company,
		ShippingMinor: in.ShippingMinor, ShippingTaxMinor: in.ShippingTaxMinor, BillingAddress: in.Billing, ShippingAddress: in.Shipping,
		DateAdded: now(), DateModified: now(),
	}
	if order.Currency == "" {
		order.Currency = store.Currency
	}
	for field, id := range map[string]struct {
		text string
		into **string
	}{"partner_order_id": {in.PartnerOrderID, &order.PartnerOrderID}, "affiliate_order_id": {in.AffiliateOrderID, &order.AffiliateOrderID}} {
		if strings.ContainsFunc(id.text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, nil, FieldProblem(field, "An order ID is letters, digits and signs without spaces.")
		}
		if id.text != "" {
			*id.into = &id.text
		}
	}
	switch driver := db.drivers[in.Gateway]; {
	case !money.Known(order.Currency):
		return nil, nil, FieldProblem("currency", "%q is not a currency; use a three-letter code such as INR.", order.Currency)
	case in.Gateway == "cod":
		order.Status, order.PaymentMethod = StatusProcessing, "Cash on delivery" // there is no payment to wait for
	case in.Gateway != "" && (driver.Code == "" || driver.Partner):
		return nil, nil, FieldProblem("gateway", "There is no gateway %q here.", in.Gateway)
	case in.Gateway != "":
		order.PaymentMethod = driver.Name
	}
	items, err := newLines(in.Lines)
	if err != nil {
		return nil, nil, err
	}
	order.TotalMinor = order.ShippingMinor + order.ShippingTaxMinor
	for _, item := range items {
		order.ItemsMinor += item.Quantity * item.UnitMinor
		order.DiscountMinor += item.DiscountMinor
		order.TaxMinor += item.TaxMinor
		order.TotalMinor += item.TotalMinor
	}
	switch {
	case order.TotalMinor > mostMinor:
		return nil, nil, FieldProblem("total", "The amount of the order is larger than any can be; check the digits.")
	case order.TotalMinor != in.TotalMinor:
		return nil, nil, FieldProblem("total", "The total is %s, but the lines and the shipping come to %s.", order.Amount(in.TotalMinor), order.Total())
	}
	return order, items, nil
}

// newLines are the lines of a new order, checked and not stored.
func newLines(lines []NewLine) ([]OrderItem, error) {
	if len(lines) == 0 || len(lines) > 500 {
		return nil, FieldProblem("lines", "An order has 1 to 500 lines.")
	}
	var items []OrderItem
	for i, line := range lines {
		at := func(member, format string, args ...any) error {
			return FieldProblem(fmt.Sprintf("lines/%d/%s", i, member), format, args...)
		}
		item := OrderItem{
			Position: i + 1, SKU: line.SKU, Name: line.Name, Quantity: line.Quantity, UnitMinor: line.UnitMinor, DiscountMinor: line.DiscountMinor, TaxMinor: line.TaxMinor,
		}
		switch {
		case strings.TrimSpace(line.Name) == "":
			return nil, at("name", "Say what is bought.")
		case line.Quantity < 1 || line.Quantity > 100_000:
			return nil, at("quantity", "A quantity is a whole number from 1 to 100000.")
		case line.UnitMinor < 0 || line.UnitMinor > mostMinor/line.Quantity:
			return nil, at("unit", "A price is not below zero, and the line not larger than any order.")
		case line.DiscountMinor < 0 || line.DiscountMinor > line.Quantity*line.UnitMinor:
			return nil, at("discount", "A discount is not below zero, and not more than the line comes to.")
		case line.TaxMinor < 0 || line.TaxMinor > mostMinor:
			return nil, at("tax", "A tax is not below zero, and not larger than any order.")
		}
		item.TotalMinor = item.Quantity*item.UnitMinor - item.DiscountMinor + item.TaxMinor
		items = append(items, item)
	}
	return items, nil
}

// insertOrder stores an order and its lines. A number that another order of the store has is a Problem.
func (db *DB) insertOrder(ctx context.Context, order *Order, items []OrderItem) error {
	for field, id := range map[string]*string{"partner_order_id": order.PartnerOrderID, "affiliate_order_id": order.AffiliateOrderID} {
		if id == nil {
			continue
		}
		var known []int64
		if err := db.in(ctx).Model(&Order{}).Where("store_id = ? AND "+field+" = ?", order.StoreID, *id).Pluck("id", &known).Error; err != nil {
			return fmt.Errorf("look for an order of the same number: %w", err)
		}
		if len(known) > 0 {
			return &Problem{Sentence: fmt.Sprintf("Order %d of this store has this number already.", known[0]), Field: field, Conflict: true}
		}
	}
	err := db.in(ctx).Create(order).Error
	if taken(err) {
		return conflictf("Another order of this store got this number a moment ago.")
	}
	if err != nil {
		return fmt.Errorf("store it: %w", err)
	}
	for i := range items {
		items[i].OrderID, items[i].StoreID = order.ID, order.StoreID
	}
	if err := db.in(ctx).Create(&items).Error; err != nil {
		return fmt.Errorf("store its lines: %w", err)
	}
	return nil
}

// inField says which field a Problem is about, when it does not say so itself.
func inField(field string, err error) error {
	var problem *Problem
	if errors.As(err, &problem) && problem.Field == "" {
		return &Problem{Sentence: problem.Sentence, Field: field, Conflict: problem.Conflict}
	}
	return err
}
