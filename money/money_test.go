package money

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimal(t *testing.T) {
	tests := []struct {
		amount  Amount
		decimal string
		grouped string
	}{
		{New(1050, "INR"), "10.50", "10.50 INR"},
		{New(5, "INR"), "0.05", "0.05 INR"},
		{New(-5, "INR"), "-0.05", "−0.05 INR"},
		{New(123456789, "INR"), "1234567.89", "12,34,567.89 INR"},
		{New(123456789, "SEK"), "1234567.89", "1,234,567.89 SEK"},
		{New(1050, "JPY"), "1050", "1,050 JPY"},
		{New(1050, "KWD"), "1.050", "1.050 KWD"},
		{New(math.MinInt64, "JPY"), "-9223372036854775808", "−9,223,372,036,854,775,808 JPY"},
	}
	for _, tt := range tests {
		if got := tt.amount.Decimal(); got != tt.decimal {
			t.Errorf("Decimal(%d %s) = %q, want %q", tt.amount.Minor, tt.amount.Currency, got, tt.decimal)
		}
		if got := tt.amount.Grouped(); got != tt.grouped {
			t.Errorf("Grouped(%d %s) = %q, want %q", tt.amount.Minor, tt.amount.Currency, got, tt.grouped)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		text, currency string
		minor          int64
		problem        string // a word of the sentence
	}{
		{"10.50", "INR", 1050, ""},
		{" 10.5 ", "INR", 1050, ""},
		{"0010", "INR", 1000, ""},
		{"1050", "JPY", 1050, ""},
		{"1.050", "KWD", 1050, ""},
		{"1e3", "INR", 0, "digits 0 to 9"},
		{"-5", "INR", 0, "above zero"},
		{"−5", "INR", 0, "above zero"},
		{"0.001", "INR", 0, "2 decimals"},
		{"１００", "INR", 0, "digits 0 to 9"},
		{"10,50", "INR", 0, "without commas"},
		{"499,50 руб", "RUB", 0, "digits 0 to 9"},
		{"1050.00", "JPY", 0, "no decimals"},
		{"0", "INR", 0, "above zero"},
		{"0.00", "INR", 0, "above zero"},
		{"", "INR", 0, "Enter an amount"},
		{".", "INR", 0, "digits 0 to 9"},
		{"10.", "INR", 0, "digits 0 to 9"},
		{".5", "INR", 0, "digits 0 to 9"},
		{"1.2.3", "INR", 0, "digits 0 to 9"},
		{"9223372036854775808", "INR", 0, "larger"},
		{"10", "XXQ", 0, "not a currency"},
		{"10", "", 0, "not a currency"},
		{"0x10", "INR", 0, "digits 0 to 9"},
		{"10 INR", "INR", 0, "digits 0 to 9"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.text, tt.currency)
		switch {
		case tt.problem == "" && (err != nil || got.Minor != tt.minor):
			t.Errorf("Parse(%q, %s) = %v, %v, want %d", tt.text, tt.currency, got, err, tt.minor)
		case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)):
			t.Errorf("Parse(%q, %s) = %v, %v, want a sentence with %q", tt.text, tt.currency, got, err, tt.problem)
		}
	}
}

func TestParseReadsBackDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := New(rapid.Int64Range(1, 999_999_999_999_999).Draw(t, "minor"), rapid.SampledFrom([]string{"INR", "JPY", "KWD", "SEK", "CLF"}).Draw(t, "currency"))
		got, err := Parse(want.Decimal(), want.Currency)
		if err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v, want %v", want.Decimal(), got, err, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"10.50", "1e3", "-5", "１００", "10,50", "\x00", "9999999999999999"} {
		f.Add(seed, "INR")
	}
	f.Fuzz(func(t *testing.T, text, code string) {
		amount, err := Parse(text, code)
		if err != nil {
			return
		}
		if amount.Minor <= 0 {
			t.Fatalf("Parse(%q, %q) = %v, which is not above zero", text, code, amount)
		}
		if again, err := Parse(amount.Decimal(), code); err != nil || again != amount {
			t.Fatalf("Parse(%q) = %v, %v, want %v", amount.Decimal(), again, err, amount)
		}
	})
}

func TestShareAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-1_000_000_000_000, 1_000_000_000_000).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1_000_000_000), 1, 20).Draw(t, "weights")
		var sum int64
		for i, part := range Share(total, weights) {
			sum += part
			if total >= 0 && part < 0 {
				t.Fatalf("part %d of %d is %d", i, total, part)
			}
		}
		if sum != total {
			t.Fatalf("Share(%d, %v) adds up to %d", total, weights, sum)
		}
	})
}

func TestPlus(t *testing.T) {
	if _, err := New(1, "INR").Plus(New(1, "SEK")); err == nil {
		t.Error("rupees and kronor were added")
	}
	if _, err := New(math.MaxInt64, "INR").Plus(New(1, "INR")); err == nil {
		t.Error("an overflow went unnoticed")
	}
	if got, err := New(1, "INR").Plus(New(2, "INR")); err != nil || got != New(3, "INR") {
		t.Errorf("Plus = %v, %v", got, err)
	}
}
