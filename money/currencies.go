package money

import (
	"sync"

	"github.com/bojanz/currency"
)

var byDigits = sync.OnceValue(func() map[int][]string {
	codes := map[int][]string{}
	for _, code := range currency.GetCurrencyCodes() {
		codes[Digits(code)] = append(codes[Digits(code)], code)
	}
	return codes
})

// WithDigits are the currencies that have so many decimals: JPY and KRW among those of 0.
func WithDigits(digits int) []string { return byDigits()[digits] }

// Codes are all currencies of ISO 4217 by their codes, the most used ones first.
func Codes() []string { return currency.GetCurrencyCodes() }
