package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	every "github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// Every state with every event, for both ways to distribute: what is not listed cannot happen.
func TestExtensionStates(t *testing.T) {
	legal := map[string]models.ExtensionState{
		"development submit public": "under_review", "development submit private": "under_review",
		"rejected submit public": "under_review", "rejected submit private": "under_review",
		"under_review submit public": "under_review", "under_review submit private": "under_review",
		"published submit public": "under_review", "published submit private": "under_review",
		"approved submit public": "under_review", "approved submit private": "under_review",
		"under_review approve public": "published", "under_review approve private": "approved",
		"under_review reject public": "rejected", "under_review reject private": "rejected",
	}
	seen := 0
	for _, from := range append(slices.Clone(models.ExtensionStates), "", "withdrawn") {
		for _, event := range []models.ReviewEvent{models.ReviewSubmit, models.ReviewApprove, models.ReviewReject, "", "publish"} {
			for _, distribution := range []string{"public", "private", ""} {
				want, may := legal[fmt.Sprintf("%s %s %s", from, event, distribution)]
				if distribution == "" && (event == models.ReviewSubmit || event == models.ReviewReject) {
					continue // no matter for these
				}
				got, ok := from.After(event, distribution)
				if ok != may || got != want {
					t.Errorf("%q after %q, %s: %q, %t; want %q, %t", from, event, distribution, got, ok, want, may)
				}
				if ok {
					seen++
				}
			}
		}
	}
	if seen != len(legal) {
		t.Errorf("%d transitions are possible, want %d", seen, len(legal))
	}
}

// The database takes the same transitions, and no others.
func TestExtensionStatesInTheDatabase(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay())
	if err != nil {
		t.Fatal(err)
	}
	for _, distribution := range []string{"public", "private"} {
		for _, from := range models.ExtensionStates {
			for _, to := range models.ExtensionStates {
				legal := from == to
				for _, event := range []models.ReviewEvent{models.ReviewSubmit, models.ReviewApprove, models.ReviewReject} {
					next, ok := from.After(event, distribution)
					legal = legal || ok && next == to
				}
				for _, sql := range []string{
					"ALTER TABLE fynd_extensions DISABLE TRIGGER fynd_extensions_guard",
					fmt.Sprintf("UPDATE fynd_extensions SET state = '%s', distribution = '%s'", from, distribution),
					"ALTER TABLE fynd_extensions ENABLE TRIGGER fynd_extensions_guard",
				} {
					if _, err := db.Pool().Exec(ctx, sql); err != nil {
						t.Fatal(err)
					}
				}
				_, err := db.Pool().Exec(ctx, "UPDATE fynd_extensions SET state = $1 WHERE id = $2", to, e.ID)
				if (err == nil) != legal {
					t.Errorf("a %s extension from %s to %s: %v", distribution, from, to, err)
				}
			}
		}
	}
}

