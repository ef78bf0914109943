package models_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// zerlina is who is erased. Nothing else in the tests' databases is called so.
var zerlina = struct{ name, email, phone, digits, street, landmark, city, vpa, customer string }{
	"Zerlina O'Quînn-Faßbender", "zerlina.oquinn@mail.example", "+91 98111 22334", "9811122334", "17/B Larkspur Terrace", "Opposite Quillmere Temple", "Quillmere", "zerlina.o@okaxis", "64f0zerlina9c1d",
}

// quoted is a text as JSON has it inside quotes, with every letter that is not ASCII escaped.
func quoted(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r > 126:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// forms are the ways in which somebody's texts must not be found any more.
func forms() []string {
	var list []string
	z := zerlina
	for _, text := range []string{z.name, z.email, z.phone, z.digits, z.street, z.landmark, z.city, z.vpa, z.customer} {
		list = append(list, text, quoted(text), url.QueryEscape(text), url.PathEscape(text), base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return append(list, "Zerlina", "Faßbender", "Larkspur")
}

// planted is a kartify in which Zerlina has left traces everywhere, and another customer beside her.
func planted(t *testing.T) (p *postOffice, order, other int64) {
	t.Helper()
	p = openPostOffice(t, func(string, int) sink.Behaviour { return sink.Accept })
	z := zerlina
	address := map[string]any{"name": z.name, "line1": z.street, "landmark": z.landmark, "city": z.city, "postcode": "560999", "country": "IN", "phone": z.phone, "email": z.email}
	bought := func(id, fy, ref, name, email, phone string, where map[string]any) parcel {
		return told(id, "ORDER_PLACED", fy, map[string]any{"affiliate_order_id": "A-" + fy, "gid": "TR" + fy, "order": map[string]any{
			"currency": "INR", "total": "100.00", "shipping": "10.00", "placed_at": "2024-01-31T09:00:00Z",
			"customer": map[string]any{"name": name, "email": email, "phone": phone}, "billing_address": where, "shipping_address": where,
			"items":   []any{map[string]any{"sku": "K1", "name": "Kurta", "quantity": 3, "unit_price": "30.00"}},
			"payment": map[string]any{"gateway": "razorpay", "payment_id": ref, "order_id": "order_" + ref, "method": "card", "status": "complete", "amount": "100.00"},
		}})
	}
	first := bought("e1", "FY1", "pay_1", z.name, z.email, z.phone, address)
	p.send(first, first, bought("e2", "FY2", "pay_2", "Rahul Sharma", "rahul@mail.example", "+919000011111", map[string]any{"name": "Rahul Sharma", "line1": "4 Mint Road", "country": "IN"}))
	p.send(paid("p1", "pay_1", "captured"), told("e3", "SHIPMENT_CREATED", "FY1", map[string]any{"shipment_id": "S1", "note": z.name}))
	p.mail()
	forged := told("e9", "ORDER_PLACED", "FY1", map[string]any{"customer_email": z.email})
	forged.header.Set("X-Fp-Signature", "00")
	p.deliver(forged)
	p.send(told("e10", "SHIPMENT_CREATED", "FYnobody", map[string]any{"contact": z.email, "name": z.name})) // parked
	p.scan(&order, "SELECT id FROM orders WHERE partner_order_id = 'FY1'")
	p.scan(&other, "SELECT id FROM orders WHERE partner_order_id = 'FY2'")
	user := modelstest.Person(t, p.db, "Ravi", models.Owner)
	body, err := json.Marshal(map[string]any{"customer_name": z.name, "customer_email": z.email, "customer_contact": z.phone, "g_user_id": z.customer, "amount": 10000, "billing_address": address})
	if err != nil {
		t.Fatal(err)
	}
	filter := url.Values{"q": {z.name}, "customer": {z.email}, "order_id": {z.phone}}.Encode()
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"UPDATE orders SET company = $2 WHERE id = $1", []any{order, z.name + " & Daughters"}},
		{
			`UPDATE payments SET card_first6 = '411111', card_last4 = '4242', params = $2, fiscal = $3 WHERE order_id = $1`,
			[]any{
				order,
				map[string]any{"client_email": z.email, "clientid": z.name, "contact": z.phone, "vpa": z.vpa, "ps_id": "12", "unique_id": "u-1", "billing_address": z.street, "notes": "for " + z.email},
				map[string]any{"fop_receipt_key": "f-1", "client_email": z.email},
			},
		},
		{
			`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, note, digest, idempotency_key, state, before, before_at, before_version, finished_at)
			SELECT 40, $1, id, 'refund', 'staff', 1, 'INR', 'Ravi', $2, '', 'key-1234567890', 'failed', $3, now(), 1, now() FROM payments WHERE order_id = $1`,
			[]any{order, "Zerlina called from " + z.digits, map[string]any{"Ref": "pay_1", "CardLast4": "4242", "Params": map[string]any{"client_email": z.email, "vpa": z.vpa}}},
		},
		{
			`INSERT INTO operation_attempts (operation_id, store_id, n, kind, outcome, detail, exchanges) SELECT id, 40, 9, 'lookup', 'failed', $2, $3 FROM operations WHERE order_id = $1 AND source = 'staff'`,
			[]any{order, "They wrote to " + z.email, []any{map[string]any{"URL": "https://api/x?email=" + url.QueryEscape(z.email), "Request": `{"email":"` + z.email + `"}`, "Answer": quoted(z.name)}}},
		},
		{`INSERT INTO order_history (order_id, store_id, actor, actor_name, kind, comment) VALUES ($1, 40, 'user', 'Ravi', 'note', $2)`, []any{order, "Spoke to " + z.name + " (" + z.phone + ") of " + z.city}},
		{`INSERT INTO fynd_extensions (name, gateway, api_key, api_secret) VALUES ('Ruosh Pay', 'razorpay', 'k', 's')`, nil},
		{`INSERT INTO fynd_sessions (id, extension_id, store_id, order_id, company_id, application_id, gid, amount_minor, currency, mode, success_url, cancel_url, body, body_hash, expires_at)
			SELECT '64d4e2c08e560b135e179538', e.id, 40, $1, '1', 'a', 'TRFY1', 10000, 'INR', 'test', 'https://s/', 'https://c/', $2, '', now() FROM fynd_extensions e`, []any{order, body}},
		{`INSERT INTO fynd_refunds (session_id, store_id, order_id, request_id, amount_minor, currency, body, body_hash) VALUES ('64d4e2c08e560b135e179538', 40, $1, '16916747740991418099', 1, 'INR', $2, '')`, []any{order, body}},
		{
			`INSERT INTO partner_updates (store_id, order_id, kind, status, amount_minor, currency, state, log) VALUES (40, $1, 'refund_session', 'refund_done', 1, 'INR', 'done', $2)`,
			[]any{order, []any{map[string]any{"request": string(body), "status": 200}}},
		},
		{`INSERT INTO notifications (store_id, order_id, payment_id, state, most, delivered_at) SELECT 40, $1, id, 'delivered', 50, now() FROM payments WHERE order_id = $1`, []any{order}},
		{`INSERT INTO notification_series (notification_id, store_id, n, most) SELECT id, 40, 1, 50 FROM notifications`, nil},
		{
			`INSERT INTO notification_attempts (notification_id, store_id, series, n, channel, receiver, outcome, sent, answer, finished_at) SELECT id, 40, 1, 1, 'post', 'https://shop.example/', 'accepted', $1, $2, now() FROM notifications`,
			[]any{"client_email=" + url.QueryEscape(z.email), "thanks, " + z.name},
		},
		// A table and columns that nobody thought of.
		{`CREATE TABLE thing_of_orders (id bigint PRIMARY KEY, order_id bigint, "what's this" text, doc jsonb, raw bytea, list text[])`, nil},
		{`INSERT INTO thing_of_orders VALUES (1, $1, $2, $3, $4, ARRAY[$2])`, []any{order, z.name + " of " + z.city, body, []byte("\xff\x00" + z.name)}},
		{`CREATE TABLE thing_of_nobody (id bigint PRIMARY KEY, note text, doc json, raw bytea)`, nil},
		{`INSERT INTO thing_of_nobody VALUES (1, $1, $2, $3), (2, $4, '{}', '')`, []any{"ask " + strings.ToUpper(z.name), body, []byte(base64.StdEncoding.EncodeToString([]byte("..." + z.email + "..."))), "call 98111-22334"}},
		{`INSERT INTO saved_views (user_id, list, name, query) VALUES ($1, 'orders', 'mine', $2)`, []any{user.ID, filter}},
		{`INSERT INTO exports (id, stores, user_id, user_name, format, streamed, query, zone, state, promised, written, sha256, finished_at, expires_at, pieces)
			VALUES ('ABCDEFGHIJKLMNOPQRSTUVWXYZ', '{40}', $1, 'Ravi', 'csv', false, $2, 'UTC', 'done', 1, 1, '', now(), now() + interval '1 day', 1)`, []any{user.ID, filter}},
		{`INSERT INTO export_pieces VALUES ('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0, 0, convert_to($1, 'UTF8'))`, []any{z.name + ";" + z.email}},
		{`INSERT INTO reconciliations (store_id, gateway, file_name, bytes, sha256, days, state, user_id, user_name) VALUES (40, 'ccavenue', 'october.csv', 1, '', 'store', 'done', $1, 'Ravi')`, []any{user.ID}},
		{`INSERT INTO reconciliation_pieces SELECT id, 40, 0, convert_to($1, 'UTF8') FROM reconciliations`, []any{"1001," + z.name + "," + z.email}},
		{`INSERT INTO river_job (args, kind, max_attempts, state, queue, priority, metadata) VALUES ($1, 'x', 1, 'available', 'q', 1, '{}')`, []any{body}},
		{
			`INSERT INTO audit_log (chain, actor, actor_name, action, object, details) VALUES (40, 'user', 'Ravi', 'payments.downloaded', 'payments', $1), (0, 'user', 'Ravi', 'x', $2, '{}')`,
			[]any{map[string]any{"query": filter}, "somebody called " + z.email},
		},
	} {
		p.exec(s.sql, s.args...)
	}
	return p, order, other
}

// found lists where any of the texts stands, in any column of any table that the catalog knows, and how it is written.
func (m *mailroom) found(texts []string) []string {
	m.Helper()
	rows, err := m.db.Pool().Query(m.ctx, `SELECT c.relname, a.attname, t.typname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped`)
	if err != nil {
		m.Fatal(err)
	}
	type column struct{ table, name, kind string }
	columns, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		return c, row.Scan(&c.table, &c.name, &c.kind)
	})
	if err != nil {
		m.Fatal(err)
	}
	if len(columns) < 300 {
		m.Fatalf("the catalog has %d columns only", len(columns))
	}
	var places []string
	for _, c := range columns {
		name := pgx.Identifier{c.name}.Sanitize()
		text := name + "::text"
		if c.kind == "bytea" {
			text = "encode(" + name + ", 'escape')"
		}
		var hit *string
		sql := "SELECT min(needle) FROM " + pgx.Identifier{c.table}.Sanitize() + " CROSS JOIN unnest($1::text[]) needle WHERE position(lower(needle) in lower(" + text + ")) > 0 OR position(lower(encode(convert_to(needle, 'UTF8'), 'escape')) in lower(" + text + ")) > 0"
		if err := m.db.Pool().QueryRow(m.ctx, sql, texts).Scan(&hit); err != nil {
			m.Fatalf("%s.%s: %v", c.table, c.name, err)
		}
		if hit != nil {
			places = append(places, c.table+"."+c.name+" has "+*hit)
		}
	}
	return places
}

