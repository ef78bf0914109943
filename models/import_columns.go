package models

import (
	"strings"
	"unicode"
)

// importColumn is a column that a file of orders may have.
type importColumn string

// The columns. Those of the order are the same in each of its rows; the others tell one line of it.
const (
	colOrderID     importColumn = "order_id"
	colPartner     importColumn = "partner_order_id"
	colAffiliate   importColumn = "affiliate_order_id"
	colStore       importColumn = "store"
	colAdded       importColumn = "date_added"
	colStatus      importColumn = "status"
	colReason      importColumn = "status_reason"
	colName        importColumn = "customer"
	colEmail       importColumn = "email"
	colPhone       importColumn = "phone"
	colCompany     importColumn = "company"
	colAddress     importColumn = "address"
	colCity        importColumn = "city"
	colPostcode    importColumn = "postcode"
	colCountry     importColumn = "country"
	colCurrency    importColumn = "currency"
	colMethod      importColumn = "payment_method"
	colGateway     importColumn = "gateway"
	colRef         importColumn = "payment_id"
	colPaid        importColumn = "paid"
	colShipping    importColumn = "shipping"
	colShippingTax importColumn = "shipping_tax"
	colTotal       importColumn = "total"
	colSKU         importColumn = "sku"
	colItem        importColumn = "item"
	colQuantity    importColumn = "quantity"
	colUnit        importColumn = "unit_price"
	colDiscount    importColumn = "discount"
	colTax         importColumn = "tax"
)

// importHeaders are the headings each column may have, besides its own name. Capitals, spaces and signs
// make no difference. docs/import.md has this table.
var importHeaders = map[importColumn][]string{
	colOrderID:     {"order", "order no", "order number"},
	colPartner:     {"gofynd order id", "fynd order id"},
	colAffiliate:   {"shop order id", "external order id"},
	colStore:       {"store id"},
	colAdded:       {"date", "order date", "created at"},
	colStatus:      {"order status"},
	colReason:      {"reason"},
	colName:        {"customer name", "name", "buyer"},
	colEmail:       {"customer email", "e-mail"},
	colPhone:       {"customer phone", "telephone", "mobile"},
	colCompany:     {},
	colAddress:     {"street", "address 1"},
	colCity:        {"town"},
	colPostcode:    {"zip", "pincode", "postal code"},
	colCountry:     {"country code"},
	colCurrency:    {"currency code"},
	colMethod:      {"paid by"},
	colGateway:     {"payment gateway"},
	colRef:         {"payment ref", "payment reference", "transaction id"},
	colPaid:        {"amount paid", "captured"},
	colShipping:    {"shipping price", "delivery"},
	colShippingTax: {},
	colTotal:       {"order total", "grand total", "amount"},
	colSKU:         {"article", "item code"},
	colItem:        {"product", "item name", "product name"},
	colQuantity:    {"qty"},
	colUnit:        {"price", "unit"},
	colDiscount:    {"item discount", "line discount"},
	colTax:         {"item tax", "line tax", "vat", "gst"},
}

// lineColumns tell a line; all others tell the order.
var lineColumns = []importColumn{colSKU, colItem, colQuantity, colUnit, colDiscount, colTax}

// heading is a heading reduced to its letters and digits.
func heading(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

var importByHeading = func() map[string]importColumn {
	by := map[string]importColumn{}
	for column, others := range importHeaders {
		for _, name := range append([]string{string(column)}, others...) {
			by[heading(name)] = column
		}
	}
	return by
}()

// importHeader says where each column stands. Columns it does not know are an error, for what they hold
// would be lost without a word; those whose heading begins with # are left out on purpose.
func importHeader(cells []string) (map[importColumn]int, []ImportProblem) {
	at := map[importColumn]int{}
	var problems []ImportProblem
	say := func(cell, sentence string) {
		problems = append(problems, ImportProblem{Row: 1, Column: cell, Sentence: sentence})
	}
	for i, cell := range cells {
		column, known := importByHeading[heading(cell)]
		_, twice := at[column]
		switch {
		case strings.HasPrefix(cell, "#") || strings.TrimSpace(cell) == "":
		case !known:
			say(cell, "This column is not known. Name it as docs/import.md does, or put # before its name to leave it out.")
		case twice:
			say(cell, "There are two columns for "+string(column)+".")
		default:
			at[column] = i
		}
	}
	_, id := at[colOrderID]
	_, partner := at[colPartner]
	_, affiliate := at[colAffiliate]
	if !id && !partner && !affiliate {
		say("order_id", "There is no column with the number of the order: order_id, partner_order_id or affiliate_order_id.")
	}
	for _, needed := range []importColumn{colAdded, colStatus, colTotal} {
		if _, there := at[needed]; !there {
			say(string(needed), "This column is missing.")
		}
	}
	return at, problems
}
