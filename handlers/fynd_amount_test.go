package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// Where Fynd asks for another amount than the order comes to, the payment is refused and the order stands on the limbo
// board, once, until Fynd asks rightly, the money comes in, or a person says that it is settled.
func TestRefusedAmountsAreInLimbo(t *testing.T) {
	p := openPlatform(t)
	staff := p.enter("support")
	order := func(name string, total int64) int64 {
		return p.insert("orders", map[string]any{"store_id": 40, "partner_order_id": name, "status": "pending", "currency": "INR", "items_minor": total, "total_minor": total, "gateway": "", "customer_name": "Meera Nair"})
	}
	asks := func(name string, changes map[string]any) {
		gid := "TR" + name
		body := map[string]any{"gid": gid, "pf_order_id": name}
		for member, value := range changes {
			body[member] = value
		}
		if got := p.asks("POST", "/api/v1/payment_session/"+gid, sessionBody(t, body)); got.status == http.StatusOK {
			t.Errorf("%s with %v was taken", name, changes)
		}
	}
	board := func() string {
		t.Helper()
		page, err := p.db.Limbo(p.ctx, models.LimboFilter{Kind: models.NeedAmount})
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, r := range page.Rows {
			rows = append(rows, fmt.Sprintf("%s %d", r.Partner, r.Amount.Minor))
		}
		return strings.Join(rows, ", ")
	}
	known, odd := order("FYKNOWN", 23000), order("FYODD", 23000)
	for range 3 {
		asks("FYKNOWN", map[string]any{"amount": 230})
	}
	asks("FYODD", map[string]any{"amount": 230, "total_amount": 23000})
	order("FYDONE", 23000)
	p.exec(`UPDATE orders SET status = 'processing' WHERE partner_order_id = 'FYDONE'`)
	asks("FYDONE", nil) // refused, but not for its amount
	if got := board(); got != "FYKNOWN 23000, FYODD 23000" {
		t.Fatalf("the board shows %s", got)
	}
	if got := p.text(`SELECT string_agg(times::text, ' ' ORDER BY id) FROM refused_amounts`); got != "3 1" {
		t.Errorf("they were asked for %s times", got)
	}
	if text := staff.get("/sales/limbo?of=amounts").Find("#limbo tbody").Text(); !strings.Contains(text, "Fynd asks for 2.30 INR as TRFYKNOWN, but this order comes to 230.00 INR: one of them is in another unit.") ||
		!strings.Contains(text, "It is settled") || !strings.Contains(text, "230.00 INR") {
		t.Errorf("the board says %q", text)
	}
	if text := staff.get("/").Find("main").Text(); !strings.Contains(text, "orders asked for another amount") {
		t.Errorf("the dashboard says %q", text)
	}

	p.begins(map[string]any{"gid": "TRFYKNOWN", "pf_order_id": "FYKNOWN"})
	if got := board(); got != "FYODD 23000" {
		t.Errorf("once Fynd asks rightly the board shows %s", got)
	}
	asks("FYKNOWN", map[string]any{"amount": 23001}) // the same payment, and another amount
	if got := board(); got != "FYODD 23000, FYKNOWN 23000" {
		t.Errorf("asked again otherwise, the board shows %s", got)
	}
	loader := p.text(`SELECT '/api/v1/pgloader/' || id FROM fynd_sessions WHERE order_id = $1`, known)
	p.ask("GET", p.pays(loader, func(*gateways.Payment) {}), nil)
	if got := board(); got != "FYODD 23000" {
		t.Errorf("once the money is here the board shows %s", got)
	}

	row := p.text(`SELECT 'amounts:' || id FROM refused_amounts WHERE order_id = $1`, odd)
	for _, want := range []string{fmt.Sprintf("Order %d: Settled: Fynd asked for another amount.", odd), "This is not in limbo any more"} {
		staff.post("/sales/limbo/fixes", url.Values{"do": {"accept"}, "row": {row}})
		if text := staff.get("/sales/limbo").Text(); !strings.Contains(text, want) {
			t.Errorf("settled, the board says %q, want %q", text, want)
		}
	}
	if got := board() + p.text(`SELECT string_agg(comment, ' ' ORDER BY id) FROM order_history WHERE order_id = $1 AND actor = 'user'`, odd); got != "Settled: Fynd asked for another amount." {
		t.Errorf("after that: %s", got)
	}
	asks("FYODD", map[string]any{"amount": 230})
	if got := board(); got != "FYODD 23000" {
		t.Errorf("asked for once more, the board shows %s", got)
	}
}
