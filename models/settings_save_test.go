package models_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// enter makes the form of somebody who enters a key and two secrets for the till's Razorpay.
func (t *till) enter(key, secret, hush string) models.SettingsForm {
	return models.SettingsForm{
		StoreID: 40, Gateway: "razorpay", Mode: "live", Enabled: true, By: t.asha,
		Values: map[string]string{"key": key, "secret": secret, "webhook_secret": hush},
	}
}

func (t *till) save(form models.SettingsForm) *models.GatewaySettings {
	t.Helper()
	saved, err := t.db.SaveSettings(t.ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func TestSettingsAreVersions(t *testing.T) {
	till := openTill(t, keyed())
	first := till.save(till.enter("key-1", "first-secret-aaaa", "first-hush-bbbb"))
	same := till.save(till.enter("key-1", "", ""))
	if same.ID != first.ID || first.Version != 1 {
		t.Errorf("nothing changed, and version %d became %d", first.Version, same.Version)
	}
	second := till.save(till.enter("key-2", "", "other-hush-cccc")) // the secret is kept
	if second.Version != 2 || !second.Current {
		t.Errorf("the second version is %+v", second)
	}
	page, err := till.db.SettingsPage(till.ctx, 40, "razorpay", "live")
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Versions) != 2 || page.Current().ID != second.ID || page.Versions[1].RetiredAt == nil || page.Authors[*till.asha.UserID] != "Asha" {
		t.Errorf("the versions are %+v", page.Versions)
	}
	kept, replaced := page.Secrets["secret"], page.Secrets["webhook_secret"]
	if kept.Last != "aaaa" || !kept.SetAt.Equal(page.Versions[1].CreatedAt) {
		t.Errorf("the kept secret is %+v", kept)
	}
	if replaced.Last != "cccc" || !replaced.SetAt.Equal(page.Versions[0].CreatedAt) {
		t.Errorf("the replaced secret is %+v", replaced)
	}
	if err := till.db.TestConnection(till.ctx, 40, "razorpay", "live"); err != nil {
		t.Errorf("a secret that was kept does not open the gateway: %v", err)
	}
}

func TestSecretsAreNowhereInTheClear(t *testing.T) {
	till := openTill(t, keyed())
	till.save(till.enter("key-1", "first-secret-aaaa", "first-hush-bbbb"))
	till.save(till.enter("key-1", "second-secret-dddd", ""))
	var dump string
	till.scan(&dump, `SELECT string_agg(row::text, ' ') FROM (
		SELECT to_jsonb(s) AS row FROM gateway_settings s UNION ALL SELECT to_jsonb(a) FROM audit_log a UNION ALL SELECT to_jsonb(h) FROM order_history h) rows`)
	for _, secret := range []string{"first-secret-aaaa", "first-hush-bbbb", "second-secret-dddd", "aaaa", "dddd"} {
		if strings.Contains(dump, secret) {
			t.Errorf("the database holds %q", secret)
		}
	}
	var audit string
	till.scan(&audit, `SELECT details::text FROM audit_log WHERE action = 'settings.saved' ORDER BY seq DESC LIMIT 1`)
	for _, want := range []string{`"version": 2`, `"changed": ["secret"]`, `"fingerprints"`} {
		if !strings.Contains(audit, want) {
			t.Errorf("the audit log says %s, want %s in it", audit, want)
		}
	}
	till.exec(`UPDATE gateway_settings SET secrets = (SELECT secrets FROM gateway_settings WHERE mode = 'live' AND version = 1) WHERE mode = 'live' AND version = 2`)
	if err := till.db.TestConnection(till.ctx, 40, "razorpay", "live"); err == nil {
		t.Error("a secret opens in the place of another")
	}
	page, err := till.db.SettingsPage(till.ctx, 40, "razorpay", "live")
	if err != nil || !page.Secrets["secret"].Unreadable {
		t.Errorf("the page does not say that the secret cannot be opened (%v)", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	bogus := keyed()
	picky := bogus.Driver()
	picky.Code = "razorpay"
	picky.Fields = []gateways.Field{
		{Slug: "key", Name: "Key", Required: true, Check: func(value, mode string) string {
			if !strings.HasPrefix(value, mode) {
				return "This key is not of " + mode + " mode."
			}
			return ""
		}},
		{Slug: "secret", Name: "Secret", Required: true, Secret: true},
		{Slug: "action", Name: "Action", Options: []string{"capture", "authorize"}, Default: "capture"},
	}
	db, ctx := modelstest.DB(t, func(o *models.Options) { o.Drivers = []gateways.Driver{picky} }), modelstest.System(t.Context())
	if _, err := db.Pool().Exec(ctx, `INSERT INTO stores (id, code, name, currency, time_zone) VALUES (40, 'ruosh', 'Ruosh', 'INR', 'Asia/Kolkata')`); err != nil {
		t.Fatal(err)
	}
	form := func(change func(*models.SettingsForm)) models.SettingsForm {
		f := models.SettingsForm{StoreID: 40, Gateway: "razorpay", Mode: "live", Enabled: true, By: models.SystemActor, Values: map[string]string{"key": "live-1", "secret": "s"}}
		change(&f)
		return f
	}
	tests := []struct {
		name   string
		change func(*models.SettingsForm)
		wrong  string // fields
	}{
		{"good", func(*models.SettingsForm) {}, ""},
		{"nothing", func(f *models.SettingsForm) { f.StoreID, f.Mode, f.Values = 40, "test", nil }, "key secret"},
		{"a key of the other mode", func(f *models.SettingsForm) { f.Values["key"] = "test-1" }, "key"},
		{"no such choice", func(f *models.SettingsForm) { f.Values["action"] = "steal" }, "action"},
		{"a line break", func(f *models.SettingsForm) { f.Values["secret"] = "a\nb" }, "secret"},
		{"two at once", func(f *models.SettingsForm) { f.Values["key"], f.Values["action"] = "", "steal" }, "key action"},
	}
	for _, tt := range tests {
		_, err := db.SaveSettings(ctx, form(tt.change))
		var problems models.FieldProblems
		var fields []string
		if errors.As(err, &problems) {
			for _, p := range problems {
				fields = append(fields, p.Field)
			}
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := strings.Join(fields, " "); got != tt.wrong {
			t.Errorf("%s: wrong are %q, want %q", tt.name, got, tt.wrong)
		}
	}
	page, err := db.SettingsPage(ctx, 40, "razorpay", "live")
	if err != nil || page.Current().Values["action"] != "capture" {
		t.Errorf("the default was not stored (%v)", err)
	}
}

func TestSettingsOfOthers(t *testing.T) {
	till := openTill(t, keyed())
	till.exec(`INSERT INTO stores (id, code, name, currency, time_zone) VALUES (43, 'chandni', 'Chandni', 'INR', 'Asia/Kolkata')`)
	ruosh := models.WithScope(t.Context(), models.Scope{Stores: []int64{40}})
	form := till.enter("key", "secret", "")
	form.StoreID = 43
	if _, err := till.db.SaveSettings(ruosh, form); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("somebody of Ruosh saves settings of Chandni: %v", err)
	}
	if _, err := till.db.SettingsPage(ruosh, 43, "razorpay", "test"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("somebody of Ruosh sees settings of Chandni: %v", err)
	}
	for _, unknown := range [][2]string{{"stripe", "test"}, {"razorpay", "sandbox"}} {
		form := till.enter("key", "secret", "")
		form.Gateway, form.Mode = unknown[0], unknown[1]
		if _, err := till.db.SaveSettings(till.ctx, form); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("settings of %v: %v", unknown, err)
		}
	}
	form = till.enter("key-3", "secret", "")
	form.Shown = new(int) // nobody had seen a version
	till.save(form)
	form.Values["key"] = "key-4"
	var problem *models.Problem
	if _, err := till.db.SaveSettings(till.ctx, form); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("a form shown before the last change is saved: %v", err)
	}
}

func TestSettingsSavedByMany(t *testing.T) {
	till := openTill(t, keyed())
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			if _, err := till.db.SaveSettings(till.ctx, till.enter("key-"+string(rune('a'+i)), "a-secret", "")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	var versions, current int
	till.scan(&versions, `SELECT max(version) FROM gateway_settings WHERE mode = 'live'`)
	till.scan(&current, `SELECT count(*) FROM gateway_settings WHERE mode = 'live' AND current`)
	if versions != 20 || current != 1 {
		t.Errorf("%d versions of which %d are in force, want 20 and 1", versions, current)
	}
}

// Only what waits for better settings of this gateway, store and mode is woken.
func TestSavingSettingsWakesWhatWaits(t *testing.T) {
	till := openTill(t, keyed())
	till.bogus.Next(gatewaytest.Refuse, gatewaytest.DropBefore)
	waiting, unknown := till.refund(1000), till.refund(2000)
	till.exec(`UPDATE operations SET next_at = now() + interval '1 hour' WHERE id = $1`, unknown.ID)
	till.run(waiting, models.Queued)
	till.exec(`UPDATE operations SET next_at = now() WHERE id = $1`, unknown.ID)
	till.run(unknown, models.UnknownOutcome)
	till.exec(`UPDATE operations SET next_at = now() + interval '1 hour'`)
	due := func() (ids []int64) {
		rows, err := till.db.Pool().Query(till.ctx, `SELECT id FROM operations WHERE next_at <= clock_timestamp()`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	till.save(till.enter("other-mode", "secret", ""))
	if got := due(); len(got) != 0 {
		t.Errorf("settings of the other mode woke %v", got)
	}
	form := till.enter("mended", "secret", "")
	form.Mode = "test"
	till.save(form)
	if got := due(); len(got) != 1 || got[0] != waiting.ID {
		t.Errorf("woken are %v, want %d", got, waiting.ID)
	}
}
