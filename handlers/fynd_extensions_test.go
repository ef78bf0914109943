package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// ruoshPay is the form of an extension as a browser sends it, without mistakes.
func ruoshPay() url.Values {
	return url.Values{
		"type": {"payment"}, "distribution": {"private"}, "name": {"Ruosh Pay"}, "contact_email": {"payments@ruosh.example"}, "description": {"Cards and UPI for Ruosh."},
		"url": {"https://pay.ruosh.example"}, "api_version": {"1.0"}, "methods": {"CARD", "UPI"}, "countries": {"IN", "SE"}, "currencies": {"INR"}, "gateway": {"razorpay"}, "checkout": {"standard"},
		"auto_capture": {"1"}, "fee": {"fixed"}, "fee_percent_all": {"2.5"}, "fee_flat_all": {"3"}, "fee_currency_all": {"INR"}, "version": {"0"},
	}
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 32, 32))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// submit sends a form as a page of ours would.
func (b *browser) submit(path string, form url.Values) page {
	b.t.Helper()
	form.Set("csrf", b.get("/extensions/fynd").Find("input[name=csrf]").First().AttrOr("value", ""))
	return b.ask(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type: application/x-www-form-urlencoded")
}

// submitFile is submit with a logo among the fields.
func (b *browser) submitFile(path string, form url.Values, file []byte) page {
	b.t.Helper()
	form.Set("csrf", b.get("/extensions/fynd").Find("input[name=csrf]").First().AttrOr("value", ""))
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile("logo", "logo.png")
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return b.ask(http.MethodPost, path, &body, "Content-Type: "+w.FormDataContentType())
}

func TestCreateExtension(t *testing.T) {
	s := newSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	owner := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	ctx := models.AsSystem(context.Background())
	wrong := ruoshPay()
	wrong.Set("name", "The best Pay")
	wrong.Set("url", "http://pay.ruosh.example")
	wrong.Set("other_methods", "PAYPAL")
	page := owner.submit("/extensions/fynd", wrong)
	if page.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("a wrong form: %d", page.StatusCode)
	}
	doc := page
	for _, says := range []string{"advertising", "https", "PayPal"} {
		if !strings.Contains(doc.Text(), says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	for selector, want := range map[string]string{
		`input[name=name]`: "The best Pay", `input[name=contact_email]`: "payments@ruosh.example", `input[name=other_methods]`: "PAYPAL", `input[name=fee_flat_all]`: "3",
	} {
		if got := doc.Find(selector).AttrOr("value", ""); got != want {
			t.Errorf("%s holds %q, want %q", selector, got, want)
		}
	}
	if n := doc.Find(`input[name=countries][checked]`).Length(); n != 2 {
		t.Errorf("%d countries are still ticked", n)
	}
	if made := owner.submit("/extensions/fynd", ruoshPay()); made.StatusCode != http.StatusSeeOther || made.Header.Get("Location") != "/extensions/fynd/1" {
		t.Fatalf("a good form: %d to %s", made.StatusCode, made.Header.Get("Location"))
	}
	e, err := s.db.FyndExtension(ctx, 1)
	if err != nil || e.Name != "Ruosh Pay" || len(e.Fees) != 1 || e.State != models.ExtensionDevelopment {
		t.Errorf("registered is %+v (%v)", e, err)
	}
}

// Two people change the same extension: the second is told, and keeps what was typed.
func TestChangeExtensionTwice(t *testing.T) {
	s := newSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	owner, other := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner)), s.as(modelstest.Person(t, s.db, "Rani", models.Owner))
	owner.submit("/extensions/fynd", ruoshPay())
	form := ruoshPay()
	form.Set("version", "1")
	form.Set("description", "Cards for Ruosh.")
	if saved := owner.submitFile("/extensions/fynd/1", form, picture(t)); saved.StatusCode != http.StatusSeeOther {
		t.Fatalf("with a logo: %d", saved.StatusCode)
	}
	form.Set("description", "UPI for Ruosh.")
	late := other.submit("/extensions/fynd/1", form)
	doc := late
	if late.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(doc.Text(), "Somebody changed this extension") {
		t.Errorf("the second: %d", late.StatusCode)
	}
	if got := doc.Find("textarea[name=description]").Text(); got != "UPI for Ruosh." {
		t.Errorf("the second's description is now %q", got)
	}
	logo := owner.get("/extensions/fynd/1/logo")
	if logo.Header.Get("Content-Type") != "image/png" || !strings.Contains(logo.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the logo is %s with the policy %q", logo.Header.Get("Content-Type"), logo.Header.Get("Content-Security-Policy"))
	}
}

