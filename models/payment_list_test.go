package models_test

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// paymentShelf is a shelf with payments of every kind, by PayKeeper and by others.
func paymentShelf(t *testing.T) *shelf {
	t.Helper()
	s := newShelf(t)
	s.put(
		book{ID: 1001, Name: "Иванов Иван Петрович", Email: "Ivan@lavka.example", Phone: "+7 910 123-45-67", Partner: "FY62A1B2C3D4E5F60001", Total: 149900},
		book{ID: 1002, Name: "Neha Rao", Email: "neha@ruosh.example", Total: 79500},
		book{ID: 1003, Store: 41, Name: "Åsa Öberg", Email: "asa@fjord.example", Total: 245000},
		book{ID: 1004, Name: "100% Cotton_Shop", Email: "x@ruosh.example", Status: "missing", Total: 100},
	)
	for _, p := range []struct {
		id, order, store    int64
		gateway, ref, state string
		first, last, rrn    string
		params, fiscal      string
		minutes             int
	}{
		{
			1, 1001, 40, "paykeeper", "123456", "success", "411111", "1111", "632712345678", `{"payment_system_id":"52","system_description":"Карты через банк","client_email":"kassa@lavka.example","unique_id":"20261122101500123"}`,
			`{"fop_receipt_key":"8c3c2a4e-5f0b-4f9d-9d6e-2f8c1a7b6d5e","fop_fpd":"3512313478","fop_fnd":"35"}`, 1,
		},
		{2, 1001, 40, "paykeeper", "", "pending", "", "", "", `{}`, `{}`, 0},
		{3, 1002, 40, "razorpay", "pay_KFcast00000001", "partially_refunded", "555555", "4444", "412345678901", `{"utr":"HDFC0123456789"}`, `{}`, 2},
		{4, 1003, 41, "klarna", "6f1a3c52-0b7e-4d8a", "authorized", "", "", "", `{"note":"12345678901234567890"}`, `{}`, 3},
		{5, 1004, 40, "razorpay", "pay_KFcast00000005", "failed", "", "1111", "", `{"bank":"State_Bank 50%"}`, `{}`, 4},
	} {
		s.exec(`INSERT INTO payments (id, order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor, refunded_minor, method, card_first6, card_last4, rrn, params, fiscal, created_at, updated_at)
			OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, 'test', nullif($5, ''), $6, 'INR', 1000, CASE WHEN $6 IN ('success', 'partially_refunded', 'authorized') THEN 1000 ELSE 0 END,
				CASE WHEN $6 IN ('success', 'partially_refunded') THEN 1000 ELSE 0 END, CASE $6 WHEN 'partially_refunded' THEN 400 ELSE 0 END,
				'card', $7, $8, $9, $10::jsonb, $11::jsonb, $12, $12)`,
			p.id, p.order, p.store, p.gateway, p.ref, p.state, p.first, p.last, p.rrn, p.params, p.fiscal, time.Date(2026, 11, 1, 12, p.minutes, 0, 0, time.UTC))
	}
	s.exec(`INSERT INTO operations (id, store_id, order_id, payment_id, kind, source, amount_minor, currency, requester, digest, idempotency_key, state, ref)
		OVERRIDING SYSTEM VALUE VALUES (1, 40, 1002, 3, 'refund', 'staff', 400, 'INR', 'Asha', 'x', 'kfytestkey0001', 'succeeded', 'rfnd_KFcast0001')`)
	s.exec(`UPDATE operations SET reference = '74332748231000001234' WHERE id = 1`)
	return s
}

func (s *shelf) paymentChoices(ctx context.Context) *models.PaymentChoices {
	s.Helper()
	c, err := s.db.PaymentChoicesOf(ctx, &models.User{})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *shelf) payments(ctx context.Context, query string) ([]int64, *models.PaymentList, models.PaymentFilter) {
	s.Helper()
	c := s.paymentChoices(ctx)
	f, _ := models.ReadPaymentFilter(values(s.T, query), c)
	list, err := s.db.Payments(ctx, f, c)
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	ids := []int64{}
	for _, row := range list.Rows {
		ids = append(ids, row.ID)
	}
	return ids, list, f
}

