package models_test

import (
	"context"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// shelf is a database with two stores, for tests that fill it with orders.
type shelf struct {
	*testing.T
	db  *models.DB
	ctx context.Context
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{T: t, db: modelstest.DB(t), ctx: modelstest.System(t.Context())}
	for _, store := range choices().Stores {
		s.exec(`INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES ($1, $2, $3, $4, $5, $6)`,
			store.ID, store.Code, store.Name, store.Currency, store.TimeZone, store.Fynd)
	}
	return s
}

func (s *shelf) exec(sql string, args ...any) {
	s.Helper()
	if _, err := s.db.Pool().Exec(s.ctx, sql, args...); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// book is an order in short; what is not said is as usual.
type book struct {
	ID, Store      int64
	Partner, Name  string
	Email, Phone   string
	Status, Reason string
	Currency       string
	Total          int64
	Added          string // RFC 3339
	Gateway, Paid  string
	Ref, RRN       string // of its payment
	Events         []string
}

func (s *shelf) put(books ...book) {
	s.Helper()
	for i, b := range books {
		set := func(field *string, usual string) {
			if *field == "" {
				*field = usual
			}
		}
		set(&b.Status, "processed")
		set(&b.Currency, "INR")
		set(&b.Added, time.Date(2026, 11, 1, 12, i, 0, 0, time.UTC).Format(time.RFC3339))
		if b.Status == "missing" {
			set(&b.Reason, "unknown")
		}
		if b.Store == 0 {
			b.Store = 40
		}
		s.exec(`INSERT INTO orders (id, store_id, partner_order_id, customer_name, customer_email, customer_phone, status, status_reason,
			payment_method, gateway, currency, items_minor, total_minor, date_added, date_modified)
			VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13::timestamptz, $13::timestamptz)`,
			b.ID, b.Store, b.Partner, b.Name, b.Email, b.Phone, b.Status, b.Reason, b.Paid, b.Gateway, b.Currency, b.Total, b.Added)
		if b.Ref != "" || b.RRN != "" {
			s.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, rrn)
				VALUES ($1, $2, 'razorpay', 'test', nullif($3, ''), 'success', $4, $5, $6)`, b.ID, b.Store, b.Ref, b.Currency, b.Total, b.RRN)
		}
		for _, event := range b.Events {
			s.exec(`INSERT INTO order_events (order_id, store_id, event, waiting) VALUES ($1, $2, $3, $3 = 'REFUND_INITIATED')`, b.ID, b.Store, event)
			s.exec(`UPDATE orders SET last_event = $2 WHERE id = $1`, b.ID, event)
		}
	}
}

// list asks for a list as a URL does and gives its ids, with the list and its filter.
func (s *shelf) list(query string) ([]int64, *models.OrderList, models.OrderFilter) {
	s.Helper()
	return s.listAs(s.ctx, query)
}

func (s *shelf) listAs(ctx context.Context, query string) ([]int64, *models.OrderList, models.OrderFilter) {
	s.Helper()
	c, err := s.db.OrderChoices(ctx, 0)
	if err != nil {
		s.Fatal(err)
	}
	f, _ := models.ReadOrderFilter(values(s.T, query), c)
	list, err := s.db.Orders(ctx, f, c)
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	ids := []int64{}
	for _, row := range list.Rows {
		ids = append(ids, row.ID)
	}
	return ids, list, f
}

func (s *shelf) tally(query string) *models.OrderTally {
	s.Helper()
	c, err := s.db.OrderChoices(s.ctx, 0)
	if err != nil {
		s.Fatal(err)
	}
	_, list, f := s.list(query)
	tally, err := s.db.TallyOrders(s.ctx, f, c, list, time.Minute)
	if err != nil {
		s.Fatalf("%s: %v", query, err)
	}
	return tally
}
