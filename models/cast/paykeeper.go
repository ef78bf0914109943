package cast

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// cardHead are the first six digits of the cast's cards.
const cardHead = "410028"

// Fiscal is the receipt of a payment as far as it is known (Federal Law 54-FZ), by PayKeeper's names.
type Fiscal map[string]string

// madeOut is a receipt that the operator has numbered.
func madeOut(key string) Fiscal {
	return Fiscal{
		"fop_receipt_key": key, "fop_uuid": "4b0c8a52-7f3e-4d19-8a6b-2c5d9e1f7042", "fop_fpd": "3512313478", "fop_fnd": "35",
		"fop_receipt_number": "7", "fop_fn": "9999078902018961", "fop_rnkkt": "0000000400054952",
	}
}

// begun is a receipt whose key alone is known.
func begun(key string) Fiscal { return Fiscal{"fop_receipt_key": key} }

// cart is what was bought as PayKeeper writes it, in roubles.
func (o *Order) cart() string {
	type item struct {
		Name     string      `json:"name"`
		Price    json.Number `json:"price"`
		Quantity int64       `json:"quantity"`
		Sum      json.Number `json:"sum"`
		Tax      string      `json:"tax"`
	}
	var items []item
	for _, l := range o.Lines {
		items = append(items, item{
			Name: l.Name, Price: json.Number(money.New(l.Unit, o.Currency).Decimal()), Quantity: l.Quantity,
			Sum: json.Number(money.New(l.total(), o.Currency).Decimal()), Tax: "vat10",
		})
	}
	text, err := json.Marshal(items)
	if err != nil {
		panic(err) // texts and numbers can always be written
	}
	return string(text)
}

// bankParams are what the bank wrote down about a payment by PayKeeper.
func (o *Order) bankParams() map[string]string {
	return map[string]string{
		"RRN": o.Payment.RRN, "AUTH_CODE": fmt.Sprintf("%06d", 407100+o.ID), "TERMINAL": "24000001", "ORDER": o.Payment.Ref, "payment_id": o.Payment.Ref,
	}
}

// params are the parameters of a payment by PayKeeper as they are kept once it was asked about it. One without a
// receipt has none.
func (o *Order) params() map[string]string {
	if o.Payment.Fiscal == nil {
		return map[string]string{}
	}
	moscow := time.FixedZone("MSK", 3*60*60)
	all := map[string]string{
		"clientid": o.Name, "client_email": o.Email, "client_phone": o.Phone, "cart": o.cart(), "CARD_NUMBER": cardHead + "******" + o.Payment.Last4,
		"payment_system_id": "30", "system_description": "Сбербанк", "site_description": "Банковская карта", "unique_id": fmt.Sprintf("20261123%d500123", o.ID),
		"pending_datetime": o.At.In(moscow).Format(time.DateTime), "obtain_datetime": o.At.In(moscow).Format(time.DateTime),
	}
	if o.Payment.Status == models.PaymentStuck {
		all["repeat_counter"] = strconv.Itoa(50)
	}
	for name, value := range o.bankParams() {
		all[name] = value
	}
	return all
}
