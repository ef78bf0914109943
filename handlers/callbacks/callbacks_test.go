package callbacks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/jobs"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/sandbox"
	"github.com/kartify/kartify/web"
)

// desk is a kartify over HTTP, with the stores of the cast and what they entered.
type desk struct {
	*testing.T
	db  *models.DB
	url string
	box string // the gateway sandbox
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{Log: slog.New(slog.DiscardHandler), WebhookDelay: 10 * time.Millisecond, RefundDelay: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	there := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		there.Close()
		_ = box.Close()
	})
	db := modelstest.DB(t, func(o *models.Options) {
		o.MaxConns, o.Drivers = 20, all.Drivers
		o.BaseURLs = map[string]string{"razorpay": there.URL + "/razorpay/v1", "gofynd": there.URL + "/fynd", "klarna": there.URL + "/klarna", "svea": there.URL + "/svea", "paykeeper": there.URL + "/paykeeper", "ccavenue": there.URL + "/ccavenue"}
	})
	quiet := slog.New(slog.DiscardHandler)
	e, err := handlers.New(handlers.Options{DB: db, Web: web.Config{Log: quiet}})
	if err != nil {
		t.Fatal(err)
	}
	here := httptest.NewServer(e)
	t.Cleanup(here.Close)
	ctx := modelstest.System(t.Context())
	if err := cast.Load(ctx, db, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := cast.Settings(ctx, db); err != nil {
		t.Fatal(err)
	}
	if err := (cast.Sandbox{Base: there.URL, Kartify: here.URL}).Load(ctx, time.Now()); err != nil {
		t.Fatal(err)
	}
	return &desk{t, db, here.URL, there.URL}
}

// work starts the jobs.
func (d *desk) work() {
	d.Helper()
	queue, err := jobs.New(d.db, slog.New(slog.DiscardHandler))
	if err != nil {
		d.Fatal(err)
	}
	if err := queue.Start(d.Context()); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		if err := queue.Stop(modelstest.System(d.T.Context())); err != nil && d.T.Context().Err() == nil {
			d.Errorf("stop: %v", err)
		}
	})
}

func (d *desk) call(method, url, body string, header ...string) (int, string, http.Header) {
	d.Helper()
	req, err := http.NewRequestWithContext(d.Context(), method, url, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		d.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text)), res.Header
}

// ask has the sandbox do something and gives the statuses that kartify answered to what it sent.
func (d *desk) ask(path string, body map[string]any) []int {
	d.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.Fatal(err)
	}
	status, answer, _ := d.call("POST", d.box+path, string(text))
	var out struct{ Statuses []int }
	if err := json.Unmarshal([]byte(answer), &out); err != nil || status != http.StatusOK && status != http.StatusCreated {
		d.Fatalf("%s: %d %s", path, status, answer)
	}
	return out.Statuses
}

func (d *desk) text(sql string, args ...any) string {
	d.Helper()
	var text string
	if err := d.db.Pool().QueryRow(modelstest.System(d.Context()), sql, args...).Scan(&text); err != nil {
		d.Fatal(err)
	}
	return text
}

