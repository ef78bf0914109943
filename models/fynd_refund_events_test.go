package models_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// The webhooks of an order that Fynd asked to be paid come in any order and any number of times, with the request to
// the extension before, between or after them, and end alike.
func TestPlatformEventsOfASessionEndAlike(t *testing.T) {
	s := openSeller(t)
	want, first, round := "", "", 0
	for order := range permutations(4) {
		id := func(name string) string { return fmt.Sprint(name, round) } // kartify remembers what it has seen
		event := func(name, event, at string) parcel {
			return told(id(name), event, "FYpay_1", map[string]any{"occurred_at": at, "amount": "40.00", "request_id": requestID, "round": round})
		}
		place := placed(id("e1"), "FYpay_1", "pay_1", fmt.Sprintf("2024-01-31T10:00:%02dZ", round))
		parcels := []parcel{
			place, event("e2", "PAYMENT_COMPLETE", "2024-01-31T10:01:00Z"), event("e3", "REFUND_INITIATED", "2024-01-31T11:00:00Z"), event("e4", "REFUND_DONE", "2024-01-31T12:00:00Z"),
		}
		s.exec(`TRUNCATE orders, webhooks, partner_updates, order_search, order_events_seen CASCADE`)
		s.fynd.heard = nil
		before := len(s.bogus.Effects())
		s.bogus.AddPayment(*snapshot("pay_1", "captured"))
		_, _, session := s.session("pending", 0)
		s.exec(`UPDATE orders SET affiliate_order_id = 'A-FYpay_1', gid = 'TRFYpay_1'`)
		s.move(id("e0"), "captured")
		s.listen(1)
		for i, place := range order {
			if i == round%5 {
				s.askAndDispatch(session)
			}
			s.send(parcels[place])
			s.deliver(parcels[place])
			s.work()
		}
		if round%5 == len(order) {
			s.askAndDispatch(session)
		}
		s.listen(3)
		round++
		if got := strings.Join(s.fynd.heard, ", "); got != "TR1 complete 200, "+requestID+" refund_done 200" {
			t.Errorf("after %v Fynd heard %s", order, got)
		}
		if n := len(s.bogus.Effects()) - before; n != 1 {
			t.Errorf("after %v there are %d refunds at the gateway", order, n)
		}
		s.sound()
		got := s.alike() + s.refundsOf(session)
		if want == "" {
			want, first = got, fmt.Sprint(order)
		}
		if got != want {
			t.Fatalf("the order of arrival %v ends as\n%s\nand %s as\n%s", order, got, first, want)
		}
	}
}

func (s *seller) askAndDispatch(session *models.FyndSession) {
	s.Helper()
	if _, err := s.ask(session, requestID, 4000); err != nil {
		s.Fatal(err)
	}
	s.dispatch()
}

// alike is everything that must not depend on the order in which Fynd spoke.
func (s *seller) alike() string {
	s.Helper()
	var parts []string
	for _, sql := range []string{
		`SELECT concat_ws(' ', 'order', partner_order_id, affiliate_order_id, gid, status, status_reason, payment_method, total_minor, items_minor, last_event) FROM orders`,
		`SELECT concat_ws(' ', 'event', event, request_id, amount_minor, unit_doubt, waiting, to_char(occurred_at, 'HH24:MI'), webhook_id IS NOT NULL) FROM order_events ORDER BY event`,
		`SELECT concat_ws(' ', 'payment', ref, order_ref, status, authorized_minor, captured_minor, refunded_minor, refund_reserved_minor) FROM payments`,
		`SELECT concat_ws(' ', 'operation', kind, source, state, amount_minor, event_id IS NOT NULL) FROM operations`,
		`SELECT concat_ws(' ', 'asked', request_id, amount_minor, operation_id IS NOT NULL, event_id IS NOT NULL, problem) FROM fynd_refunds`,
		`SELECT concat_ws(' ', 'tell', kind, request_id, status, amount_minor, state) FROM partner_updates ORDER BY status`,
		`SELECT concat_ws(' ', 'webhook', event, state, count(*)) FROM webhooks GROUP BY event, state ORDER BY event, state`,
	} {
		parts = append(parts, s.text(sql))
	}
	return strings.Join(parts, "\n") + "\n"
}
