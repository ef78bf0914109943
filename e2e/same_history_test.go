package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// ways are how a store does the same thing: by hand, by a program, by a change of the order's status.
func (w *world) ways() map[string]func(order int64, action string) {
	w.t.Helper()
	ravi := w.signIn("owner@ruosh.example")
	owner, err := w.db.UserByEmail(w.ctx, "owner@ruosh.example")
	if err != nil {
		w.t.Fatal(err)
	}
	_, secret, err := w.db.CreateAPIToken(w.ctx, owner, "", models.APITokenDetails{
		Name: "ERP", Scopes: []models.Permission{models.CaptureMoney, models.VoidMoney, models.RefundMoney}, AllStores: true, Days: 30,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, gateway := range []string{"klarna", "svea"} {
		_, err := w.db.SaveStatusRules(w.ctx, models.StatusRuleForm{StoreID: cast.Nordisk, Gateway: gateway, By: models.SystemActor, Groups: []models.StatusGroupForm{
			{Action: models.CaptureAction, Statuses: []string{models.StatusShipped}}, {Action: models.CancelAction, Statuses: []string{models.StatusCancelled}}, {Action: models.UpdateAction},
		}})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return map[string]func(int64, string){
		"button": func(order int64, action string) {
			path, form, err := ravi.form(order, stand{action: action, much: map[string]string{"captures": "full"}[action]})
			if err != nil {
				w.t.Fatal(err)
			}
			form.Del("reason")
			if r := ravi.post(path, form); r.StatusCode != http.StatusSeeOther {
				w.t.Fatalf("%s answers %d", path, r.StatusCode)
			}
		},
		"API": func(order int64, action string) {
			var payment int64
			w.scan(&payment, `SELECT id FROM payments WHERE order_id = $1`, order)
			body, _ := json.Marshal(map[string]any{"captures": map[string]any{"full": true}, "cancellations": map[string]any{}}[action])
			req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, fmt.Sprintf("%s/api/admin/v1/orders/%d/payments/%d/%s", w.base, order, payment, action), bytes.NewReader(body))
			if err != nil {
				w.t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+secret)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", action, order))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				w.t.Fatal(err)
			}
			defer res.Body.Close() //nolint:errcheck // read to its end
			if said, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusAccepted {
				w.t.Fatalf("%s answers %d: %s", req.URL, res.StatusCode, said)
			}
		},
		"status": func(order int64, action string) {
			status := map[string]string{"captures": models.StatusShipped, "cancellations": models.StatusCancelled}[action]
			var version string
			w.scan(&version, `SELECT version::text FROM orders WHERE id = $1`, order)
			if r := ravi.post(fmt.Sprintf("/sales/orders/%d/status", order), url.Values{"status": {status}, "version": {version}}); r.StatusCode != http.StatusSeeOther {
				w.t.Fatalf("the status %s answers %d: %s", status, r.StatusCode, strings.Join(strings.Fields(r.page().Find(".problem").Text()), " "))
			}
		},
	}
}

// told is the history of an order's money, without the ids that no two orders share.
func (w *world) told(order int64) string {
	w.t.Helper()
	var text string
	w.scan(&text, `SELECT coalesce(string_agg(h.comment, E'\n' ORDER BY h.id), '') FROM order_history h JOIN operations o ON o.id = h.operation_id WHERE h.order_id = $1 AND h.kind = 'operation'`, order)
	return regexp.MustCompile(` as [0-9a-f-]+`).ReplaceAllString(text, "")
}

// TestOneHistory captures and credits the same order by its buttons, through the API and by its status: the same
// happens at the provider, and the same is told of it.
func TestOneHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.creditHere()
	ways := w.ways()
	n := int64(8001)
	for _, s := range []stand{{gateway: "klarna"}, {gateway: "svea", kind: "Invoice"}} {
		first, want := "", ""
		for _, way := range []string{"button", "API", "status"} {
			n++
			ref := w.put(n, s)
			if _, err := w.db.Pool().Exec(w.ctx, `UPDATE orders SET status = 'processing' WHERE id = $1`, n); err != nil {
				t.Fatal(err)
			}
			for i, action := range []string{"captures", "cancellations"} {
				ways[way](n, action)
				w.eventually(fmt.Sprint(i+1), `SELECT count(*) FROM operations WHERE order_id = $1 AND state = 'succeeded'`, n)
				w.eventually("0", `SELECT count(*) FROM status_actions WHERE order_id = $1 AND state NOT IN ('done', 'failed', 'passed', 'dropped')`, n)
			}
			var ledger []string
			for _, e := range w.ledger(s.gateway, ref) {
				ledger = append(ledger, fmt.Sprint(e.Verb, " ", e.AmountMinor))
			}
			got := strings.Join(ledger, ", ") + "\n" + w.told(n)
			if first == "" {
				first, want = way, got
				if strings.Join(ledger, ", ") != "payment 100000, capture 100000, refund 100000" || strings.Count(got, "\n") < 4 {
					t.Errorf("%s by %s: %s", s, way, got)
				}
			}
			if got != want {
				t.Errorf("%s: by %s\n%s\nand by %s\n%s", s, first, want, way, got)
			}
			if here, there := w.booked(n), added(w.ledger(s.gateway, ref)); here != there {
				t.Errorf("%s by %s: booked %+v, the ledger says %+v", s, way, here, there)
			}
		}
	}
	w.sound(t)
}
