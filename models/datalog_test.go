package models_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// log reads a page of the Data Log as somebody who may read every table.
func (m *mailroom) log(query string) *models.DataLog {
	m.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		m.Fatal(err)
	}
	choices, err := m.db.OrderChoices(m.ctx, 0)
	if err != nil {
		m.Fatal(err)
	}
	f, _ := models.ReadLogFilter(q, choices, models.LogTables)
	page, err := m.db.DataLog(m.ctx, f, choices)
	if err != nil {
		m.Fatalf("%s: %v", query, err)
	}
	return page
}

// events are what a page of webhooks shows, the newest first.
func events(page *models.DataLog) string {
	var names []string
	for _, w := range page.Webhooks {
		names = append(names, w.Event+" "+string(w.State))
	}
	return strings.Join(names, ", ")
}

func TestDataLogFilters(t *testing.T) {
	m := openMailroom(t)
	order, _ := m.order("pay_1", "success", 10000)
	m.order("pay_2", "success", 10000)
	ask := told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": "R1"})
	m.send(ask, told("e2", "SHIPMENT_CREATED", "FYpay_1", map[string]any{"store_id": 0}), told("e3", "SHIPMENT_UPDATED", "FYpay_1", map[string]any{"store_id": 41}), told("e4", "ORDER_PLACED", "FYpay_2", nil))
	m.send(told("e5", "ORDER_PLACED", "FYnobody", nil), ask, paid("p1", "pay_1", "captured"))
	m.deliver(fyndParcel("e6", map[string]any{"event": "REFUND_DONE", "gofynd_order_id": "FYpay_1"}, "guess"))
	m.exec(`UPDATE webhooks SET received_at = '2026-01-31 18:29:59.999Z' WHERE event = 'SHIPMENT_CREATED'`) // 23:59:59 in Kolkata
	m.exec(`UPDATE webhooks SET received_at = '2026-01-31 18:30:00Z' WHERE event = 'SHIPMENT_UPDATED'`)     // midnight

	all := "duplicate"
	tests := []struct{ query, want string }{
		{"table=gofynd_webhook&gofynd_order_id=FYpay_1", "REFUND_INITIATED " + all + ", REFUND_INITIATED processed, SHIPMENT_UPDATED processed, SHIPMENT_CREATED processed"},
		{"table=gofynd_webhook&gofynd_order_id=+fypay_2+", ""}, // no other order, and ids have their letters
		{"table=gofynd_webhook&gofynd_order_id=FYpay_2", "ORDER_PLACED processed"},
		{"table=gofynd_webhook&gofynd_order_id=FYnobody", "ORDER_PLACED parked"},
		{"table=gofynd_webhook&gofynd_order_id=FYpay_", ""},
		{"table=webhook&gofynd_order_id=FYpay_1&verdict=verified&event=payment.captured", "payment.captured processed"},
		{fmt.Sprintf("table=gofynd_webhook&gofynd_order_id=%%23%d&event=shipment_created", order), "SHIPMENT_CREATED processed"},
		{"table=gofynd_webhook&gofynd_order_id=TRpay_2", "ORDER_PLACED processed"},
		{"table=gofynd_webhook&mismatch=1", "SHIPMENT_UPDATED processed, SHIPMENT_CREATED processed"},
		{"table=gofynd_webhook&verdict=forged", " refused"},
		{"table=gofynd_webhook&state=parked", "ORDER_PLACED parked"},
		{"table=gofynd_webhook&state=duplicate", "REFUND_INITIATED duplicate"},
		{"table=gofynd_webhook&store=41", ""},
		{"table=gofynd_webhook&from=2026-02-01&to=2026-02-01", "SHIPMENT_UPDATED processed"},
		{"table=gofynd_webhook&to=2026-01-31", "SHIPMENT_CREATED processed"},
		{"table=webhook&event=payment.captured", "payment.captured processed"},
	}
	for _, tt := range tests {
		page := m.log(tt.query)
		if got := events(page); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
		}
		if !page.Counted || page.Total != page.Rows() {
			t.Errorf("%s: %d counted (%v), %d rows", tt.query, page.Total, page.Counted, page.Rows())
		}
	}
	if page := m.log("gofynd_order_id=" + fmt.Sprint(order)); page.Order == nil || page.Order.By != "order" || page.Order.PartnerID != "FYpay_1" {
		t.Errorf("our own number found %+v", page.Order)
	}
}

