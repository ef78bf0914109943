package models_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

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

// What is counted is what was changed, whichever try did it: one that is killed before the audit log has counted the
// records it went through.
func TestErasingCountsWhatAnEarlierTryDid(t *testing.T) {
	calm, _, _ := planted(t)
	want := calm.fulfil(eraseZerlina(models.Person{Email: zerlina.email})).Counts
	if want["records"] < 5 || want["audit"] != 2 || want["webhooks"] < 3 || want["exports"] != 1 {
		t.Fatalf("nobody disturbed it, and it counted %v", want)
	}
	p, _, _ := planted(t)
	r, err := p.db.AskPrivacy(p.ctx, eraseZerlina(models.Person{Email: zerlina.email}))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := p.db.Pool().Begin(p.ctx)
	if err == nil {
		_, err = tx.Exec(p.ctx, "SELECT 1 FROM audit_log WHERE action = 'payments.downloaded' FOR UPDATE") // which is what comes last
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.ctx)
	ended := make(chan error)
	go func() { ended <- p.db.RunPrivacy(ctx, r.ID) }()
	for i, waits := 0, "0"; i < 2000 && waits == "0"; time.Sleep(5 * time.Millisecond) {
		i, waits = i+1, p.text("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%audit_log%'")
	}
	cancel()
	<-ended //nolint:errcheck // it was cut short
	if err := tx.Rollback(p.ctx); err != nil {
		t.Fatal(err)
	}
	p.exec("UPDATE privacy_requests SET next_at = now() WHERE state <> 'done'")
	if err := p.db.RunPrivacy(p.ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if r, err = p.db.PrivacyRequest(p.ctx, r.ID); err != nil || r.State != "done" || !maps.Equal(r.Counts, want) {
		t.Errorf("it is %s and counts %v, want %v (%v)", r.State, r.Counts, want, err)
	}
}
