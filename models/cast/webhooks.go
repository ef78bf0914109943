package cast

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// claims are the orders whose webhooks carry another store_ID than their store's.
var claims = map[int64]int64{1016: 0, 1019: Nordisk}

// tale is an event of an order as Fynd told it.
type tale struct {
	ID        int64 // of the event
	OrderID   int64
	StoreID   int64
	Event     string
	RequestID string
	Minor     *int64
	Currency  string
	Partner   string
	GID       string
	Name      string
	Email     string
	Phone     string
	Address   models.Address
	At        time.Time
}

// Webhooks puts into the inbox what Fynd sent about the cast's orders, as it came, and lets a repeat, a
// forgery and one about an unknown order come in. The stores' settings must be there, for the secrets. Doing
// it again changes nothing.
func Webhooks(ctx context.Context, db *models.DB) error {
	err := pgx.BeginFunc(ctx, db.Pool(), func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT e.id, e.order_id, e.store_id, e.event, e.request_id, e.amount_minor AS minor, o.currency, o.partner_order_id AS partner, coalesce(o.gid, '') AS gid,
				o.customer_name AS name, o.customer_email AS email, o.customer_phone AS phone, o.shipping_address AS address, e.received_at AS at
			FROM order_events e JOIN orders o ON o.id = e.order_id
			WHERE e.webhook_id IS NULL AND o.id BETWEEN 1001 AND 1999 AND o.store_id = $1 AND o.partner_order_id IS NOT NULL ORDER BY e.received_at, e.id`, Ruosh)
		if err != nil {
			return fmt.Errorf("read the events: %w", err)
		}
		tales, err := pgx.CollectRows(rows, pgx.RowToStructByName[tale])
		if err != nil {
			return fmt.Errorf("read the events: %w", err)
		}
		for _, t := range tales {
			if err := t.insert(ctx, tx); err != nil {
				return fmt.Errorf("seed the webhook of event %d: %w", t.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return strays(ctx, db)
}

// insert writes the webhook that told an event, acted upon when it came.
func (t *tale) insert(ctx context.Context, tx pgx.Tx) error {
	body, err := json.Marshal(t.body())
	if err != nil {
		return fmt.Errorf("write it: %w", err)
	}
	id := "evt_cast_event_" + strconv.FormatInt(t.ID, 10)
	headers, err := json.Marshal(seal(id, body, GoFynd["secret_key"]))
	if err != nil {
		return fmt.Errorf("write its headers: %w", err)
	}
	sum := sha256.Sum256(body)
	_, err = tx.Exec(ctx, `WITH w AS (INSERT INTO webhooks (source, store_id, claimed_store_id, mode, event, event_id, body_sha256, body, headers, address, verdict, state, effect,
				partner_order_id, order_id, tries, received_at, processed_at)
			VALUES ('gofynd', $1, $2, 'test', $3::text, $4, $5, $6, $7, '203.0.113.40', 'verified', 'processed', $3::text || ' was recorded.', $8, $9, 1, $10::timestamptz, $10::timestamptz + interval '120 milliseconds') RETURNING id)
		UPDATE order_events SET webhook_id = w.id FROM w WHERE order_events.id = $11`,
		t.StoreID, fmt.Sprint(t.claimed()), t.Event, id, sum[:], body, headers, t.Partner, t.OrderID, t.At, t.ID)
	if err != nil {
		return fmt.Errorf("store it: %w", err)
	}
	return nil
}

// claimed is the store_ID that the webhook carries.
func (t *tale) claimed() int64 {
	if store, other := claims[t.OrderID]; other {
		return store
	}
	return t.StoreID
}

func (t *tale) body() map[string]any {
	body := map[string]any{
		"event": t.Event, "gofynd_order_id": t.Partner, "affiliate_order_id": strconv.FormatInt(t.OrderID, 10), "gid": t.GID, "store_id": t.claimed(),
		"currency": t.Currency, "occurred_at": t.At.Format(time.RFC3339),
		"customer":         map[string]any{"name": t.Name, "email": t.Email, "phone": t.Phone},
		"delivery_address": map[string]any{"line1": t.Address.Line1, "city": t.Address.City, "country": t.Address.Country},
	}
	if t.RequestID != "" {
		body["request_id"] = t.RequestID
	}
	if t.Minor != nil {
		body["amount"] = money.New(*t.Minor, t.Currency).Decimal()
	}
	return body
}

// seal is the headers of a webhook of Fynd (Fynd docs, webhooks).
func seal(id string, body []byte, secret string) http.Header {
	return http.Header{"Content-Type": {"application/json"}, "User-Agent": {"fynd-webhook/1.0"}, "X-Fp-Event-Id": {id}, "X-Fp-Signature": {gateways.SumHMAC(body, secret)}}
}

// strays lets in what an inbox also gets: a repeat of Meera's refund request, a forged one, and one about an
// order that nobody here knows.
func strays(ctx context.Context, db *models.DB) error {
	const last = "evt_cast_parked"
	var done bool
	if err := db.Pool().QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM webhooks WHERE event_id = $1)", last).Scan(&done); err != nil {
		return fmt.Errorf("look for stray webhooks: %w", err)
	}
	if done {
		return nil
	}
	var meera []byte
	err := db.Pool().QueryRow(ctx, "SELECT body FROM webhooks WHERE order_id = 1001 AND event = $1 AND duplicate_of IS NULL LIMIT 1", models.EventRefundInitiated).Scan(&meera)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read Meera's request: %w", err)
	}
	forged := []byte(`{"event":"REFUND_INITIATED","gofynd_order_id":"FY64D4E4250DB0CB1001","store_id":40,"amount":"99999.00","currency":"INR","request_id":"1"}`)
	unknown := []byte(`{"event":"REFUND_INITIATED","gofynd_order_id":"FY64D4E4250DB0CB4711","store_id":40,"amount":"250.00","currency":"INR","request_id":"16916747740991418999",` +
		`"customer":{"name":"Nobody Yet","email":"nobody.yet@mail.example"}}`)
	for _, stray := range []struct {
		id     string
		body   []byte
		secret string
	}{
		{"evt_cast_again", meera, GoFynd["secret_key"]},
		{"evt_cast_forged", forged, "not the secret"},
		{last, unknown, GoFynd["secret_key"]},
	} {
		receipt, err := db.ReceiveWebhook(ctx, models.Delivery{Source: "gofynd", Header: seal(stray.id, stray.body, stray.secret), Body: stray.body, Address: "203.0.113.40"})
		if err != nil {
			return fmt.Errorf("receive %s: %w", stray.id, err)
		}
		if stray.id != last {
			continue
		}
		if err := db.ProcessWebhook(ctx, receipt.WebhookID); err != nil {
			return fmt.Errorf("act on %s: %w", stray.id, err)
		}
	}
	return nil
}
