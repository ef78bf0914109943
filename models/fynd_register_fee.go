package models

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kartify/kartify/money"
)

// ExtensionFeeText is a fee as typed.
type ExtensionFeeText struct {
	Method   string // "" for all methods, or for those without a fee of their own
	Percent  string // "2.5"
	Flat     string // "3.00"
	Currency string // of Flat
}

// The ways to charge fees.
const (
	FeeFixed    = "fixed"    // one for all payment methods
	FeeVariable = "variable" // one for each payment method
)

// cleanFees makes the fees of what was typed, unless they are there already.
func (f *ExtensionForm) cleanFees(w *fieldWrong) {
	w.add("fee", oneOf(f.Fee, "Choose whether the fee is the same for all payment methods.", FeeFixed, FeeVariable))
	for _, text := range f.FeeTexts {
		empty := strings.TrimSpace(text.Percent) == "" && strings.TrimSpace(text.Flat) == ""
		if empty || f.Fee == FeeFixed && text.Method != "" || text.Method != "" && !slices.Contains(f.Methods, text.Method) {
			continue
		}
		fee, sentence := text.fee(f.Currencies)
		w.add(FeeField(text.Method), sentence)
		if sentence == "" {
			f.Fees = append(f.Fees, fee)
		}
	}
	if f.Fees == nil {
		f.Fees = []ExtensionFee{}
	}
}

// FeeField is the name of the form's field for the fee of a method.
func FeeField(method string) string {
	if method == "" {
		return "fee_all"
	}
	return "fee_" + method
}

// fee reads what was typed, or says what is wrong with it.
func (t ExtensionFeeText) fee(currencies []string) (ExtensionFee, string) {
	fee := ExtensionFee{Method: t.Method}
	name := FyndMethodName(t.Method)
	if t.Method == "" {
		name = "all methods"
	}
	if percent := strings.TrimSuffix(strings.TrimSpace(t.Percent), "%"); !nothing(percent) {
		hundredths, err := money.Parse(strings.TrimSpace(percent), "INR") // two decimals, as a percentage here has
		if err != nil || hundredths.Minor < 0 || hundredths.Minor > 10000 {
			return fee, fmt.Sprintf("Write the share for %s as a percentage with at most two decimals, such as 2.5.", name)
		}
		fee.Permyriad = hundredths.Minor
	}
	if flat := strings.TrimSpace(t.Flat); !nothing(flat) {
		if !money.Known(t.Currency) {
			return fee, fmt.Sprintf("Say in which currency the amount for %s is.", name)
		}
		if len(currencies) > 0 && !slices.Contains(currencies, t.Currency) {
			return fee, fmt.Sprintf("The extension is not for %s, in which the amount for %s is.", t.Currency, name)
		}
		amount, err := ParseAmount(flat, t.Currency)
		if err != nil || amount.Minor < 0 {
			return fee, fmt.Sprintf("Write the amount for %s such as %s.", name, money.New(300, t.Currency).Decimal())
		}
		if fee.FlatMinor = amount.Minor; fee.FlatMinor > 0 {
			fee.Currency = t.Currency
		}
	}
	return fee, ""
}

// nothing says whether a number as typed is none, or a nought.
func nothing(text string) bool { return strings.Trim(text, "0., ") == "" }

// feeOf is the fee that goes for a payment method: its own, or else the one for all.
func (e *FyndExtension) feeOf(method string) (ExtensionFee, bool) {
	var common *ExtensionFee
	for i := range e.Fees {
		switch fee := &e.Fees[i]; {
		case e.Fee == FeeVariable && fee.Method != "" && strings.EqualFold(fee.Method, method):
			return *fee, true
		case fee.Method == "":
			common = fee
		}
	}
	if common == nil {
		return ExtensionFee{}, false
	}
	return *common, true
}

// FeeFor is the transaction fee of a payment, rounded to the nearest smallest unit. It is not known for methods
// without one, and where a flat amount is in another currency.
func (e *FyndExtension) FeeFor(method string, amount money.Amount) (money.Amount, bool) {
	fee, ok := e.feeOf(method)
	if !ok || amount.Minor < 0 || fee.FlatMinor > 0 && fee.Currency != amount.Currency {
		return money.Amount{}, false
	}
	share := amount.Minor/10000*fee.Permyriad + (amount.Minor%10000*fee.Permyriad+5000)/10000
	return money.New(share+fee.FlatMinor, amount.Currency), true
}

// String is a fee as people read it: 2.5 % + 3.00 INR.
func (f ExtensionFee) String() string {
	var parts []string
	if f.Permyriad > 0 || f.FlatMinor == 0 {
		parts = append(parts, percentText(f.Permyriad)+" %")
	}
	if f.FlatMinor > 0 {
		parts = append(parts, money.New(f.FlatMinor, f.Currency).String())
	}
	return strings.Join(parts, " + ")
}

// percentText writes hundredths of a percent: 250 is 2.5.
func percentText(permyriad int64) string {
	text := fmt.Sprintf("%d.%02d", permyriad/100, permyriad%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
