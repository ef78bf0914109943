package models

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// gathered is one order of a person with everything that is kept of it.
const gathered = `
SELECT jsonb_build_object(
	'order', (to_jsonb(o) - 'version'),
	'lines', (SELECT coalesce(jsonb_agg(to_jsonb(x) - 'order_id' - 'store_id' ORDER BY x.position), '[]') FROM order_items x WHERE x.order_id = o.id),
	'payments', (SELECT coalesce(jsonb_agg(to_jsonb(x) - 'version' - 'order_id' - 'store_id' ORDER BY x.id), '[]') FROM payments x WHERE x.order_id = o.id),
	'operations', (SELECT coalesce(jsonb_agg(to_jsonb(x) - 'token_hash' - 'digest' - 'idempotency_key' - 'lease_until' - 'order_id' - 'store_id' - 'requested_by' - 'approved_by' - 'requester'
		|| jsonb_build_object('attempts', (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'operation_id' - 'store_id' ORDER BY a.n), '[]') FROM operation_attempts a WHERE a.operation_id = x.id)) ORDER BY x.id), '[]')
		FROM operations x WHERE x.order_id = o.id),
	'events', (SELECT coalesce(jsonb_agg(to_jsonb(x) - 'order_id' - 'store_id' ORDER BY x.id), '[]') FROM order_events x WHERE x.order_id = o.id),
	'history', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', x.at, 'kind', x.kind, 'from', x.from_status, 'to', x.to_status, 'comment', x.comment) ORDER BY x.id), '[]') FROM order_history x WHERE x.order_id = o.id),
	'emails', (SELECT coalesce(jsonb_agg(jsonb_build_object('event', x.event, 'state', x.state, 'recipient', x.recipient, 'subject', x.subject, 'text', x.text_body, 'why', x.why, 'created_at', x.created_at, 'done_at', x.done_at) ORDER BY x.id), '[]')
		FROM emails x WHERE x.order_id = o.id AND x.audience = 'customer'),
	'shop_was_told', (SELECT coalesce(jsonb_agg(jsonb_build_object('at', x.started_at, 'channel', x.channel, 'outcome', x.outcome, 'sent', x.sent) ORDER BY x.id), '[]')
		FROM notification_attempts x JOIN notifications n ON n.id = x.notification_id WHERE n.order_id = o.id),
	'fynd_was_told', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', x.kind, 'status', x.status, 'state', x.state, 'log', x.log, 'created_at', x.created_at) ORDER BY x.id), '[]') FROM partner_updates x WHERE x.order_id = o.id),
	'payment_sessions', (SELECT coalesce(jsonb_agg(jsonb_build_object('gid', x.gid, 'created_at', x.created_at, 'body', x.body) ORDER BY x.created_at), '[]') FROM fynd_sessions x WHERE x.order_id = o.id),
	'refund_sessions', (SELECT coalesce(jsonb_agg(jsonb_build_object('request_id', x.request_id, 'created_at', x.created_at, 'body', x.body) ORDER BY x.id), '[]') FROM fynd_refunds x WHERE x.order_id = o.id),
	'checkouts', (SELECT coalesce(jsonb_agg(jsonb_build_object('gateway', x.gateway, 'order_ref', x.order_ref, 'state', x.state, 'form', x.form, 'created_at', x.created_at) ORDER BY x.id), '[]') FROM checkouts x WHERE x.order_id = o.id)
)::text FROM orders o WHERE o.id = $1`

// message is a webhook as the data of a person has it.
type heard struct {
	From       string    `json:"from"`
	Event      string    `json:"event"`
	ReceivedAt time.Time `json:"received_at"`
	Body       string    `json:"body"`
}

// gatherData makes the file with everything that is kept about a person.
func (db *DB) gatherData(ctx context.Context, r *PrivacyRequest, p Person) (map[string]int64, error) {
	ids, err := db.personOrders(ctx, r.Stores, p)
	if err != nil {
		return nil, err
	}
	counts, err := db.countKept(ctx, ids)
	if err != nil {
		return nil, err
	}
	type gatheredOrder struct {
		Kept     json.RawMessage `json:"kept"`
		Messages []heard         `json:"messages"`
	}
	orders := []gatheredOrder{}
	for _, id := range ids {
		var text string
		if err := db.pool.QueryRow(ctx, gathered, id).Scan(&text); err != nil {
			return nil, fmt.Errorf("gather order %d: %w", id, err)
		}
		rows, err := db.pool.Query(ctx, "SELECT source, event, received_at, body FROM webhooks WHERE order_id = $1 AND erased_at IS NULL ORDER BY id", id)
		if err != nil {
			return nil, fmt.Errorf("gather the messages of order %d: %w", id, err)
		}
		o := gatheredOrder{Kept: json.RawMessage(text), Messages: []heard{}}
		var h heard
		var body []byte
		_, err = pgx.ForEachRow(rows, []any{&h.From, &h.Event, &h.ReceivedAt, &body}, func() error {
			h.Body = textOf(string(body))
			o.Messages = append(o.Messages, h)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("gather the messages of order %d: %w", id, err)
		}
		orders = append(orders, o)
	}
	data, err := json.Marshal(map[string]any{"about": p, "request_id": r.RequestID, "gathered_at": now(), "stores": r.Stores, "orders": orders})
	if err != nil {
		return nil, fmt.Errorf("write the data down: %w", err)
	}
	var file bytes.Buffer
	if err := json.Indent(&file, data, "", "  "); err != nil {
		return nil, fmt.Errorf("write the data down: %w", err)
	}
	sealed, err := db.keys.Seal(filePlace(r.ID), file.String())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file.Bytes())
	_, err = db.pool.Exec(ctx, `INSERT INTO privacy_files (request_id, data, bytes, sha256, expires_at) VALUES ($1, $2, $3, $4, now() + $5::interval)
		ON CONFLICT (request_id) DO UPDATE SET data = excluded.data, bytes = excluded.bytes, sha256 = excluded.sha256, created_at = now(), expires_at = excluded.expires_at`,
		r.ID, sealed, file.Len(), sum[:], PrivacyFileLifetime)
	if err != nil {
		return nil, fmt.Errorf("keep the data: %w", err)
	}
	return counts, nil
}