func TestPaymentSearch(t *testing.T) {
	s := paymentShelf(t)
	tests := []struct {
		q     string
		ids   []int64
		exact bool
	}{
		{"1001", []int64{1, 2}, true},                              // orderid, every attempt of it
		{"иванов", []int64{1, 2}, false},                           // clientid
		{"ИВАНОВ петрович", []int64{1, 2}, false},                  // in any case, several words
		{"kassa@lavka", []int64{1}, false},                         // client_email as the provider has it
		{"ivan@LAVKA.example", []int64{1, 2}, true},                // and as the order has it
		{"1111", []int64{5, 1}, false},                             // the end of the card
		{"411111", []int64{1}, false},                              // its beginning
		{"4111 11•• •••• 1111", []int64{1}, false},                 // as it is printed
		{"411111******1111", []int64{1}, false},                    //
		{"4111111111111111", []int64{1}, false},                    // whole, though only its ends are kept
		{"632712345678", []int64{1}, true},                         // RRN
		{"7123456", []int64{1}, false},                             // a part of it
		{"3512313478", []int64{1}, true},                           // fop_fpd
		{"8C3C2A4E-5F0B-4F9D-9D6E-2F8C1A7B6D5E", []int64{1}, true}, // receipt key
		{"pay_kfcast00000001", []int64{3}, true},                   // provider's id
		{"hdfc0123456789", []int64{3}, true},                       // UTR
		{"12345678901234567890", []int64{4}, true},                 // twenty digits
		{"74332748231000001234", []int64{3}, true},                 // of its refund
		{"rfnd_KFcast0001", []int64{3}, true},                      //
		{"20261122101500123", []int64{1}, true},                    // any other parameter
		{"карты", []int64{1}, false},                               //
		{"fy62a1b2c3d4e5f60001", []int64{1, 2}, true},              //
		{"9101234567", []int64{1, 2}, true},                        //
		{"50%", []int64{5}, false},                                 // literally
		{"%", []int64{5}, false},                                   //
		{"state_bank", []int64{5}, false},                          //
		{"s_ate", []int64{}, false},                                //
		{"öberg", []int64{4}, false},                               //
		{"neha 4444", []int64{3}, false},                           // words of the order and of the payment
		{"neha 1111", []int64{}, false},                            //
		{"no such thing", []int64{}, false},                        //
		{"'; DROP TABLE payments; --", []int64{}, false},           //
	}
	for _, tt := range tests {
		ids, list, f := s.payments(s.ctx, url.Values{"q": {tt.q}}.Encode())
		if !slices.Equal(ids, tt.ids) || list.Exact != tt.exact {
			t.Errorf("%q finds %v (exact: %t), want %v (exact: %t)", tt.q, ids, list.Exact, tt.ids, tt.exact)
		}
		tally, err := s.db.TallyPayments(s.ctx, f, s.paymentChoices(s.ctx), list, time.Minute)
		if err != nil || tally.Total != len(tt.ids) || tally.More {
			t.Errorf("%q counts %+v, want %d: %v", tt.q, tally, len(tt.ids), err)
		}
	}
}

func TestPaymentSearchFollowsWhatChanges(t *testing.T) {
	s := paymentShelf(t)
	found := func(q string) []int64 { ids, _, _ := s.payments(s.ctx, url.Values{"q": {q}}.Encode()); return ids }
	s.exec(`UPDATE orders SET customer_name = 'Щербакова Ёлка' WHERE id = 1002`)
	if got := found("щербакова"); !slices.Equal(got, []int64{3}) {
		t.Errorf("the new name finds %v", got)
	}
	if got := found("neha rao"); len(got) != 0 {
		t.Errorf("the old name finds %v", got)
	}
	s.exec(`UPDATE payments SET fiscal = fiscal || '{"fop_fpd":"4100000001"}' WHERE id = 5`)
	if got := found("4100000001"); !slices.Equal(got, []int64{5}) {
		t.Errorf("the receipt that came later finds %v", got)
	}
	s.exec(`UPDATE payments SET status = 'canceled' WHERE id = 2`)
	if got := found("1001"); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("after a change of status the order finds %v", got)
	}
}

