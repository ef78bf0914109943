package models

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/kartify/kartify/gateways"
)

// FyndMethods are the payment methods that the form lists, by Fynd's codes. One that is missing is asked for by
// e-mail, and its code is entered beside them.
var FyndMethods = []Choice{
	{Value: "CARD", Label: "Credit and debit cards"},
	{Value: "UPI", Label: "UPI"},
	{Value: "NB", Label: "Net banking and bank transfer"},
	{Value: "WL", Label: "Wallets"},
	{Value: "BNPL", Label: "Buy now, pay later"},
	{Value: "JIOPP", Label: "Jio Partner Pay"},
	{Value: "CHECKOUT", Label: "Hosted checkout, the buyer chooses there"},
}

// FyndAPIVersions are the versions of the Payments Apps API that kartify speaks.
var FyndAPIVersions = []string{"1.0"}

// refusedMethods are what Fynd's payment extensions must not be for, by how their codes and names read without
// spaces and signs.
var refusedMethods = map[string]string{
	"APPLEPAY": "Apple Pay", "GOOGLEPAY": "Google Pay", "GPAY": "Google Pay", "SHOPPAY": "Shop Pay", "PAYPAL": "PayPal", "ALIPAY": "Alipay",
}

// RefusedFyndMethods are their names.
var RefusedFyndMethods = []string{"Apple Pay", "Google Pay", "Shop Pay", "PayPal", "Alipay"}

// RefusedFyndMethod is the name of the payment method that a code or a name stands for, when payment extensions must
// not be for it, and else "".
func RefusedFyndMethod(code string) string {
	parts := nameWords.FindAllString(strings.ToUpper(strings.ReplaceAll(code, "_", " ")), -1)
	for i := range parts {
		rest := strings.Join(parts[i:], "")
		for begin, name := range refusedMethods {
			if strings.HasPrefix(rest, begin) {
				return name
			}
		}
	}
	return ""
}

// FyndMethodName is a payment method as people read it.
func FyndMethodName(code string) string {
	for _, m := range FyndMethods {
		if m.Value == code {
			return m.Label
		}
	}
	return code
}

// ExtensionGateways are the gateways that can stand behind an extension.
func (db *DB) ExtensionGateways() []gateways.Driver {
	var list []gateways.Driver
	for _, driver := range db.Drivers() {
		if !driver.Partner {
			list = append(list, driver)
		}
	}
	return list
}

// Countries are all countries by their codes of ISO 3166-1, in the order of their English names.
var Countries = sync.OnceValue(func() []Choice {
	var list []Choice
	names := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region {
				continue
			}
			if name := names.Name(region); name != "" && !slices.Contains(noCountries, code) {
				list = append(list, Choice{code, name})
			}
		}
	}
	slices.SortFunc(list, func(x, y Choice) int { return strings.Compare(x.Label, y.Label) })
	return list
})

// noCountries have a code that is set aside, and are no country of ISO 3166-1.
var noCountries = []string{"AA", "AC", "CP", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
