package models_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
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
	filter := url.Values{"q": {z.name}, "customer": {z.email}}.Encode()
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

func TestEraseLeavesNothingOfAPerson(t *testing.T) {
	p, order, other := planted(t)
	before, rows := p.sums(), p.auditWhole()
	if there := p.found([]string{zerlina.email}); len(there) < 15 {
		t.Fatalf("only %d columns hold her address before: %v", len(there), there)
	}
	r := p.fulfil(eraseZerlina(models.Person{Email: zerlina.email}))
	if r.State != "done" || r.Number("orders") != 1 || r.Number("emails") == 0 || r.Number("webhooks") < 3 {
		t.Errorf("the request is %s (%s): %v", r.State, r.Problem, r.Counts)
	}
	if left := p.found(forms()); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
	if after := p.sums(); after != before {
		t.Errorf("sums moved from\n%s\nto\n%s", before, after)
	}
	if n := p.auditWhole(); n <= rows {
		t.Errorf("the audit log has %d rows after %d", n, rows)
	}
	p.sound()
	if got := p.text("SELECT concat_ws('|', customer_name, customer_email, customer_phone, billing_address, erased_at IS NOT NULL) FROM orders WHERE id = $1", order); got != `Erased|||{"country": "IN"}|t` {
		t.Errorf("the order is %s", got)
	}
	if got := p.text("SELECT concat_ws('|', customer_name, customer_email, customer_phone, erased_at IS NULL) FROM orders WHERE id = $1", other); got != "Rahul Sharma|rahul@mail.example|+919000011111|t" {
		t.Errorf("the other order is %s", got)
	}
	if got := p.text("SELECT count(*)::text FROM emails WHERE order_id = $1 AND position('Rahul' in convert_from(raw, 'UTF8')) > 0", other); got == "0" {
		t.Error("the other customer's e-mail is gone")
	}
	again := p.fulfil(eraseZerlina(models.Person{Email: zerlina.email}))
	if again.State != "done" || again.Number("orders") != 0 {
		t.Errorf("erased again: %s %v", again.State, again.Counts)
	}
	if after := p.sums(); after != before {
		t.Error("sums moved when it was done again")
	}
}

// A row of the audit log may lose what is personal only in the open, and nothing else.
func TestAuditLogIsRedactedInTheOpen(t *testing.T) {
	p, _, _ := planted(t)
	p.fulfil(eraseZerlina(models.Person{Email: zerlina.email}))
	if got := p.text("SELECT count(*)::text FROM audit_log WHERE action = 'audit.redacted'"); got != "2" {
		t.Errorf("%s rows were redacted, want 2", got)
	}
	ctx := p.ctx
	tx, err := p.db.Pool().Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "SELECT set_config('kartify.redact', 'on', true)"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "UPDATE audit_log SET actor_name = 'Asha' WHERE chain = 40 AND seq = 1"); err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("who did it was changed: %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	p.auditWhole()
	tamper(t, p.db, "ALTER TABLE audit_log DISABLE TRIGGER USER", `UPDATE audit_log SET details = '{"query": ""}' WHERE action = 'payments.downloaded'`, "ALTER TABLE audit_log ENABLE TRIGGER USER")
	report, err := p.db.VerifyAudit(ctx)
	if err != nil || len(report.Problems()) != 1 {
		t.Errorf("a redacted row that was changed again: %v (%v)", report.Problems(), err)
	}
}