func filePlace(request int64) string { return fmt.Sprintf("privacy file %d", request) }

// PrivacyFile is the data of a person for a member of staff who hands it over. Everybody with the right gets it once,
// until it expires; each time is audited.
func (db *DB) PrivacyFile(ctx context.Context, id int64, by *User, address string) ([]byte, error) {
	r, err := db.PrivacyRequest(ctx, id)
	if err != nil {
		return nil, err
	}
	var sealed string
	err = db.Tx(ctx, func(tx *DB) error {
		err := tx.raw(func(conn *pgx.Conn) error {
			if err := conn.QueryRow(ctx, "SELECT data FROM privacy_files WHERE request_id = $1 AND expires_at > now()", id).Scan(&sealed); err != nil {
				return err //nolint:wrapcheck // below
			}
			tag, err := conn.Exec(ctx, "INSERT INTO privacy_downloads (request_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", id, by.ID)
			if err == nil && tag.RowsAffected() == 0 {
				return conflictf("You have taken this file away already. Ask for the data once more to get it again.")
			}
			return err //nolint:wrapcheck // below
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.audit(ctx, r.chain(), by.Actor(address), "privacy.downloaded", r.object(), nil, map[string]any{"request_id": r.RequestID})
	})
	if err != nil {
		return nil, fmt.Errorf("hand out the data of privacy request %d: %w", id, err)
	}
	text, err := db.keys.Open(filePlace(id), sealed)
	if err != nil {
		return nil, fmt.Errorf("open the data of privacy request %d: %w", id, err)
	}
	return []byte(text), nil
}

// PrivacyPreview is what a wish would touch, by what it is called.
type PrivacyPreview struct {
	Person Person
	Stores []int64
	Orders []int64 // the person's
	Counts map[string]int64
}

// PreviewPrivacy says what is kept about a person in stores, without touching it.
func (db *DB) PreviewPrivacy(ctx context.Context, stores []int64, p Person) (*PrivacyPreview, error) {
	p = p.tidied()
	if err := p.Check(); err != nil {
		return nil, err
	}
	ids, err := db.personOrders(ctx, stores, p)
	if err != nil {
		return nil, err
	}
	counts, err := db.countKept(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &PrivacyPreview{Person: p, Stores: stores, Orders: ids, Counts: counts}, nil
}

// countKept counts what is kept of orders, by what it is called.
func (db *DB) countKept(ctx context.Context, orders []int64) (map[string]int64, error) {
	counts := map[string]int64{"orders": int64(len(orders))}
	for name, sql := range map[string]string{
		"payments": "SELECT count(*) FROM payments WHERE order_id = ANY ($1)",
		"emails":   "SELECT count(*) FROM emails WHERE order_id = ANY ($1) AND audience = 'customer'",
		"webhooks": "SELECT count(*) FROM webhooks WHERE order_id = ANY ($1) AND erased_at IS NULL",
		"sessions": "SELECT count(*) FROM fynd_sessions WHERE order_id = ANY ($1)",
		"attempts": "SELECT count(*) FROM operation_attempts a JOIN operations o ON o.id = a.operation_id WHERE o.order_id = ANY ($1)",
	} {
		var n int64
		if err := db.pool.QueryRow(ctx, sql, orders).Scan(&n); err != nil {
			return nil, fmt.Errorf("count the %s of a person: %w", name, err)
		}
		counts[name] = n
	}
	return counts, nil
}

// PersonOfOrder is who bought an order, within the scope.
func (db *DB) PersonOfOrder(ctx context.Context, id int64) (Person, int64, error) {
	var o Order
	if err := db.in(ctx).Scopes(scoped(ctx, "orders")).Limit(1).Find(&o, "id = ?", id).Error; err != nil {
		return Person{}, 0, fmt.Errorf("read order %d: %w", id, err)
	}
	if o.ID == 0 || o.ErasedAt != nil {
		return Person{}, 0, ErrNotFound
	}
	return Person{Email: o.CustomerEmail, Phone: o.CustomerPhone}, o.StoreID, nil
}
