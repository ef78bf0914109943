package models

import (
	"encoding/json"
	"testing"

	"github.com/kartify/kartify/lang"
)

// TestChangesInTheReadersLanguage: what a replay would change is said in English for the record and in the language
// of who looks.
func TestChangesInTheReadersLanguage(t *testing.T) {
	order := func(status string, minor json.Number) recordAt {
		return recordAt{kind: "Order", id: 1001, values: map[string]any{"status": status, "total_minor": minor, "currency": "RUB", "customer_name": "Иван"}}
	}
	event := recordAt{kind: "Event", id: 7, values: map[string]any{"event": "REFUND_INITIATED", "waiting": true, "request_id": ""}}
	list := changes([]recordAt{order("pending", "49950")}, []recordAt{order("processing", "123450"), event})
	ru := lang.With(t.Context(), "ru")
	for i, want := range []struct{ english, russian string }{
		{"Order 1001: status: pending → processing; total: 499.50 RUB → 1,234.50 RUB", "Заказ 1001: статус: pending → processing; итого: 499,50 RUB → 1\u00a0234,50 RUB"},
		{"New event: event: REFUND_INITIATED; waiting: yes", "Новое событие: событие: REFUND_INITIATED; ожидает: да"},
	} {
		if i >= len(list) {
			t.Fatalf("only %v", list)
		}
		said := list[i].What.In(ru)
		for n, fact := range list[i].Facts {
			said += map[bool]string{true: ": ", false: "; "}[n == 0] + fact.In(ru)
		}
		if got := list[i].String(); got != want.english || said != want.russian {
			t.Errorf("said %q and %q, want %q and %q", got, said, want.english, want.russian)
		}
	}
}