func TestRewrapSealsWhatIsPersonal(t *testing.T) {
	p, _, _ := planted(t)
	p.fulfil(models.PrivacyWish{Kind: models.PrivacyData, Origin: "staff", Stores: []int64{40}, Person: models.Person{Email: zerlina.email}, By: models.SystemActor})
	waiting, err := p.db.AskPrivacy(p.ctx, eraseZerlina(models.Person{Email: zerlina.email}))
	if err != nil {
		t.Fatal(err)
	}
	fresh := models.NewMasterKey()
	reopen := func(keys ...string) *models.DB {
		t.Helper()
		ring, err := models.NewKeyring(keys...)
		if err != nil {
			t.Fatal(err)
		}
		db, err := models.Open(p.ctx, models.Options{URL: p.db.Pool().Config().ConnString(), Keys: ring, MaxConns: 4, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	secret, err := modelstest.Keys(t).Seal("fynd extension k secret", "s")
	if err != nil {
		t.Fatal(err)
	}
	p.exec("UPDATE fynd_extensions SET api_secret = $1", secret)
	if n, err := reopen(fresh, modelstest.MasterKey).RewrapSecrets(p.ctx, models.SystemActor); n < 3 || err != nil {
		t.Fatalf("%d secrets were sealed again (%v)", n, err)
	}
	db := reopen(fresh) // the old key is gone
	owner, _ := p.clerk()
	if _, err := db.PrivacyFile(p.ctx, 1, owner, ""); err != nil {
		t.Errorf("the file: %v", err)
	}
	if err := db.RunPrivacy(p.ctx, waiting.ID); err != nil {
		t.Error(err)
	}
	if r, err := db.PrivacyRequest(p.ctx, waiting.ID); err != nil || r.State != "done" || r.Number("orders") != 1 || r.Number("files") != 1 {
		t.Errorf("the request is %+v (%v)", r, err)
	}
}

func TestErasedStaysErased(t *testing.T) {
	p, order, _ := planted(t)
	p.fulfil(eraseZerlina(models.Person{Phone: "0" + zerlina.digits}))
	z := zerlina
	// A later state of the order, the provider's word on its payment, and an event with her in it.
	later := told("l1", "ORDER_PLACED", "FY1", map[string]any{"occurred_at": "2026-03-01T00:00:00Z", "order": map[string]any{
		"currency": "INR", "total": "100.00", "shipping": "10.00", "placed_at": "2024-01-31T09:00:00Z",
		"customer": map[string]any{"name": z.name, "email": z.email, "phone": z.phone},
		"items":    []any{map[string]any{"sku": "K1", "name": "Kurta", "quantity": 3, "unit_price": "30.00"}},
	}})
	card := snapshot("pay_1", "captured")
	card.Params = map[string]string{"email": z.email, "contact": z.phone, "bank": "HDFC"}
	card.CardLast4 = "4242"
	p.send(later, told("l2", "SHIPMENT_UPDATED", "FY1", map[string]any{"shipment_id": "S1", "name": z.name, "email": z.email}))
	// An order of hers of before that was never heard of, and one of afterwards, which is hers to place.
	early := placed("l3", "FY3", "pay_3", "2026-03-01T00:00:00Z")
	early.body = []byte(strings.NewReplacer("meera@example.com", z.email, "Meera ", z.name+" ").Replace(string(early.body)))
	p.send(resigned(early))
	p.work()
	report, err := p.db.ImportOrders(p.ctx, models.ImportRequest{
		File: strings.NewReader("order_id,date_added,status,customer,e-mail,total\n5001,2024-01-31 14:05,processed," + z.name + "," + z.email + ",10.00\n"), Name: "orders.csv", Store: 40, By: models.SystemActor,
	})
	if err != nil || report.Orders != 1 {
		t.Fatalf("%+v (%v)", report, err)
	}
	if left := p.found(forms()); len(left) > 0 {
		t.Errorf("came back:\n%s", strings.Join(left, "\n"))
	}
	if got := p.text("SELECT concat_ws(' ', state, cause) FROM emails WHERE order_id = $1 AND event LIKE 'SHIPMENT_UPDATED%'", order); got != "" && !strings.HasPrefix(got, "not_sent") {
		t.Errorf("she was written to: %s", got)
	}
	if got := p.text("SELECT concat_ws(' ', customer_name, erased_at IS NOT NULL, total_minor) FROM orders WHERE partner_order_id = 'FY3'"); got != "Erased t 10000" {
		t.Errorf("the order that came late is %q", got)
	}
	fresh := told("l4", "ORDER_PLACED", "FY4", map[string]any{"occurred_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "order": map[string]any{
		"currency": "INR", "total": "100.00", "shipping": "10.00", "placed_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"customer": map[string]any{"name": z.name, "email": z.email, "phone": z.phone},
		"items":    []any{map[string]any{"sku": "K1", "name": "Kurta", "quantity": 3, "unit_price": "30.00"}},
	}})
	p.send(fresh)
	if got := p.text("SELECT customer_email FROM orders WHERE partner_order_id = 'FY4'"); got != z.email {
		t.Errorf("what she orders afterwards is %q's", got)
	}
	p.auditWhole()
	p.sound()
}

func TestEraseThatWasCutShortIsDoneToTheEnd(t *testing.T) {
	p, _, _ := planted(t)
	for i := range 12 { // more orders of hers
		p.exec(`INSERT INTO orders (store_id, partner_order_id, status, currency, items_minor, total_minor, customer_name, customer_email, shipping_address)
			VALUES (40, 'FYmore'||$1, 'complete', 'INR', 100, 100, $2, $3, $4)`, fmt.Sprint(i), zerlina.name, strings.ToUpper(zerlina.email), map[string]any{"line1": zerlina.street})
	}
	before := p.sums()
	r, err := p.db.AskPrivacy(p.ctx, eraseZerlina(models.Person{Email: zerlina.email}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		ctx, cancel := context.WithCancel(p.ctx)
		go func() {
			time.Sleep(time.Duration(20+15*i) * time.Millisecond)
			cancel()
		}()
		_ = p.db.RunPrivacy(ctx, r.ID) //nolint:errcheck // it was cut short
		cancel()
		p.exec("UPDATE privacy_requests SET next_at = now() WHERE state <> 'done'")
	}
	for range 20 {
		if _, err := p.db.RunDuePrivacy(p.ctx); err != nil {
			t.Fatal(err)
		}
		if r, err = p.db.PrivacyRequest(p.ctx, r.ID); err != nil || r.State == "done" {
			break
		}
		p.exec("UPDATE privacy_requests SET next_at = now() WHERE state <> 'done'")
	}
	if err != nil || r.State != "done" || r.Number("orders") != 13 {
		t.Errorf("it is %s (%s), %v (%v)", r.State, r.Problem, r.Counts, err)
	}
	if left := p.found(forms()); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
	if p.sums() != before {
		t.Error("sums moved")
	}
	p.auditWhole()
}

func TestTheSameWishIsOneRequest(t *testing.T) {
	p, _, _ := planted(t)
	wish := eraseZerlina(models.Person{Email: zerlina.email})
	wish.RequestID = "16916747740991418099"
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		ids  []int64
	)
	for range 50 {
		wait.Go(func() {
			r, err := p.db.AskPrivacy(p.ctx, wish)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, r.ID)
		})
	}
	wait.Wait()
	if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
		t.Errorf("50 at once are the requests %v", slices.Compact(ids))
	}
	for name, change := range map[string]func(*models.PrivacyWish){
		"another person": func(w *models.PrivacyWish) { w.Person.Email = "else@mail.example" },
		"another kind":   func(w *models.PrivacyWish) { w.Kind = models.PrivacyData },
		"nobody":         func(w *models.PrivacyWish) { w.Kind, w.Person = models.PrivacyShop, models.Person{} },
	} {
		w := wish
		change(&w)
		if _, err := p.db.AskPrivacy(p.ctx, w); err == nil {
			t.Errorf("%s under the same id was taken", name)
		}
	}
	if got := p.text("SELECT count(*)::text FROM privacy_requests"); got != "1" {
		t.Errorf("%s requests", got)
	}
}