func (d *desk) until(what, sql string, args ...any) {
	d.Helper()
	for range 2000 {
		if d.text(sql, args...) == "true" {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	d.Fatalf("waited in vain: %s; webhooks: %s", what, d.text(`SELECT coalesce(string_agg(concat_ws(' ', source, event, state, effect), E'\n'), '') FROM webhooks`))
}

func (d *desk) sound() {
	d.Helper()
	findings, err := d.db.Fsck(modelstest.System(d.Context()))
	if err != nil {
		d.Fatal(err)
	}
	for _, f := range findings {
		d.Errorf("broken: %s: %v", f.Invariant, f.Records)
	}
}

func TestAnswers(t *testing.T) {
	d := openDesk(t)
	secret := cast.GoFynd["secret_key"]
	fynd, razorpay := d.url+"/callbacks/gofynd", d.url+"/callbacks/razorpay/40"
	body := `{"event":"SHIPMENT_CREATED","gofynd_order_id":"FYnobody","store_id":40}`
	paid := `{"entity":"event","event":"payment.captured","contains":["payment"],"payload":{"payment":{"entity":{"id":"pay_nobody","amount":100,"currency":"INR","status":"captured"}}}}`
	sign := func(body, secret string) string { return gateways.SumHMAC([]byte(body), secret) }
	long := `{"event":"X","gofynd_order_id":"FY1","filler":"` + strings.Repeat("x", 1<<20) + `"}`
	noText := "{\"event\":\"X\",\"name\":\"\xff\xfe\"}"
	tests := []struct {
		name, method, url, body string
		header                  []string
		status                  int
		answer                  string // part of it
		rows                    int    // stored
	}{
		{"genuine", "POST", fynd, body, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, secret), "X-Fp-Event-Id", "e1"}, 200, `{"success":true}`, 1},
		{"again", "POST", fynd, body, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, secret), "X-Fp-Event-Id", "e1"}, 200, `{"success":true,"duplicate":true}`, 1},
		{"replayed under another id", "POST", fynd, body, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, secret), "X-Fp-Event-Id", "e2"}, 200, `"duplicate":true`, 1},
		{"forged", "POST", fynd, body, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, "guess")}, 401, `"success":false`, 1},
		{"not signed", "POST", fynd, body, []string{"Content-Type", "application/json"}, 401, `"success":false`, 1},
		{"signed twice", "POST", fynd, body, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, secret), "X-Fp-Signature", sign(body, secret)}, 401, "", 1},
		{"written anew", "POST", fynd, body + " ", []string{"Content-Type", "application/json", "X-Fp-Signature", sign(body, secret)}, 401, "", 1},
		{"no text", "POST", fynd, noText, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(noText, secret)}, 400, `"success":false`, 1},
		{"no JSON", "POST", fynd, "{", []string{"Content-Type", "application/json", "X-Fp-Signature", sign("{", secret)}, 400, "", 1},
		{"nothing", "POST", fynd, "", []string{"Content-Type", "application/json"}, 400, "", 1},
		{"too long", "POST", fynd, long, []string{"Content-Type", "application/json", "X-Fp-Signature", sign(long, secret)}, 413, `"success":false`, 0},
		{"a form", "POST", fynd, "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, `"success":false`, 0},
		{"packed", "POST", fynd, body, []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}, 415, "", 0},
		{"another method", "GET", fynd, "", nil, 405, "", 0},
		{"another method, too", "PUT", fynd, body, []string{"Content-Type", "application/json"}, 405, "", 0},
		{"Razorpay", "POST", razorpay, paid, []string{"Content-Type", "application/json; charset=utf-8", "X-Razorpay-Signature", sign(paid, cast.Razorpay["webhook_secret"]), "X-Razorpay-Event-Id", "Rp1"}, 200, `{"success":true}`, 1},
		{"Razorpay, signed with the key secret", "POST", razorpay, paid, []string{"Content-Type", "application/json", "X-Razorpay-Signature", sign(paid, cast.Razorpay["key_secret"])}, 401, "", 1},
		{"a store without Razorpay", "POST", d.url + "/callbacks/razorpay/41", paid, []string{"Content-Type", "application/json", "X-Razorpay-Signature", sign(paid, "")}, 401, "", 1},
		{"no store", "POST", d.url + "/callbacks/razorpay/ruosh", paid, []string{"Content-Type", "application/json"}, 404, "", 0},
		{"another site's browser", "POST", fynd, body + "\n", []string{"Content-Type", "application/json", "Origin", "https://evil.example", "X-Fp-Signature", sign(body+"\n", secret)}, 200, "", 1},
	}
	for _, tt := range tests {
		before := d.text(`SELECT count(*)::text FROM webhooks`)
		status, answer, _ := d.call(tt.method, tt.url, tt.body, tt.header...)
		if status != tt.status || !strings.Contains(answer, tt.answer) {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, answer, tt.status, tt.answer)
		}
		if got := d.text(`SELECT (count(*) - $1)::text FROM webhooks`, before); got != fmt.Sprint(tt.rows) {
			t.Errorf("%s: %s rows, want %d", tt.name, got, tt.rows)
		}
	}
	d.sound()
}

func TestDatabaseThatIsAwayIsSaid(t *testing.T) {
	d := openDesk(t)
	d.db.Close()
	body := `{"event":"X","gofynd_order_id":"FY1"}`
	status, answer, header := d.call("POST", d.url+"/callbacks/gofynd", body, "Content-Type", "application/json", "X-Fp-Signature", gateways.SumHMAC([]byte(body), cast.GoFynd["secret_key"]))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(answer, `"success":false`) {
		t.Errorf("%d %s, Retry-After %q", status, answer, header.Get("Retry-After"))
	}
}

func TestForgeriesOfTheSandbox(t *testing.T) {
	d := openDesk(t)
	tests := []struct {
		forge  string
		status int
	}{
		{"signature", 401}, {"missing", 401}, {"reserialized", 401}, {"non_utf8", 400}, {"oversized", 413}, {"replay_new_id", 200}, {"other_event_bytes", 200},
	}
	genuine := map[string]any{"gateway": "razorpay", "event": "payment.captured", "payment": "pay_KF00000000001B", "to": d.url + "/callbacks/razorpay/40"}
	if got := d.ask("/_sandbox/webhooks", genuine); got[0] != 200 {
		t.Fatalf("the genuine one: %v", got)
	}
	before := d.text(`SELECT string_agg(concat_ws(' ', id, status, captured_minor, refunded_minor), ',' ORDER BY id) FROM payments`)
	for _, tt := range tests {
		genuine["forge"] = tt.forge
		for _, status := range d.ask("/_sandbox/webhooks", genuine) {
			if status != tt.status {
				t.Errorf("%s: %d, want %d", tt.forge, status, tt.status)
			}
		}
	}
	if _, err := d.db.ProcessDueWebhooks(modelstest.System(t.Context())); err != nil {
		t.Fatal(err)
	}
	if after := d.text(`SELECT string_agg(concat_ws(' ', id, status, captured_minor, refunded_minor), ',' ORDER BY id) FROM payments`); after != before {
		t.Errorf("forgeries changed payments from\n%s\nto\n%s", before, after)
	}
	d.sound()
}

