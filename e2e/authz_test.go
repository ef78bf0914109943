package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
	"github.com/kartify/kartify/web"
)

// fill puts ids into a route's path. A parameter nobody knows fails the test, so that a new route is thought of.
func fill(t *testing.T, path string, ids map[string]string) string {
	t.Helper()
	return regexp.MustCompile(`:[a-z]+`).ReplaceAllStringFunc(path, func(param string) string {
		id, ok := ids[param]
		if !ok {
			t.Fatalf("%s: which %s should the authorization matrix ask for?", path, param)
		}
		return id
	})
}

// meera are the records of the cast's first order.
func (w *world) meera() map[string]string {
	var payment, operation, user, update, webhook int64
	w.scan(&payment, `SELECT id FROM payments WHERE order_id = 1001`)
	w.scan(&operation, `SELECT id FROM operations WHERE order_id = 1004`)
	w.scan(&user, `SELECT id FROM users WHERE email = 'viewer@ruosh.example'`)
	w.scan(&update, `SELECT coalesce(min(id), 1) FROM partner_updates`)
	w.scan(&webhook, `SELECT id FROM webhooks WHERE order_id = 1001 AND event = 'REFUND_INITIATED' AND duplicate_of IS NULL`)
	export := strings.Repeat("E", 26)
	if _, err := w.db.Pool().Exec(w.ctx, `INSERT INTO exports (id, stores, user_id, user_name, format, streamed, query, zone, state, problem)
		SELECT $1, '{40}', min(id), 'Ravi', 'csv', false, '', 'Asia/Kolkata', 'failed', 'none' FROM users ON CONFLICT (id) DO UPDATE SET state = 'failed'`, export); err != nil {
		w.t.Fatal(err)
	}
	var reconciliation int64
	w.scan(&reconciliation, `INSERT INTO reconciliations (store_id, gateway, format, file_name, bytes, sha256, days, zone, state, user_id, user_name)
		SELECT 40, 'razorpay', 'razorpay', 'settlement.csv', 0, 'x', 'store', 'Asia/Kolkata', 'done', min(id), 'Ravi' FROM users
		ON CONFLICT (store_id, sha256) WHERE source = 'file' DO UPDATE SET state = 'done' RETURNING id`)
	return map[string]string{
		":reconciliation": fmt.Sprint(reconciliation), ":row": "1",
		":export": export, ":order": "1001", ":payment": fmt.Sprint(payment), ":id": fmt.Sprint(operation), ":operation": fmt.Sprint(operation), ":user": fmt.Sprint(user),
		":update": fmt.Sprint(update), ":webhook": fmt.Sprint(webhook), ":gateway": "razorpay", ":email": "1", ":view": "1", ":run": strings.Repeat("R", 26), ":action": "1", ":job": "fold-day-totals", ":confirmation": strings.Repeat("C", 26), ":store": "40", ":token": "none", ":apitoken": "1", ":privacy": "1", ":install": "1", ":channel": "1", ":part": "event", ":extension": "1",
	}
}

// ask sends a route's request with an empty form.
func (p *person) ask(route web.Route, path string) *reply {
	p.w.t.Helper()
	form := url.Values{}
	if route.Method == http.MethodPost {
		form.Set("store", "40")
	}
	r, err := p.try(route.Method, path, form)
	if err != nil {
		p.w.t.Fatalf("%s %s: %v", route.Method, path, err)
	}
	return r
}

// harmless leaves out what would end the sessions that the matrix is asked with.
func harmless(route web.Route) bool {
	return route.Path != "/logout" && route.Path != "/login" && !strings.HasPrefix(route.Path, "/profile/sessions") && !strings.HasPrefix(route.Path, "/system/users/:user/")
}

func TestRoleByRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.meera()
	for _, someone := range cast.People {
		p := w.signIn(someone.Email)
		for _, route := range handlers.Table() {
			if route.NoSession || !harmless(route) || strings.Contains(route.Path, "*") {
				continue
			}
			path := fill(t, route.Path, ids)
			r := p.ask(route, path)
			may := someone.Role.May(route.Permission)
			if may && (r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized || r.StatusCode >= 500) {
				t.Errorf("%s holds %s but %s %s answers %d", someone.Role, route.Permission, route.Method, path, r.StatusCode)
			}
			if !may && r.StatusCode != http.StatusForbidden {
				t.Errorf("%s lacks %s but %s %s answers %d", someone.Role, route.Permission, route.Method, path, r.StatusCode)
			}
		}
	}
}

func TestSignedOutSeesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nobody := w.nobody()
	for _, route := range handlers.Table() {
		if route.Permission == models.Public || strings.Contains(route.Path, "*") {
			continue
		}
		path := fill(t, route.Path, w.meera())
		r := nobody.ask(route, path)
		led := r.StatusCode == http.StatusSeeOther && strings.HasPrefix(r.Header.Get("Location"), "/login")
		if !led && r.StatusCode != http.StatusUnauthorized {
			t.Errorf("signed out, %s %s answers %d, want the way to /login", route.Method, path, r.StatusCode)
		}
	}
}

var requestID = regexp.MustCompile(`[0-9A-Za-z_-]{20,}`)

// TestAnotherStoreIsNotThere asks every route for the records of another store, as people of all roles
// that can be kept to a store. An owner answers for all stores.
func TestAnotherStoreIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign, unknown := w.meera(), w.meera()
	for _, param := range []string{":order", ":payment", ":id", ":operation", ":update", ":webhook", ":export"} {
		unknown[param] = "987654321"
	}
	checked := map[string]bool{}
	for _, role := range []models.Role{models.Finance, models.Support, models.Manager, models.Auditor} {
		email := string(role) + "@nordisk.example"
		_, err := w.db.SeedUser(w.ctx, models.UserDetails{Email: email, Name: "Sven", Role: role, StoreIDs: []int64{cast.Nordisk}}, cast.Password)
		if err != nil {
			t.Fatal(err)
		}
		p := w.signIn(email)
		for _, route := range handlers.Table() {
			if !route.StoreScoped || route.NoSession || !role.May(route.Permission) {
				continue
			}
			path := fill(t, route.Path, foreign)
			r := p.ask(route, path)
			for _, secret := range []string{"Meera", "FY64D4E4250DB0CB1001", "pay_KF00000000001B", "rzp_test", "Ruosh"} {
				if strings.Contains(r.text, secret) {
					t.Errorf("as %s, %s %s shows %q of another store", role, route.Method, path, secret)
				}
			}
			if path == route.Path || strings.Contains(route.Path, ":gateway") || strings.Contains(route.Path, ":view") || strings.Contains(route.Path, ":part") {
				continue // a list, or named by what belongs to no store
			}
			checked[route.Method+" "+route.Path] = true
			other := p.ask(route, fill(t, route.Path, unknown))
			if r.StatusCode != http.StatusNotFound || requestID.ReplaceAllString(r.text, "") != requestID.ReplaceAllString(other.text, "") {
				t.Errorf("as %s, %s %s of another store answers %d, and one that does not exist %d; want 404 alike", role, route.Method, path, r.StatusCode, other.StatusCode)
			}
		}
		if !role.May(models.OrdersRead) {
			continue
		}
		for _, path := range []string{"/sales/orders?store=40", "/sales/orders?q=Meera", "/sales/orders?order_id=1001", "/sales/orders?event=REFUND_INITIATED", "/sales/orders?partner_order_id=FY64D4E4250DB0CB1001"} {
			if r := p.get(path); strings.Contains(r.text, "Meera Nair") || r.page().Find(`a[href^="/sales/orders/1001"]`).Length() > 0 {
				t.Errorf("as %s, %s shows another store", role, path)
			}
		}
	}
	if len(checked) < 5 {
		t.Errorf("only %d routes lead to a store's record; the test proves too little", len(checked))
	}
}

func TestEveryRouteSaysWhoMayUseIt(t *testing.T) {
	for _, route := range handlers.Table() {
		if route.Permission == "" {
			t.Errorf("%s %s has no permission", route.Method, route.Path)
		}
	}
}
