package models_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

func TestTheSameWishIsOneRequest(t *testing.T) {
	p, _, _ := planted(t)
	wish := eraseZerlina(models.Person{Email: zerlina.email})
	wish.RequestID = "16916747740991418099"
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		ids  []int64
	)
	for range 50 {
		wait.Go(func() {
			r, err := p.db.AskPrivacy(p.ctx, wish)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, r.ID)
		})
	}
	wait.Wait()
	if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
		t.Errorf("50 at once are the requests %v", slices.Compact(ids))
	}
	for name, change := range map[string]func(*models.PrivacyWish){
		"another person": func(w *models.PrivacyWish) { w.Person.Email = "else@mail.example" },
		"another kind":   func(w *models.PrivacyWish) { w.Kind = models.PrivacyData },
		"nobody":         func(w *models.PrivacyWish) { w.Kind, w.Person = models.PrivacyShop, models.Person{} },
	} {
		w := wish
		change(&w)
		if _, err := p.db.AskPrivacy(p.ctx, w); err == nil {
			t.Errorf("%s under the same id was taken", name)
		}
	}
	if got := p.text("SELECT count(*)::text FROM privacy_requests"); got != "1" {
		t.Errorf("%s requests", got)
	}
}

func TestDataOfAPersonIsHandedOutOnce(t *testing.T) {
	p, order, _ := planted(t)
	r := p.fulfil(models.PrivacyWish{Kind: models.PrivacyData, Origin: "staff", Stores: []int64{40}, Person: models.Person{Email: zerlina.email}, By: models.SystemActor})
	if r.State != "done" || r.Number("orders") != 1 || r.FileBytes == nil {
		t.Fatalf("the request is %+v", r)
	}
	owner, _ := p.clerk()
	data, err := p.db.PrivacyFile(p.ctx, r.ID, owner, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		About  models.Person
		Orders []struct {
			Kept struct {
				Order           struct{ ID int64 }
				Payments        []struct{ Ref string }
				Emails          []struct{ Recipient, Text string }
				Events          []any
				PaymentSessions []any `json:"payment_sessions"`
			}
			Messages []struct{ Body string }
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Orders) != 1 || file.Orders[0].Kept.Order.ID != order || file.Orders[0].Kept.Payments[0].Ref != "pay_1" || len(file.Orders[0].Kept.Events) != 2 ||
		len(file.Orders[0].Kept.Emails) == 0 || len(file.Orders[0].Kept.PaymentSessions) != 1 || len(file.Orders[0].Messages) < 2 {
		t.Errorf("the file holds %s", data)
	}
	kept := file.Orders[0].Kept
	for name, want := range map[string]int{"payments": len(kept.Payments), "emails": len(kept.Emails), "sessions": 1, "webhooks": len(file.Orders[0].Messages), "attempts": 1} {
		if got := r.Number(name); got != int64(want) {
			t.Errorf("%d %s are counted, and %d are in the file", got, name, want)
		}
	}
	if strings.Contains(string(data), "Rahul") {
		t.Error("somebody else is in it")
	}
	if _, err := p.db.PrivacyFile(p.ctx, r.ID, owner, "192.0.2.1"); err == nil {
		t.Error("it was handed out twice")
	}
	if got := p.text("SELECT count(*)::text FROM audit_log WHERE action = 'privacy.downloaded'"); got != "1" {
		t.Errorf("%s downloads in the audit log", got)
	}
	if kept := p.text("SELECT data FROM privacy_files"); strings.Contains(kept, "erlina") {
		t.Error("the file is kept in the clear")
	}
	p.exec("UPDATE privacy_files SET expires_at = now() - interval '1 second'")
	if n, err := p.db.SweepPrivacyFiles(p.ctx); n != 1 || err != nil {
		t.Errorf("%d files were swept (%v)", n, err)
	}
}

func TestEraseAShop(t *testing.T) {
	p, _, _ := planted(t)
	p.exec("UPDATE webhooks SET state = 'processed' WHERE store_id = 41")
	before := p.text("SELECT string_agg(concat_ws(' ', id, total_minor, status), ',' ORDER BY id) FROM orders") + p.text("SELECT string_agg(concat_ws(' ', id, amount_minor, captured_minor, status), ',' ORDER BY id) FROM payments")
	p.exec("INSERT INTO fynd_installs (extension_id, company_id, access_token) SELECT id, '1', 'sealed' FROM fynd_extensions")
	p.exec("INSERT INTO fynd_applications (install_id, application_id, store_id) SELECT id, 'a', 40 FROM fynd_installs")
	var extension int64
	p.scan(&extension, "SELECT id FROM fynd_extensions")
	r := p.fulfil(models.PrivacyWish{Kind: models.PrivacyShop, Origin: "fynd", Extension: &extension, Company: "1", RequestID: "shop-1", By: models.Actor{Kind: "api", Name: "Fynd Platform"}})
	if r.State != "done" || !slices.Equal(r.Stores, []int64{40}) || r.Number("orders") != 2 || r.Number("credentials") != 2 {
		t.Errorf("the request is %s (%s) for %v: %v", r.State, r.Problem, r.Stores, r.Counts)
	}
	if after := p.text("SELECT string_agg(concat_ws(' ', id, total_minor, status), ',' ORDER BY id) FROM orders") + p.text("SELECT string_agg(concat_ws(' ', id, amount_minor, captured_minor, status), ',' ORDER BY id) FROM payments"); after != before {
		t.Errorf("sums moved from %s to %s", before, after)
	}
	if got := p.text("SELECT concat_ws(' ', access_token, uninstalled_at IS NOT NULL) FROM fynd_installs"); strings.TrimSpace(got) != "t" {
		t.Errorf("the installation is %q", got)
	}
	if got := p.text("SELECT count(*)::text FROM gateway_settings WHERE store_id = 40 AND (enabled OR secrets <> '{}')"); got != "0" {
		t.Errorf("%s settings are left", got)
	}
	if got := p.text("SELECT count(*)::text FROM gateway_settings WHERE store_id = 41 AND enabled"); got != "2" {
		t.Errorf("another store has %s settings left", got)
	}
	for _, text := range []string{zerlina.email, "rahul@mail.example", "4 Mint Road"} {
		if left := p.found([]string{text}); len(left) > 0 {
			t.Errorf("%s stays in %v", text, left)
		}
	}
	p.auditWhole()
	p.sound()
	if _, err := p.db.AskPrivacy(p.ctx, models.PrivacyWish{Kind: models.PrivacyShop, Origin: "fynd", Extension: &extension, Company: "2", RequestID: "shop-2"}); err == nil {
		t.Error("a company that never installed the extension was taken")
	}
}

// resigned is a parcel of Fynd whose body was changed, signed anew.
func resigned(p parcel) parcel {
	p.header.Set("X-Fp-Signature", gateways.SumHMAC(p.body, fyndSecret))
	return p
}