func TestFiftyAtOnceAreOne(t *testing.T) {
	d := openDesk(t)
	d.work()
	statuses := d.ask("/_sandbox/fynd/webhooks", map[string]any{
		"company_id": 1, "event": "REFUND_INITIATED", "gofynd_order_id": d.text(`SELECT partner_order_id FROM orders WHERE id = 1001`), "store_id": 40, "amount": "1.00", "currency": "INR",
		"request_id": "16916747740991419999", "to": d.url + "/callbacks/gofynd", "times": 50, "parallel": true,
	})
	for _, status := range statuses {
		if status != 200 {
			t.Fatalf("answers %v", statuses)
		}
	}
	d.until("the request", `SELECT (count(*) = 1)::text FROM order_events WHERE request_id = '16916747740991419999' AND waiting`)
	if got := d.text(`SELECT count(*) FILTER (WHERE state = 'duplicate') || ' ' || count(*) FROM webhooks`); got != "49 50" {
		t.Errorf("duplicates and all: %s, want 49 50", got)
	}
	d.sound()
}

func TestRefundInThePortalArrives(t *testing.T) {
	d := openDesk(t)
	d.work()
	d.ask("/_sandbox/payments/pay_KF00000000001B/refunds", map[string]any{"amount_minor": 5000, "webhook": true})
	d.until("the refund", `SELECT (count(*) = 1)::text FROM operations WHERE source = 'provider' AND state = 'succeeded' AND amount_minor = 5000`)
	d.ask("/_sandbox/webhooks", map[string]any{"gateway": "razorpay", "event": "refund.processed", "payment": "pay_KF00000000001B", "to": d.url + "/callbacks/razorpay/40", "times": 5, "shuffle": true})
	d.until("everything acted upon", `SELECT (count(*) = 0)::text FROM webhooks WHERE next_at IS NOT NULL`)
	if got := d.text(`SELECT refunded_minor::text FROM payments WHERE ref = 'pay_KF00000000001B'`); got != "5000" {
		t.Errorf("%s refunded, want 5000", got)
	}
	d.sound()
}

func TestOrderAndRefundOverTheWire(t *testing.T) {
	d := openDesk(t)
	d.work()
	d.ask("/_sandbox/payments", map[string]any{"gateway": "razorpay", "order": "FYWIRE1", "id": "pay_KFwire00000001", "amount_minor": 10000, "currency": "INR", "state": "captured"})
	order := map[string]any{
		"currency": "INR", "total": "100.00", "customer": map[string]any{"name": "Ishaan"}, "items": []any{map[string]any{"name": "Kurta", "quantity": 1, "unit_price": "100.00"}},
		"payment": map[string]any{"gateway": "razorpay", "payment_id": "pay_KFwire00000001", "method": "upi", "status": "complete", "amount": "100.00"},
	}
	event := map[string]any{
		"company_id": 1, "event": "REFUND_INITIATED", "gofynd_order_id": "FYWIRE1", "gid": "TRWIRE1", "store_id": 40, "amount": "25.00", "currency": "INR",
		"request_id": "16916747740991418500", "to": d.url + "/callbacks/gofynd",
	}
	d.ask("/_sandbox/fynd/webhooks", event) // before the order it speaks of
	d.until("parked", `SELECT (count(*) = 1)::text FROM webhooks WHERE partner_order_id = 'FYWIRE1' AND state = 'parked'`)
	d.ask("/_sandbox/fynd/webhooks", map[string]any{"company_id": 1, "event": "ORDER_PLACED", "gofynd_order_id": "FYWIRE1", "gid": "TRWIRE1", "store_id": 40, "order": order, "to": d.url + "/callbacks/gofynd"})
	d.until("the order, paid, with its request", `SELECT (count(*) = 1)::text FROM orders o JOIN payments p ON p.order_id = o.id JOIN order_events e ON e.order_id = o.id
		WHERE o.partner_order_id = 'FYWIRE1' AND o.status = 'processing' AND p.captured_minor = 10000 AND e.waiting AND e.amount_minor = 2500`)
	d.sound()
}

func TestBodyIsReadToItsLimit(t *testing.T) {
	d := openDesk(t)
	secret := cast.GoFynd["secret_key"]
	head := []byte(`{"event":"X","gofynd_order_id":"FY1","filler":"`)
	body := append(append(head, bytes.Repeat([]byte("x"), 1<<20-len(head)-2)...), `"}`...)
	if status, answer, _ := d.call("POST", d.url+"/callbacks/gofynd", string(body), "Content-Type", "application/json", "X-Fp-Signature", gateways.SumHMAC(body, secret)); status != 200 {
		t.Errorf("1 MiB exactly: %d %s", status, answer)
	}
}
