// Package money holds whole minor units of one currency: 1050 of INR is 10.50 INR, 1050 of JPY is 1050 JPY.
// Amounts are never floats; a sum over two currencies does not exist.
package money

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// Amount is Minor minor units (paise, öre, yen, fils) of an ISO 4217 currency.
type Amount struct {
	Minor    int64
	Currency string
}

// New is minor minor units of a currency: New(1050, "INR") is 10.50 INR.
func New(minor int64, code string) Amount {
	return Amount{Minor: minor, Currency: code}
}

// Known says whether code is a currency of ISO 4217.
func Known(code string) bool {
	return code != "" && currency.IsValid(code)
}

// Digits is how many decimals a currency has (INR 2, JPY 0, KWD 3). An unknown currency counts as 2.
func Digits(code string) int {
	digits, ok := currency.GetDigits(code)
	if !ok {
		return 2
	}
	return int(digits)
}

// Decimal is the amount as people type it, without its currency: "10.50".
func (a Amount) Decimal() string {
	digits := Digits(a.Currency)
	sign, minor := "", strconv.FormatUint(abs(a.Minor), 10)
	if a.Minor < 0 {
		sign = "-"
	}
	if digits == 0 {
		return sign + minor
	}
	if pad := digits + 1 - len(minor); pad > 0 {
		minor = strings.Repeat("0", pad) + minor
	}
	point := len(minor) - digits
	return sign + minor[:point] + "." + minor[point:]
}

// String is Grouped, for sentences.
func (a Amount) String() string { return a.Grouped() }

// Grouped is the amount with its currency and its thousands set apart: "1,23,456.00 INR" for rupees,
// "123,456.00 SEK" for others.
func (a Amount) Grouped() string {
	return a.GroupedDecimal() + " " + a.Currency
}

// GroupedDecimal is Grouped without the currency.
func (a Amount) GroupedDecimal() string {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(a.Decimal(), "-"), ".")
	size := 3
	if a.Currency == "INR" {
		size = 2 // after the first three: lakh and crore
	}
	var parts []string
	for head := 3; len(whole) > head; head = size {
		parts = append([]string{whole[len(whole)-head:]}, parts...)
		whole = whole[:len(whole)-head]
	}
	text := strings.Join(append([]string{whole}, parts...), ",")
	if fraction != "" {
		text += "." + fraction
	}
	if a.Minor < 0 {
		text = "−" + text
	}
	return text
}

// IsZero says whether there is no money in it.
func (a Amount) IsZero() bool {
	return a.Minor == 0
}

// Plus adds b, which must be of the same currency. It fails rather than overflow.
func (a Amount) Plus(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: two currencies", b, a)
	}
	if (b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor) || (b.Minor < 0 && a.Minor < math.MinInt64-b.Minor) {
		return Amount{}, fmt.Errorf("add %s to %s: more than an amount can hold", b, a)
	}
	return New(a.Minor+b.Minor, a.Currency), nil
}

// Share splits total by weights so that the parts add up to total exactly: the units that rounding
// leaves over go to the largest remainders, the first of equals first. Weights must not be negative;
// when all are zero the whole goes to the first. It returns nil when there are no weights.
func Share(total int64, weights []int64) []int64 {
	if len(weights) == 0 {
		return nil
	}
	parts := make([]int64, len(weights))
	sum := new(big.Int)
	for _, w := range weights {
		sum.Add(sum, big.NewInt(w))
	}
	if sum.Sign() == 0 {
		parts[0] = total
		return parts
	}
	remainders := make([]*big.Int, len(weights))
	left := total
	for i, w := range weights {
		product := new(big.Int).Mul(big.NewInt(total), big.NewInt(w))
		quotient, remainder := new(big.Int).QuoRem(product, sum, new(big.Int))
		parts[i] = quotient.Int64()
		remainders[i] = remainder.Abs(remainder)
		left -= parts[i]
	}
	step := int64(1)
	if left < 0 {
		step = -1
	}
	for ; left != 0; left -= step {
		best := 0
		for i, r := range remainders {
			if r.Cmp(remainders[best]) > 0 {
				best = i
			}
		}
		parts[best] += step
		remainders[best] = big.NewInt(-1)
	}
	return parts
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-(n + 1)) + 1
	}
	return uint64(n)
}
