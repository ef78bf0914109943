package sandbox

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newID is prefix and 14 random letters and digits.
func newID(prefix string) string { return prefix + randomFrom(base62, 14) }

// randomFrom is n random characters of an alphabet.
func randomFrom(alphabet string, n int) string {
	var out strings.Builder
	var b [1]byte
	limit := 256 - 256%len(alphabet)
	for out.Len() < n {
		rand.Read(b[:]) // never fails
		if int(b[0]) < limit {
			out.WriteByte(alphabet[int(b[0])%len(alphabet)])
		}
	}
	return out.String()
}

// digits is how many digits a currency has behind the point.
func digits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// decimal is an amount in minor units as people write it: 149900 of INR is "1499.00".
func decimal(minor int64, currency string) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	d := digits(currency)
	text := fmt.Sprintf("%0*d", d+1, minor)
	if d == 0 {
		return sign + text
	}
	return sign + text[:len(text)-d] + "." + text[len(text)-d:]
}

// isDecimal is an amount or a number without a sign or an exponent.
var isDecimal = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// minorUnits reads "1499.00" of INR as 149900; false when it is no amount of that currency.
func minorUnits(text, currency string) (int64, bool) {
	if !isDecimal.MatchString(text) {
		return 0, false
	}
	whole, fraction, _ := strings.Cut(text, ".")
	d := digits(currency)
	kept := strings.TrimRight(fraction, "0")
	if len(kept) > d {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+kept+strings.Repeat("0", d-len(kept)), 10, 64)
	return minor, err == nil
}