func TestExtensionTabs(t *testing.T) {
	s := newSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	owner, support := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner)), s.as(modelstest.Person(t, s.db, "Asha", models.Support))
	owner.submit("/extensions/fynd", ruoshPay())
	if list := owner.get("/extensions/fynd"); list.Find(`tr[data-extension="1"]`).Length() != 1 || list.Find("#abilities td[data-ability]").Length() == 0 {
		t.Error("the list lacks the extension or the table of abilities")
	}
	for _, ability := range []struct{ gateway, name, want string }{
		{"razorpay", "Charge", "Yes"}, {"razorpay", "Void", "No"}, {"klarna", "Charge", "No"}, {"klarna", "Authorize", "Yes"}, {"svea", "Void", "Yes"}, {"paykeeper", "Capture", "whole only"},
	} {
		cell := owner.get("/extensions/fynd").Find(fmt.Sprintf(`#abilities tr[data-gateway=%s] td[data-ability=%s]`, ability.gateway, ability.name)).Text()
		if !strings.Contains(cell, ability.want) {
			t.Errorf("%s, %s: %q, want %s", ability.gateway, ability.name, cell, ability.want)
		}
	}
	overview := owner.get("/extensions/fynd/1")
	if steps := overview.Find("#steps li").Length(); steps != 7 {
		t.Errorf("%d steps", steps)
	}
	if got := overview.Find(`#missing a[href="/extensions/fynd/1?tab=publish#field-support_email"]`).Length(); got != 1 {
		t.Error("what is missing does not lead to its field")
	}
	if refused := owner.submit("/extensions/fynd/1/submissions", url.Values{"version": {"1"}}); refused.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("submitted with parts missing: %d", refused.StatusCode)
	}
	wrong := owner.submit("/extensions/fynd/1/publication", url.Values{"version": {"1"}, "support_phone": {"22-123"}, "organisation": {"Ruosh Retail"}})
	doc := wrong
	if wrong.StatusCode != http.StatusUnprocessableEntity || doc.Find("input[name=organisation]").AttrOr("value", "") != "Ruosh Retail" || doc.Find("input[name=support_phone]").AttrOr("value", "") != "22-123" {
		t.Errorf("a wrong telephone number: %d, and what was typed is gone", wrong.StatusCode)
	}
	if saved := owner.submit("/extensions/fynd/1/publication", url.Values{"version": {"1"}, "review_instructions": {"tester, pw-4711"}, "support_email": {"help@ruosh.example"}}); saved.StatusCode != http.StatusSeeOther {
		t.Errorf("publication: %d", saved.StatusCode)
	}
	for _, tab := range []string{"", "details", "publish", "key", "subscribers", "volume", "duties"} {
		page := support.get("/extensions/fynd/1?tab=" + tab)
		text := page.Text()
		if page.StatusCode != http.StatusOK || strings.Contains(text, "pw-4711") {
			t.Errorf("as support, tab %q: %d", tab, page.StatusCode)
		}
	}
	if text := owner.get("/extensions/fynd/1?tab=publish").Find("textarea[name=review_instructions]").Text(); text != "tester, pw-4711" {
		t.Errorf("an owner reads the instructions as %q", text)
	}
	if duties := support.get("/extensions/fynd/1?tab=duties").Text(); !strings.Contains(duties, "Not measured yet") || !strings.Contains(duties, "fdk-client-javascript") {
		t.Error("the duties do not name the uptime and the version of the library")
	}
	if file := support.get("/extensions/fynd/1/volume.csv"); file.StatusCode != http.StatusOK || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("the volume as a file: %d, %s", file.StatusCode, file.Header.Get("Content-Type"))
	}
}

func TestRemovingASubscriberAsksFirst(t *testing.T) {
	s := newSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	owner := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	owner.submit("/extensions/fynd", ruoshPay())
	for _, company := range []string{"77", "5551"} {
		if _, err := s.db.Pool().Exec(models.AsSystem(context.Background()), `INSERT INTO fynd_subscribers (extension_id, company_id, actor_name) VALUES (1, $1, 'Ravi')`, company); err != nil {
			t.Fatal(err)
		}
	}
	page := owner.get("/extensions/fynd/1?tab=subscribers")
	if n := page.Find("table form").Length(); n != 0 {
		t.Errorf("%d rows have a button that removes at once", n)
	}
	for _, company := range []string{"77", "5551"} {
		if page.Find(`table a.danger[href="#remove-`+company+`"]`).Length() != 1 || page.Find(`dialog#remove-`+company+` form[action$="/subscribers/remove"] input[name=company][value="`+company+`"]`).Length() != 1 {
			t.Errorf("nothing asks before company %s is removed", company)
		}
	}
	support := s.as(modelstest.Person(t, s.db, "Asha", models.Support)).get("/extensions/fynd/1?tab=subscribers")
	if support.Find("dialog[id^=remove-], a.danger").Length() != 0 {
		t.Error("support is offered to remove companies")
	}
	owner.submit("/extensions/fynd/1/subscribers/remove", url.Values{"company": {"77"}})
	if left := owner.get("/extensions/fynd/1?tab=subscribers").Find("tr[data-company]"); left.Length() != 1 || left.AttrOr("data-company", "") != "5551" {
		t.Errorf("left are %s", left.Text())
	}
}

func TestExtensionSecretOnThePage(t *testing.T) {
	s := newSite(t, func(o *models.Options) { o.Drivers = all.Drivers })
	owner := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	owner.submit("/extensions/fynd", ruoshPay())
	shown := owner.submit("/extensions/fynd/1/secrets/reveal", url.Values{})
	secret := shown.Find("#key .copy code").Last().Text()
	if shown.StatusCode != http.StatusOK || len(secret) != 43 || shown.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("shown once: %d, %d characters, %s", shown.StatusCode, len(secret), shown.Header.Get("Cache-Control"))
	}
	if again := owner.submit("/extensions/fynd/1/secrets/reveal", url.Values{}); again.StatusCode != http.StatusUnprocessableEntity || strings.Contains(again.Text(), secret) {
		t.Errorf("shown twice: %d", again.StatusCode)
	}
	if bare := owner.submit("/extensions/fynd/1/secrets", url.Values{"version": {"1"}}); bare.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("replaced without the name: %d", bare.StatusCode)
	}
	if replaced := owner.submit("/extensions/fynd/1/secrets", url.Values{"version": {"1"}, "confirm": {"Ruosh Pay"}}); replaced.StatusCode != http.StatusSeeOther {
		t.Errorf("replaced: %d", replaced.StatusCode)
	}
	if found, err := s.db.SignedExtension(models.AsSystem(t.Context()), func(known string) bool { return known == secret }); err != nil || found != nil {
		t.Errorf("the old secret still works (%v)", err)
	}
}
