package models_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	every "github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/money"
)

func extensionDB(t *testing.T) *models.DB {
	t.Helper()
	return modelstest.DB(t, func(o *models.Options) { o.Drivers = every.Drivers })
}

// ruoshPay is a form without mistakes.
func ruoshPay() models.ExtensionForm {
	return models.ExtensionForm{
		Name: "Ruosh Pay", URL: "https://pay.ruosh.example", By: models.SystemActor,
		ExtensionDetails: models.ExtensionDetails{
			Distribution: models.DistributionPrivate, ContactEmail: "payments@ruosh.example", Description: "Cards and UPI for Ruosh.", APIVersion: "1.0",
			Methods: []string{"CARD", "UPI"}, Countries: []string{"IN"}, Currencies: []string{"INR"}, Fee: models.FeeFixed, Checkout: "standard", AutoCapture: true, Gateway: "razorpay",
		},
		FeeTexts: []models.ExtensionFeeText{{Percent: "2.5", Flat: "3", Currency: "INR"}},
	}
}

func logo(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSaveExtension(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	form := ruoshPay()
	form.Logo = logo(t, 64)
	e, err := db.SaveExtension(ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	if e.State != models.ExtensionDevelopment || e.LogoType != "image/png" || e.Version != 1 {
		t.Errorf("a new extension is %s with a logo %q at version %d", e.State, e.LogoType, e.Version)
	}
	if len(e.APIKey) != 24 || strings.Trim(e.APIKey, "0123456789abcdef") != "" || strings.Contains(e.APISecret, "kartify") {
		t.Errorf("its key is %q and its secret %q", e.APIKey, e.APISecret)
	}
	if len(e.Fees) != 1 || e.Fees[0] != (models.ExtensionFee{Permyriad: 250, FlatMinor: 300, Currency: "INR"}) {
		t.Errorf("its fees are %+v", e.Fees)
	}
	secret, err := db.RevealExtensionSecret(ctx, e.ID, models.SystemActor)
	if err != nil || len(secret) != 43 {
		t.Fatalf("the secret has %d characters (%v)", len(secret), err)
	}
	found, err := db.SignedExtension(ctx, func(s string) bool { return s == secret })
	if err != nil || found == nil || found.ID != e.ID {
		t.Errorf("the extension is not found by its secret (%v)", err)
	}
	if _, err := db.RevealExtensionSecret(ctx, e.ID, models.SystemActor); err == nil {
		t.Error("the secret was shown a second time")
	}
	form.ID, form.Shown, form.Logo, form.Name = e.ID, 1, nil, "Ruosh Payments"
	again, err := db.SaveExtension(ctx, form)
	if err != nil || again.Name != "Ruosh Payments" || again.LogoType != "image/png" || again.Version != 2 {
		t.Fatalf("renamed to %+v (%v)", again, err)
	}
	var problem *models.Problem
	if _, err := db.SaveExtension(ctx, form); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("the second of two people is told %v", err)
	}
	form.Shown = 2
	if same, err := db.SaveExtension(ctx, form); err != nil || same.Version != 2 {
		t.Errorf("saving what is stored makes version %d (%v)", same.Version, err)
	}
}

func TestSaveExtensionSaysWhatIsWrong(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	tests := []struct {
		name  string
		spoil func(*models.ExtensionForm)
		field string
		says  string
	}{
		{"no name", func(f *models.ExtensionForm) { f.Name = " " }, "name", "Enter the name"},
		{"http", func(f *models.ExtensionForm) { f.URL = "http://pay.ruosh.example" }, "url", "https"},
		{"no address", func(f *models.ExtensionForm) { f.URL = "" }, "url", "Enter the address"},
		{"a machine of this network", func(f *models.ExtensionForm) { f.URL = "https://pay" }, "url", "whole name"},
		{"no e-mail", func(f *models.ExtensionForm) { f.ContactEmail = "ruosh" }, "contact_email", "Nobody can write"},
		{"no description", func(f *models.ExtensionForm) { f.Description = "" }, "description", "Describe"},
		{"a long description", func(f *models.ExtensionForm) { f.Description = strings.Repeat("é", 501) }, "description", "501"},
		{"nobody's distribution", func(f *models.ExtensionForm) { f.Distribution = "" }, "distribution", "Choose"},
		{"PayPal", func(f *models.ExtensionForm) { f.OtherMethods = "paypal_express" }, "methods", "PayPal"},
		{"Google Pay", func(f *models.ExtensionForm) { f.Methods = append(f.Methods, "GPAY") }, "methods", "Google Pay"},
		{"Shop Pay in two words", func(f *models.ExtensionForm) { f.OtherMethods = "EMI, Shop Pay" }, "methods", "Shop Pay"},
		{"no code", func(f *models.ExtensionForm) { f.OtherMethods = "c-d" }, "methods", "no code"},
		{"no country", func(f *models.ExtensionForm) { f.Countries = []string{"XX"} }, "countries", "no country"},
		{"no currency", func(f *models.ExtensionForm) { f.Currencies, f.FeeTexts = []string{"QQQ"}, nil }, "currencies", "no currency"},
		{"too large a share", func(f *models.ExtensionForm) { f.FeeTexts[0].Percent = "101" }, models.FeeField(""), "percentage"},
		{"thousandths", func(f *models.ExtensionForm) { f.FeeTexts[0].Percent = "2.505" }, models.FeeField(""), "percentage"},
		{"an amount in another currency", func(f *models.ExtensionForm) { f.FeeTexts[0].Currency = "SEK" }, models.FeeField(""), "not for SEK"},
		{"a word for an amount", func(f *models.ExtensionForm) { f.FeeTexts[0].Flat = "three" }, models.FeeField(""), "such as 3.00"},
		{"an old API", func(f *models.ExtensionForm) { f.APIVersion = "0.9" }, "api_version", "version"},
		{"no checkout", func(f *models.ExtensionForm) { f.Checkout = "" }, "checkout", "page"},
		{"GoFynd behind it", func(f *models.ExtensionForm) { f.Gateway = "gofynd" }, "gateway", "Choose the gateway"},
		{"Klarna draws nothing at once", func(f *models.ExtensionForm) { f.Gateway = "klarna" }, "auto_capture", "only holds"},
		{"a text as logo", func(f *models.ExtensionForm) { f.Logo = []byte("<svg/>") }, "logo", "no PNG"},
		{"a broken logo", func(f *models.ExtensionForm) { f.Logo = []byte("\x89PNG\r\n\x1a\nrest") }, "logo", "cannot be read"},
		{"a large logo", func(f *models.ExtensionForm) { f.Logo = append(logo(t, 8), make([]byte, models.MaxLogoBytes)...) }, "logo", "512 kB"},
	}
	for _, tt := range tests {
		form := ruoshPay()
		tt.spoil(&form)
		_, err := db.SaveExtension(ctx, form)
		var wrong models.FieldProblems
		if !errors.As(err, &wrong) || len(wrong) != 1 || wrong[0].Field != tt.field || !strings.Contains(wrong[0].Sentence, tt.says) {
			t.Errorf("%s: %v in %+v, want %q about %s", tt.name, err, wrong, tt.says, tt.field)
		}
	}
	if list, err := db.FyndExtensions(ctx); err != nil || len(list) != 0 {
		t.Errorf("%d extensions were registered (%v)", len(list), err)
	}
}

func TestExtensionNames(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	tests := []struct{ name, says string }{
		{"Ruosh Pay", ""},
		{"Ruosh UPI and Cards", ""},
		{"PayKeeper India", ""},
		{"Bengali Pay", ""},
		{"Пэй Кипер", ""},
		{"Zoë & Søn Payments", ""},
		{"The best payments", "advertising"},
		{"Cheap Pay", "advertising"},
		{"Pay No. 1", "ranks"},
		{"Pay #1", "ranks"},
		{"India's Top Pay", "ranks"},
		{"Leading Payments", "ranks"},
		{"1 Pay", "begins with a letter"},
		{"AAA Pay", "three times"},
		{"RUOSH PAYMENTS", "capitals"},
		{"Ruosh Pay 🚀", "emoji"},
		{"Ruosh Pay!!!", "emoji"},
		{"Fynd Pay", "Fynd's own name"},
		{"GoFynd Checkout", "Fynd's own name"},
		{"Apple Pay for shops", "Apple Pay"},
		{"Ruosh PayPal", "PayPal"},
		{"Ruosh Wallet", "not for that payment method"},
		{"Ruosh Sweden", "says Sweden"},
		{"Ru", "3 to 40"},
		{strings.Repeat("Long ", 9), "3 to 40"},
	}
	for _, tt := range tests {
		form := ruoshPay()
		form.Name = tt.name
		_, err := db.SaveExtension(ctx, form)
		if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestExtensionFees(t *testing.T) {
	fixed := models.FyndExtension{Fee: models.FeeFixed, Fees: []models.ExtensionFee{{Permyriad: 250, FlatMinor: 300, Currency: "INR"}}}
	variable := models.FyndExtension{Fee: models.FeeVariable, Fees: []models.ExtensionFee{{Method: "CARD", Permyriad: 199}, {Method: "UPI"}, {Permyriad: 100}}}
	tests := []struct {
		name   string
		e      models.FyndExtension
		method string
		amount money.Amount
		want   string
	}{
		{"a share and an amount", fixed, "CARD", money.New(149900, "INR"), "40.48 INR"}, // 37.475 is rounded up
		{"the same for every method", fixed, "UPI", money.New(10000, "INR"), "5.50 INR"},
		{"an amount in another currency", fixed, "CARD", money.New(10000, "SEK"), ""},
		{"of cards", variable, "card", money.New(10000, "INR"), "1.99 INR"},
		{"nothing of UPI", variable, "UPI", money.New(10000, "INR"), "0.00 INR"},
		{"of all others", variable, "NB", money.New(10000, "INR"), "1.00 INR"},
		{"yen", variable, "CARD", money.New(1000, "JPY"), "20 JPY"},
		{"no fee entered", models.FyndExtension{Fee: models.FeeFixed}, "CARD", money.New(100, "INR"), ""},
		{"a fortune", variable, "CARD", money.New(900_000_000_000_000_000, "INR"), "17,91,00,00,00,00,000.00 INR"},
	}
	for _, tt := range tests {
		fee, ok := tt.e.FeeFor(tt.method, tt.amount)
		if got := fee.String(); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s: %s, %t, want %s", tt.name, got, ok, tt.want)
		}
	}
}

func TestReplaceExtensionSecret(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay())
	if err != nil {
		t.Fatal(err)
	}
	old, err := db.RevealExtensionSecret(ctx, e.ID, models.SystemActor)
	if err != nil {
		t.Fatal(err)
	}
	form := models.ExtensionSecretForm{ID: e.ID, Shown: 1, Confirm: "Ruosh", By: models.SystemActor}
	if err := db.ReplaceExtensionSecret(ctx, form); err == nil {
		t.Error("replaced without confirmation")
	}
	form.Confirm = "Ruosh Pay"
	if err := db.ReplaceExtensionSecret(ctx, form); err != nil {
		t.Fatal(err)
	}
	known := func(secret string) bool {
		found, err := db.SignedExtension(ctx, func(s string) bool { return s == secret })
		if err != nil {
			t.Fatal(err)
		}
		return found != nil
	}
	fresh, err := db.RevealExtensionSecret(ctx, e.ID, models.SystemActor)
	if err != nil || known(old) || !known(fresh) {
		t.Errorf("after it was replaced the old secret works: %t, the new one: %t (%v)", known(old), known(fresh), err)
	}
	form.Shown, form.Key, form.Secret = 2, "64d24a8a911bf1c20ac3685d", "ext_secret_1234567"
	if err := db.ReplaceExtensionSecret(ctx, form); err != nil || !known("ext_secret_1234567") || known(fresh) {
		t.Errorf("those of Fynd are not in force: %v", err)
	}
	if _, err := db.Pool().Exec(ctx, "INSERT INTO fynd_installs (extension_id, company_id) VALUES ($1, '1')", e.ID); err != nil {
		t.Fatal(err)
	}
	form.Shown, form.Key = 3, "64d24a8a911bf1c20ac3685e"
	if err := db.ReplaceExtensionSecret(ctx, form); err == nil || !strings.Contains(err.Error(), "key stays") {
		t.Errorf("the key of an installed extension: %v", err)
	}
	if n, err := db.RewrapSecrets(ctx, models.SystemActor); err != nil || n != 0 {
		t.Errorf("%d secrets sealed again with the same key (%v)", n, err)
	}
	keys, err := models.NewKeyring(models.NewMasterKey(), modelstest.MasterKey)
	if err != nil {
		t.Fatal(err)
	}
	next := modelstest.Open(t, db.Pool().Config().ConnString(), func(o *models.Options) { o.Keys, o.Drivers = keys, every.Drivers })
	if n, err := next.RewrapSecrets(ctx, models.SystemActor); err != nil || n != 1 {
		t.Errorf("%d secrets sealed with the new key (%v)", n, err)
	}
	if found, err := next.SignedExtension(ctx, func(s string) bool { return s == "ext_secret_1234567" }); err != nil || found == nil {
		t.Errorf("the secret does not open with the new key (%v)", err)
	}
}

func TestCountries(t *testing.T) {
	names := map[string]string{}
	for _, c := range models.Countries() {
		names[c.Value] = c.Label
	}
	if len(names) != 249 { // ISO 3166-1
		t.Errorf("there are %d countries", len(names))
	}
	for code, name := range map[string]string{"IN": "India", "SE": "Sweden", "GB": "United Kingdom", "TW": "Taiwan"} {
		if names[code] != name {
			t.Errorf("%s is %q", code, names[code])
		}
	}
	if !slices.ContainsFunc(every.Drivers, func(d gateways.Driver) bool { return d.Can.AtOnce && d.Can.Later }) {
		t.Error("no gateway can both draw at once and hold")
	}
}
