package views

import (
	"context"
	"slices"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// entered is what stands in the form of the details.
func (v FyndExtensionView) entered() models.ExtensionForm {
	if v.Form != nil {
		return *v.Form
	}
	e := v.Extension
	form := models.ExtensionForm{ID: e.ID, Name: e.Name, URL: e.URL, PlatformURL: e.PlatformURL, ExtensionDetails: e.Wanted(), Shown: e.Version}
	var other []string
	for _, code := range form.Methods {
		if !slices.ContainsFunc(models.FyndMethods, func(m models.Choice) bool { return m.Value == code }) {
			other = append(other, code)
		}
	}
	form.OtherMethods = strings.Join(other, " ")
	for _, fee := range form.Fees {
		text := models.ExtensionFeeText{Method: fee.Method, Percent: strings.TrimSuffix(models.ExtensionFee{Permyriad: fee.Permyriad}.String(), " %"), Currency: fee.Currency}
		if fee.FlatMinor > 0 {
			text.Flat = money.New(fee.FlatMinor, fee.Currency).Decimal()
		}
		form.FeeTexts = append(form.FeeTexts, text)
	}
	return form
}

func feeText(form models.ExtensionForm, method string) models.ExtensionFeeText {
	for _, text := range form.FeeTexts {
		if text.Method == method {
			return text
		}
	}
	return models.ExtensionFeeText{Method: method}
}

// currencyOptions are the currencies of a flat fee: those of the extension, or all.
func currencyOptions(form models.ExtensionForm, chosen string) []ui.Option {
	codes := form.Currencies
	if len(codes) == 0 {
		codes = money.Codes()
	}
	if chosen != "" && !slices.Contains(codes, chosen) {
		codes = append(slices.Clone(codes), chosen)
	}
	options := []ui.Option{}
	for _, code := range codes {
		options = append(options, ui.Option{Value: code, Label: code, Chosen: code == chosen})
	}
	return options
}

// picked are all choices, those that are chosen first.
func picked(choices []models.Choice, chosen []string) []ui.Option {
	var first, rest []ui.Option
	for _, c := range choices {
		option := ui.Option{Value: c.Value, Label: c.Label, Chosen: slices.Contains(chosen, c.Value)}
		if option.Chosen {
			first = append(first, option)
		} else {
			rest = append(rest, option)
		}
	}
	return append(first, rest...)
}

// countryChoices are all countries in the order of their names.
func countryChoices(ctx context.Context) []models.Choice {
	list := slices.Clone(models.Countries())
	for i := range list {
		list[i].Label = lang.Country(ctx, list[i].Value)
	}
	slices.SortFunc(list, func(x, y models.Choice) int { return strings.Compare(x.Label, y.Label) })
	return list
}

func currencyChoices() []models.Choice {
	var list []models.Choice
	for _, code := range money.Codes() {
		list = append(list, models.Choice{Value: code, Label: code})
	}
	return list
}

func (v FyndExtensionView) gatewayOptions() []ui.Option {
	options := []ui.Option{{Label: "Choose a gateway"}}
	for _, driver := range v.Gateways {
		options = append(options, ui.Option{Value: driver.Code, Label: driver.Name, Chosen: driver.Code == v.entered().Gateway})
	}
	return options
}