// readied has everything that a submission needs.
func readied(t *testing.T, db *models.DB, distribution string) *models.FyndExtension {
	t.Helper()
	ctx := modelstest.System(t.Context())
	form := ruoshPay()
	form.Distribution, form.Logo = distribution, logo(t, 16)
	e, err := db.SaveExtension(ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SavePublication(ctx, publication(e)); err != nil {
		t.Fatal(err)
	}
	testPayment(t, db, e, "TR1")
	e, err = db.FyndExtension(ctx, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func publication(e *models.FyndExtension) models.PublicationForm {
	return models.PublicationForm{
		ID: e.ID, Shown: e.Version, By: models.SystemActor, Organisation: "Ruosh Retail", ApprovedOn: "2026-01-31", AgreementOn: "2026-02-28", BillingEmail: "bills@ruosh.example",
		SupportEmail: "help@ruosh.example", SupportPhone: "+91 22 1234 5678", WebsiteURL: "https://ruosh.example", FAQURL: "https://ruosh.example/faq", PrivacyURL: "https://ruosh.example/privacy",
		ReviewEmail: "review@ruosh.example", Instructions: "Sign in as tester with the password pw-4711.",
	}
}

// testPayment is a test payment through an extension that was paid and refunded in part.
func testPayment(t *testing.T, db *models.DB, e *models.FyndExtension, gid string) {
	t.Helper()
	ctx := modelstest.System(t.Context())
	if _, err := db.Pool().Exec(ctx, `INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES (40, 'ruosh', 'Ruosh', 'INR', 'Asia/Kolkata', true) ON CONFLICT DO NOTHING`); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`INSERT INTO orders (store_id, partner_order_id, status, currency, items_minor, total_minor, date_added, date_modified) VALUES (40, '` + gid + `', 'processed', 'INR', 10000, 10000, now(), now())`,
		`INSERT INTO payments (order_id, store_id, gateway, mode, ref, status, currency, amount_minor, authorized_minor, captured_minor, refunded_minor, method)
			SELECT id, 40, 'razorpay', 'test', 'pay_` + gid + `', 'partially_refunded', 'INR', 10000, 10000, 10000, 4000, 'card' FROM orders WHERE partner_order_id = '` + gid + `'`,
		fmt.Sprintf(`INSERT INTO fynd_sessions (id, extension_id, store_id, order_id, company_id, application_id, gid, amount_minor, currency, mode, success_url, cancel_url, body, body_hash, expires_at)
			SELECT lpad(to_hex(id), 24, '0'), %d, 40, id, '1', 'a1', '%s', 10000, 'INR', 'test', 'https://s', 'https://c', '{}', '', now() FROM orders WHERE partner_order_id = '%s'`, e.ID, gid, gid),
	} {
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestReviewOfAnExtension(t *testing.T) {
	post, err := sink.Start("127.0.0.1:0", t.TempDir(), sink.Behave)
	if err != nil {
		t.Fatal(err)
	}
	defer post.Close() //nolint:errcheck // it ends with the test
	server, err := mail.Parse(post.URL(), "kartify@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	db := modelstest.DB(t, func(o *models.Options) { o.Drivers, o.Mail = every.Drivers, server })
	ctx := modelstest.System(t.Context())
	e := readied(t, db, models.DistributionPrivate)
	step := func(event models.ReviewEvent, comment string) error {
		now, err := db.FyndExtension(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		err = db.StepReview(ctx, models.ReviewStep{ID: e.ID, Event: event, Comment: comment, Shown: now.Version, By: models.SystemActor})
		if e, err := db.FyndExtension(ctx, e.ID); err == nil {
			t.Logf("%s: %s", event, e.State)
		}
		return err
	}
	change := func(fill func(*models.ExtensionForm)) *models.FyndExtension {
		t.Helper()
		now, err := db.FyndExtension(ctx, e.ID)
		if err != nil {
			t.Fatal(err)
		}
		form := models.ExtensionForm{ID: e.ID, Name: now.Name, URL: now.URL, ExtensionDetails: now.Wanted(), Shown: now.Version, By: models.SystemActor}
		fill(&form)
		saved, err := db.SaveExtension(ctx, form)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	refused := func(err error, says string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	state := func(want models.ExtensionState, live bool) {
		t.Helper()
		now, err := db.FyndExtension(ctx, e.ID)
		if err != nil || now.State != want || now.Serves("live", true) != live {
			t.Errorf("it is %s and serves live payments: %t (%v), want %s and %t", now.State, now.Serves("live", true), err, want, live)
		}
	}
	refused(step(models.ReviewApprove, ""), "no review")
	if err := step(models.ReviewSubmit, ""); err != nil {
		t.Fatal(err)
	}
	state(models.ExtensionUnderReview, false)
	refused(step(models.ReviewSubmit, ""), "Nothing that Fynd reviews was changed")
	change(func(f *models.ExtensionForm) { f.Description = "Cards for Ruosh." })
	refused(step(models.ReviewApprove, ""), "Submit it again first")
	if err := step(models.ReviewSubmit, ""); err != nil {
		t.Fatal(err)
	}
	refused(step(models.ReviewReject, " "), "what Fynd wants changed")
	if err := step(models.ReviewReject, "The logo is not readable."); err != nil {
		t.Fatal(err)
	}
	state(models.ExtensionRejected, false)
	if err := step(models.ReviewSubmit, ""); err != nil {
		t.Fatal(err)
	}
	refused(db.AddFyndSubscriber(ctx, e.ID, "77", models.SystemActor), "when Fynd has approved")
	if err := step(models.ReviewApprove, "Welcome."); err != nil {
		t.Fatal(err)
	}
	state(models.ExtensionApproved, true)

	// What is accepted stays in force until what was changed is accepted, too.
	changed := change(func(f *models.ExtensionForm) { f.Name, f.Currencies = "Ruosh Payments", []string{"INR", "SEK"} })
	if changed.Name != "Ruosh Payments" || changed.Takes("SEK") || changed.Draft == nil || !changed.Unsent {
		t.Errorf("after a change it is %q, takes kronor: %t, with a draft: %t", changed.Name, changed.Takes("SEK"), changed.Draft != nil)
	}
	state(models.ExtensionApproved, true)
	if back := change(func(f *models.ExtensionForm) { f.Currencies = []string{"INR"} }); back.Draft != nil || back.Unsent {
		t.Errorf("changed back, a draft is left: %+v", back.Draft)
	}
	change(func(f *models.ExtensionForm) {
		f.Currencies, f.Distribution = []string{"INR", "SEK"}, models.DistributionPublic
	})
	if err := step(models.ReviewSubmit, ""); err != nil {
		t.Fatal(err)
	}
	state(models.ExtensionUnderReview, true)
	if err := step(models.ReviewApprove, ""); err != nil {
		t.Fatal(err)
	}
	state(models.ExtensionPublished, true)
	if now, err := db.FyndExtension(ctx, e.ID); err != nil || !now.Takes("SEK") || now.Draft != nil || now.Distribution != models.DistributionPublic {
		t.Errorf("the accepted changes are not in force: %+v (%v)", now, err)
	}

	history, err := db.FyndReviews(ctx, e.ID)
	if err != nil || len(history) != 7 || history[0].Round != 4 || history[0].ToState != models.ExtensionPublished || history[6].Round != 1 {
		t.Errorf("the history has %d lines (%v): %+v", len(history), err, history)
	}
	if n, err := db.TellReviews(ctx); err != nil || n != 6 { // three outcomes, two addresses
		t.Errorf("%d e-mails were sent (%v)", n, err)
	}
	if n, err := db.TellReviews(ctx); err != nil || n != 0 {
		t.Errorf("%d e-mails were sent again (%v)", n, err)
	}
	history, err = db.FyndReviews(ctx, e.ID)
	if err != nil || history[0].ToldAt == nil || history[0].ToldProblem != "" {
		t.Errorf("told of the end: %+v (%v)", history[0], err)
	}
	if _, err := db.VerifyAudit(ctx); err != nil {
		t.Error(err)
	}
}

func TestSubmissionNeedsEverything(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	form := ruoshPay()
	form.Countries, form.FeeTexts = nil, nil
	e, err := db.SaveExtension(ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	err = db.StepReview(ctx, models.ReviewStep{ID: e.ID, Event: models.ReviewSubmit, Shown: 1, By: models.SystemActor})
	for _, says := range []string{"our company", "develop payment extensions", "a logo", "the countries", "transaction fee", "test payment", "agreement", "invoices", "support", "privacy policy", "reviewers"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not name %q", err, says)
		}
	}
	steps, err := db.ExtensionSteps(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, s := range steps {
		names += fmt.Sprintf("%s %d, ", s.Title, len(s.Missing))
	}
	if names != "Organisation 1, Approval 1, Create 3, Test 1, Publish 9, Review 0, Approved 0, " {
		t.Error(names)
	}
}

func TestSubscribers(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e := readied(t, db, models.DistributionPrivate)
	for _, event := range []models.ReviewEvent{models.ReviewSubmit, models.ReviewApprove} {
		if err := db.StepReview(ctx, models.ReviewStep{ID: e.ID, Event: event, Shown: e.Version, By: models.SystemActor}); err != nil {
			t.Fatal(err)
		}
		e.Version++
	}
	for _, company := range []string{"77", "77", "12345678901234567890"} {
		if err := db.AddFyndSubscriber(ctx, e.ID, company, models.SystemActor); err != nil {
			t.Errorf("company %s: %v", company, err)
		}
	}
	for _, wrong := range []string{"", "Ruosh", "-1", "123456789012345678901"} {
		if err := db.AddFyndSubscriber(ctx, e.ID, wrong, models.SystemActor); err == nil {
			t.Errorf("company %q was added", wrong)
		}
	}
	if err := db.RemoveFyndSubscriber(ctx, e.ID, "77", models.SystemActor); err != nil {
		t.Error(err)
	}
	for company, want := range map[string]bool{"77": false, "12345678901234567890": true, "1234567890123456789": false, "1": false} {
		if got, err := db.FyndSubscribed(ctx, e.ID, company); err != nil || got != want {
			t.Errorf("company %s subscribes: %t (%v)", company, got, err)
		}
	}
	list, err := db.FyndSubscribers(ctx, e.ID)
	if err != nil || len(list) != 1 || list[0].CompanyID != "12345678901234567890" {
		t.Errorf("the subscribers are %+v (%v)", list, err)
	}
}

func TestPublicationSaysWhatIsWrong(t *testing.T) {
	db, ctx := extensionDB(t), modelstest.System(t.Context())
	e, err := db.SaveExtension(ctx, ruoshPay())
	if err != nil {
		t.Fatal(err)
	}
	form := publication(e)
	form.ApprovedOn, form.AgreementOn, form.BillingEmail, form.SupportPhone, form.WebsiteURL, form.PrivacyURL = "31.1.2026", "2999-01-01", "bills", "022-123", "http://ruosh.example", "https://ruosh.example/p?q=1"
	err = db.SavePublication(ctx, form)
	for _, says := range []string{"2026-01-31", "in the future", "Nobody can write", "with its country", "https", "no ?"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	form = publication(e)
	if err := db.SavePublication(ctx, form); err != nil {
		t.Fatal(err)
	}
	if err := db.SavePublication(ctx, form); err == nil || !strings.Contains(err.Error(), "Somebody changed") {
		t.Errorf("the second of two people is told %v", err)
	}
	saved, err := db.FyndExtension(ctx, e.ID)
	if err != nil || strings.Contains(saved.ReviewInstructions, "4711") {
		t.Errorf("the instructions are stored as %q (%v)", saved.ReviewInstructions, err)
	}
	if text, err := db.ReviewInstructions(saved); err != nil || !strings.Contains(text, "4711") {
		t.Errorf("the instructions read %q (%v)", text, err)
	}
}
