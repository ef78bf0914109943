package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/kartify/kartify/models/modelstest"
)

func TestLimboRowsAreMendedFromTheBoard(t *testing.T) {
	_, as := castSite(t)
	support := as("support@ruosh.example")
	list := support.get("/sales/limbo?of=missing")
	list.want(t, http.StatusOK, "The customer was debited, and the callback of the payment did not arrive.")
	if rows := list.each("tr[data-limbo] td.lead a"); rows != "1007|1006|1005" {
		t.Errorf("the missing orders are %s", rows)
	}
	one := support.post("/sales/limbo/fixes", "do", "take", "row", "missing:1005", "back", "of=missing")
	if to := one.Header.Get("Location"); one.StatusCode != http.StatusSeeOther || to != "/sales/limbo?of=missing" {
		t.Errorf("one row: %d, to %s", one.StatusCode, to)
	}
	support.get("/sales/limbo?of=missing").want(t, http.StatusOK, "Order 1005 is yours.")
	several := []string{"do", "take", "row", "missing:1006", "row", "missing:1007", "back", "of=missing"}
	support.post("/sales/limbo/fixes", several...).want(t, http.StatusOK, "Look after 2 rows?")
	if owned := support.get("/sales/limbo").each("tr[data-limbo] td.sub"); strings.Count(owned, "Asha Rao") != 1 {
		t.Errorf("before it was confirmed the owners are %s", owned)
	}
	support.post("/sales/limbo/fixes", append(several, "sure", "2")...)
	if owned := support.get("/sales/limbo").each("tr[data-limbo] td.sub"); strings.Count(owned, "Asha Rao") != 3 {
		t.Errorf("afterwards the owners are %s", owned)
	}
	for _, wrong := range [][]string{{"do", "take"}, {"do", "nonsense", "row", "missing:1005"}} {
		support.post("/sales/limbo/fixes", wrong...)
		support.get("/sales/limbo").want(t, http.StatusOK, "Tick at least one row")
	}
	if got := support.post("/sales/limbo/fixes", "do", "take", "row", "missing:x"); got.StatusCode != http.StatusNotFound {
		t.Errorf("a row that is none: %d", got.StatusCode)
	}
	viewer := as("viewer@ruosh.example")
	for _, do := range []string{"ask", "confirm", "fail", "tell", "accept"} {
		if got := viewer.post("/sales/limbo/fixes", "do", do, "row", "missing:1005"); got.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer may %s: %d", do, got.StatusCode)
		}
	}
	if buttons := viewer.get("/sales/limbo").each("td.fixes button"); strings.Contains(buttons, "Confirm") || !strings.Contains(buttons, "Take it") {
		t.Errorf("a viewer is offered %s", buttons)
	}
	trends := support.get("/sales/limbo/trends")
	trends.want(t, http.StatusOK, "Money at risk by age")
	if now, board := trends.said("#risk-by-day .figure"), support.get("/sales/limbo").Find("tr[data-limbo]").Length(); now != strconv.Itoa(board) {
		t.Errorf("of %d rows on the board the plot says %s, before anything was written down", board, now)
	}
	if steps := trends.each("#risk-by-age .ends span"); !strings.HasPrefix(steps, "Under 1 hour|1 to 24 hours|") {
		t.Errorf("the steps are named %s", steps)
	}
}

func TestMissingOrderIsMendedFromItsPage(t *testing.T) {
	_, as := castSite(t)
	support, viewer := as("support@ruosh.example"), as("viewer@ruosh.example")
	if buttons := support.get("/sales/orders/1005").each(".banner button"); buttons != "Confirm Payment|Ask the gateway now|Mark failed" {
		t.Errorf("support is offered %s", buttons)
	}
	if buttons := viewer.get("/sales/orders/1005").each(".banner button"); buttons != "" {
		t.Errorf("a viewer is offered %s", buttons)
	}
	asked := support.post("/sales/limbo/fixes", "do", "ask", "row", "missing:1005", "order", "1005")
	if to := asked.Header.Get("Location"); asked.StatusCode != http.StatusSeeOther || to != "/sales/orders/1005" {
		t.Errorf("asked from the order's page: %d, to %s", asked.StatusCode, to)
	}
	support.get("/sales/orders/1005").want(t, http.StatusOK, "Order 1005:")
}