func TestPaymentsWithinTheirStores(t *testing.T) {
	s := paymentShelf(t)
	nordic := models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	for _, query := range []string{"", "q=1001", "q=иванов", "q=1111", "q=632712345678", "q=3512313478", "store=40", "status=success", "ps=52", "q=a"} {
		ids, _, _ := s.payments(nordic, query)
		if slices.ContainsFunc(ids, func(id int64) bool { return id != 4 }) {
			t.Errorf("%q shows %v of another store", query, ids)
		}
	}
	if _, err := s.db.PaymentDetail(nordic, 1); err != models.ErrNotFound { //nolint:errorlint // the very same
		t.Errorf("the payment of another store: %v", err)
	}
	if c := s.paymentChoices(nordic); len(c.Systems) != 1 || c.Systems[0].System != "card" {
		t.Errorf("the payment systems of another store are offered: %v", c.Systems)
	}
	ids, _, _ := s.payments(models.WithScope(t.Context(), models.Scope{}), "")
	if len(ids) != 0 {
		t.Errorf("nobody's scope shows %v", ids)
	}
}

func TestPaymentFilters(t *testing.T) {
	s := paymentShelf(t)
	tests := []struct {
		query string
		ids   []int64
	}{
		{"", []int64{5, 4, 3, 1, 2}},
		{"status=pending", []int64{2}},
		{"status=pending&status=success&status=failed", []int64{5, 1, 2}},
		{"ps=52", []int64{1}},
		{"ps=52&ps=card&status=success&status=authorized", []int64{4, 1}},
		{"gateway=razorpay", []int64{5, 3}},
		{"store=41", []int64{4}},
		{"from=2026-11-01&to=2026-11-01", []int64{5, 4, 3, 1, 2}},
		{"from=2026-11-02", []int64{}},
		{"to=2026-10-31", []int64{}},
		{"q=1111&status=failed", []int64{5}},
		{"q=card&ps=52", []int64{}},
		{"q=1111&ps=52&from=2026-11-01&store=40&gateway=paykeeper", []int64{1}},
	}
	for _, tt := range tests {
		ids, list, f := s.payments(s.ctx, tt.query)
		if !slices.Equal(ids, tt.ids) {
			t.Errorf("%q lists %v, want %v", tt.query, ids, tt.ids)
		}
		tally, err := s.db.TallyPayments(s.ctx, f, s.paymentChoices(s.ctx), list, time.Minute)
		if err != nil || tally.Total != len(tt.ids) {
			t.Errorf("%q counts %+v: %v", tt.query, tally, err)
		}
	}
	if c := s.paymentChoices(s.ctx); len(c.Systems) != 2 || c.System("52").Name != "Карты через банк" {
		t.Errorf("the payment systems are %v", c.Systems)
	}
}

func TestReadPaymentFilter(t *testing.T) {
	c := &models.PaymentChoices{OrderChoices: choices()}
	tests := []struct{ query, want, says string }{
		{"", "", ""},
		{"status=Obtained&status=obtained&status=STUCK", "status=obtained&status=stuck", ""},
		{"status=paid", "", "“paid” is not a payment status"},
		{"from=31/02/2026", "", "write it as 2026-02-28"},
		{"from=2026-11-02&to=2026-11-01", "from=2026-11-02&to=2026-11-01", "swap them"},
		{"limit=501", "", "choose from 10 to 500"},
		{"limit=500&filter=open", "filter=open&limit=500", ""},
		{"limit=50&filter=shut", "", ""},
		{"after=nonsense", "", "damaged"},
		{"store=99", "", "not one of your stores"},
		{"ps=52&ps=52&gateway=paykeeper&q=+a++b+", "gateway=paykeeper&ps=52&q=a+b", ""},
	}
	for _, tt := range tests {
		f, notices := models.ReadPaymentFilter(values(t, tt.query), c)
		said := ""
		for _, n := range notices {
			said += n.Sentence.String()
		}
		if got := f.Query().Encode(); got != tt.want || !strings.Contains(said, tt.says) || (tt.says == "") != (said == "") {
			t.Errorf("%q is read as %q and says %q", tt.query, got, said)
		}
	}
}