// sums are what accounting goes by.
func (m *mailroom) sums() string {
	m.Helper()
	return m.text(`SELECT concat_ws(' ', id, store_id, partner_order_id, gid, status, currency, items_minor, tax_minor, shipping_minor, total_minor, gateway, date_added) FROM orders ORDER BY id`) +
		m.text(`SELECT concat_ws(' ', id, order_id, ref, order_ref, rrn, status, provider_status, method, amount_minor, authorized_minor, captured_minor, refunded_minor, params->>'ps_id', fiscal->>'fop_receipt_key') FROM payments ORDER BY id`) +
		m.text(`SELECT concat_ws(' ', id, kind, amount_minor, state, ref, idempotency_key) FROM operations ORDER BY id`) +
		m.text(`SELECT concat_ws(' ', id, event, event_id, encode(body_sha256, 'hex'), verdict, state) FROM webhooks ORDER BY id`) +
		m.text(`SELECT concat_ws(' ', id, event, state, message_id) FROM emails ORDER BY id`) +
		m.text(`SELECT concat_ws(' ', gid, amount_minor, body->>'amount') FROM fynd_sessions`)
}

func (m *mailroom) auditWhole() int64 {
	m.Helper()
	report, err := m.db.VerifyAudit(m.ctx)
	if err != nil {
		m.Fatal(err)
	}
	if problems := report.Problems(); len(problems) > 0 {
		m.Errorf("the audit log is not whole: %v", problems)
	}
	return report.Rows()
}

func eraseZerlina(by models.Person) models.PrivacyWish {
	return models.PrivacyWish{Kind: models.PrivacyErase, Origin: "command", Stores: []int64{40}, Person: by, By: models.Actor{Kind: "command", Name: "command line"}}
}

func (m *mailroom) fulfil(w models.PrivacyWish) *models.PrivacyRequest {
	m.Helper()
	r, err := m.db.AskPrivacy(m.ctx, w)
	if err == nil {
		err = m.db.RunPrivacy(m.ctx, r.ID)
	}
	if err == nil {
		r, err = m.db.PrivacyRequest(m.ctx, r.ID)
	}
	if err != nil {
		m.Fatal(err)
	}
	return r
}
