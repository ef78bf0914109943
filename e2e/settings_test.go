package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/models/cast"
)

// TestSettingsOfEveryProvider finds each provider's settings under every way to write its name, shows no secret,
// tests the connection with good and with wrong ones, and gives the addresses to paste, with when they were last used.
func TestSettingsOfEveryProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.signIn("owner@ruosh.example")
	tests := []struct {
		gateway  string
		store    int64
		names    []string
		secrets  map[string]string // what is stored: by field
		callback string
	}{
		{"klarna", cast.Nordisk, []string{"Klarna", "KLARNA", "klar na"}, map[string]string{"password": "sandbox-secret"}, "/callbacks/klarna/41/"},
		{"svea", cast.Nordisk, []string{"Svea", "svea"}, map[string]string{"secret": "sandbox-secret"}, "/callbacks/svea/41/"},
		{"paykeeper", cast.Lavka, []string{"PayKeeper", "pay keeper", "Pay-Keeper"}, map[string]string{"password": "sandbox-password", "secret_word": "MySecretSeed"}, "/callbacks/paykeeper/42"},
		{"ccavenue", cast.Chandni, []string{"CC avenue", "ccavenue", "CCAvenue"}, map[string]string{"working_key": "4D1C5A7E9B0F2E3D6C8A7B5F1E0D9C3B"}, "/callbacks/ccavenue/43/echo"},
	}
	for _, tt := range tests {
		for _, name := range tt.names {
			row := owner.get("/extensions/payment?q=" + url.QueryEscape(name)).page().Find(fmt.Sprintf("[data-gateway=%s][data-store='%d']", tt.gateway, tt.store))
			if row.Length() != 1 || !strings.Contains(row.Text(), "Enabled") {
				t.Errorf("%q finds %d rows of %s: %q", name, row.Length(), tt.gateway, row.Text())
			}
		}
		query := fmt.Sprintf("?store=%d&mode=test", tt.store)
		path := "/extensions/payment/" + tt.gateway
		shown := owner.get(path + query)
		if got := shown.page().Find("#webhook code").Text(); !strings.Contains(got, w.base+tt.callback) {
			t.Errorf("%s shows the addresses %q, want %s", tt.gateway, got, w.base+tt.callback)
		}
		for field, secret := range tt.secrets {
			if in := shown.page().Find(`input[name="` + field + `"]`); in.Length() != 1 || in.AttrOr("value", "") != "" || strings.Contains(shown.text, secret) {
				t.Errorf("%s shows its %s", tt.gateway, field)
			}
			var plain bool
			w.scan(&plain, `SELECT EXISTS (SELECT 1 FROM gateway_settings WHERE gateway = $1 AND (values::text LIKE '%' || $2 || '%' OR secrets::text LIKE '%' || $2 || '%'))`, tt.gateway, secret)
			if plain {
				t.Errorf("the row of %s stores its %s in plain text", tt.gateway, field)
			}
		}
		good := owner.post(path+"/checks"+query, url.Values{})
		if good.StatusCode != http.StatusOK || !strings.Contains(good.page().Find("#connection").Text(), "accepts these credentials") {
			t.Errorf("good credentials of %s answer %d %q", tt.gateway, good.StatusCode, good.page().Find("#connection").Text())
		}
		wrong := url.Values{"enabled": {"1"}}
		for _, name := range []string{"username", "host", "merchant_id", "server", "login", "payment_action", "access_code", "paid_status", "crypto", "partial_credit", "api_access_code"} {
			in := shown.page().Find(`#settings form [name="` + name + `"]`)
			if value := in.AttrOr("value", in.Find("option[selected]").AttrOr("value", "")); value != "" {
				wrong.Set(name, value)
			}
		}
		for field, secret := range tt.secrets {
			wrong.Set(field, strings.Map(func(r rune) rune {
				if r == '4' {
					return '5'
				}
				return r
			}, strings.ReplaceAll(secret, "s", "z")))
		}
		if saved := owner.post(path+query, wrong); saved.StatusCode != http.StatusSeeOther {
			t.Errorf("other credentials of %s are saved with %d: %s", tt.gateway, saved.StatusCode, saved.page().Find("[role=alert]").Text())
			continue
		}
		bad := owner.post(path+"/checks"+query, url.Values{})
		if bad.StatusCode != http.StatusUnprocessableEntity || strings.Contains(bad.page().Find("#connection").Text(), "accepts these") {
			t.Errorf("wrong credentials of %s answer %d %q", tt.gateway, bad.StatusCode, bad.page().Find("#connection").Text())
		}
	}
}

// TestAddressesSayWhenTheyWereUsed shows when CCAvenue was last heard of at each of its two addresses, and the three
// steps of a gateway that order statuses drive.
func TestAddressesSayWhenTheyWereUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.signIn("owner@ruosh.example")
	if _, err := w.db.Pool().Exec(w.ctx, `DELETE FROM webhooks WHERE source = 'ccavenue'`); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		return strings.Count(owner.get("/extensions/payment/ccavenue?store=43").page().Find("#webhook").Text(), "The last genuine webhook came")
	}
	if n := count(); n != 0 {
		t.Errorf("before anything came %d addresses say that it did", n)
	}
	order := w.unpaid(cast.Chandni, "ccavenue", "INR", "IN")
	w.shopper().pay(w.link(order), "success")
	w.paymentOf(order, "processing success 100000")
	if n := count(); n == 0 {
		t.Error("after a payment no address says when it was used")
	}
	var rules int
	w.scan(&rules, `SELECT count(*) FROM status_rules r JOIN status_rule_sets s ON s.id = r.set_id WHERE s.current AND s.gateway = 'klarna' AND s.store_id = 41`)
	step := owner.get("/extensions/payment/klarna?store=41").page().Find("#set-up li").Eq(1).Text()
	if want := map[bool]string{true: "Done", false: "To do"}[rules > 0]; !strings.Contains(step, want) {
		t.Errorf("with %d rules the second step reads %q, want %s", rules, step, want)
	}
}
