package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// A payment in another account than the settings name says so, on its order and on its own page.
func TestPaymentSaysInWhichAccountItIs(t *testing.T) {
	o := openOffice(t)
	merchant := func(id string) int64 {
		saved, err := o.db.SaveSettings(o.ctx, models.SettingsForm{
			StoreID: 40, Gateway: "ccavenue", Mode: "test", Enabled: true, By: models.SystemActor,
			Values: map[string]string{"key": "k", "secret": "kept-away-from-everybody", "merchant_id": id},
		})
		if err != nil {
			t.Fatal(err)
		}
		return saved.ID
	}
	begun := merchant("100001")
	order, payment := o.held()
	o.exec(`UPDATE payments SET settings_id = $1 WHERE id = $2`, begun, payment)
	asha := o.enter("finance")
	pages := []string{fmt.Sprintf("/sales/orders/%d", order), fmt.Sprintf("/sales/payments/%d", payment)}
	says := func(path string) string {
		return strings.Join(strings.Fields(asha.get(path).Find("[data-account]").Text()), " ")
	}
	for _, path := range pages {
		if got := says(path); got != "" {
			t.Errorf("%s speaks of accounts, and there is one: %q", path, got)
		}
	}
	merchant("100002")
	for _, path := range pages {
		if got := says(path); got != "100001 The settings now name 100002. What is done with this payment is done in its own account." {
			t.Errorf("%s says %q", path, got)
		}
	}
	merchant("100001")
	for _, path := range pages {
		if got := says(path); got != "" {
			t.Errorf("the account is in the settings again, and %s says %q", path, got)
		}
	}
}
