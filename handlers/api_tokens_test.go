package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAPITokensPage(t *testing.T) {
	o := openOffice(t)
	owner := o.enter("owner")
	const path = "/system/api-tokens"
	form := url.Values{"name": {"ERP <b>"}, "scopes": {"orders.read", "refund.request"}, "stores": {"40"}, "days": {"30"}, "per_minute": {""}}
	made := owner.post(path, form)
	secret := text(made.Find("#new-secret code"))
	if made.status != http.StatusOK || !strings.HasPrefix(secret, "kfy_") || len(secret) < 50 {
		t.Fatalf("making a token answers %d with %q", made.status, secret)
	}
	page := owner.get(path)
	if page.Find("#new-secret").Length() != 0 || strings.Contains(page.html, secret) {
		t.Error("the token is shown a second time")
	}
	row := text(page.Find("tbody tr"))
	for _, want := range []string{"ERP <b>", secret[:14], "orders.read", "refund.request", "Ruosh", "never", "Active", "Ravi Menon"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row lacks %q: %q", want, row)
		}
	}
	erp := &program{office: o, token: secret}
	erp.get("/orders").want(t, http.StatusOK, "")
	if row := text(owner.get(path).Find("tbody tr")); !strings.Contains(row, "just now") || !strings.Contains(row, "from 127.0.0.1") {
		t.Errorf("after its use the row reads %q", row)
	}
	for _, tt := range []struct{ field, value, problem string }{
		{"name", "ERP <b>", "A token with this name works already."},
		{"name", "", "Name the program"},
		{"scopes", "users.manage", "A program cannot be given one of these rights."},
		{"scopes", "void", "needs Refund money as well"},
		{"stores", "", "Choose at least one store"},
		{"stores", "99", "There is no store 99."},
		{"days", "4000", "Choose how long the token works."},
		{"per_minute", "many", "Write a number of requests from 1 to 6000."},
	} {
		wrong := url.Values{"name": {"Another"}, "scopes": {"orders.read"}, "stores": {"40"}, "days": {"30"}, "per_minute": {"60"}}
		if wrong.Set(tt.field, tt.value); tt.value == "" && tt.field == "stores" {
			wrong.Del(tt.field)
		}
		answer := owner.post(path, wrong)
		if got := text(answer.Find("dialog[open]")); answer.status != http.StatusUnprocessableEntity || !strings.Contains(got, tt.problem) {
			t.Errorf("%s %q answers %d %q, want %q", tt.field, tt.value, answer.status, got, tt.problem)
		}
	}
	var id int64
	o.scan(&id, `SELECT id FROM api_tokens`)
	if answer := o.enter("finance").post(fmt.Sprintf("%s/%d/revoke", path, id), nil); answer.status != http.StatusForbidden {
		t.Errorf("finance revokes a token: %d", answer.status)
	}
	if answer := owner.post(path+"/4711/revoke", nil); answer.status != http.StatusNotFound {
		t.Errorf("revoking no token answers %d", answer.status)
	}
	for range 2 { // the second finds it done
		if answer := owner.post(fmt.Sprintf("%s/%d/revoke", path, id), nil); answer.status != http.StatusSeeOther {
			t.Errorf("revoking answers %d", answer.status)
		}
	}
	erp.get("/orders").want(t, http.StatusUnauthorized, "unauthorized")
	if row := text(owner.get(path).Find("tbody tr")); !strings.Contains(row, "Revoked by Ravi Menon") {
		t.Errorf("the revoked token reads %q", row)
	}
	var log string
	o.scan(&log, `SELECT string_agg(action || ' ' || actor_name, ', ' ORDER BY seq) FROM audit_log WHERE action LIKE 'api_token%'`)
	if log != "api_token.created Ravi Menon, api_token.revoked Ravi Menon" {
		t.Errorf("the audit log has %q", log)
	}
}
