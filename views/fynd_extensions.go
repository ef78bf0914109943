package views

import (
	"context"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// FyndExtensionsView is the list of extensions.
type FyndExtensionsView struct {
	Person     *models.User
	Extensions []models.FyndExtension
	Gateways   []gateways.Driver
}

// ability is what a gateway can do, as the table of them says it.
type ability struct{ name, about string }

var abilities = []ability{
	{"Charge", "the money is drawn when the buyer pays"}, {"Refund", ""}, {"Authorize", "the money is held when the buyer pays"}, {"Capture", "what is held is drawn"}, {"Void", "what is held is given back"},
}

// able says whether a gateway can do something, and with what restriction.
func able(ctx context.Context, d gateways.Driver, what string) (bool, string) {
	switch what {
	case "Charge":
		return d.Can.AtOnce, ""
	case "Refund":
		if d.Can.Does(gateways.Refund) && !d.Can.InPart(gateways.Refund) {
			return true, lang.T(ctx, "whole only")
		}
		return d.Can.Does(gateways.Refund), ""
	case "Authorize":
		return d.Can.Later, ""
	case "Capture":
		if d.Can.Does(gateways.Capture) && !d.Can.InPart(gateways.Capture) {
			return true, lang.T(ctx, "whole only")
		}
		return d.Can.Does(gateways.Capture), ""
	}
	return d.Can.Does(gateways.Void), ""
}

var fyndWords = map[string]string{
	"test": "Test", "live": "Live", models.DistributionPrivate: "Private", models.DistributionPublic: "Public", models.FeeFixed: "Fixed", models.FeeVariable: "Variable",
	"standard": "Standard", "custom": "Custom", "none": "None", "good": "Good", "renewed when needed": "Renewed when needed",
}

// fyndWord is a word of an extension's records as people read it.
func fyndWord(word string) string { return orElse(fyndWords[word], ui.Words(word)) }

func (v FyndExtensionsView) gateway(code string) string {
	for _, driver := range v.Gateways {
		if driver.Code == code {
			return driver.Name
		}
	}
	return code
}
