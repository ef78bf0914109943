package models_test

import (
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

func TestServes(t *testing.T) {
	tests := []struct {
		state      models.ExtensionState
		mode       string
		subscribed bool
		want       bool
	}{
		{models.ExtensionDevelopment, "test", false, true},
		{models.ExtensionDevelopment, "live", true, false},
		{models.ExtensionUnderReview, "test", false, true},
		{models.ExtensionUnderReview, "live", true, false},
		{models.ExtensionRejected, "live", true, false},
		{models.ExtensionPublished, "live", false, true},
		{models.ExtensionApproved, "live", false, false},
		{models.ExtensionApproved, "live", true, true},
	}
	for _, tt := range tests {
		e := models.FyndExtension{State: tt.state}
		if got := e.Serves(tt.mode, tt.subscribed); got != tt.want {
			t.Errorf("%s in %s, subscribed %t: serves %t", tt.state, tt.mode, tt.subscribed, got)
		}
	}
}

// What was accepted once goes on while changes of it are reviewed, or were rejected.
func TestServesAsAccepted(t *testing.T) {
	at := time.Now()
	for _, state := range []models.ExtensionState{models.ExtensionUnderReview, models.ExtensionRejected} {
		public := models.FyndExtension{State: state, Distribution: models.DistributionPublic, AcceptedAt: &at}
		private := models.FyndExtension{State: state, Distribution: models.DistributionPrivate, AcceptedAt: &at}
		if !public.Serves("live", false) || !private.Serves("live", true) || private.Serves("live", false) {
			t.Errorf("%s after it was accepted: public %t, private for a subscriber %t, for others %t", state, public.Serves("live", false), private.Serves("live", true), private.Serves("live", false))
		}
	}
}

func TestTakes(t *testing.T) {
	e := models.FyndExtension{Currencies: []string{"INR", "SEK"}}
	if !e.Takes("INR") || e.Takes("JPY") || !(&models.FyndExtension{}).Takes("JPY") {
		t.Error("the currencies of an extension are not those it names, or all when it names none")
	}
}
