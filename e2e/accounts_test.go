package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// TestPaymentsStayInTheirAccount lets buyers pay, and then the stores enter another merchant account, of which the
// providers know nothing. What was begun or done before is captured, refunded and given back all the same.
func TestPaymentsStayInTheirAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.creditHere()
	ravi := w.signIn("owner@ruosh.example")
	tests := []struct {
		stand
		country, outcome string // of a buyer who pays; without one, the payment is only shown to kartify by what is done first
		first            []string
		other            map[string]string // what names the new account, and its secrets
		then             []string
		want             books
		its, now         string
	}{
		{
			stand{gateway: "klarna"},
			"SE", "pay", nil,
			map[string]string{"username": "K999999_ffffffffffff", "password": "of-another-account", "partial_credit": "here"},
			[]string{"captures part 300.00", "refunds part 100.00", "cancellations"},
			books{0, 30000, 30000},
			"K123456 at klarna-eu", "K999999 at klarna-eu",
		},
		{
			stand{gateway: "klarna", kind: "put"},
			"", "",
			[]string{"captures part 300.00"},
			map[string]string{"username": "K999999_ffffffffffff", "password": "of-another-account", "partial_credit": "here"},
			[]string{"captures part 200.00", "refunds part 500.00", "cancellations"},
			books{0, 50000, 50000},
			"K123456 at klarna-eu", "K999999 at klarna-eu",
		},
		{
			stand{gateway: "svea", kind: "Invoice"},
			"SE", "pay", nil,
			map[string]string{"merchant_id": "999999", "secret": "of-another-account", "partial_credit": "here"},
			[]string{"captures full", "cancellations"},
			books{0, 100000, 100000},
			"100001", "999999",
		},
		{
			stand{gateway: "paykeeper"},
			"RU", "pay", nil,
			map[string]string{"server": "https://other.server.paykeeper.ru", "password": "of-another-account"},
			[]string{"refunds lines", "cancellations"},
			books{0, 100000, 100000},
			strings.TrimPrefix(cast.PayKeeper["server"], "https://"), "other.server.paykeeper.ru",
		},
		{
			stand{gateway: "ccavenue"},
			"IN", "success", nil,
			map[string]string{"merchant_id": "999999", "access_code": "AVXX99XX99XX99XX99", "working_key": strings.Repeat("F", 32)},
			[]string{"refunds part 100.00", "refunds part 900.00"},
			books{0, 100000, 100000},
			cast.CCAvenue["merchant_id"], "999999",
		},
	}
	orders, refs := make([]int64, len(tests)), make([]string, len(tests))
	for i, tt := range tests {
		home := homes[tt.gateway]
		if tt.outcome == "" {
			orders[i] = int64(8801 + i)
			refs[i] = w.put(orders[i], tt.stand)
		} else {
			orders[i] = w.unpaid(home.store, tt.gateway, home.currency, tt.country)
			w.shopper().pay(w.link(orders[i]), tt.outcome)
			w.eventually("true", `SELECT count(*) = 1 AND bool_and(authorized_minor = 100000) FROM payments WHERE order_id = $1`, orders[i])
			w.scan(&refs[i], `SELECT ref FROM payments WHERE order_id = $1`, orders[i])
		}
		for _, turn := range tt.first {
			if err := w.turn(ravi, orders[i], refs[i], tt.stand, turn); err != nil {
				t.Fatalf("%s, %s: %v", tt.gateway, turn, err)
			}
		}
	}
	known := map[string]map[string]string{"klarna": cast.Klarna, "svea": cast.Svea, "paykeeper": cast.PayKeeper, "ccavenue": cast.CCAvenue}
	for _, tt := range tests {
		values := maps.Clone(known[tt.gateway])
		maps.Copy(values, tt.other)
		store := homes[tt.gateway].store
		_, err := w.db.SaveSettings(w.ctx, models.SettingsForm{StoreID: store, Gateway: tt.gateway, Mode: "test", Values: values, Enabled: true, By: models.SystemActor})
		if err != nil {
			t.Fatal(err)
		}
		if r := ravi.post(fmt.Sprintf("/extensions/payment/%s/checks?store=%d&mode=test", tt.gateway, store), url.Values{}); r.StatusCode != http.StatusUnprocessableEntity {
			t.Fatalf("the provider takes the credentials of the other account of %s: %d", tt.gateway, r.StatusCode)
		}
	}
	for i, tt := range tests {
		said := strings.Join(strings.Fields(ravi.get(fmt.Sprintf("/sales/orders/%d", orders[i])).page().Find("[data-account]").Text()), " ")
		if want := tt.its + " The settings now name " + tt.now + "."; !strings.HasPrefix(said, want) {
			t.Errorf("%s: the page of the order says %q, want %q", tt.gateway, said, want)
		}
		for _, turn := range tt.then {
			if err := w.turn(ravi, orders[i], refs[i], tt.stand, turn); err != nil {
				t.Errorf("%s %s, order %d, %s: %v", tt.gateway, tt.kind, orders[i], turn, err)
				break
			}
		}
		if got := w.booked(orders[i]); got != tt.want {
			t.Errorf("%s %s, order %d: booked %+v, want %+v", tt.gateway, tt.kind, orders[i], got, tt.want)
		}
	}
	w.sound(t)
}
