package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

// TestProgramRepeatsThroughKills refunds in thirty small parts through the API while kartify is killed four times:
// the program repeats each request under its key until it is answered, and each part is refunded once.
func TestProgramRepeatsThroughKills(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, err := w.db.UserByEmail(w.ctx, "owner@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := w.db.CreateAPIToken(w.ctx, owner, "", models.APITokenDetails{
		Name: "ERP", Scopes: []models.Permission{models.OrdersRead, models.RefundMoney}, Stores: []int64{40}, Days: 7, PerMinute: models.MostPerMinute,
	})
	if err != nil {
		t.Fatal(err)
	}
	var payment int64
	w.scan(&payment, `SELECT id FROM payments WHERE order_id = 1001`)
	refund := func(key string, minor int) (int64, bool) {
		body := fmt.Sprintf(`{"amount": {"amount_minor": %d, "currency": "INR"}, "reason": "returned"}`, minor)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("%s/api/admin/v1/orders/1001/payments/%d/refunds", w.base, payment), strings.NewReader(body))
		if err != nil {
			return 0, false
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		req.Header.Set("Content-Type", "application/json")
		req.Header["idempotency-key"] = []string{key} // in a case of its own, so that Go's client does not repeat it by itself
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, false // kartify was killed
		}
		defer res.Body.Close() //nolint:errcheck // read
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= 500 || res.StatusCode == http.StatusConflict {
			return 0, false
		}
		var op struct{ ID int64 }
		if err := json.Unmarshal(text, &op); err != nil || res.StatusCode != http.StatusAccepted {
			t.Errorf("%s is answered %d %s", key, res.StatusCode, text)
		}
		return op.ID, true
	}
	const parts = 30
	seen := make([]map[int64]bool, parts) // the operations that each key was answered with
	var group sync.WaitGroup
	for worker := range 3 {
		group.Go(func() {
			for n := worker; n < parts; n += 3 {
				seen[n] = map[int64]bool{}
				for deadline := time.Now().Add(60 * time.Second); len(seen[n]) == 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
					if id, ok := refund(fmt.Sprintf("part-%d", n), 100+n); ok {
						seen[n][id] = true
					}
				}
			}
		})
	}
	for range 4 {
		time.Sleep(150 * time.Millisecond)
		w.stop(syscall.SIGKILL)
		w.start()
	}
	group.Wait()
	all := map[int64]bool{}
	for n := range parts { // once more, now that everything runs
		if id, ok := refund(fmt.Sprintf("part-%d", n), 100+n); ok {
			seen[n][id] = true
		}
		if len(seen[n]) != 1 {
			t.Errorf("part %d was answered with the operations %v", n, seen[n])
		}
		for id := range seen[n] {
			all[id] = true
		}
	}
	w.eventually("0", `SELECT count(*) FROM operations WHERE source = 'api' AND state NOT IN ('succeeded', 'failed')`)
	amounts := map[int64]int{}
	for _, effect := range w.refunds("pay_KF00000000001B") {
		amounts[effect.AmountMinor]++
	}
	for n := range parts {
		if amounts[int64(100+n)] != 1 {
			t.Errorf("part %d was refunded %d times", n, amounts[int64(100+n)])
		}
	}
	var stored int
	if w.scan(&stored, `SELECT count(*) FROM operations WHERE source = 'api'`); stored != parts || len(all) != parts {
		t.Errorf("%d operations are stored and %d were answered, want %d", stored, len(all), parts)
	}
}
