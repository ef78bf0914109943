package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/kartify/kartify/lang"
)

// ExtensionStep is one step of an extension on its way to Fynd's sellers.
type ExtensionStep struct {
	Title   string
	Done    bool
	Failed  bool // Fynd rejected it
	Missing []MissingPart
}

// MissingPart is something that a step still needs.
type MissingPart struct {
	What  lang.Text
	Tab   string // of the extension's page
	Field string // on that tab; "" when no field is missing
}

// The tabs of an extension's page that hold what steps need.
const (
	TabOverview = ""
	TabDetails  = "details"
	TabPublish  = "publish"
)

// ExtensionSteps are the steps of an extension in their order, each with what is missing.
func (db *DB) ExtensionSteps(ctx context.Context, e *FyndExtension) ([]ExtensionStep, error) {
	tests, err := db.FyndTests(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	steps := []ExtensionStep{
		{Title: "Organisation", Missing: missing(TabPublish, part{"organisation", lang.Textf("Enter our company at Fynd Partners."), e.Organisation == ""})},
		{Title: "Approval", Missing: missing(TabPublish, part{"approved_on", lang.Textf("Enter the day on which Fynd let us develop payment extensions."), e.ApprovedOn == ""})},
		{Title: "Create", Missing: e.missingDetails()},
		{Title: "Test", Missing: tests.missing()},
		{Title: "Publish", Missing: e.missingPublication()},
	}
	for i := range steps {
		steps[i].Done = len(steps[i].Missing) == 0
	}
	last := "Approved"
	if e.Wanted().Distribution == DistributionPublic {
		last = "Published"
	}
	accepted := e.State == ExtensionPublished || e.State == ExtensionApproved
	return append(steps,
		ExtensionStep{Title: "Review", Done: accepted, Failed: e.State == ExtensionRejected},
		ExtensionStep{Title: last, Done: accepted},
	), nil
}

type part struct {
	field string
	what  lang.Text
	lacks bool
}

func missing(tab string, parts ...part) []MissingPart {
	var list []MissingPart
	for _, p := range parts {
		if p.lacks {
			list = append(list, MissingPart{What: p.what, Tab: tab, Field: p.field})
		}
	}
	return list
}

func (e *FyndExtension) missingDetails() []MissingPart {
	d := e.Wanted()
	fees := FyndExtension{Fee: d.Fee, Fees: d.Fees}
	unpriced := slices.ContainsFunc(d.Methods, func(code string) bool { _, ok := fees.feeOf(code); return !ok })
	return missing(TabDetails,
		part{"logo", lang.Textf("Choose a logo."), e.LogoType == ""},
		part{"methods", lang.Textf("Choose the payment methods."), len(d.Methods) == 0},
		part{"countries", lang.Textf("Choose the countries."), len(d.Countries) == 0},
		part{"currencies", lang.Textf("Choose the currencies."), len(d.Currencies) == 0},
		part{FeeField(""), lang.Textf("Enter the transaction fee of every payment method."), len(d.Methods) > 0 && unpriced},
	)
}

func (e *FyndExtension) missingPublication() []MissingPart {
	return missing(TabPublish,
		part{"agreement_on", lang.Textf("Enter the day on which the agreement on the share of the revenue was signed; there are no real payments before."), e.AgreementOn == ""},
		part{"billing_email", lang.Textf("Enter the e-mail address that Fynd's invoices go to."), e.BillingEmail == ""},
		part{"support_email", lang.Textf("Enter the e-mail address of the support for sellers."), e.SupportEmail == ""},
		part{"support_phone", lang.Textf("Enter the telephone number of the support for sellers."), e.SupportPhone == ""},
		part{"website_url", lang.Textf("Enter the website."), e.WebsiteURL == ""},
		part{"faq_url", lang.Textf("Enter the page with questions and answers."), e.FAQURL == ""},
		part{"privacy_url", lang.Textf("Enter the page with the privacy policy."), e.PrivacyURL == ""},
		part{"review_email", lang.Textf("Enter the e-mail address that hears how the review ends."), e.ReviewEmail == ""},
		part{"review_instructions", lang.Textf("Write the instructions for the reviewers, with test credentials."), e.ReviewInstructions == ""},
	)
}

// FyndTests are the test payments that came through an extension.
type FyndTests struct {
	Sessions int64
	Paid     int64
	Refunded int64
	Stores   []string // in which they were, by name
}

// FyndTests counts the test payments of an extension, over all stores.
func (db *DB) FyndTests(ctx context.Context, extension int64) (*FyndTests, error) {
	t := &FyndTests{}
	err := db.in(AsSystem(ctx)).Raw(`SELECT count(DISTINCT s.id), count(DISTINCT s.id) FILTER (WHERE p.captured_minor > 0), count(DISTINCT s.id) FILTER (WHERE p.refunded_minor > 0)
		FROM fynd_sessions s LEFT JOIN payments p ON p.order_id = s.order_id AND p.mode = 'test' WHERE s.extension_id = ? AND s.mode = 'test'`, extension).
		Row().Scan(&t.Sessions, &t.Paid, &t.Refunded)
	if err != nil {
		return nil, fmt.Errorf("count the test payments of extension %d: %w", extension, err)
	}
	err = db.in(AsSystem(ctx)).Raw(`SELECT DISTINCT t.name FROM fynd_sessions s JOIN stores t ON t.id = s.store_id WHERE s.extension_id = ? AND s.mode = 'test' ORDER BY 1 LIMIT 5`, extension).
		Scan(&t.Stores).Error
	if err != nil {
		return nil, fmt.Errorf("list the stores that test extension %d: %w", extension, err)
	}
	return t, nil
}

func (t *FyndTests) missing() []MissingPart {
	return missing(TabOverview,
		part{"", lang.Textf("Receive a test payment: at Fynd Partners, Overview > Test Extension > Select Store of a development account."), t.Sessions == 0},
		part{"", lang.Textf("Have a test payment paid."), t.Sessions > 0 && t.Paid == 0},
		part{"", lang.Textf("Refund a test payment from Fynd's side."), t.Paid > 0 && t.Refunded == 0},
	)
}
