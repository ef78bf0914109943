package gofynd

import (
	"strings"

	"github.com/kartify/kartify/money"
)

// RefundIn is a refund that Fynd asks a payment extension for (payment extension documentation, create refund;
// payment-extension-boilerplate). The checksum of the request covers the body only, so what it says of the payment
// counts, not the address.
type RefundIn struct {
	GID           string // of the payment: TR…
	RequestID     string // text, for it may have 20 digits
	PFOrderID     string // "" when it does not say
	ApplicationID string // "" when it does not say
	CompanyID     string // "" when it does not say
	Amount        money.Amount
	JourneyType   string // as it was written: CANCEL/RETURN
	Mode          string // "test", "live", or "" when it does not say
}

// ReadRefund reads the body of a refund request. What is wrong with it is a SessionError.
func ReadRefund(body []byte) (RefundIn, error) {
	n, err := parse(body)
	if err != nil || !n.isObject() {
		return RefundIn{}, wrong("", "The body is not a JSON object.")
	}
	in := RefundIn{
		GID: n.of("gid"), RequestID: n.of("request_id"), PFOrderID: n.of("pf_order_id", "fynd_platform_id"), ApplicationID: n.of("app_id", "application_id"),
		CompanyID: n.of("company_id"), JourneyType: n.of("journey_type"), Mode: strings.ToLower(n.of("mode")),
	}
	if missing := missing(n, "gid", "request_id", "amount", "currency"); len(missing) > 0 {
		return in, wrong(missing[0], "The body lacks %s.", strings.Join(missing, ", "))
	}
	for _, id := range []struct{ field, value string }{{"gid", in.GID}, {"request_id", in.RequestID}} {
		if !isID(id.value) {
			return in, wrong(id.field, "The %s is no ID: at most 100 letters, digits and signs without spaces.", id.field)
		}
	}
	for _, field := range []string{"gid", "request_id", "amount", "currency"} {
		if values := doubled(body, field); len(values) > 0 {
			return in, wrong(field, "The %s stands in the body twice: %s.", field, strings.Join(values, " and "))
		}
	}
	currency := strings.ToUpper(n.of("currency"))
	if !money.Known(currency) {
		return in, wrong("currency", "%.20q is not a currency.", n.of("currency"))
	}
	written := n.at("amount").text()
	_, isText := n.at("amount").value.(string)
	if in.Amount, err = wholeOf(written, currency); err != nil || in.Amount.Minor <= 0 || isText && strings.Contains(written, ".") {
		return in, wrong("amount", "The amount %.40q is not a whole number of smallest units above zero.", written)
	}
	return in, nil
}
