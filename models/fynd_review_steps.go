package models

import (
	"context"
	"fmt"
	"slices"
)

// ExtensionStep is one step of an extension on its way to Fynd's sellers.
type ExtensionStep struct {
	Name    string
	Done    bool
	Failed  bool // Fynd rejected it
	Missing []MissingPart
}

// MissingPart is something that a step still needs.
type MissingPart struct {
	What  string // a sentence
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
		{Name: "Organisation", Missing: missing(TabPublish, part{"organisation", "Enter our company at Fynd Partners.", e.Organisation == ""})},
		{Name: "Approval", Missing: missing(TabPublish, part{"approved_on", "Enter the day on which Fynd let us develop payment extensions.", e.ApprovedOn == ""})},
		{Name: "Create", Missing: e.missingDetails()},
		{Name: "Test", Missing: tests.missing()},
		{Name: "Publish", Missing: e.missingPublication()},
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
		ExtensionStep{Name: "Review", Done: accepted, Failed: e.State == ExtensionRejected},
		ExtensionStep{Name: last, Done: accepted},
	), nil
}

type part struct {
	field, what string
	lacks       bool
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
		part{"logo", "Choose a logo.", e.LogoType == ""},
		part{"methods", "Choose the payment methods.", len(d.Methods) == 0},
		part{"countries", "Choose the countries.", len(d.Countries) == 0},
		part{"currencies", "Choose the currencies.", len(d.Currencies) == 0},
		part{FeeField(""), "Enter the transaction fee of every payment method.", len(d.Methods) > 0 && unpriced},
	)
}

func (e *FyndExtension) missingPublication() []MissingPart {
	return missing(TabPublish,
		part{"agreement_on", "Enter the day on which the agreement on the share of the revenue was signed; there are no real payments before.", e.AgreementOn == ""},
		part{"billing_email", "Enter the e-mail address that Fynd's invoices go to.", e.BillingEmail == ""},
		part{"support_email", "Enter the e-mail address of the support for sellers.", e.SupportEmail == ""},
		part{"support_phone", "Enter the telephone number of the support for sellers.", e.SupportPhone == ""},
		part{"website_url", "Enter the website.", e.WebsiteURL == ""},
		part{"faq_url", "Enter the page with questions and answers.", e.FAQURL == ""},
		part{"privacy_url", "Enter the page with the privacy policy.", e.PrivacyURL == ""},
		part{"review_email", "Enter the e-mail address that hears how the review ends.", e.ReviewEmail == ""},
		part{"review_instructions", "Write the instructions for the reviewers, with test credentials.", e.ReviewInstructions == ""},
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
		part{"", "Receive a test payment: at Fynd Partners, Overview > Test Extension > Select Store of a development account.", t.Sessions == 0},
		part{"", "Have a test payment paid.", t.Sessions > 0 && t.Paid == 0},
		part{"", "Refund a test payment from Fynd's side.", t.Paid > 0 && t.Refunded == 0},
	)
}
