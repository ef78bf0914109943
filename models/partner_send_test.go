package models_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// listener is Fynd as far as it listens: it answers with the statuses of its script, then 200.
type listener struct {
	mu     sync.Mutex
	script []int
	heard  []string // status words, with the status of the answer
	bodies []string
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	var in struct{ GID, Status string }
	_ = json.Unmarshal(body, &in)
	status := http.StatusOK
	if len(l.script) > 0 {
		status, l.script = l.script[0], l.script[1:]
	}
	l.heard, l.bodies = append(l.heard, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]+" "+in.Status+" "+http.StatusText(status)), append(l.bodies, string(body))
	w.WriteHeader(status)
	if status != http.StatusOK {
		_, _ = io.WriteString(w, `{"success":false,"message":"no"}`)
		return
	}
	_, _ = io.WriteString(w, `{"gid":"`+in.GID+`","status":"`+in.Status+`","currency":"INR","total_refund_amount":4000,"platform_refund_details":[]}`)
}

const requestID = "16916747740991418099"

// openPartner is a mailroom whose Fynd listens, with a request of 40.00 INR that waits.
func openPartner(t *testing.T, script ...int) (m *mailroom, l *listener, order, payment int64) {
	t.Helper()
	l = &listener{script: script}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	m = openMailroom(t, func(o *models.Options) {
		o.BaseURLs = map[string]string{"gofynd": server.URL}
		o.Timings.PartnerTries, o.Timings.Lease = 4, 5*time.Second // longer than a busy machine takes for one attempt
	})
	order, payment = m.order("pay_1", "success", 10000)
	m.send(told("e1", "REFUND_INITIATED", "FYpay_1", map[string]any{"amount": "40.00", "request_id": requestID}))
	return m, l, order, payment
}

// tell makes everything due that waits, and tells it.
func (m *mailroom) tell() {
	m.Helper()
	m.exec(`UPDATE partner_updates SET next_at = now() WHERE next_at IS NOT NULL`)
	if _, err := m.db.TellDuePartners(m.ctx); err != nil {
		m.Fatal(err)
	}
}

func (m *mailroom) updates() string {
	m.Helper()
	return m.text(`SELECT concat_ws(' ', status, state, tries) FROM partner_updates ORDER BY id`)
}

func TestFyndHearsOfARefundInOrder(t *testing.T) {
	m, l, order, payment := openPartner(t)
	m.bogus.Next(gatewaytest.Pend)
	op := m.asked(order, payment, 4000)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	m.send(refunded("e2", answerTo(op, gateways.Succeeded)))
	for _, id := range []int64{2, 1, 2} { // the jobs come in another order
		if err := m.db.TellPartner(m.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	m.tell()
	want := requestID + " refund_pending OK, " + requestID + " refund_done OK"
	if got := strings.Join(l.heard, ", "); got != want {
		t.Errorf("Fynd heard %s, want %s", got, want)
	}
	if got := m.text(`SELECT comment FROM order_history WHERE kind = 'partner' ORDER BY id`); got != "Fynd was told refund_pending for request "+requestID+".\nFynd was told refund_done for request "+requestID+"." {
		t.Errorf("history: %s", got)
	}
}

func TestFyndIsToldAgainUntilItHears(t *testing.T) {
	tests := []struct {
		name   string
		script []int
		heard  int
		want   string
	}{
		{"at once", nil, 1, "refund_done done 1"},
		{"after faults", []int{500, 503, 429}, 4, "refund_done done 4"},
		{"conflict, then heard", []int{409, 408, 425}, 4, "refund_done done 4"},
		{"refused", []int{400}, 1, "refund_done failed 1"},
		{"unknown there", []int{404}, 1, "refund_done failed 1"},
		{"credentials", []int{401}, 1, "refund_done failed 1"},
		{"never", []int{500, 500, 500, 500, 500}, 4, "refund_done failed 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, l, order, payment := openPartner(t, tt.script...)
			if err := m.db.DispatchOperation(m.ctx, m.asked(order, payment, 4000).ID); err != nil {
				t.Fatal(err)
			}
			for range 6 {
				m.tell()
			}
			if got := m.updates(); got != tt.want || len(l.heard) != tt.heard {
				t.Errorf("%s after %d attempts, want %s after %d", got, len(l.heard), tt.want, tt.heard)
			}
			for _, body := range l.bodies {
				if body != l.bodies[0] {
					t.Errorf("a repeat says %s, the first said %s", body, l.bodies[0])
				}
			}
			if n := m.text(`SELECT jsonb_array_length(log)::text FROM partner_updates`); n != m.text(`SELECT tries::text FROM partner_updates`) {
				t.Errorf("%s attempts are kept", n)
			}
			if log := m.text(`SELECT log::text FROM partner_updates`); strings.Contains(log, fyndSecret) {
				t.Errorf("the log holds the secret")
			}
			if strings.Contains(tt.want, "failed") {
				if got := m.text(`SELECT count(*)::text FROM order_history WHERE comment LIKE 'Fynd could not be told%'`); got != "1" {
					t.Errorf("the history says %s times that Fynd could not be told", got)
				}
			}
			m.sound()
		})
	}
}

func TestGivenUpIsTriedAgainByHand(t *testing.T) {
	m, l, order, payment := openPartner(t, 400)
	if err := m.db.DispatchOperation(m.ctx, m.asked(order, payment, 4000).ID); err != nil {
		t.Fatal(err)
	}
	m.tell()
	if err := m.db.RetryPartner(m.ctx, 1, models.SystemActor); err != nil {
		t.Fatal(err)
	}
	m.tell()
	if got := m.updates(); got != "refund_done done 1" || len(l.heard) != 2 {
		t.Errorf("%s after %d attempts", got, len(l.heard))
	}
	if err := m.db.RetryPartner(m.ctx, 1, models.SystemActor); err == nil {
		t.Error("what Fynd has heard was told again")
	}
}

func TestStalePendingIsNotTold(t *testing.T) {
	m, l, order, payment := openPartner(t, 500, 500, 500) // the first word does not get through
	m.bogus.Next(gatewaytest.Pend)
	op := m.asked(order, payment, 4000)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		m.tell()
	}
	m.send(refunded("e2", answerTo(op, gateways.Succeeded)))
	m.exec(`UPDATE partner_updates SET next_at = now() + interval '1 hour' WHERE status = 'refund_pending'`)
	if err := m.db.TellPartner(m.ctx, 2); err != nil {
		t.Fatal(err)
	}
	m.tell()
	if got := m.updates(); got != "refund_pending done 3\nrefund_done done 1" {
		t.Errorf("updates:\n%s", got)
	}
	if got := l.heard[len(l.heard)-1]; got != requestID+" refund_done OK" || len(l.heard) != 4 {
		t.Errorf("Fynd heard %v", l.heard)
	}
}

