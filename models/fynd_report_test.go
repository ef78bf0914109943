package models_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// A month is from the first to the last second of it by the store's clocks: Kolkata is five and a half hours ahead.
func TestVolumeOfAMonth(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay()) // 2.5 % + 3.00 INR
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		zone, err := time.LoadLocation("Asia/Kolkata")
		if err != nil {
			t.Fatal(err)
		}
		moment, err := time.ParseInLocation(time.DateTime, text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for i, captured := range []string{"2026-09-30 23:59:59", "2026-10-01 00:00:00", "2026-10-31 23:59:59", "2026-11-01 00:00:00"} {
		gid := fmt.Sprintf("TR%d", i)
		testPayment(t, db, e, gid)
		for _, sql := range []string{
			`UPDATE payments SET obtained_at = $2, mode = 'live' WHERE ref = 'pay_' || $1::text`,
			`UPDATE fynd_sessions SET mode = 'live', created_at = $2 WHERE gid = $1`,
		} {
			if _, err := db.Pool().Exec(ctx, sql, gid, at(captured)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The refund of the second one was done in the next month.
	_, err = db.Pool().Exec(ctx, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, finished_at)
		SELECT store_id, order_id, id, 'refund', 'staff', 4000, 'INR', 'Asha', '', 'key-0123456789', 'succeeded', $1 FROM payments WHERE ref = 'pay_TR1'`, at("2026-11-01 00:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	testPayment(t, db, e, "TRtest")
	if _, err := db.Pool().Exec(ctx, `UPDATE payments SET obtained_at = $1 WHERE ref = 'pay_TRtest'`, at("2026-10-15 12:00:00")); err != nil {
		t.Fatal(err)
	}
	volumes, err := db.FyndVolumes(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range volumes {
		got = append(got, fmt.Sprintf("%s %s %d: %s - %d: %s = %s, fee %s", v.Month, v.Mode, v.Payments, v.Amount(v.Captured), v.Refunds, v.Amount(v.Refunded), v.Net(), v.Amount(v.Fee)))
	}
	want := []string{
		"2026-11 live 1: 100.00 INR - 2: 80.00 INR = 20.00 INR, fee 5.50 INR",
		"2026-10 live 2: 200.00 INR - 1: 40.00 INR = 160.00 INR, fee 11.00 INR",
		"2026-10 test 1: 100.00 INR - 1: 40.00 INR = 60.00 INR, fee 5.50 INR",
		"2026-09 live 1: 100.00 INR - 1: 40.00 INR = 60.00 INR, fee 5.50 INR",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the months are\n%v, want\n%v", got, want)
	}
	if none, err := db.FyndVolumes(models.WithScope(t.Context(), models.Scope{Stores: []int64{41}}), e); err != nil || len(none) != 0 {
		t.Errorf("of another store's people %d months are seen (%v)", len(none), err)
	}
	other, err := db.SaveExtension(ctx, ruoshPay())
	if err != nil {
		t.Fatal(err)
	}
	if none, err := db.FyndVolumes(ctx, other); err != nil || len(none) != 0 {
		t.Errorf("another extension has %d months (%v)", len(none), err)
	}
}

func TestExpectedFee(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	form := ruoshPay()
	form.Fee, form.FeeTexts = models.FeeVariable, []models.ExtensionFeeText{{Method: "CARD", Percent: "1.99"}, {Method: "UPI", Percent: "0"}}
	e, err := db.SaveExtension(ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	testPayment(t, db, e, "TR1")
	for method, want := range map[string]string{"card": "1.99 % 1.99 INR", "upi": "0 % 0.00 INR", "netbanking": ""} {
		p := paymentOfRef(t, db, "pay_TR1")
		p.Method = method
		fee, err := db.ExpectedFee(ctx, p)
		if err != nil || fee == nil || fee.Extension != "Ruosh Pay" {
			t.Fatalf("%s: %+v (%v)", method, fee, err)
		}
		got := ""
		if fee.Fee != nil {
			got = fee.Terms + " " + fee.Fee.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", method, got, want)
		}
	}
}

// The fees that a gateway's file names are held against the terms of the extension.
func TestFeesOfAFile(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay()) // 2.5 % + 3.00 INR
	if err != nil {
		t.Fatal(err)
	}
	user := modelstest.Person(t, db, "Ravi", models.Owner)
	testPayment(t, db, e, "TR1")
	testPayment(t, db, e, "TR2")
	var id int64
	err = db.Pool().QueryRow(ctx, `INSERT INTO reconciliations (store_id, gateway, format, file_name, bytes, sha256, days, zone, state, user_id, user_name)
		VALUES (40, 'razorpay', 'razorpay', 'settlement.csv', 0, 'x', 'store', 'Asia/Kolkata', 'done', $1, 'Ravi') RETURNING id`, user.ID).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Pool().Exec(ctx, `INSERT INTO reconciliation_rows_all (reconciliation_id, row, store_id, kind, ref, there, currency, amount_minor, fee_minor) VALUES
		($1, 1, 40, 'payment', 'pay_TR1', 'paid', 'INR', 10000, 550), ($1, 2, 40, 'payment', 'pay_TR2', 'paid', 'INR', 10000, 590), ($1, 3, 40, 'payment', 'pay_else', 'paid', 'INR', 10000, 900),
		($1, 4, 40, 'refund', 'pay_TR1', 'paid', 'INR', 4000, 100)`, id)
	if err != nil {
		t.Fatal(err)
	}
	r, err := db.Reconciliation(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	fees, err := db.ReconciliationFees(ctx, r)
	if err != nil || len(fees) != 1 || fees[0] != (models.FeeComparison{Extension: "Ruosh Pay", Currency: "INR", Payments: 2, Expected: 1100, Told: 1140, HasFees: true}) {
		t.Errorf("the fees compare as %+v (%v)", fees, err)
	}
}

func paymentOfRef(t *testing.T, db *models.DB, ref string) *models.Payment {
	t.Helper()
	var id int64
	ctx := modelstest.System(t.Context())
	if err := db.Pool().QueryRow(ctx, "SELECT id FROM payments WHERE ref = $1", ref).Scan(&id); err != nil {
		t.Fatal(err)
	}
	d, err := db.PaymentDetail(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return &d.Payment.Payment
}

func TestUptime(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	none, err := db.Uptime(ctx, 30)
	if err != nil || none.Minutes != 0 || none.Text() != "100 %" {
		t.Errorf("of a new kartify: %+v (%v)", none, err)
	}
	// Worked for 40 days without a break but for 21 of the last 43200 minutes and the whole of the day before them.
	_, err = db.Pool().Exec(ctx, `INSERT INTO uptime_minutes SELECT m FROM generate_series(date_trunc('minute', now(), 'UTC') - interval '40 days', date_trunc('minute', now(), 'UTC'), interval '1 minute') m
		WHERE m NOT BETWEEN date_trunc('minute', now(), 'UTC') - interval '120 minutes' AND date_trunc('minute', now(), 'UTC') - interval '100 minutes'
			AND m NOT BETWEEN date_trunc('minute', now(), 'UTC') - interval '32 days' AND date_trunc('minute', now(), 'UTC') - interval '31 days'`)
	if err != nil {
		t.Fatal(err)
	}
	u, err := db.Uptime(ctx, 30)
	if err != nil || u.Minutes < 43198 || u.Minutes-u.Worked != 21 || !u.Enough() || u.Text() != "99.95 %" {
		t.Errorf("21 minutes of a month are lost: %+v, %s (%v)", u, u.Text(), err)
	}
	if _, err := db.Pool().Exec(ctx, "DELETE FROM uptime_minutes WHERE minute = date_trunc('minute', now(), 'UTC') - interval '10 minutes'"); err != nil {
		t.Fatal(err)
	}
	if u, err = db.Uptime(ctx, 30); err != nil || u.Enough() || u.Text() != "99.94 %" {
		t.Errorf("22 minutes of a month are lost: %s (%v)", u.Text(), err)
	}
}

func TestDuties(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay())
	if err != nil {
		t.Fatal(err)
	}
	testPayment(t, db, e, "TR1")
	db.NoteFyndAnswer(40*time.Millisecond, false)
	db.NoteFyndAnswer(1200*time.Millisecond, true)
	for range 2 {
		if _, err := db.NoteUptime(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, sql := range []string{
		`INSERT INTO order_events (order_id, store_id, event, request_id) SELECT id, 40, 'REFUND_DISPUTED', '16916747740991418099' FROM orders`,
		`INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, created_at)
			SELECT store_id, order_id, id, 'refund', 'staff', 1, 'INR', 'Asha', '', 'key-' || n || '-0123456789', 'unknown', now() - n * interval '119 minutes' FROM payments, generate_series(1, 2) n`,
	} {
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	d, err := db.FyndDuties(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if d.Answers != 2 || d.Broken != 1 || d.Slowest != 1200*time.Millisecond || d.SlowDay == nil {
		t.Errorf("answers: %+v", d)
	}
	if d.Stuck() != 1 || d.Disputes != 1 {
		t.Errorf("%d things wait for over two hours and %d refunds are disputed, want 1 and 1", d.Stuck(), d.Disputes)
	}
}
