package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

// readRazorpayAmount reads a whole number of minor units. A fraction, a text and 1e3 are none.
func readRazorpayAmount(raw json.RawMessage, currency string) (int64, *reply) {
	refuse := func(text string) (int64, *reply) {
		bad := razorpayInvalid("amount", text)
		return 0, &bad
	}
	amount, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case err != nil || strings.HasPrefix(string(raw), "+"):
		return refuse("The amount must be an integer.")
	case amount == 0:
		return refuse("Amount cannot be blank.")
	case currency == "INR" && amount < 100:
		return refuse("The amount must be at least INR 1.00")
	case amount < 1:
		return refuse("The amount must be at least " + currency + " " + decimal(1, currency))
	}
	return amount, nil
}

// readText reads a JSON text; false when it is something else.
func readText(raw json.RawMessage) (string, bool) {
	var text string
	err := json.Unmarshal(raw, &text)
	return text, err == nil
}

// required is Razorpay's sentence about a member that is missing.
func required(field string) *reply {
	bad := razorpayInvalid(field, "The "+field+" field is required.")
	return &bad
}

// razorpayFee is 2 % of an amount and 18 % tax on that; the fee includes the tax.
// 500000 paise cost 11800, 1800 of them tax (Razorpay docs, webhooks/refunds samples).
func razorpayFee(amount int64) (fee, tax int64) {
	net := (amount*2 + 50) / 100
	tax = (net*18 + 50) / 100
	return net + tax, tax
}
