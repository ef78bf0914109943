package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/kartify/kartify/models/cast"
)

// TestAskTheOthersWhatTheyWerePaid asks Klarna, PayKeeper and CCAvenue what buyers paid today. What agrees agrees; a
// refund that was made in the provider's portal, and a payment that the provider does not know, are found.
func TestAskTheOthersWhatTheyWerePaid(t *testing.T) {
	w := newWorld(t)
	owner := w.signIn("owner@ruosh.example")
	capture := w.ways()["button"]
	for _, tt := range []struct {
		gateway           string
		store             int64
		currency, country string
		outcome, want     string
		zone              string // of the gateway's days
		decided           string // how its sandbox is told that the bank has done a refund
		heard             string // how many webhooks it sends of two payments
	}{
		{"klarna", cast.Nordisk, "SEK", "SE", "pay", "pending authorized 0", "Europe/Stockholm", "", "2"},
		{"paykeeper", cast.Lavka, "RUB", "RU", "pay", "processing success 100000", "Europe/Moscow", "done", "2"},
		{"ccavenue", cast.Chandni, "INR", "IN", "success", "processing success 100000", "Asia/Kolkata", "processed", "4"},
	} {
		t.Run(tt.gateway, func(t *testing.T) {
			was := w.t
			w.t = t
			defer func() { w.t = was }()
			var orders []int64
			var refs []string
			for range 2 {
				order, ref := w.bought(tt.store, tt.gateway, tt.currency, tt.country, tt.outcome, tt.want)
				if tt.gateway == "klarna" {
					capture(order, "captures")
					w.eventually("100000", `SELECT captured_minor FROM payments WHERE order_id = $1`, order)
				}
				orders, refs = append(orders, order), append(refs, ref)
			}
			// What the provider still has to say of the payments is heard before anything else happens there.
			w.eventually(tt.heard, `SELECT count(*) FROM webhooks WHERE source = $1 AND state = 'processed' AND order_id = ANY ($2)`, tt.gateway, orders)
			var refund struct {
				ID string `json:"id"`
			}
			w.sandbox(http.MethodPost, "/_sandbox/payments/"+refs[1]+"/refunds", map[string]any{"amount_minor": 2500}, &refund)
			if tt.gateway != "klarna" { // there it is done at once
				w.sandbox(http.MethodPost, "/_sandbox/refunds/"+refund.ID+"/state", map[string]any{"state": tt.decided}, nil)
			}
			absent := w.unpaid(tt.store, tt.gateway, tt.currency, tt.country)
			if _, err := w.db.Pool().Exec(w.ctx, `WITH o AS (UPDATE orders SET status = 'processing' WHERE id = $1 RETURNING *)
				INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor)
				SELECT id, store_id, gateway, 'test', 'never-' || id, 'success', currency, total_minor, total_minor, total_minor FROM o`, absent); err != nil {
				t.Fatal(err)
			}
			if tt.gateway == "klarna" { // it lists what it paid out
				var key string
				w.scan(&key, `SELECT values->>'username' FROM gateway_settings WHERE store_id = $1 AND gateway = 'klarna' AND current`, tt.store)
				w.sandbox(http.MethodPost, "/_sandbox/klarna/payouts", map[string]any{"key_id": key, "currency": "SEK"}, nil)
			}
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			today := time.Now().In(zone).Format(time.DateOnly)
			form := url.Values{"source": {fmt.Sprintf("%d %s test", tt.store, tt.gateway)}, "days": {"gateway"}, "first": {today}, "last": {today}}
			if answer := owner.post("/sales/reconciliations/fetches", form); answer.StatusCode != http.StatusSeeOther {
				t.Fatalf("the form is answered with %d: %.600s", answer.StatusCode, answer.text)
			}
			w.eventually("done", `SELECT state || problem FROM reconciliations WHERE gateway = $1`, tt.gateway)
			class := `SELECT concat_ws(' ', r.class, r.state) FROM reconciliation_rows r JOIN reconciliations c ON c.id = r.reconciliation_id WHERE c.gateway = $1 AND r.order_id = $2 ORDER BY r.row LIMIT 1`
			for order, want := range map[int64]string{orders[0]: "agree clean", orders[1]: "refunded_there open", absent: "absent open"} {
				w.eventually(want, class, tt.gateway, order)
			}
			w.eventually("2500", `SELECT r.refunded_minor FROM reconciliation_rows r JOIN reconciliations c ON c.id = r.reconciliation_id WHERE c.gateway = $1 AND r.order_id = $2 AND r.kind = 'payment'`, tt.gateway, orders[1])
		})
	}
}