// Every payment shows once, whatever the size of the pages, forwards and back.
func TestPaymentPages(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 1001, Name: "Neha", Total: 100}, book{ID: 1002, Store: 41, Name: "Åsa", Total: 100})
	s.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, status, currency, amount_minor, method, created_at)
		SELECT 1001 + n % 2, 40 + n % 2, 'razorpay', 'test', CASE n % 3 WHEN 0 THEN 'failed' WHEN 1 THEN 'pending' ELSE 'canceled' END, 'INR', 100, CASE n % 5 WHEN 0 THEN 'upi' ELSE 'card' END,
			'2026-11-01'::timestamptz + (n / 4) * interval '1 second' FROM generate_series(1, 47) n`)
	for _, query := range []string{"", "status=failed&status=canceled", "ps=upi&ps=card", "q=e", "q=neha", "store=41&status=failed&status=pending&ps=card"} {
		whole, _, _ := s.payments(s.ctx, query+"&limit=500")
		var forth, back []int64
		next, last := "", ""
		for range 10 {
			ids, list, _ := s.payments(s.ctx, query+"&limit=10"+next)
			forth = append(forth, ids...)
			if list.Next == "" {
				last = list.Prev
				back = slices.Clone(ids)
				break
			}
			next = "&after=" + list.Next
		}
		for last != "" {
			ids, list, _ := s.payments(s.ctx, query+"&limit=10&before="+last)
			back = append(slices.Clone(ids), back...)
			last = list.Prev
		}
		if !slices.Equal(whole, forth) || !slices.Equal(whole, back) || len(whole) < 5 {
			t.Errorf("%q has %v whole, %v forwards, %v backwards", query, whole, forth, back)
		}
	}
}

func TestPaymentDates(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 1001, Name: "Neha", Total: 100})
	s.exec(`INSERT INTO payments (id, order_id, store_id, gateway, mode, status, currency, amount_minor, authorized_minor, captured_minor) OVERRIDING SYSTEM VALUE VALUES (1, 1001, 40, 'razorpay', 'test', 'pending', 'INR', 100, 100, 100)`)
	at := func() (obtained, success *time.Time) {
		_, list, _ := s.payments(s.ctx, "")
		return list.Rows[0].ObtainedAt, list.Rows[0].SuccessAt
	}
	if o, d := at(); o != nil || d != nil {
		t.Errorf("a pending payment was obtained %v and told of %v", o, d)
	}
	s.exec(`UPDATE payments SET status = 'obtained', updated_at = '2026-11-02 10:00Z'`)
	s.exec(`UPDATE payments SET status = 'success', updated_at = '2026-11-02 11:00Z'`)
	s.exec(`UPDATE payments SET status = 'refunding', refund_reserved_minor = 1, updated_at = '2026-11-02 12:00Z'`)
	o, d := at()
	if o == nil || d == nil || o.UTC().Hour() != 10 || d.UTC().Hour() != 11 {
		t.Errorf("obtained %v, told of %v", o, d)
	}
}

func TestPaymentButtons(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	soon, over := now.Add(time.Hour), now.Add(-time.Hour)
	tests := []struct {
		status                  models.PaymentStatus
		captured, back, under   int64
		before                  *time.Time
		refund, capture, notify bool
	}{
		{models.PaymentPending, 0, 0, 0, nil, false, false, false},
		{models.PaymentAuthorized, 0, 0, 0, &soon, false, true, false},
		{models.PaymentAuthorized, 0, 0, 0, nil, false, true, false},
		{models.PaymentAuthorized, 0, 0, 0, &over, false, false, false},
		{models.PaymentAuthorized, 0, 0, 0, &now, false, false, false},
		{models.PaymentObtained, 100, 0, 0, nil, true, false, true},
		{models.PaymentSuccess, 100, 0, 0, nil, true, false, true},
		{models.PaymentStuck, 100, 0, 0, nil, true, false, true},
		{models.PaymentRefunding, 100, 0, 100, nil, false, false, true},
		{models.PaymentRefunding, 100, 0, 40, nil, false, false, true},
		{models.PaymentPartiallyRefunded, 100, 40, 0, nil, true, false, true},
		{models.PaymentRefunded, 100, 100, 0, nil, false, false, true},
		{models.PaymentRefunded, 100, 60, 0, nil, true, false, true}, // some of it is left
		{models.PaymentCanceled, 0, 0, 0, nil, false, false, false},
		{models.PaymentFailed, 0, 0, 0, nil, false, false, false},
	}
	seen := map[models.PaymentStatus]bool{}
	for _, tt := range tests {
		seen[tt.status] = true
		p := models.Payment{
			Status: tt.status, Currency: "INR", AuthorizedMinor: 100, CapturedMinor: tt.captured, RefundedMinor: tt.back, RefundReservedMinor: tt.under, CaptureBefore: tt.before,
		}
		b := p.Buttons(now)
		if b.Refund.Enabled() != tt.refund || b.Capture.Enabled() != tt.capture || b.Notify.Enabled() != tt.notify {
			t.Errorf("%s, %d of %d back, before %v: %+v", tt.status, tt.back, tt.captured, tt.before, b)
		}
		if !b.Refund.Enabled() && b.Refund.Why.Format == "" {
			t.Errorf("%s: nobody says why it cannot be refunded", tt.status)
		}
	}
	if len(seen) != len(models.PaymentStatuses) {
		t.Errorf("%d of %d statuses are in the table", len(seen), len(models.PaymentStatuses))
	}
}

func TestCardParts(t *testing.T) {
	tests := []struct{ text, first, last string }{
		{"1111", "", "1111"},
		{"411111", "411111", ""},
		{"411111******1111", "411111", "1111"},
		{"4111 11•• •••• 1111", "411111", "1111"},
		{"411111xxxxxx1111", "411111", "1111"},
		{"**** 1111", "", "1111"},
		{"4111111111111111", "411111", "1111"},
		{"4111 1111 1111 1111", "411111", "1111"},
		{"4111111111111112", "", ""},
		{"12345", "", ""},
		{"abcd", "", ""},
		{"632712345678", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		first, last, ok := models.CardParts(tt.text)
		if first != tt.first || last != tt.last || ok != (tt.first+tt.last != "") {
			t.Errorf("%q is read as %q and %q (%t)", tt.text, first, last, ok)
		}
	}
}

func TestEachPaymentIsTheListToItsEnd(t *testing.T) {
	s := paymentShelf(t)
	for _, query := range []string{"", "q=1111", "status=success&status=failed", "q=e", "limit=10&after=x"} {
		want, _, f := s.payments(s.ctx, query)
		for _, extended := range []bool{false, true} {
			var ids []int64
			sign := ""
			err := s.db.EachPayment(modelstest.System(t.Context()), f, s.paymentChoices(s.ctx), extended, func(r *models.PaymentFileRow) error {
				ids = append(ids, r.ID)
				sign += r.Fiscal["fop_fpd"] + strconv.Itoa(len(r.Refunds))
				return nil
			})
			if err != nil || !slices.Equal(ids, want) {
				t.Errorf("%q hands over %v, the list has %v: %v", query, ids, want, err)
			}
			if extended != strings.Contains(sign, "3512313478") && query == "" {
				t.Errorf("extended %t, but the receipts are %q", extended, sign)
			}
		}
	}
}
