package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/kartify/kartify/notify"
)

// notice is what a shop is told of a payment as it stands now.
func (db *DB) notice(ctx context.Context, n *Notification, p *Payment) (notify.Notice, error) {
	var order Order
	if err := db.in(ctx).First(&order, "id = ?", p.OrderID).Error; err != nil {
		return notify.Notice{}, fmt.Errorf("read order %d: %w", p.OrderID, err)
	}
	var fiscal string
	if err := db.in(ctx).Raw("SELECT fiscal::text FROM payments WHERE id = ?", p.ID).Scan(&fiscal).Error; err != nil {
		return notify.Notice{}, fmt.Errorf("read the receipt of payment %d: %w", p.ID, err)
	}
	var receipt struct {
		Key string `json:"fop_receipt_key"`
	}
	if err := json.Unmarshal([]byte(fiscal), &receipt); err != nil {
		return notify.Notice{}, fmt.Errorf("read the receipt of payment %d: %w", p.ID, err)
	}
	said := notify.Notice{
		ID: strconv.FormatInt(p.ID, 10), Sum: p.Captured(), Client: order.CustomerName, Order: cmp.Or(order.PartnerID(), strconv.FormatInt(order.ID, 10)),
		Service: p.param("service_name"), Email: order.CustomerEmail, Phone: order.CustomerPhone,
		System: cmp.Or(p.param("ps_id"), p.param("payment_system_id"), p.Gateway), Receipt: receipt.Key, Card: p.maskedCard(),
		Gateway: p.Gateway, GatewayRef: deref(p.Ref),
	}
	if n.ObtainedAt != nil {
		said.Obtained = *n.ObtainedAt
	}
	if p.Status == PaymentAuthorized {
		said.Sum, said.BatchDate = p.Amount(p.AuthorizedMinor), *p.CaptureBefore
	}
	return said, nil
}

// param is a text that the provider wrote down about a payment.
func (p *Payment) param(name string) string {
	text, _ := p.Params[name].(string)
	return text
}

// maskedCard is the card's number with its middle hidden, or "".
func (p *Payment) maskedCard() string {
	if p.CardLast4 == "" {
		return ""
	}
	return cmp.Or(p.CardFirst6, "******") + "******" + p.CardLast4
}
