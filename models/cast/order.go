package cast

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// Order is an order of the cast with everything that belongs to it. Money is minor units.
type Order struct {
	ID          int64
	Store       int64
	At          time.Time
	Partner     string // GoFynd order id; "" when Fynd has not created it
	Name        string
	Email       string
	Phone       string
	Company     string
	Status      string
	Reason      string // of a missing order
	Gateway     string
	Method      string // as people read it
	Currency    string
	City        string
	Country     string
	Lines       []Line
	Shipping    int64
	ShippingTax int64
	Payment     *Payment
	Unheard     Unheard
	Requests    []Request
	Events      []string // other partner events, in order
}

// Line is quantity pieces of something.
type Line struct {
	SKU, Name           string
	Quantity            int64
	Unit, Discount, Tax int64
}

func (l Line) total() int64 { return l.Quantity*l.Unit - l.Discount + l.Tax }

// Payment is how an order was paid for. Its amount is the order's total.
type Payment struct {
	Ref           string
	OrderRef      string
	Status        models.PaymentStatus
	Method        string
	Last4         string
	RRN           string
	Captured      bool
	Refunded      int64 // by Refund Money, an hour after the order
	Reserved      int64 // a refund at the gateway for over an hour
	CaptureBefore time.Duration
	Fiscal        Fiscal // at PayKeeper
}

// Unheard is how an order stands at its gateway, of which only the order's number there is known here: its webhook was
// lost, or the buyer has not tried to pay.
type Unheard struct {
	ID    string // the gateway's, of the payment
	State string // in the words of the gateway's sandbox; "" for what is known here
}

// Request is a REFUND_INITIATED the partner sent.
type Request struct {
	ID      string
	Minor   int64
	Waiting bool
}

// Total is what the order comes to.
func (o *Order) Total() int64 {
	total := o.Shipping + o.ShippingTax
	for _, l := range o.Lines {
		total += l.total()
	}
	return total
}