func TestDataOfAPersonIsHandedOutOnce(t *testing.T) {
	p, order, _ := planted(t)
	r := p.fulfil(models.PrivacyWish{Kind: models.PrivacyData, Origin: "staff", Stores: []int64{40}, Person: models.Person{Email: zerlina.email}, By: models.SystemActor})
	if r.State != "done" || r.Number("orders") != 1 || r.FileBytes == nil {
		t.Fatalf("the request is %+v", r)
	}
	owner, _ := p.clerk()
	data, err := p.db.PrivacyFile(p.ctx, r.ID, owner, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About  models.Person
		Orders []struct {
			Kept struct {
				Order           struct{ ID int64 }
				Payments        []struct{ Ref string }
				Emails          []struct{ Recipient, Text string }
				Events          []any
				PaymentSessions []any `json:"payment_sessions"`
			}
			Messages []struct{ Body string }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Orders) != 1 || file.Orders[0].Kept.Order.ID != order || file.Orders[0].Kept.Payments[0].Ref != "pay_1" || len(file.Orders[0].Kept.Events) != 2 ||
		len(file.Orders[0].Kept.Emails) == 0 || len(file.Orders[0].Kept.PaymentSessions) != 1 || len(file.Orders[0].Messages) < 2 {
		t.Errorf("the file holds %s", data)
	}
	if strings.Contains(string(data), "Rahul") {
		t.Error("somebody else is in it")
	}
	if _, err := p.db.PrivacyFile(p.ctx, r.ID, owner, "192.0.2.1"); err == nil {
		t.Error("it was handed out twice")
	}
	if got := p.text("SELECT count(*)::text FROM audit_log WHERE action = 'privacy.downloaded'"); got != "1" {
		t.Errorf("%s downloads in the audit log", got)
	}
	if kept := p.text("SELECT data FROM privacy_files"); strings.Contains(kept, "erlina") {
		t.Error("the file is kept in the clear")
	}
	p.exec("UPDATE privacy_files SET expires_at = now() - interval '1 second'")
	if n, err := p.db.SweepPrivacyFiles(p.ctx); n != 1 || err != nil {
		t.Errorf("%d files were swept (%v)", n, err)
	}
}

func TestEraseAShop(t *testing.T) {
	p, _, _ := planted(t)
	p.exec("UPDATE webhooks SET state = 'processed' WHERE store_id = 41")
	before := p.text("SELECT string_agg(concat_ws(' ', id, total_minor, status), ',' ORDER BY id) FROM orders") + p.text("SELECT string_agg(concat_ws(' ', id, amount_minor, captured_minor, status), ',' ORDER BY id) FROM payments")
	p.exec("INSERT INTO fynd_installs (extension_id, company_id, access_token) SELECT id, '1', 'sealed' FROM fynd_extensions")
	p.exec("INSERT INTO fynd_applications (install_id, application_id, store_id) SELECT id, 'a', 40 FROM fynd_installs")
	var extension int64
	p.scan(&extension, "SELECT id FROM fynd_extensions")
	r := p.fulfil(models.PrivacyWish{Kind: models.PrivacyShop, Origin: "fynd", Extension: &extension, Company: "1", RequestID: "shop-1", By: models.Actor{Kind: "api", Name: "Fynd Platform"}})
	if r.State != "done" || !slices.Equal(r.Stores, []int64{40}) || r.Number("orders") != 2 || r.Number("credentials") != 2 {
		t.Errorf("the request is %s (%s) for %v: %v", r.State, r.Problem, r.Stores, r.Counts)
	}
	if after := p.text("SELECT string_agg(concat_ws(' ', id, total_minor, status), ',' ORDER BY id) FROM orders") + p.text("SELECT string_agg(concat_ws(' ', id, amount_minor, captured_minor, status), ',' ORDER BY id) FROM payments"); after != before {
		t.Errorf("sums moved from %s to %s", before, after)
	}
	if got := p.text("SELECT concat_ws(' ', access_token, uninstalled_at IS NOT NULL) FROM fynd_installs"); strings.TrimSpace(got) != "t" {
		t.Errorf("the installation is %q", got)
	}
	if got := p.text("SELECT count(*)::text FROM gateway_settings WHERE store_id = 40 AND (enabled OR secrets <> '{}')"); got != "0" {
		t.Errorf("%s settings are left", got)
	}
	if got := p.text("SELECT count(*)::text FROM gateway_settings WHERE store_id = 41 AND enabled"); got != "2" {
		t.Errorf("another store has %s settings left", got)
	}
	for _, text := range []string{zerlina.email, "rahul@mail.example", "4 Mint Road"} {
		if left := p.found([]string{text}); len(left) > 0 {
			t.Errorf("%s stays in %v", text, left)
		}
	}
	p.auditWhole()
	p.sound()
	if _, err := p.db.AskPrivacy(p.ctx, models.PrivacyWish{Kind: models.PrivacyShop, Origin: "fynd", Extension: &extension, Company: "2", RequestID: "shop-2"}); err == nil {
		t.Error("a company that never installed the extension was taken")
	}
}

// resigned is a parcel of Fynd whose body was changed, signed anew.
func resigned(p parcel) parcel {
	p.header.Set("X-Fp-Signature", gateways.SumHMAC(p.body, fyndSecret))
	return p
}