// What Fynd refused to hear needs nobody any more once it has heard what came later.
func TestRefusedWordIsOvertaken(t *testing.T) {
	m, l, order, payment := openPartner(t, 400)
	m.bogus.Next(gatewaytest.Pend)
	op := m.asked(order, payment, 4000)
	if err := m.db.DispatchOperation(m.ctx, op.ID); err != nil {
		t.Fatal(err)
	}
	m.tell()
	if got := m.updates(); got != "refund_pending failed 1" {
		t.Fatalf("updates:\n%s", got)
	}
	m.send(refunded("e2", answerTo(op, gateways.Succeeded)))
	m.tell()
	if got := m.text(`SELECT concat_ws(' ', status, state, tries, nullif(problem, '')) FROM partner_updates ORDER BY id`); got != "refund_pending done 1 Not told: Fynd knows the end of this refund already.\nrefund_done done 1" {
		t.Errorf("updates:\n%s", got)
	}
	if want := requestID + " refund_pending Bad Request, " + requestID + " refund_done OK"; strings.Join(l.heard, ", ") != want {
		t.Errorf("Fynd heard %v", l.heard)
	}
}

func TestWithoutSettingsItWaits(t *testing.T) {
	m, l, order, payment := openPartner(t)
	m.exec(`UPDATE gateway_settings SET current = false, retired_at = now() WHERE gateway = 'gofynd'`)
	if err := m.db.DispatchOperation(m.ctx, m.asked(order, payment, 4000).ID); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		m.tell()
	}
	if got := m.text(`SELECT concat_ws(' ', state, tries, problem) FROM partner_updates`); !strings.HasPrefix(got, "queued 0 No GoFynd API settings") || len(l.heard) != 0 {
		t.Errorf("update: %s, heard %v", got, l.heard)
	}
	m.settings(40, "gofynd", "again")
	m.tell()
	if got := m.updates(); got != "refund_done done 1" {
		t.Errorf("update: %s", got)
	}
}

func TestManyProcessesTellOnce(t *testing.T) {
	m, l, order, payment := openPartner(t)
	if err := m.db.DispatchOperation(m.ctx, m.asked(order, payment, 4000).ID); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if err := m.db.TellPartner(m.ctx, 1); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(l.heard) != 1 {
		t.Errorf("Fynd heard %v", l.heard)
	}
}

func TestRefundNobodyAtFyndAskedForIsNotTold(t *testing.T) {
	m, _, _, _ := openPartner(t)
	m.send(refunded("e2", gateways.Result{Status: gateways.Succeeded, Ref: "rfnd_9", PaymentRef: "pay_1", Amount: money.New(100, "INR")}))
	if got := m.updates(); got != "" {
		t.Errorf("Fynd is told %s", got)
	}
}
