package cast

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// A MailOrder is an order whose customer asks why there is no e-mail, with the webhook that told it.
type MailOrder struct {
	Order
	StoreID  int64 // store_ID as the webhook carries it
	Received bool  // whether Fynd's webhook came at all
}

// MailOrders are the orders around e-mails: one that went well, and one for each way to get none. Order 1013,
// which has no partner order ID, belongs to them too. Their addresses tell the demo's mail server how to behave.
func MailOrders(now time.Time) []MailOrder {
	order := func(id int64, hours float64, name, email string) Order {
		o := Order{
			ID: id, At: now.UTC().Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Second), Name: name, Email: email, Status: models.StatusProcessing,
			Lines: []Line{{"STO-0210", "Pashmina stole, saffron", 1, 61000, 0, 7320}}, Shipping: 4000, ShippingTax: 720,
			Payment: &Payment{Ref: ref("pay", int(id-1000)), OrderRef: ref("order", int(id-1000)), Status: models.PaymentSuccess, Method: "upi", Captured: true},
		}
		o.Fill()
		return o
	}
	return []MailOrder{
		{order(1031, 4, "Ishaan Mehta", "ishaan.mehta@mail.example"), Ruosh, true},
		{order(1032, 4.2, "Kavya Nair", "kavya.nair@mail.example"), 0, true},
		{order(1033, 4.4, "Zoya Khan", "zoya.khan@mail.example"), Ruosh, false},
		{order(1034, 4.6, "Harsh Vardhan", "harsh.vardhan@bounce.example"), Ruosh, true},
		{order(1035, 4.8, "Mitali Sen", "mitali.sen@silence.example"), Ruosh, true},
		{order(1036, 5, "Rehan Ali", "rehan.ali@mail.example"), Nordisk, true},
	}
}

// Mail puts in the orders around e-mails, lets Fynd's webhooks about them come in, and decides about the e-mails of
// the cast's other webhooks. Doing it again changes nothing.
func Mail(ctx context.Context, db *models.DB, now time.Time) error {
	orders := MailOrders(now)
	var there bool
	if err := db.Pool().QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM orders WHERE id = $1)", orders[0].ID).Scan(&there); err != nil {
		return fmt.Errorf("look for the orders around e-mails: %w", err)
	}
	if there {
		return nil
	}
	if err := decideMails(ctx, db); err != nil {
		return err
	}
	for _, order := range orders {
		if err := order.Insert(ctx, db); err != nil {
			return fmt.Errorf("seed order %d: %w", order.ID, err)
		}
		if !order.Received {
			continue
		}
		if err := order.Tell(ctx, db); err != nil {
			return fmt.Errorf("tell order %d: %w", order.ID, err)
		}
	}
	return nil
}

// decideMails decides about the webhooks that were put in as if they had been acted upon long ago.
func decideMails(ctx context.Context, db *models.DB) error {
	rows, err := db.Pool().Query(ctx, `SELECT id FROM webhooks w WHERE source = 'gofynd' AND state = 'processed' AND order_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM emails e WHERE e.webhook_id = w.id) ORDER BY id`)
	if err != nil {
		return fmt.Errorf("look for webhooks without a decision: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("look for webhooks without a decision: %w", err)
	}
	for _, id := range ids {
		if err := db.DecideMail(ctx, id); err != nil {
			return err //nolint:wrapcheck // names the webhook
		}
	}
	return nil
}

// Tell lets Fynd's webhook about the order come in, as it travels.
func (o *MailOrder) Tell(ctx context.Context, db *models.DB) error {
	body, err := json.Marshal(map[string]any{
		"event": "ORDER_PLACED", "gofynd_order_id": o.Partner, "affiliate_order_id": strconv.FormatInt(o.ID, 10), "gid": o.gid(), "store_id": o.StoreID,
		"currency": o.Currency, "occurred_at": o.At.Add(time.Minute).Format(time.RFC3339),
	})
	if err != nil {
		return fmt.Errorf("write the webhook: %w", err)
	}
	header := http.Header{
		"Content-Type": {"application/json"}, "X-Fp-Event-Id": {fmt.Sprintf("evt_cast_%d", o.ID)}, "X-Fp-Signature": {gateways.SumHMAC(body, GoFynd["secret_key"])},
	}
	receipt, err := db.ReceiveWebhook(ctx, models.Delivery{Source: "gofynd", Header: header, Body: body, Address: "127.0.0.1"})
	if err != nil {
		return fmt.Errorf("receive the webhook: %w", err)
	}
	if receipt.Verdict != models.Verified {
		return fmt.Errorf("the webhook was %s", receipt.Verdict)
	}
	return nil
}
