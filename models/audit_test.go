package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// written is a database whose log has five rows of no store and three of store 40.
func written(t *testing.T) *models.DB {
	t.Helper()
	db := modelstest.DB(t)
	modelstest.Store(t, db, 40, "INR")
	tamper(t, db, `INSERT INTO audit_log (chain, actor, actor_name, action, object, details)
		SELECT 0, 'user', 'Mira', 'user.changed', 'user ' || n, '{"role": "viewer"}' FROM generate_series(1, 5) n`)
	tamper(t, db, `INSERT INTO audit_log (chain, actor, actor_name, action, object, order_id)
		SELECT 40, 'user', 'Asha', 'refund.requested', 'payment 1', 1000 + n FROM generate_series(1, 3) n`)
	return db
}

// tamper runs SQL as the owner of the tables does, who can switch triggers off.
func tamper(t *testing.T, db *models.DB, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := db.Pool().Exec(modelstest.System(t.Context()), sql); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerifyAudit(t *testing.T) {
	const off, on = "ALTER TABLE audit_log DISABLE TRIGGER USER", "ALTER TABLE audit_log ENABLE TRIGGER USER"
	for _, tt := range []struct {
		name string
		sql  []string
		want string // empty when all is as it was written
	}{
		{"untouched", nil, ""},
		{"an actor's name", []string{"UPDATE audit_log SET actor_name = 'Asha' WHERE chain = 0 AND seq = 3"}, "Row 3 of the log of no store: it was changed after it was written."},
		{"details", []string{`UPDATE audit_log SET details = '{"role": "owner"}' WHERE chain = 0 AND seq = 1`}, "Row 1 of the log of no store: it was changed"},
		{"a time", []string{"UPDATE audit_log SET at = at - interval '1 microsecond' WHERE chain = 40 AND seq = 2"}, "Row 2 of the log of store 40: it was changed"},
		{"an order", []string{"UPDATE audit_log SET order_id = 7 WHERE chain = 40 AND seq = 3"}, "Row 3 of the log of store 40: it was changed"},
		{"moved behind the wall", []string{"UPDATE audit_log SET store_id = 41 WHERE chain = 40 AND seq = 2"}, "Row 2 of the log of store 40: it was changed"},
		{"taken out of the middle", []string{"DELETE FROM audit_log WHERE chain = 0 AND seq = 2"}, "Row 3 of the log of no store: a row before it is missing."},
		{"taken out at the start", []string{"DELETE FROM audit_log WHERE chain = 0 AND seq = 1"}, "Row 2 of the log of no store: a row before it is missing."},
		{"taken off the end", []string{"DELETE FROM audit_log WHERE chain = 0 AND seq >= 4"}, "Row 4 of the log of no store: it is missing at the end."},
		{"taken out altogether", []string{"DELETE FROM audit_log WHERE chain = 40"}, "Row 1 of the log of store 40: it is missing at the end."},
		{"with the head gone too", []string{"DELETE FROM audit_heads WHERE chain = 40"}, "Row 1 of the log of store 40: the head of the log is missing."},
		{"the head turned back", []string{
			"DELETE FROM audit_log WHERE chain = 0 AND seq = 5",
			"UPDATE audit_heads SET seq = 4 WHERE chain = 0",
		}, "Row 4 of the log of no store: the head of the log says otherwise."},
		{"a row put in, the rest moved up", []string{
			"UPDATE audit_log SET seq = seq + 100 WHERE chain = 0 AND seq >= 3",
			"UPDATE audit_log SET seq = seq - 99 WHERE chain = 0 AND seq > 100",
			`INSERT INTO audit_log SELECT 0, 3, 0, now(), 'user', NULL, 'Nobody', '', 'x', 'y', NULL, '{}', hash, sha256('x') FROM audit_log WHERE chain = 0 AND seq = 2`,
		}, "Row 3 of the log of no store: it was changed"},
		{"a row added at the end by hand", []string{
			`INSERT INTO audit_log SELECT 0, 6, 0, now(), 'user', NULL, 'Nobody', '', 'x', 'y', NULL, '{}', hash, sha256('x') FROM audit_log WHERE chain = 0 AND seq = 5`,
		}, "Row 6 of the log of no store: it was changed"},
		{"a well-made row added at the end by hand", []string{
			`INSERT INTO audit_log SELECT 0, 6, 0, now(), 'user', NULL, 'Nobody', '', 'x', 'y', NULL, '{}', hash, sha256('x') FROM audit_log WHERE chain = 0 AND seq = 5`,
			`UPDATE audit_log l SET hash = audit_hash(l.prev_hash, l) WHERE chain = 0 AND seq = 6`,
		}, "Row 6 of the log of no store: it was added past the head of the log."},
		{"two rows that changed places", []string{
			"UPDATE audit_log SET seq = 99 WHERE chain = 0 AND seq = 2",
			"UPDATE audit_log SET seq = 2 WHERE chain = 0 AND seq = 3",
			"UPDATE audit_log SET seq = 3 WHERE chain = 0 AND seq = 99",
		}, "Row 2 of the log of no store: it does not follow from the row before."},
		{"a row rewritten with its hash", []string{
			"UPDATE audit_log SET actor_name = 'Asha' WHERE chain = 0 AND seq = 3",
			"UPDATE audit_log l SET hash = audit_hash(l.prev_hash, l) WHERE chain = 0 AND seq = 3",
		}, "Row 4 of the log of no store: it does not follow from the row before."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := written(t)
			tamper(t, db, append(append([]string{off}, tt.sql...), on)...)
			report, err := db.VerifyAudit(modelstest.System(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Trim(fmt.Sprint(report.Problems()), "[]")
			if (got == "") != (tt.want == "") || !strings.HasPrefix(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAuditLogIsAppendOnly(t *testing.T) {
	db := written(t)
	for _, sql := range []string{"UPDATE audit_log SET actor_name = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"} {
		if _, err := db.Pool().Exec(modelstest.System(t.Context()), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want it refused", sql, err)
		}
	}
}

func TestAuditLogShowsWhatIsInScope(t *testing.T) {
	db := written(t)
	tamper(t, db, `INSERT INTO audit_log (chain, actor, actor_name, action, object) VALUES (41, 'user', 'Asha', 'refund.requested', 'payment 2')`)
	ctx := models.WithScope(t.Context(), models.Scope{Stores: []int64{40}})
	page, err := db.AuditLog(ctx, models.AuditFilter{})
	if err != nil || len(page.Rows) != 3 {
		t.Fatalf("store 40 has %d rows (%v), want 3", len(page.Rows), err)
	}
	report, err := db.VerifyAudit(ctx)
	if err != nil || len(report.Chains) != 1 || report.Chains[0].Chain != 40 || len(report.Problems()) != 0 {
		t.Errorf("verified %+v (%v), want store 40 alone and whole", report, err)
	}
}

func TestAuditPages(t *testing.T) {
	db := written(t)
	tamper(t, db, `INSERT INTO audit_log (chain, actor, actor_name, action, object)
		SELECT 0, 'job', '100%_sure', 'job.ran', 'job ' || n FROM generate_series(1, 20) n`)
	ctx := modelstest.System(t.Context())
	objects := func(f models.AuditFilter) (string, *models.AuditPage) {
		t.Helper()
		page, err := db.AuditLog(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, row := range page.Rows {
			names = append(names, strings.TrimPrefix(row.Object, "job "))
		}
		return strings.Join(names, " "), page
	}
	first, page := objects(models.AuditFilter{Action: "job.", Limit: 10})
	if first != "20 19 18 17 16 15 14 13 12 11" || page.Prev != "" {
		t.Errorf("the first page is %s, before it %q", first, page.Prev)
	}
	second, page := objects(models.AuditFilter{Action: "job.", Limit: 10, After: page.Next})
	if second != "10 9 8 7 6 5 4 3 2 1" || page.Next != "" {
		t.Errorf("the second page is %s, after it %q", second, page.Next)
	}
	if back, page := objects(models.AuditFilter{Action: "job.", Limit: 10, Before: page.Prev}); back != first || page.Prev != "" {
		t.Errorf("back again is %s, before it %q", back, page.Prev)
	}
	for _, tt := range []struct {
		name   string
		filter models.AuditFilter
		want   int
	}{
		{"a part of a name, signs taken as they are", models.AuditFilter{Actor: "100%_S", Limit: 500}, 20},
		{"a sign that stands for anything elsewhere", models.AuditFilter{Actor: "%", Limit: 500}, 20},
		{"an order", models.AuditFilter{OrderID: 1002, Limit: 500}, 1},
		{"nobody", models.AuditFilter{Actor: "' OR 1=1 --", Limit: 500}, 0},
		{"a cursor that is none", models.AuditFilter{After: "x.y.z", Limit: 500}, 28},
	} {
		if _, page := objects(tt.filter); len(page.Rows) != tt.want {
			t.Errorf("%s: %d rows, want %d", tt.name, len(page.Rows), tt.want)
		}
	}
}

func TestOtherStoresAreOutOfReach(t *testing.T) {
	db := written(t)
	modelstest.Store(t, db, 41, "INR")
	tamper(t, db, "INSERT INTO orders (store_id, status, currency, total_minor) SELECT s, 'pending', 'INR', 0 FROM unnest('{40,41,41}'::bigint[]) s")
	for _, tt := range []struct {
		name  string
		scope models.Scope
		want  int
	}{
		{"everything", models.Scope{All: true}, 3},
		{"store 40", models.Scope{Stores: []int64{40}}, 1},
		{"store 41", models.Scope{Stores: []int64{41}}, 2},
		{"both", models.Scope{Stores: []int64{40, 41}}, 3},
		{"none", models.Scope{}, 0},
	} {
		var n int
		ctx := models.WithScope(t.Context(), tt.scope)
		if err := db.Pool().QueryRow(ctx, "SELECT count(*) FROM orders WHERE true OR store_id = 41").Scan(&n); err != nil || n != tt.want {
			t.Errorf("%s: plain SQL reads %d orders (%v), want %d", tt.name, n, err, tt.want)
		}
	}
	ctx := models.WithScope(t.Context(), models.Scope{Stores: []int64{40}})
	if _, err := db.Pool().Exec(ctx, "INSERT INTO orders (store_id, status, currency, total_minor) VALUES (41, 'pending', 'INR', 0)"); err == nil {
		t.Error("an order was put into a store out of scope")
	}
	done, err := db.Pool().Exec(ctx, "UPDATE orders SET customer_name = 'x' WHERE store_id = 41")
	if err != nil || done.RowsAffected() != 0 {
		t.Errorf("%d orders of another store were changed (%v)", done.RowsAffected(), err)
	}
}
