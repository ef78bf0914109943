package views

import (
	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
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
func able(d gateways.Driver, what string) (bool, string) {
	switch what {
	case "Charge":
		return d.Can.AtOnce, ""
	case "Refund":
		if d.Can.Does(gateways.Refund) && !d.Can.InPart(gateways.Refund) {
			return true, "whole only"
		}
		return d.Can.Does(gateways.Refund), ""
	case "Authorize":
		return d.Can.Later, ""
	case "Capture":
		if d.Can.Does(gateways.Capture) && !d.Can.InPart(gateways.Capture) {
			return true, "whole only"
		}
		return d.Can.Does(gateways.Capture), ""
	}
	return d.Can.Does(gateways.Void), ""
}

func (v FyndExtensionsView) gateway(code string) string {
	for _, driver := range v.Gateways {
		if driver.Code == code {
			return driver.Name
		}
	}
	return code
}
