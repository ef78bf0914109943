package handlers_test

import (
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

const subscription = `SELECT concat_ws(' ', CASE WHEN subscribed_at IS NULL THEN 'not subscribed' ELSE 'subscribed' END, subscribe_tries, CASE WHEN next_subscribe_at IS NOT NULL THEN
	'next in ' || round(extract(epoch FROM next_subscribe_at - clock_timestamp()) / 10) * 10 END) FROM fynd_installs WHERE company_id = $1`

func TestASubscriptionIsTriedAgain(t *testing.T) {
	m := openMall(t)
	ctx := modelstest.System(t.Context())
	sweep := func(want int) {
		t.Helper()
		if n, err := m.db.SubscribeDueFynd(ctx); err != nil || n != want {
			t.Errorf("%d subscriptions were tried (%v), want %d", n, err, want)
		}
	}
	says := func(company, want string) {
		t.Helper()
		if got := m.text(subscription, company); got != want {
			t.Errorf("company %s: %s, want %s", company, got, want)
		}
	}
	due := func() {
		t.Helper()
		m.exec(`UPDATE fynd_installs SET next_subscribe_at = clock_timestamp() WHERE next_subscribe_at IS NOT NULL`)
	}
	m.control("PUT", "/faults", map[string]any{"gateway": "fynd", "verb": "subscribe", "mode": "500_before"})
	m.seller("company_id=2&application_id=app2")
	says("2", "not subscribed 1 next in 30")
	owner := m.as(modelstest.Person(t, m.db, "Ravi", models.Owner))
	if page := owner.get("/extensions/fynd/1/installs").said("main"); !strings.Contains(page, "Fynd did not take the subscription") || !strings.Contains(page, "Tried once. Next attempt:") {
		t.Errorf("staff read: %s", page)
	}
	sweep(0)
	for i, want := range []string{"60", "120", "240", "480", "960", "1920", "3600", "3600"} {
		due()
		sweep(1)
		says("2", "not subscribed "+string(rune('2'+i))+" next in "+want)
	}
	m.control("DELETE", "/faults", nil)
	sweep(0)
	if n, err := m.db.SubscribeDueFynd(models.AskedFor(ctx)); err != nil || n != 1 {
		t.Errorf("started by hand it tries %d (%v)", n, err)
	}
	says("2", "subscribed 0")
	if got := m.text(`SELECT problem FROM fynd_installs WHERE company_id = '2'`); got != "" {
		t.Errorf("the problem stays: %s", got)
	}
	says("1", "not subscribed 0") // nobody has asked for it
}

func TestAnInstallationCutShortIsSubscribed(t *testing.T) {
	m := openMall(t)
	m.seller("company_id=2&application_id=app2")
	m.exec(`UPDATE fynd_installs SET subscribed_at = NULL, next_subscribe_at = clock_timestamp() - interval '1 second' WHERE company_id = '2'`)
	if n, err := m.db.SubscribeDueFynd(modelstest.System(t.Context())); err != nil || n != 1 {
		t.Errorf("%d subscriptions were tried (%v)", n, err)
	}
	if got := m.text(subscription, "2"); got != "subscribed 0" {
		t.Error(got)
	}
}

func TestWithoutATokenNothingIsSubscribed(t *testing.T) {
	m := openMall(t)
	m.seller("company_id=2&application_id=app2")
	m.control("POST", "/fynd/revoke", map[string]any{"company_id": "2"})
	m.exec(`UPDATE fynd_installs SET token_until = NULL, next_subscribe_at = clock_timestamp() WHERE company_id = '2'`)
	if n, err := m.db.SubscribeDueFynd(modelstest.System(t.Context())); err != nil || n != 1 {
		t.Errorf("%d subscriptions were tried (%v)", n, err)
	}
	if got := m.text(`SELECT (next_subscribe_at IS NULL)::text||' '||problem FROM fynd_installs WHERE company_id = '2'`); !strings.HasPrefix(got, "true Fynd does not accept the refresh token any more") {
		t.Error(got)
	}
}
