package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// Every page of the table is closed to those without the permission, and so is every action.
func TestEveryRouteAsksForItsPermission(t *testing.T) {
	s := newSite(t)
	people := map[models.Role]*browser{}
	for _, role := range models.Roles {
		people[role] = s.as(modelstest.Person(t, s.db, role.Label(), role))
	}
	nobody := s.browser("Sec-Fetch-Site: same-origin")
	for _, route := range handlers.Table() {
		if route.Permission == models.Public || route.Bearer { // those of programs: TestScopeByRoute
			continue
		}
		path := strings.NewReplacer(":user", "999999", ":order", "999999", ":payment", "999999", ":gateway", "none", ":id", "999999", ":row", "999999").Replace(route.Path)
		if got := nobody.ask(route.Method, path, nil); got.StatusCode != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/login") {
			t.Errorf("%s %s signed out: %d", route.Method, route.Path, got.StatusCode)
		}
		if got := nobody.ask(route.Method, path, nil, "HX-Request: true"); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s %s signed out, a part: %d", route.Method, route.Path, got.StatusCode)
		}
		for role, b := range people {
			if role.May(route.Permission) {
				continue
			}
			if got := b.ask(route.Method, path, nil); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s as %s: %d, want 403", route.Method, route.Path, role, got.StatusCode)
			}
		}
	}
}

func TestMachineRoutesAreNamed(t *testing.T) {
	public := map[string]bool{
		"/login": true, "/logout": true, "/setup/:token": true, "/healthz": true, "/readyz": true, "/metrics": true, "/static/*": true, "/pay": true, "/pay/:token": true, "/pay/:token/result": true,
	}
	for _, route := range handlers.Table() {
		machine := strings.HasPrefix(route.Path, "/callbacks/") || strings.HasPrefix(route.Path, "/api/") ||
			strings.HasPrefix(route.Path, "/company/") || strings.HasPrefix(route.Path, "/protected/") || strings.HasPrefix(route.Path, "/fp/")
		if route.Permission == models.Public && !public[route.Path] && !machine {
			t.Errorf("%s %s is open to everybody", route.Method, route.Path)
		}
	}
}
