package models

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// PublicationForm is what Fynd wants to know of whoever offers an extension: entered when it is known, bit by bit.
// Nothing of it needs a review.
type PublicationForm struct {
	ID           int64
	Organisation string
	ApprovedOn   string // 2026-01-31
	AgreementOn  string
	BillingEmail string

	SupportEmail string
	SupportPhone string
	WebsiteURL   string
	FAQURL       string
	PrivacyURL   string

	ReviewEmail  string
	Instructions string // for the reviewers, with test credentials

	Shown int
	By    Actor
}

// SavePublication stores what was entered about publishing an extension.
func (db *DB) SavePublication(ctx context.Context, form PublicationForm) error {
	if err := form.clean(); err != nil {
		return err
	}
	err := db.Tx(ctx, func(tx *DB) error {
		e, err := tx.lockExtension(ctx, form.ID, form.Shown)
		if err != nil {
			return err
		}
		instructions, err := tx.ReviewInstructions(e)
		if err != nil {
			return err
		}
		var changed []string
		for _, f := range []struct {
			name string
			to   *string
			from string
		}{
			{"organisation", &e.Organisation, form.Organisation},
			{"approved_on", &e.ApprovedOn, form.ApprovedOn},
			{"agreement_on", &e.AgreementOn, form.AgreementOn},
			{"billing_email", &e.BillingEmail, form.BillingEmail},
			{"support_email", &e.SupportEmail, form.SupportEmail},
			{"support_phone", &e.SupportPhone, form.SupportPhone},
			{"website_url", &e.WebsiteURL, form.WebsiteURL},
			{"faq_url", &e.FAQURL, form.FAQURL},
			{"privacy_url", &e.PrivacyURL, form.PrivacyURL},
			{"review_email", &e.ReviewEmail, form.ReviewEmail},
			{"review_instructions", &instructions, form.Instructions},
		} {
			if *f.to != f.from {
				*f.to = f.from
				changed = append(changed, f.name)
			}
		}
		if len(changed) == 0 {
			return nil
		}
		if err := tx.sealInstructions(e, instructions); err != nil {
			return err
		}
		columns := []string{
			"Organisation", "ApprovedOn", "AgreementOn", "BillingEmail", "SupportEmail", "SupportPhone", "WebsiteURL", "FAQURL", "PrivacyURL", "ReviewEmail", "ReviewInstructions",
		}
		if err := tx.saveExtension(ctx, e, columns...); err != nil {
			return err
		}
		return tx.audit(ctx, 0, form.By, "fynd_extension.publication", e.object(), nil, map[string]any{"changed": changed, "version": e.Version})
	})
	if err != nil {
		return fmt.Errorf("save what is published of extension %d: %w", form.ID, err)
	}
	return nil
}

// clean tidies the form and says everything that is wrong with it. What is empty is not wrong yet.
func (f *PublicationForm) clean() error {
	for _, text := range []*string{
		&f.Organisation, &f.ApprovedOn, &f.AgreementOn, &f.BillingEmail, &f.SupportEmail, &f.SupportPhone, &f.WebsiteURL, &f.FAQURL, &f.PrivacyURL, &f.ReviewEmail, &f.Instructions,
	} {
		*text = strings.TrimSpace(*text)
	}
	f.Instructions = strings.ReplaceAll(f.Instructions, "\r\n", "\n")
	var w fieldWrong
	if len([]rune(f.Organisation)) > 100 || strings.ContainsFunc(f.Organisation, unfit) {
		w.add("organisation", "The name of a company has at most 100 characters.")
	}
	w.add("approved_on", wrongPastDay(f.ApprovedOn))
	w.add("agreement_on", wrongPastDay(f.AgreementOn))
	w.add("billing_email", wrongEmail(f.BillingEmail, ""))
	w.add("support_email", wrongEmail(f.SupportEmail, ""))
	w.add("support_phone", wrongPhone(f.SupportPhone, ""))
	w.add("website_url", wrongWebAddress(f.WebsiteURL, ""))
	w.add("faq_url", wrongWebAddress(f.FAQURL, ""))
	w.add("privacy_url", wrongWebAddress(f.PrivacyURL, ""))
	w.add("review_email", wrongEmail(f.ReviewEmail, ""))
	if len([]rune(f.Instructions)) > 4000 {
		w.add("review_instructions", "The instructions have at most 4000 characters.")
	}
	return w.err()
}

// wrongPastDay wants a day that has begun somewhere.
func wrongPastDay(text string) string {
	if text == "" {
		return ""
	}
	day, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil || day.Year() < 2000:
		return "Write the day as 2026-01-31."
	case day.After(time.Now().Add(14 * time.Hour)):
		return "This day is in the future."
	}
	return ""
}
