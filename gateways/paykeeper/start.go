package paykeeper

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// Start sends the buyer to the pay form of the cabinet, signed with the secret word (HTML form). Whether the
// money is only held is a setting of the shop at PayKeeper, and the notification goes to the one address that
// is set there.
func (g *gateway) Start(_ context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	if checkout.Amount.Currency != currency || checkout.Amount.Minor <= 0 {
		return gateways.Start{}, refused("start", "PayKeeper takes roubles, and only amounts above zero.")
	}
	form := map[string]string{
		"sum":                  sumOf(checkout.Amount),
		"clientid":             line(checkout.Customer.Name),
		"orderid":              checkout.OrderRef,
		"service_name":         "",
		"client_email":         line(checkout.Customer.Email),
		"client_phone":         line(checkout.Customer.Phone),
		"lang":                 language(checkout.Locale),
		"user_result_callback": checkout.ReturnURL,
	}
	if form["clientid"] == "" {
		form["clientid"] = form["client_email"]
	}
	if goods := cart(checkout.Lines, checkout.Amount); goods != "[]" {
		form["cart"] = goods
	}
	form["sign"] = sign(form, g.word)
	return gateways.Start{OrderRef: checkout.OrderRef, URL: g.api.Base + "/create/", Form: form}, nil
}

// sign is the signature of the pay form.
func sign(form map[string]string, word string) string {
	sum := sha256.Sum256([]byte(form["sum"] + form["clientid"] + form["orderid"] + form["service_name"] + form["client_email"] + form["client_phone"] + word))
	return hex.EncodeToString(sum[:])
}

// line is a text in one row: what is signed must arrive as it was sent.
func line(text string) string { return shorten(strings.Join(strings.Fields(text), " "), 250) }

// language is that of the bank's page.
func language(locale string) string {
	short, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	if strings.EqualFold(short, "ru") || short == "" {
		return "ru"
	}
	return "en"
}
