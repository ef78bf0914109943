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

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

const (
	extensionSecret = "ext_secret_123"
	sessionID       = "64d4e2c08e560b135e179538"
)

// platform is Fynd Platform as far as it listens to an extension: it answers with the statuses of its script, then
// 200, and never takes an earlier word after a later one.
type platform struct {
	*testing.T
	mu       sync.Mutex
	script   []int
	heard    []string // the last part of the address, the word and the answer
	bodies   []string
	tokens   map[string]bool // those that are good; nil for any
	payment  string          // as it was last told
	refunds  map[string]string
	regress  []string // words that came too late
	renewals int
	tired    int  // renewals that it still answers with a fault of its own
	forgot   bool // it knows no refresh token
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		if p.tired > 0 {
			p.tired--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if p.forgot {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"success":false,"message":"Invalid refresh"}`)
			return
		}
		p.renewals++
		_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3599,"refresh_token":"refresh-%[1]d"}`, p.renewals+1)
		return
	}
	var in struct{ GID, Status, Checksum string }
	_ = json.Unmarshal(body, &in)
	status := http.StatusOK
	if len(p.script) > 0 {
		status, p.script = p.script[0], p.script[1:]
	}
	if token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); p.tokens != nil && !p.tokens[token] {
		status = http.StatusUnauthorized
	}
	plain := strings.Replace(string(body), `,"checksum":"`+in.Checksum+`"}`, "}", 1)
	if in.Checksum != gofynd.Checksum(extensionSecret, []byte(plain)) || !strings.HasPrefix(r.Header.Get("X-Fp-Signature"), "v1.1:") {
		p.Errorf("%s: a checksum or signature that does not fit: %s", r.URL.Path, body)
	}
	last := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	p.heard, p.bodies = append(p.heard, fmt.Sprintf("%s %s %d", last, in.Status, status)), append(p.bodies, string(body))
	if status == lost {
		p.payment = in.Status
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	if status != http.StatusOK {
		_, _ = io.WriteString(w, `{"success":false,"data":{"status":"failed"},"message":"no"}`)
		return
	}
	before := &p.payment
	word := in.Status
	if strings.Contains(r.URL.Path, "/refund/") {
		known := p.refunds[last]
		before = &known
		p.refunds[last] = word
	}
	if rank(*before) > rank(word) {
		p.regress = append(p.regress, *before+" → "+word)
	}
	*before = word
	_, _ = io.WriteString(w, `{"gid":"`+in.GID+`","status":"`+word+`","currency":"INR","total_amount":10000,"platform_transaction_details":[],"platform_refund_details":[]}`)
}

// lost is the status of an answer that never arrives, though what was told has been taken.
const lost = 0

func rank(word string) int {
	return map[string]int{"": 0, "started": 0, "pending": 1, "failed": 2, "complete": 3, "refund_initiated": 1, "refund_pending": 2, "refund_failed": 3, "refund_done": 3}[word]
}

// seller is a mailroom whose store 40 is a sales channel of company 1, which installed an extension.
type seller struct {
	*mailroom
	fynd *platform
}

func openSeller(t *testing.T, script ...int) *seller {
	t.Helper()
	p := &platform{T: t, script: script, refunds: map[string]string{}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	m := openMailroom(t, func(o *models.Options) {
		o.BaseURLs = map[string]string{"gofynd": server.URL}
		o.Timings.PartnerTries = 4
	})
	s := &seller{m, p}
	seal := func(place, plain string) string {
		sealed, err := modelstest.Keys(t).Seal(place, plain)
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	m.exec(`INSERT INTO fynd_extensions (name, gateway, api_key, api_secret) VALUES ('Ruosh Pay', 'razorpay', 'key1', $1)`, seal("fynd extension key1 secret", extensionSecret))
	m.exec(`INSERT INTO fynd_installs (extension_id, company_id, access_token, refresh_token, token_until) VALUES (1, '1', $1, $2, now() + interval '1 hour')`,
		seal("fynd install 1 1 access", "token-1"), seal("fynd install 1 1 refresh", "refresh-1"))
	m.exec(`INSERT INTO fynd_applications (install_id, application_id, store_id) VALUES (1, '64d24a8a911bf1c20ac3685c', 40)`)
	return s
}

// session is an order of 100.00 INR that Fynd asked to be paid, with a payment of this status.
func (s *seller) session(status string, captured int64) (order, payment int64, asked *models.FyndSession) {
	s.Helper()
	order, payment = s.order("pay_1", status, captured)
	s.exec(`INSERT INTO fynd_sessions (id, extension_id, store_id, order_id, company_id, application_id, gid, pf_order_id, amount_minor, currency, mode, success_url, cancel_url, body, body_hash, expires_at)
		VALUES ($1, 1, 40, $2, '1', '64d24a8a911bf1c20ac3685c', 'TR1', 'FYpay_1', 10000, 'INR', 'test', 'https://shop.example/ok?cart_id=1', 'https://shop.example/no', $3, '\x01', now() + interval '1 day')`,
		sessionID, order, `{"gid":"TR1","g_user_id":"91427398572894234123","payment_methods":[{"code":"CARD","name":"Card"}],"locale":"en","kind":"sale"}`)
	asked, err := s.db.FyndSession(s.ctx, 1, "TR1")
	if err != nil {
		s.Fatal(err)
	}
	return order, payment, asked
}

// listen tells Fynd everything that waits, as often as something does.
func (s *seller) listen(times int) {
	s.Helper()
	for range times {
		s.tell()
	}
}

// ask is a refund that Fynd asks for.
func (s *seller) ask(session *models.FyndSession, request string, minor int64) (*models.FyndRefund, error) {
	kept, err := gofynd.Keep([]byte(fmt.Sprintf(`{"request_id":%q,"amount":%d}`, request, minor)))
	if err != nil {
		s.Fatal(err)
	}
	return s.db.RefundSession(s.ctx, models.FyndRefundRequest{
		Session: session, RequestID: request, Amount: money.New(minor, "INR"), JourneyType: "CANCEL/RETURN", Body: kept.Body, BodyHash: kept.Hash,
	})
}

// refundsOf are the refunds of a session as Fynd sees them.
func (s *seller) refundsOf(session *models.FyndSession) string {
	s.Helper()
	state, err := s.db.FyndSessionState(s.ctx, session)
	if err != nil {
		s.Fatal(err)
	}
	list, err := s.db.SessionRefunds(s.ctx, state)
	if err != nil {
		s.Fatal(err)
	}
	var lines []string
	for _, r := range list {
		lines = append(lines, fmt.Sprint(r.RequestID, " ", r.Word, " ", r.Amount.Minor))
	}
	return strings.Join(lines, ", ")
}

// move has the gateway say that the payment has come this far.
func (s *seller) move(id, word string) {
	s.Helper()
	s.send(paid(id, "pay_1", word))
}

func (s *seller) dispatch() {
	s.Helper()
	for _, id := range strings.Fields(s.text(`SELECT id::text FROM operations WHERE state = 'queued' ORDER BY id`)) {
		var n int64
		if _, err := fmt.Sscan(id, &n); err != nil {
			s.Fatal(err)
		}
		if err := s.db.DispatchOperation(s.ctx, n); err != nil {
			s.Fatal(err)
		}
	}
}

func eventOf(id string, seen *gateways.Payment) gateways.Event {
	return gateways.Event{ID: id, Name: "payment.captured", Payment: seen}
}