func TestStoreMark(t *testing.T) {
	m := openMailroom(t)
	for i, tt := range []struct {
		claimed any
		want    models.StoreMark
	}{
		{40, ""}, {"40", ""}, {"040", ""}, {0, "zero"}, {"0", "zero"}, {"000", "zero"}, {41, "wrong"}, {"ruosh", "wrong"}, {-40, "wrong"}, {"", ""}, {nil, ""}, {strings.Repeat("9", 400), "wrong"},
	} {
		id := m.deliver(told(fmt.Sprint("e", i), "X", fmt.Sprint("FY", i), map[string]any{"store_id": tt.claimed})).WebhookID
		var got models.StoreMark
		for _, row := range m.log("table=gofynd_webhook").Webhooks {
			if row.ID == id {
				got = row.StoreMark
			}
		}
		if got != tt.want {
			t.Errorf("store_ID %v is marked %q, want %q", tt.claimed, got, tt.want)
		}
	}
}

func TestDataLogPages(t *testing.T) {
	m := openMailroom(t)
	m.exec(`INSERT INTO webhooks (source, store_id, event, body_sha256, body, verdict, state, received_at)
		SELECT CASE n % 3 WHEN 0 THEN 'razorpay' ELSE 'gofynd' END, 40 + n % 2, 'E', decode(md5(n::text), 'hex'), '', 'verified', 'processed', '2026-01-01'::timestamptz + (n / 4) * interval '1 second' FROM generate_series(1, 45) n`)
	for table, want := range map[string]int{"webhook": 45, "gofynd_webhook": 30} {
		var seen []int64
		path, pages := "table="+table+"&limit=10", 0
		var last *models.DataLog
		for after := ""; ; after = last.Next {
			last = m.log(path + "&after=" + after)
			pages++
			for _, w := range last.Webhooks {
				seen = append(seen, w.ID)
			}
			if last.Next == "" {
				break
			}
		}
		if len(seen) != want || !slices.IsSortedFunc(seen, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("%s: %d rows on %d pages, want %d, each once and the newest first: %v", table, len(seen), pages, want, seen)
		}
		for before, at := last.Prev, len(seen)-last.Rows(); before != ""; {
			page := m.log(path + "&before=" + before)
			at -= page.Rows()
			if page.Rows() != 10 || page.Webhooks[0].ID != seen[at] {
				t.Fatalf("%s: backwards a page has %d rows from %d, want 10 from %d", table, page.Rows(), page.Webhooks[0].ID, seen[at])
			}
			before = page.Prev
		}
	}
}

func TestDataLogKeepsStoresApart(t *testing.T) {
	m := openMailroom(t)
	m.order("pay_1", "success", 10000)
	m.send(told("e1", "ORDER_PLACED", "FYpay_1", nil))
	m.send(fyndParcel("e2", map[string]any{"event": "ORDER_PLACED", "gofynd_order_id": "FYother", "store_id": 41}, "other-"+fyndSecret))
	m.deliver(fyndParcel("e3", map[string]any{"event": "FORGED"}, "guess"))
	everything := m.ctx
	for store, want := range map[int64]string{40: "ORDER_PLACED processed", 41: "ORDER_PLACED parked"} {
		m.ctx = models.WithScope(everything, models.Scope{Stores: []int64{store}})
		for _, query := range []string{"table=gofynd_webhook", "table=webhook&store=40&store=41"} {
			if got := events(m.log(query)); got != want {
				t.Errorf("store %d, %s: %q, want %q", store, query, got, want)
			}
		}
		if page := m.log("table=gofynd_webhook&gofynd_order_id=FYpay_1"); (page.Order != nil) != (store == 40) || (page.Rows() > 0) != (store == 40) {
			t.Errorf("store %d finds %+v and %d rows for an order of store 40", store, page.Order, page.Rows())
		}
	}
	m.ctx = models.WithScope(everything, models.Scope{})
	if got := m.log("table=webhook").Rows(); got != 0 {
		t.Errorf("nobody sees %d rows", got)
	}
}

