package all

import (
	"maps"
	"testing"
)

func TestEachCodeIsOneDriver(t *testing.T) {
	seen := map[string]bool{}
	for _, driver := range Drivers {
		if seen[driver.Code] {
			t.Errorf("two drivers are called %s", driver.Code)
		}
		seen[driver.Code] = true
		if got, ok := ByCode(driver.Code); !ok || got.Name != driver.Name || got.Open == nil {
			t.Errorf("ByCode(%s) = %s, %v", driver.Code, got.Name, ok)
		}
	}
	if _, ok := ByCode("paypal"); ok {
		t.Error("a driver that is not there was found")
	}
}

func TestAccounts(t *testing.T) {
	klarna := map[string]string{"username": "K123456_0a1b2c3d4e5f", "host": "klarna-eu", "terms_url": "https://shop.example/terms"}
	ccavenue := map[string]string{"merchant_id": "100001", "access_code": "AVKF00KF00KF00KF"}
	svea := map[string]string{"merchant_id": "124842", "partial_credit": "here"}
	paykeeper := map[string]string{"server": "https://lavka.server.paykeeper.ru", "login": "kartify"}
	with := func(values map[string]string, slug, value string) map[string]string {
		other := maps.Clone(values)
		other[slug] = value
		return other
	}
	tests := []struct {
		name   string
		code   string
		values map[string]string
		want   string
	}{
		{"Klarna", "klarna", klarna, "K123456 at klarna-eu"},
		{"Klarna, and a new password has a new suffix", "klarna", with(klarna, "username", "K123456_ffffffffffff"), "K123456 at klarna-eu"},
		{"Klarna, another merchant", "klarna", with(klarna, "username", "K999999_0a1b2c3d4e5f"), "K999999 at klarna-eu"},
		{"Klarna, a merchant that moved to Kustom", "klarna", with(klarna, "host", "kustom"), "K123456 at kustom"},
		{"Klarna, from before there was a choice of hosts", "klarna", with(klarna, "host", ""), "K123456 at klarna-eu"},
		{"CCAvenue", "ccavenue", ccavenue, "100001"},
		{"CCAvenue, a new access code", "ccavenue", with(ccavenue, "access_code", "AVKF11KF11KF11KF"), "100001"},
		{"CCAvenue, another merchant", "ccavenue", with(ccavenue, "merchant_id", "100002"), "100002"},
		{"Svea", "svea", svea, "124842"},
		{"Svea, another habit", "svea", with(svea, "partial_credit", "portal"), "124842"},
		{"PayKeeper", "paykeeper", paykeeper, "lavka.server.paykeeper.ru"},
		{"PayKeeper, another person", "paykeeper", with(paykeeper, "login", "olga"), "lavka.server.paykeeper.ru"},
		{"PayKeeper, written otherwise", "paykeeper", with(paykeeper, "server", "https://LAVKA.server.paykeeper.ru/"), "lavka.server.paykeeper.ru"},
		{"PayKeeper, another cabinet", "paykeeper", with(paykeeper, "server", "https://lavka2.server.paykeeper.ru"), "lavka2.server.paykeeper.ru"},
		{"settings that were wiped", "svea", nil, ""},
		{"Razorpay, whose key is replaced with its secret", "razorpay", map[string]string{"key_id": "rzp_live_KF0000000000A1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			driver, _ := ByCode(tt.code)
			if got := driver.Account(tt.values); got != tt.want {
				t.Errorf("Account(%v) = %q, want %q", tt.values, got, tt.want)
			}
		})
	}
}
