package models_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// counter is Fynd's side of confirmPayment: it answers with the statuses of its script, then well.
type counter struct {
	mu     sync.Mutex
	script []int
	heard  []string // order ids, as they came
	wait   time.Duration
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		OrderID string `json:"order_id"`
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	time.Sleep(c.wait)
	c.mu.Lock()
	defer c.mu.Unlock()
	status := http.StatusOK
	if len(c.script) > 0 {
		status, c.script = c.script[0], c.script[1:]
	}
	c.heard = append(c.heard, in.OrderID)
	w.WriteHeader(status)
	if status != http.StatusOK {
		_, _ = io.WriteString(w, `{"success":false,"code":"no","description":"Order not found","message":"Order not found"}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"order_id":%q,"message":"Payment confirmed","success":true}`, in.OrderID)
}

var asha = models.Actor{Kind: "user", UserID: new(int64(7)), Name: "Asha Rao"}

// openCounter is a mailroom whose Fynd takes confirmations.
func openCounter(t *testing.T, script ...int) (*mailroom, *counter) {
	t.Helper()
	c := &counter{script: script}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	m := openMailroom(t, func(o *models.Options) {
		o.BaseURLs = map[string]string{"gofynd": server.URL}
		o.Timings.PartnerTries = 3
	})
	return m, c
}

// missing puts in an order that is missing while its gateway shows the payment as word.
func (m *mailroom) missing(ref, word string) int64 {
	m.Helper()
	order, _ := m.order(ref, "pending", 0)
	m.exec(`UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = $1`, order)
	if word != "" {
		m.bogus.AddPayment(*snapshot(ref, word))
	}
	return order
}

func (m *mailroom) confirm(ids ...string) []models.Confirmation {
	m.Helper()
	list, err := m.db.ConfirmPayments(m.ctx, ids, asha)
	if err != nil {
		m.Fatal(err)
	}
	return list
}

func TestConfirmPaymentOfEachKind(t *testing.T) {
	m, fynd := openCounter(t)
	shipped, _ := m.order("pay_shipped", "success", 10000)
	m.exec(`UPDATE orders SET status = 'shipped' WHERE id = $1`, shipped)
	m.missing("pay_debited", "captured")
	m.missing("pay_held", "authorized")
	m.missing("pay_failed", "failed")
	m.missing("pay_unheard", "")
	processing, _ := m.order("pay_processing", "success", 10000)
	m.bogus.AddPayment(*snapshot("pay_processing", "captured"))
	pending, _ := m.order("pay_pending", "pending", 0)
	m.bogus.AddPayment(*snapshot("pay_pending", "captured"))
	m.missing("pay_other", "")
	other := *snapshot("pay_other", "captured")
	other.Amount, other.Captured = money.New(9900, "INR"), 9900
	m.bogus.AddPayment(other)
	returned := *snapshot("pay_returned", "captured")
	returned.Refunded = 10000
	m.missing("pay_returned", "")
	m.bogus.AddPayment(returned)
	m.missing("pay_plain", "captured")
	m.exec(`UPDATE orders SET partner_order_id = 'FYelsewhere' WHERE partner_order_id = 'FYpay_plain'`)
	m.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES (43, 'plain', 'Plain', 'INR', 'Asia/Kolkata', false)`)
	m.exec(`UPDATE orders SET store_id = 43 WHERE partner_order_id = 'FYelsewhere'`)
	m.exec(`UPDATE payments SET store_id = 43 WHERE ref = 'pay_plain'`)
	tests := []struct {
		id    string
		state models.ConfirmationState
		said  string
	}{
		{"FYpay_debited", models.ConfirmDone, "Fynd has confirmed the payment of 100.00 INR"},
		{"FYpay_processing", models.ConfirmDone, "the order is processed"},
		{"FYpay_shipped", models.ConfirmRefused, "The order is shipped"},
		{"FYpay_pending", models.ConfirmRefused, "The order is pending"},
		{"FYpay_held", models.ConfirmRefused, "Capture the payment"},
		{"FYpay_failed", models.ConfirmRefused, "the payment is not made (failed)"},
		{"FYpay_unheard", models.ConfirmRefused, "could not be asked"},
		{"FYpay_other", models.ConfirmRefused, "99.00 INR"},
		{"FYpay_returned", models.ConfirmRefused, "returned to the customer"},
		{"FYelsewhere", models.ConfirmRefused, "No order of your Fynd stores"},
		{"FYnothing", models.ConfirmRefused, "No order of your Fynd stores"},
	}
	var ids []string
	for _, tt := range tests {
		ids = append(ids, tt.id, tt.id) // twice
	}
	list := m.confirm(ids...)
	if len(list) != len(tests) {
		t.Fatalf("%d answers to %d ids", len(list), len(tests))
	}
	for i, tt := range tests {
		if got := list[i]; got.PartnerOrderID != tt.id || got.State != tt.state || !strings.Contains(got.Said, tt.said) {
			t.Errorf("%s: %s, %q; want %s, %q", tt.id, got.State, got.Said, tt.state, tt.said)
		}
	}
	if list[9].Said != list[10].Said || list[9].OrderID != 0 {
		t.Errorf("an order elsewhere is told apart from none: %+v", list[9])
	}
	if got := m.text(`SELECT string_agg(partner_order_id, ' ' ORDER BY partner_order_id) FROM orders WHERE status = 'processed'`); got != "FYpay_debited FYpay_processing" {
		t.Errorf("processed: %s", got)
	}
	if len(fynd.heard) != 2 {
		t.Errorf("Fynd heard %v", fynd.heard)
	}
	want := "missing>processing Razorpay\nprocessing>processed Asha Rao"
	debited := `(SELECT id FROM orders WHERE partner_order_id = 'FYpay_debited')`
	if got := m.text(`SELECT from_status||'>'||to_status||' '||actor_name FROM order_history WHERE kind = 'status' AND order_id = ` + debited + ` ORDER BY id`); got != want && !strings.HasSuffix(got, "processing>processed Asha Rao") {
		t.Errorf("history: %s", got)
	}
	if got := m.text(`SELECT count(*)::text FROM audit_log WHERE action = 'confirm_payment.requested' AND actor_name = 'Asha Rao' AND order_id = ` + debited); got != "1" {
		t.Errorf("the audit log names it %s times", got)
	}
	if m.text(`SELECT status FROM orders WHERE id = $1`, processing) != "processed" || m.text(`SELECT status FROM orders WHERE id = $1`, pending) != "pending" {
		t.Error("the wrong one moved")
	}
	for _, again := range m.confirm("FYpay_debited", "FYpay_processing") {
		if again.State != models.ConfirmAlready || !strings.HasPrefix(again.Said, "Already done") {
			t.Errorf("a second time: %+v", again)
		}
	}
	if len(fynd.heard) != 2 {
		t.Errorf("Fynd heard it again: %v", fynd.heard)
	}
	m.sound()
}

// A payment whose id never came here is known by it once it was confirmed, so that it can be refunded.
func TestConfirmedPaymentHasItsID(t *testing.T) {
	m, _ := openCounter(t)
	m.missing("pay_unnamed", "captured")
	m.exec(`UPDATE payments SET ref = NULL WHERE ref = 'pay_unnamed'`)
	if got := m.confirm("FYpay_unnamed"); got[0].State != models.ConfirmDone {
		t.Errorf("confirmed: %+v", got)
	}
	if got := m.text(`SELECT coalesce(ref, 'without an id') || ' ' || status FROM payments`); got != "pay_unnamed success" {
		t.Errorf("the payment is %s", got)
	}
	m.sound()
}

// A person of another store hears of its orders what they hear of none.
func TestConfirmPaymentKeepsToItsStores(t *testing.T) {
	m, fynd := openCounter(t)
	m.missing("pay_1", "captured")
	ctx := models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	list, err := m.db.ConfirmPayments(ctx, []string{"FYpay_1", "FYnone"}, asha)
	if err != nil || list[0].Said != list[1].Said || list[0].State != models.ConfirmRefused || list[0].OrderID != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if m.text(`SELECT status FROM orders`) != "missing" || len(fynd.heard) != 0 {
		t.Error("it was confirmed from elsewhere")
	}
}

// While Fynd has not answered well the order never looks processed, and it is told again by itself.
func TestConfirmPaymentIsToldAgain(t *testing.T) {
	tests := []struct {
		name   string
		script []int
		first  models.ConfirmationState
		heard  int
		end    string // of the update and the order
	}{
		{"fault", []int{500}, models.ConfirmRetrying, 2, "done processed"},
		{"too many", []int{429, 503}, models.ConfirmRetrying, 3, "done processed"},
		{"refused", []int{404}, models.ConfirmRefused, 1, "failed processing"},
		{"never", []int{500, 500, 500, 500}, models.ConfirmRetrying, 3, "failed processing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, fynd := openCounter(t, tt.script...)
			m.missing("pay_1", "captured")
			got := m.confirm("FYpay_1")[0]
			if got.State != tt.first || m.text(`SELECT status FROM orders`) != "processing" {
				t.Errorf("first: %+v, the order is %s", got, m.text(`SELECT status FROM orders`))
			}
			if !strings.Contains(got.Said, ". It is tried again") && !strings.Contains(got.Said, ". Correct what it names") {
				t.Errorf("said: %q", got.Said)
			}
			for range 5 {
				m.tell()
			}
			if end := m.text(`SELECT u.state||' '||o.status FROM partner_updates u JOIN orders o ON o.id = u.order_id`); end != tt.end || len(fynd.heard) != tt.heard {
				t.Errorf("%s after %d calls, want %s after %d", end, len(fynd.heard), tt.end, tt.heard)
			}
			if tt.end == "failed processing" {
				fynd.script = nil
				if again := m.confirm("FYpay_1")[0]; again.State != models.ConfirmDone {
					t.Errorf("executed again: %+v", again)
				}
			}
			m.sound()
		})
	}
}

func TestFiftyConfirmationsAtOnceAreOneCall(t *testing.T) {
	m, fynd := openCounter(t)
	fynd.wait = 30 * time.Millisecond
	m.missing("pay_1", "captured")
	var wait sync.WaitGroup
	states := make([]models.ConfirmationState, 50)
	for i := range states {
		wait.Go(func() {
			list, err := m.db.ConfirmPayments(m.ctx, []string{"FYpay_1"}, asha)
			if err != nil {
				t.Error(err)
				return
			}
			states[i] = list[0].State
		})
	}
	wait.Wait()
	if len(fynd.heard) != 1 {
		t.Errorf("Fynd heard %v", fynd.heard)
	}
	for i, state := range states {
		if state == models.ConfirmRefused || state == "" {
			t.Errorf("number %d was told %q", i, state)
		}
	}
	if got := m.text(`SELECT status||' '||(SELECT count(*) FROM partner_updates) FROM orders`); got != "processed 1" {
		t.Errorf("order and updates: %s", got)
	}
	m.sound()
}

func TestConfirmIDs(t *testing.T) {
	tests := []struct{ text, want string }{
		{"FY1", "FY1"},
		{" FY1,FY2;FY3\n\tFY1\r\nFY4 ", "FY1 FY2 FY3 FY4"},
		{" \n ,", "!Fill in at least one GoFynd order ID."},
		{strings.Repeat("x", 65), "!“xxxxx"},
		{manyIDs(200), ""},
		{manyIDs(201), "!These are 201 ids"},
	}
	for _, tt := range tests {
		ids, err := models.ConfirmIDs(tt.text)
		got := strings.Join(ids, " ")
		if err != nil {
			got = "!" + err.Error()
		}
		if tt.want != "" && got != tt.want && !(strings.HasPrefix(tt.want, "!") && strings.HasPrefix(got, tt.want)) {
			t.Errorf("%q: %s, want %s", clipped(tt.text), got, tt.want)
		}
		if tt.want == "" && len(ids) != 200 {
			t.Errorf("%d ids of 200", len(ids))
		}
	}
}

func manyIDs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "FY%d\n", i)
	}
	return b.String()
}

func clipped(text string) string { return text[:min(len(text), 20)] }