func TestLimboAlertsAreSet(t *testing.T) {
	_, as := castSite(t)
	owner := as("owner@ruosh.example")
	owner.get("/sales/limbo").want(t, http.StatusOK, "E-mail when something new is in limbo")
	owner.post("/sales/limbo/alerts", "store", "40", "mails", "1", "address", "ops@ruosh.example", "every", "15")
	page := owner.get("/sales/limbo")
	if to := page.Find(`.alert-form input[name="address"]`).First().AttrOr("value", ""); to != "ops@ruosh.example" {
		t.Errorf("alerts go to %q", to)
	}
	owner.post("/sales/limbo/alerts", "store", "40", "address", "nonsense", "every", "15")
	owner.get("/sales/limbo").want(t, http.StatusOK, "is no list of e-mail addresses")
	if got := as("support@ruosh.example").post("/sales/limbo/alerts", "store", "40", "every", "15"); got.StatusCode != http.StatusForbidden {
		t.Errorf("support sets alerts: %d", got.StatusCode)
	}
}

func TestConfirmPaymentForm(t *testing.T) {
	_, as := castSite(t)
	support := as("support@ruosh.example")
	const path = "/system/tools/fynd-api/gofynd-api"
	support.get(path+"?ids=FY1").want(t, http.StatusOK, "GoFynd order ID")
	support.post(path+"/confirmations", "ids", " ,\n").want(t, http.StatusUnprocessableEntity, "Fill in at least one GoFynd order ID.")
	run := support.post(path+"/confirmations", "ids", "FYNONE\nFY64D4E4250DB0CB1010", "pick", "FYNONE")
	if run.StatusCode != http.StatusSeeOther {
		t.Fatalf("execute: %d", run.StatusCode)
	}
	at := run.Header.Get("Location")
	for range 2 {
		results := support.get(at)
		results.want(t, http.StatusOK, "2 refused")
		if said := results.each("tr[data-confirmed] td.main"); strings.Count(said, "No order of your Fynd stores") != 2 {
			t.Errorf("the results say %s", said)
		}
	}
	if got := as("finance@ruosh.example").get(at); got.StatusCode != http.StatusNotFound {
		t.Errorf("somebody else's results: %d", got.StatusCode)
	}
	for _, email := range []string{"viewer@ruosh.example", "manager@ruosh.example", "auditor@ruosh.example"} {
		if got := as(email).post(path+"/confirmations", "ids", "FY1"); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s confirms payments: %d", email, got.StatusCode)
		}
	}
}

func TestPendingOrderThatNobodyBeganToPay(t *testing.T) {
	s, as := castSite(t)
	if _, err := s.db.Pool().Exec(modelstest.System(t.Context()), `INSERT INTO orders (id, store_id, status, currency, items_minor, total_minor, date_added) VALUES (5555, 40, 'pending', 'INR', 100, 100, now() - interval '2 hours')`); err != nil {
		t.Fatal(err)
	}
	board := as("support@ruosh.example").get("/sales/limbo?of=pending")
	if got := board.said(`tr[data-limbo="pending:1026"] td.looked`); got != "Not yet only by hand" {
		t.Errorf("of an order at a gateway that is not asked by itself the board says %q", got)
	}
	for row, why := range map[string]string{"pending:5555": "Nobody has begun to pay.", "pending:1026": "The customer was sent to pay, and nothing more was heard."} {
		if got := board.said(`tr[data-limbo="` + row + `"] td.main`); !strings.HasPrefix(got, why) {
			t.Errorf("of %s the board says %q", row, got)
		}
	}
}
