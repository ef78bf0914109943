package models_test

import (
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// Every status of a payment has a word of Fynd's, also one whose gateway uses words that nobody knows.
func TestFyndWord(t *testing.T) {
	held := func(p models.Payment) models.Payment {
		p.AuthorizedMinor = 100
		return p
	}
	drawn := func(status models.PaymentStatus) models.Payment {
		return models.Payment{Status: status, AuthorizedMinor: 100, CapturedMinor: 100}
	}
	voided := time.Now()
	for _, tt := range []struct {
		name        string
		payment     models.Payment
		doubt       gateways.Doubt
		atOnce, own string // the word where the extension draws the money at once, and where the seller does with the shipment
	}{
		{"on the way", models.Payment{Status: models.PaymentPending}, "", "pending", "pending"},
		{"in a word that nobody knows", models.Payment{Status: models.PaymentPending, ProviderStatus: "frobnicated"}, "", "pending", "pending"},
		{"waiting for 3-D Secure", models.Payment{Status: models.PaymentPending, WaitsFor: gateways.ForConsent}, "", "pending", "pending"},
		{"held", held(models.Payment{Status: models.PaymentAuthorized}), "", "pending", "complete"},
		{"obtained", drawn(models.PaymentObtained), "", "complete", "complete"},
		{"drawn", drawn(models.PaymentSuccess), "", "complete", "complete"},
		{"drawn, and nobody told", drawn(models.PaymentStuck), "", "complete", "complete"},
		{"on its way back", drawn(models.PaymentRefunding), "", "complete", "complete"},
		{"returned", drawn(models.PaymentRefunded), "", "complete", "complete"},
		{"returned in part", drawn(models.PaymentPartiallyRefunded), "", "complete", "complete"},
		{"declined", models.Payment{Status: models.PaymentFailed}, "", "failed", "failed"},
		{"turned back", models.Payment{Status: models.PaymentCanceled}, "", "failed", "failed"},
		{"given back before it was drawn", held(models.Payment{Status: models.PaymentCanceled, VoidedAt: &voided}), "", "failed", "failed"},
		{"declined, but maybe debited", models.Payment{Status: models.PaymentFailed}, gateways.Unclear, "pending", "pending"},
		{"declined, and debited", models.Payment{Status: models.PaymentFailed}, gateways.Debited, "pending", "pending"},
		{"drawn, and doubted before", drawn(models.PaymentSuccess), gateways.Unclear, "complete", "complete"},
	} {
		if got := models.FyndWord(&tt.payment, true, tt.doubt); got != tt.atOnce {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.atOnce)
		}
		if got := models.FyndWord(&tt.payment, false, tt.doubt); got != tt.own {
			t.Errorf("%s, drawn with the shipment: %s, want %s", tt.name, got, tt.own)
		}
	}
}
