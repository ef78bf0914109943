package models_test

import (
	"slices"
	"testing"

	"github.com/kartify/kartify/models"
)

func (s *shelf) find(text string) *models.Found {
	s.Helper()
	f, err := s.db.Find(s.ctx, models.FindRequest{Text: text, Webhooks: true}, s.paymentChoices(s.ctx))
	if err != nil {
		s.Fatalf("%s: %v", text, err)
	}
	return f
}

// Each of the twelve kinds of ids finds what it names, by what it is.
func TestFindEveryKind(t *testing.T) {
	s := paymentShelf(t)
	s.exec(`UPDATE orders SET gid = 'TR6A0B1C2D3E4F5A6B7C8D' WHERE id = 1001`)
	s.exec(`INSERT INTO order_events (order_id, store_id, event, request_id) VALUES (1002, 40, 'REFUND_INITIATED', '16916747740991418099')`)
	s.exec(`INSERT INTO webhooks (source, store_id, event, event_id, body_sha256, body, verdict, state, payment_ref, order_id)
		VALUES ('gofynd', 40, 'ORDER_PLACED', 'evt_000000001', 'x', 'x', 'verified', 'processed', 'pay_KFcast00000001', 1002)`)
	tests := []struct {
		text, kind                   string
		orders, payments, operations []int64
		customers, webhooks          int
		order, payment               int64 // where an exact and only hit leads
	}{
		{"1002", "order ID", []int64{1002}, nil, nil, 0, 0, 1002, 0},
		{"#1004", "order ID", []int64{1004}, nil, nil, 0, 0, 1004, 0}, // missing, and found all the same
		{"fy62a1b2c3d4e5f60001", "partner order ID", []int64{1001}, nil, nil, 0, 0, 1001, 0},
		{"TR6A0B1C2D3E4F5A6B7C8D", "transaction ID (gid)", []int64{1001}, nil, nil, 0, 0, 1001, 0},
		{"16916747740991418099", "refund request ID", []int64{1002}, nil, nil, 0, 0, 1002, 0},
		{"pay_KFcast00000001", "payment ID", nil, []int64{3}, nil, 0, 1, 1002, 3},
		{"632712345678", "RRN", nil, []int64{1}, nil, 0, 0, 1001, 1},
		{"HDFC0123456789", "UTR", nil, []int64{3}, nil, 0, 0, 1002, 3},
		{"74332748231000001234", "refund request ID", nil, []int64{3}, []int64{1}, 0, 0, 1002, 3}, // the bank's reference of a refund
		{"rfnd_KFcast0001", "payment ID", nil, []int64{3}, []int64{1}, 0, 0, 1002, 3},
		{"IVAN@lavka.example", "e-mail", nil, nil, nil, 1, 0, 0, 0},
		{"+7 910 123-45-67", "phone", nil, nil, nil, 1, 0, 0, 0},
		{"8 (910) 123 45 67", "phone", nil, nil, nil, 1, 0, 0, 0},
		{"ИВАНОВ ИВАН", "name", []int64{1001}, []int64{1, 2}, nil, 1, 0, 0, 0},
		{"öberg", "name", []int64{1003}, []int64{4}, nil, 1, 0, 0, 0},
		{"1111", "part of a card number", nil, []int64{5, 1}, nil, 0, 0, 0, 0},
		{"411111", "part of a card number", nil, []int64{1}, nil, 0, 0, 0, 0},
		{"411111••••••1111", "part of a card number", nil, []int64{1}, nil, 0, 0, 0, 0},
		{"3512313478", "fiscal sign", nil, []int64{1}, nil, 0, 0, 1001, 1},
		{"evt_000000001", "payment ID", nil, nil, nil, 0, 1, 0, 0},
		{"cotton_shop", "name", []int64{1004}, []int64{5}, nil, 1, 0, 0, 0}, // missing among the words too
		{"cottonXshop", "name", nil, nil, nil, 0, 0, 0, 0},
		{"%", "", []int64{1004}, []int64{5}, nil, 0, 0, 0, 0},
		{"", "", nil, nil, nil, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		f := s.find(tt.text)
		var orders, payments, operations []int64
		for _, o := range f.Orders {
			orders = append(orders, o.ID)
		}
		for _, p := range f.Payments {
			payments = append(payments, p.ID)
		}
		for _, op := range f.Operations {
			operations = append(operations, op.ID)
		}
		if tt.kind != "" && !slices.Contains(f.Kinds, tt.kind) {
			t.Errorf("%q is taken for %v, not for a %s", tt.text, f.Kinds, tt.kind)
		}
		if !slices.Equal(orders, tt.orders) || !slices.Equal(payments, tt.payments) || !slices.Equal(operations, tt.operations) || len(f.Customers) != tt.customers || len(f.Webhooks) != tt.webhooks {
			t.Errorf("%q finds orders %v, payments %v, operations %v, customers %v, webhooks %v", tt.text, orders, payments, operations, f.Customers, f.Webhooks)
		}
		if order, payment := f.Only(); order != tt.order || payment != tt.payment {
			t.Errorf("%q leads to order %d, payment %d; want %d and %d", tt.text, order, payment, tt.order, tt.payment)
		}
	}
}

// A text that means two things leads nowhere by itself.
func TestFindAmbiguous(t *testing.T) {
	s := paymentShelf(t)
	s.put(book{ID: 1111, Name: "Kabir", Total: 100})
	f := s.find("1111")
	if order, _ := f.Only(); order != 0 || len(f.Orders) != 1 || len(f.Payments) != 2 {
		t.Errorf("1111, an order and the end of two cards, leads to order %d", order)
	}
	if f := s.find("1001"); len(f.Orders) != 1 || len(f.Payments) != 0 {
		t.Errorf("1001 finds %+v", f)
	}
}

func TestFindWithinTheStores(t *testing.T) {
	s := paymentShelf(t)
	nordic := models.WithScope(t.Context(), models.Scope{Stores: []int64{41}})
	for _, text := range []string{
		"1001", "fy62a1b2c3d4e5f60001", "pay_KFcast00000001", "632712345678", "ivan@lavka.example", "+7 910 123-45-67", "иванов", "1111", "3512313478", "rfnd_KFcast0001", "74332748231000001234",
	} {
		f, err := s.db.Find(nordic, models.FindRequest{Text: text, Webhooks: true}, s.paymentChoices(nordic))
		if err != nil || !f.Empty() {
			t.Errorf("%q of another store finds %+v: %v", text, f, err)
		}
	}
}
