package api

import (
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// amount is money as programs read it: whole minor units for those that reckon, decimal text for those that show.
type amount struct {
	Minor    int64  `json:"amount_minor"`
	Currency string `json:"currency"`
	Decimal  string `json:"decimal"`
}

func amountOf(a money.Amount) amount { return amount{a.Minor, a.Currency, a.Decimal()} }

// sum is money as programs write it. The decimal text may be left out; when it is there it must say the same.
type sum struct {
	Minor    int64  `json:"amount_minor" must:"1"`
	Currency string `json:"currency" must:"1" max:"3"`
	Decimal  string `json:"decimal,omitempty" max:"30"`
}

// read is the amount, above zero or not below it; pointer says where in the body it stands.
func (s *sum) read(pointer string) (money.Amount, error) {
	if s == nil {
		return money.Amount{}, nil
	}
	out := money.New(s.Minor, s.Currency)
	switch {
	case !money.Known(s.Currency):
		return out, wrong([]fieldError{{Pointer: pointer + "/currency", Detail: "This is no currency; use a three-letter code such as INR."}})
	case s.Minor < 0:
		return out, wrong([]fieldError{{Pointer: pointer + "/amount_minor", Detail: "This is not below zero."}})
	case s.Decimal != "" && s.Decimal != out.Decimal():
		return out, wrong([]fieldError{{Pointer: pointer + "/decimal", Detail: "This is not what amount_minor says: " + out.Decimal() + "."}})
	}
	return out, nil
}

// stamp is a time as programs read it, or null.
func stamp(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}

// text is a text, or null when there is none.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// line is what part of an operation or a plan is for.
type line struct {
	ItemID   *int64 `json:"item_id"` // null for the shipping
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Net      amount `json:"net"`
	Tax      amount `json:"tax"`
	Total    amount `json:"total"`
}

func linesOf(lines []models.RefundLine, currency string) []line {
	out := make([]line, len(lines))
	for i, l := range lines {
		of := func(minor int64) amount { return amountOf(money.New(minor, currency)) }
		out[i] = line{SKU: l.SKU, Name: l.Name, Quantity: l.Quantity, Net: of(l.NetMinor), Tax: of(l.TaxMinor), Total: of(l.TotalMinor)}
		if l.ItemID != 0 {
			out[i].ItemID = &l.ItemID
		}
	}
	return out
}
