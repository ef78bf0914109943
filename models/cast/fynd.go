package cast

import (
	"context"
	"fmt"
	"slices"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// The Fynd payment extension of the cast, and the company and the sales channel of store 40 that use it. Fynd's side,
// the gateway sandbox, knows the same key and secret.
const (
	FyndExtension   = "Ruosh Pay"
	FyndKey         = "66f1c0de40a1b2c3d4e5f601"
	FyndSecret      = "kartify-fynd-extension-secret-0001" //nolint:gosec // of the demo
	FyndRefresh     = "kartify-fynd-refresh-token-0001"    //nolint:gosec // of the demo
	FyndCompany     = "1"
	FyndApplication = "64d24a8a911bf1c20ac3685c"
)

// Fynd registers the extension of the cast at kartify's own address, installed by the company of store 40 and linked to
// the store. It is in development, so it takes payments in test. It does nothing when there is an extension already, but
// for the address.
func Fynd(ctx context.Context, db *models.DB, kartify string) error {
	if !slices.ContainsFunc(db.Drivers(), func(d gateways.Driver) bool { return d.Code == "razorpay" }) {
		return nil
	}
	list, err := db.FyndExtensions(ctx)
	if err != nil {
		return fmt.Errorf("look for the extension of the cast: %w", err)
	}
	if len(list) > 0 {
		_, err := db.Pool().Exec(ctx, "UPDATE fynd_extensions SET url = $1 WHERE api_key = $2", kartify, FyndKey)
		if err != nil {
			return fmt.Errorf("move the extension of the cast: %w", err)
		}
		return nil
	}
	e, err := db.SaveExtension(ctx, models.ExtensionForm{
		Name: FyndExtension, URL: kartify, Key: FyndKey, Secret: FyndSecret, By: models.SystemActor,
		ExtensionDetails: models.ExtensionDetails{
			Distribution: models.DistributionPrivate, ContactEmail: "payments@ruosh.example", Description: "Cards, UPI and net banking for the shops of Ruosh, through Razorpay.",
			APIVersion: "1.0", Methods: []string{"CARD", "UPI", "NB", "WL", "CHECKOUT"}, Countries: []string{"IN"}, Currencies: []string{"INR"},
			Fee: models.FeeFixed, Fees: []models.ExtensionFee{{Permyriad: 200, FlatMinor: 300, Currency: "INR"}}, Checkout: "standard", AutoCapture: true, Gateway: "razorpay",
		},
	})
	if err != nil {
		return fmt.Errorf("register the extension of the cast: %w", err)
	}
	err = db.SavePublication(ctx, models.PublicationForm{
		ID: e.ID, Shown: e.Version, By: models.SystemActor, Organisation: "Ruosh Retail", ApprovedOn: "2026-08-03", SupportEmail: "help@ruosh.example", SupportPhone: "+91 22 5550 0140",
		WebsiteURL: "https://ruosh.example/pay", FAQURL: "https://ruosh.example/pay/questions", PrivacyURL: "https://ruosh.example/privacy",
	})
	if err != nil {
		return fmt.Errorf("say who offers the extension of the cast: %w", err)
	}
	install, err := db.SeedFyndInstall(ctx, e, FyndCompany, FyndRefresh)
	if err == nil {
		_, err = db.Pool().Exec(ctx, "INSERT INTO fynd_applications (install_id, application_id, store_id) VALUES ($1, $2, $3)", install.ID, FyndApplication, Ruosh)
	}
	if err != nil {
		return fmt.Errorf("install the extension of the cast: %w", err)
	}
	return nil
}
