package ccavenue

import (
	"context"
	"regexp"
	"strings"

	"github.com/kartify/kartify/gateways"
)

var (
	orderNumber   = regexp.MustCompile(`^[A-Za-z0-9_/-]{1,30}$`)
	attemptSuffix = regexp.MustCompile(`-[0-9]{1,3}$`)
	forbidden     = strings.NewReplacer("&", " ", "=", " ", "\r", " ", "\n", " ", "?", " ", "#", " ")
)

// Start sends the buyer to CCAvenue's page with the encrypted order (Integration Document, request). Values are
// not escaped there, so the signs that would make two values of one are taken out: what stands in a value
// must never read as order_status=Success when it comes back. Whether a payment must be confirmed later is a
// setting of the account.
func (g *gateway) Start(_ context.Context, checkout gateways.Checkout) (gateways.Start, error) {
	switch {
	case !orderNumber.MatchString(checkout.OrderRef):
		return gateways.Start{}, refused("start", "CCAvenue knows order numbers of at most 30 letters, digits, hyphens, underscores and slashes.")
	case checkout.Amount.Minor <= 0 || len(checkout.Amount.Currency) != 3:
		return gateways.Start{}, refused("start", "CCAvenue takes amounts above zero.")
	}
	back, cancel := checkout.ReturnURL, checkout.CancelURL
	if cancel == "" {
		cancel = back
	}
	for _, address := range []string{back, cancel} {
		if address == "" || clean(address, 100) != address {
			return gateways.Start{}, refused("start", "CCAvenue sends the buyer back to an address of at most 100 characters without a question mark.")
		}
	}
	c := checkout.Customer
	pairs := []struct {
		name, value string
		most        int
	}{
		{"merchant_id", g.merchant, 12},
		{"order_id", checkout.OrderRef, 30},
		{"currency", checkout.Amount.Currency, 3},
		{"amount", checkout.Amount.Decimal(), 15},
		{"redirect_url", back, 100},
		{"cancel_url", cancel, 100},
		{"language", "EN", 2},
		{"billing_name", c.Name, 60},
		{"billing_address", c.Address, 150},
		{"billing_city", c.City, 30},
		{"billing_state", c.Region, 30},
		{"billing_zip", c.Postcode, 15},
		{"billing_country", countries[c.Country], 50},
		{"billing_tel", c.Phone, 20},
		{"billing_email", c.Email, 70},
		{"merchant_param1", attemptSuffix.ReplaceAllString(checkout.OrderRef, ""), 100},
	}
	var text strings.Builder
	for i, pair := range pairs {
		if value := clean(pair.value, pair.most); value != "" {
			if i > 0 {
				text.WriteByte('&')
			}
			text.WriteString(pair.name + "=" + value)
		}
	}
	request, err := g.pay.box.seal([]byte(text.String()))
	if err != nil {
		return gateways.Start{}, &gateways.Error{Kind: misconfigured, Verb: "start", Message: "The working key does not fit the encryption chosen under Extensions > Payment; nothing was sent."}
	}
	return gateways.Start{
		OrderRef: checkout.OrderRef,
		URL:      g.pay.base + "/transaction/transaction.do?command=initiateTransaction",
		Form:     map[string]string{"encRequest": request, "access_code": g.pay.code},
	}, nil
}

// clean is a value without the signs that part values, in one row and within its length.
func clean(value string, most int) string {
	value = strings.Join(strings.Fields(forbidden.Replace(strings.ToValidUTF8(value, ""))), " ")
	if runes := []rune(value); len(runes) > most {
		value = strings.TrimSpace(string(runes[:most]))
	}
	return value
}

// countries are the names that CCAvenue wants in place of codes, where a shop of ours sells. Another country is
// left for the buyer to fill in.
var countries = map[string]string{
	"IN": "India", "AE": "United Arab Emirates", "SG": "Singapore", "US": "United States", "GB": "United Kingdom", "AU": "Australia", "CA": "Canada",
	"DE": "Germany", "FR": "France", "NP": "Nepal", "BD": "Bangladesh", "LK": "Sri Lanka", "OM": "Oman", "QA": "Qatar", "KW": "Kuwait", "BH": "Bahrain", "SA": "Saudi Arabia",
}