func TestGatewayCallsMaskPeople(t *testing.T) {
	m := openMailroom(t)
	order, payment := m.order("pay_1", "success", 10000)
	var op int64
	m.scan(&op, `INSERT INTO operations (store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state)
		VALUES (40, $1, $2, 'refund', 'staff', 100, 'INR', 'Asha', '\x00', 'kfy1234567890', 'succeeded') RETURNING id`, order, payment)
	m.exec(`INSERT INTO operation_attempts (operation_id, store_id, n, kind, outcome, http_status, exchanges) VALUES
		($1, 40, 1, 'send', 'unavailable', 503, '[]'), ($1, 40, 2, 'lookup', 'succeeded', 200, '[{"Verb":"refund","Answer":"{\"email\":\"meera@mail.example\"}"}]')`, op)
	page := m.log("table=gateway_call&gofynd_order_id=FYpay_1&outcome=succeeded&gateway=razorpay")
	if len(page.Calls) != 1 || page.Calls[0].HTTPStatus != 200 || page.Calls[0].OrderID != order || page.Calls[0].PartnerOrderID != "FYpay_1" {
		t.Fatalf("calls: %+v", page.Calls)
	}
	if got := page.Calls[0].Exchanges()[0].Answer; got != `{"email":"m•••@mail.example"}` {
		t.Errorf("the answer is shown as %s", got)
	}
	if got := m.log("table=gateway_call&gofynd_order_id=FYother").Rows(); got != 0 {
		t.Errorf("another order's calls: %d", got)
	}
}

func TestReadLogFilterSaysWhatItLeavesOut(t *testing.T) {
	m := openMailroom(t)
	choices, err := m.db.OrderChoices(m.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"table=users":                        "There is no table “users”; this is Gofynd Webhook.",
		"store=99":                           "“99” is not one of your stores; choose one from the list.",
		"verdict=fine":                       "“fine” is not a verdict; choose one from the list.",
		"event=drop+table":                   "“drop table” is not an event; events are words such as REFUND_INITIATED.",
		"limit=5":                            "“5” rows to a page are not possible; choose from 10 to 500. These are 50.",
		"from=2026-02-02&to=2026-02-01":      "The dates go from 2026-02-02 back to 2026-02-01, so nothing can match; swap them.",
		"from=31.10.2026":                    "Date from: “31.10.2026” is not a date; write it as 2026-10-31.",
		"after=abc":                          "The address of this page was damaged or belongs to another sort; this is the first page.",
		"gofynd_order_id=FY1&state=PARKED":   "",
		"table=gateway_call&verdict=nothing": "",
	} {
		q, _ := url.ParseQuery(query)
		f, notices := models.ReadLogFilter(q, choices, models.LogTables)
		got := ""
		if len(notices) > 0 {
			got = notices[0].Sentence.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if again, _ := models.ReadLogFilter(f.Query(), choices, models.LogTables); again != f {
			t.Errorf("%s: %+v comes back from the URL as %+v", query, f, again)
		}
	}
	if tables := models.LogTablesOf(models.Finance); slices.Contains(tables, models.LogEmails) || !slices.Contains(tables, models.LogNotice) || len(tables) != 4 {
		t.Errorf("finance reads %v", tables)
	}
}