// Insert writes the order and all that belongs to it, in one transaction.
func (o *Order) Insert(ctx context.Context, db *models.DB) error {
	return pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
		for _, step := range []func(context.Context, pgx.Tx) error{o.insertOrder, o.insertLines, o.insertPayment, o.insertEvents} {
			if err := step(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *Order) insertOrder(ctx context.Context, tx pgx.Tx) error {
	var items, discount, tax int64
	for _, l := range o.Lines {
		items, discount, tax = items+l.Quantity*l.Unit, discount+l.Discount, tax+l.Tax
	}
	address, err := json.Marshal(models.Address{Name: o.Name, Company: o.Company, Line1: "14 Garden Road", City: o.City, Country: o.Country, Phone: o.Phone})
	if err != nil {
		return fmt.Errorf("write the address: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO orders (id, store_id, partner_order_id, affiliate_order_id, gid, customer_name, customer_email, customer_phone, company,
			status, status_reason, payment_method, gateway, currency, items_minor, discount_minor, tax_minor, shipping_minor, shipping_tax_minor, total_minor,
			billing_address, shipping_address, date_added, date_modified)
		VALUES ($1, $2, nullif($3, ''), $4, nullif($5, ''), $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21, $22, $22)`,
		o.ID, o.Store, o.Partner, fmt.Sprint(o.ID), o.gid(), o.Name, o.Email, o.Phone, o.Company, o.Status, o.Reason, o.Method, o.Gateway, o.Currency,
		items, discount, tax, o.Shipping, o.ShippingTax, o.Total(), address, o.At)
	if err != nil {
		return fmt.Errorf("insert the order: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO order_history (order_id, store_id, at, actor, actor_name, kind, to_status, comment)
		VALUES ($1, $2, $3, 'webhook', 'Shop', 'created', $4, 'Order placed.')`, o.ID, o.Store, o.At, o.Status)
	if err != nil {
		return fmt.Errorf("insert the history: %w", err)
	}
	return nil
}

// gid is the partner's global id: the partner order id with another head.
func (o *Order) gid() string {
	if len(o.Partner) < 3 {
		return ""
	}
	return "TR" + o.Partner[2:]
}

func (o *Order) insertLines(ctx context.Context, tx pgx.Tx) error {
	for i, l := range o.Lines {
		_, err := tx.Exec(ctx, `INSERT INTO order_items (order_id, store_id, position, sku, name, quantity, unit_minor, discount_minor, tax_minor, total_minor)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, o.ID, o.Store, i+1, l.SKU, l.Name, l.Quantity, l.Unit, l.Discount, l.Tax, l.total())
		if err != nil {
			return fmt.Errorf("insert line %d: %w", i+1, err)
		}
	}
	return nil
}

func (o *Order) insertPayment(ctx context.Context, tx pgx.Tx) error {
	p := o.Payment
	if p == nil {
		return nil
	}
	total := o.Total()
	var authorized, captured int64
	if p.Captured || p.Status == models.PaymentAuthorized {
		authorized = total
	}
	if p.Captured {
		captured = total
	}
	var before, refunding *time.Time
	if p.CaptureBefore > 0 {
		before = new(time.Now().UTC().Add(p.CaptureBefore))
	}
	if p.Reserved > 0 {
		refunding = new(o.At.Add(time.Hour))
	}
	params, err := json.Marshal(o.params())
	if err != nil {
		return fmt.Errorf("write the parameters: %w", err)
	}
	fiscal, first6 := []byte("{}"), ""
	if p.Fiscal != nil {
		if fiscal, err = json.Marshal(p.Fiscal); err != nil {
			return fmt.Errorf("write the receipt: %w", err)
		}
	}
	if o.Gateway == "paykeeper" && p.Last4 != "" {
		first6 = cardHead
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO payments (order_id, store_id, gateway, mode, ref, order_ref, status, provider_status, method, currency, amount_minor, authorized_minor,
			captured_minor, refunded_minor, refund_reserved_minor, capture_before, card_first6, card_last4, rrn, params, fiscal, refunding_since, created_at, updated_at)
		VALUES ($1, $2, $3, 'test', nullif($4, ''), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $22) RETURNING id`,
		o.ID, o.Store, o.Gateway, p.Ref, p.OrderRef, p.Status, o.providerWord(), p.Method, o.Currency, total, authorized, captured, p.Refunded, p.Reserved,
		before, first6, p.Last4, p.RRN, params, fiscal, refunding, o.At).Scan(&id)
	if err != nil {
		return fmt.Errorf("insert the payment: %w", err)
	}
	if p.Refunded > 0 {
		if err := o.insertRefund(ctx, tx, id, p.Refunded, "succeeded", "rfnd_"+p.Ref[4:]); err != nil {
			return err
		}
	}
	if p.Reserved > 0 {
		return o.insertRefund(ctx, tx, id, p.Reserved, "pending", "reverse-"+p.Ref)
	}
	return nil
}

func (o *Order) providerWord() string {
	if o.Gateway != "razorpay" {
		return string(o.Payment.Status)
	}
	switch {
	case o.Payment.Refunded > 0 && o.Payment.Refunded == o.Total():
		return "refunded"
	case o.Payment.Captured:
		return "captured"
	default:
		return string(o.Payment.Status)
	}
}

// insertRefund writes a refund that Asha asked for an hour after the order.
func (o *Order) insertRefund(ctx context.Context, tx pgx.Tx, payment, minor int64, state, ref string) error {
	at := o.At.Add(time.Hour)
	var finished *time.Time
	if state == "succeeded" {
		finished = new(at.Add(3 * time.Second))
	}
	_, err := tx.Exec(ctx, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, reason, requested_by, requester, digest,
			idempotency_key, state, attempts, first_sent_at, ref, word, created_at, updated_at, finished_at)
		SELECT $1, $2, $3, 'refund', 'staff', $4, $5, 'returned', u.id, u.name, '\x00', $6, $7, 1, $8, $9, 'processed', $8, $8, $10
		FROM users u WHERE u.email = 'support@ruosh.example'`,
		o.Store, o.ID, payment, minor, o.Currency, fmt.Sprintf("kfycast%d", o.ID), state, at, ref, finished)
	if err != nil {
		return fmt.Errorf("insert the refund: %w", err)
	}
	amount := money.New(minor, o.Currency)
	said := fmt.Sprintf("Refund of %s accepted by the gateway as %s (answer).", amount, ref)
	if state == "succeeded" {
		said = fmt.Sprintf("Refund of %s done as %s (answer).", amount, ref)
	}
	_, err = tx.Exec(ctx, `INSERT INTO order_history (order_id, store_id, at, actor, actor_id, actor_name, kind, comment)
		SELECT $1::bigint, $2::bigint, $3::timestamptz, 'user', u.id, u.name, 'operation', $4 FROM users u WHERE u.email = 'support@ruosh.example'
		UNION ALL SELECT $1::bigint, $2::bigint, $3::timestamptz + interval '3 seconds', 'job', null, 'kartify', 'operation', $5`,
		o.ID, o.Store, at, fmt.Sprintf("Refund of %s requested: Goods returned.", amount), said)
	if err != nil {
		return fmt.Errorf("insert the refund's history: %w", err)
	}
	return nil
}

func (o *Order) insertEvents(ctx context.Context, tx pgx.Tx) error {
	at := o.At
	last := ""
	add := func(event, request string, minor *int64, waiting bool) error {
		at, last = at.Add(20*time.Minute), event
		var closed *time.Time
		by := ""
		if event == models.EventRefundInitiated && !waiting {
			closed, by = new(at.Add(time.Minute)), "Refunded"
		}
		_, err := tx.Exec(ctx, `INSERT INTO order_events (order_id, store_id, event, request_id, amount_minor, waiting, closed_at, closed_by, occurred_at, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`, o.ID, o.Store, event, request, minor, waiting, closed, by, at)
		if err != nil {
			return fmt.Errorf("insert event %s: %w", event, err)
		}
		return nil
	}
	for _, event := range o.Events {
		if err := add(event, "", nil, false); err != nil {
			return err
		}
	}
	for _, r := range o.Requests {
		if err := add(models.EventRefundInitiated, r.ID, &r.Minor, r.Waiting); err != nil {
			return err
		}
		if !r.Waiting {
			if err := add("REFUND_DONE", r.ID, &r.Minor, false); err != nil {
				return err
			}
		}
	}
	if last == "" {
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE orders SET last_event = $2, last_event_at = $3, date_modified = $3 WHERE id = $1", o.ID, last, at)
	if err != nil {
		return fmt.Errorf("note the last event: %w", err)
	}
	return nil
}
