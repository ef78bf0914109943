package gofynd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// SessionIn is a payment that Fynd asks an extension for. It is read leniently: the payment extension documentation,
// the boilerplates and Fynd's pages disagree about names, and about what is text and what is a number.
type SessionIn struct {
	GID           string // of the payment: TR…
	PFOrderID     string // the order at Fynd: FY…, "" when it does not say
	CompanyID     string
	ApplicationID string
	Amount        money.Amount
	Mode          string // "test", "live", or "" when it does not say
	Kind          string // sale
	Customer      Customer
	Methods       []ToldMethod
	SuccessURL    string
	CancelURL     string
	Billing       SessionAddress
	Shipping      SessionAddress
	InitiatedAt   time.Time // zero when it does not say, or in a way nobody can read
}

// SessionAddress is an address with the members that have no place of their own.
type SessionAddress struct {
	Address
	Extra map[string]json.RawMessage
}

// A SessionError says why a session cannot be begun, in a sentence for Fynd.
type SessionError struct {
	Sentence string
	Field    string
}

func (e *SessionError) Error() string { return e.Sentence }

func wrong(field, format string, args ...any) error {
	return &SessionError{fmt.Sprintf(format, args...), field}
}

// refusedMethods are payment methods that extensions of Fynd must not offer (Fynd payment extension documentation, terms).
var refusedMethods = map[string]string{
	"applepay": "Apple Pay", "googlepay": "Google Pay", "gpay": "Google Pay", "shoppay": "Shop Pay", "paypal": "PayPal", "alipay": "Alipay",
}

// RefusedMethod is the name of a payment method that extensions of Fynd must not offer, by its code or name however it
// is written, or "".
func RefusedMethod(code string) string {
	return refusedMethods[strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, code)]
}

// ReadSession reads the body of a payment session. What is wrong with it is a *SessionError.
func ReadSession(body []byte) (SessionIn, error) {
	n, err := parse(body)
	if err != nil || !n.isObject() {
		return SessionIn{}, wrong("", "The body is not a JSON object.")
	}
	in := SessionIn{
		GID: n.of("gid"), PFOrderID: n.of("pf_order_id", "fynd_platform_id"), CompanyID: n.of("company_id"), ApplicationID: n.of("app_id", "application_id"),
		Mode: strings.ToLower(n.of("mode")), Kind: first(n.of("kind"), "sale"), Methods: methods(n.at("payment_methods")),
		Customer:   Customer{n.of("customer_name"), n.of("customer_email"), n.of("customer_contact", "customer_phone")},
		SuccessURL: n.of("success_url"), CancelURL: n.of("cancel_url"),
		Billing: readSessionAddress(n.at("billing_address")), Shipping: readSessionAddress(n.at("shipping_address")),
		InitiatedAt: n.at("initiated_at").moment(),
	}
	if missing := missing(n, "gid", "amount", "currency", "success_url", "cancel_url"); len(missing) > 0 {
		return in, wrong(missing[0], "The body lacks %s.", strings.Join(missing, ", "))
	}
	switch {
	case in.CompanyID == "" || in.ApplicationID == "":
		return in, wrong("app_id", "Missing app_id or company_id")
	case !isID(in.GID):
		return in, wrong("gid", "The gid is no ID: at most 100 letters, digits and signs without spaces.")
	case in.PFOrderID != "" && !isID(in.PFOrderID):
		return in, wrong("pf_order_id", "The pf_order_id is no ID: at most 100 letters, digits and signs without spaces.")
	case in.Mode != "" && in.Mode != "test" && in.Mode != "live":
		return in, wrong("mode", "The mode is test or live, not %.20q.", in.Mode)
	}
	if in.Amount, err = readSum(body, n); err != nil {
		return in, err
	}
	return in, in.checkMethods()
}

// missing are the names of which an object has no text and no number.
func missing(n node, names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return n.of(name) != "" })
}

// isID says whether a text is an ID of Fynd.
func isID(text string) bool {
	return text != "" && len(text) <= 100 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' || r == '\\' })
}

func (in *SessionIn) checkMethods() error {
	for _, method := range in.Methods {
		for _, one := range append([]ToldMethod{method}, method.Subs...) {
			if name := first(RefusedMethod(one.Code), RefusedMethod(one.Name)); name != "" {
				return wrong("payment_methods", "%s cannot be paid with through a payment extension.", name)
			}
		}
	}
	return nil
}

// sameMoney are members that some versions send beside amount, about the same money.
var sameMoney = []string{"total_amount", "order_amount", "amount_in_paisa", "amount_captured"}

// readSum reads the amount: whole smallest units, as a number or as text. One that stands a hundred times smaller or
// larger elsewhere in the body is in another unit there, and nobody can tell which is meant.
func readSum(body []byte, n node) (money.Amount, error) {
	currency := strings.ToUpper(n.of("currency"))
	if !money.Known(currency) {
		return money.Amount{}, wrong("currency", "%.20q is not a currency.", n.of("currency"))
	}
	read := func(field string, member node) (money.Amount, error) {
		written := member.text()
		if _, isText := member.value.(string); isText && strings.Contains(written, ".") {
			return money.Amount{}, wrong(field, "The %s %.40q is not in whole smallest units of the currency.", field, written)
		}
		amount, err := wholeOf(written, currency)
		if err != nil || amount.Minor <= 0 {
			return money.Amount{}, wrong(field, "The %s %.40q is not a whole number of smallest units above zero.", field, written)
		}
		return amount, nil
	}
	amount, err := read("amount", n.at("amount"))
	if err != nil {
		return amount, err
	}
	for _, field := range []string{"amount", "currency", "gid"} {
		if values := doubled(body, field); len(values) > 0 {
			return amount, wrong(field, "The %s stands in the body twice: %s.", field, strings.Join(values, " and "))
		}
	}
	for _, field := range sameMoney {
		other, err := read(field, n.at(field))
		if err == nil && Hundredfold(amount.Minor, other.Minor) {
			return amount, wrong("amount", "The amount is %d and the %s %d: one of them is in another unit. Nothing was booked.", amount.Minor, field, other.Minor)
		}
	}
	return amount, nil
}

// Hundredfold says whether one of two sums is a hundred times the other: the same money in two units.
func Hundredfold(a, b int64) bool {
	return a != 0 && b != 0 && (a/100 == b && a%100 == 0 || b/100 == a && b%100 == 0)
}

// doubled are the values of a member that stands in an object more than once with different values. An empty one
// says nothing.
func doubled(body []byte, name string) []string {
	v, ok := scan(body)
	if !ok {
		return nil
	}
	var values []string
	for _, one := range append(v.dropped[name], v.member(name)) {
		if text := strings.TrimSpace(one.text); one.kind != 'l' && text != "" && !slices.Contains(values, text) {
			values = append(values, text)
		}
	}
	if len(values) < 2 {
		return nil
	}
	return values
}

// readSessionAddress reads an address. Its country is the code of two letters where there is one, and a phone number
// gets the country's code in front, which comes as 91 and as +91.
func readSessionAddress(n node) SessionAddress {
	a := SessionAddress{Address: readAddress(n), Extra: map[string]json.RawMessage{}}
	if code := n.of("country_iso_code", "country_code"); len(code) == 2 {
		a.Country = strings.ToUpper(code)
	}
	digits := strings.TrimLeft(strings.TrimPrefix(n.of("country_phone_code"), "+"), "0")
	switch {
	case a.Phone == "" || digits == "" || strings.HasPrefix(a.Phone, "+"):
	case strings.HasPrefix(a.Phone, "00"):
		a.Phone = "+" + strings.TrimLeft(a.Phone, "0")
	default:
		a.Phone = "+" + digits + " " + strings.TrimLeft(a.Phone, "0")
	}
	members, _ := n.value.(map[string]any)
	for name, member := range members {
		if addressMembers[name] || member == nil || member == "" {
			continue
		}
		if text, err := json.Marshal(member); err == nil && len(name) <= 60 && len(text) <= 500 && len(a.Extra) < 30 {
			a.Extra[name] = text
		}
	}
	return a
}

// addressMembers have a place of their own.
var addressMembers = map[string]bool{
	"name": true, "address": true, "area": true, "landmark": true, "city": true, "state": true, "pincode": true, "area_code": true,
	"country": true, "country_iso_code": true, "country_phone_code": true, "phone": true, "email": true,
}

// SessionReply is what Fynd is answered when it asked for a payment, with the members of each version of its
// boilerplate (payment-extension-boilerplate; payment extension documentation).
func SessionReply(id, redirect, gid string) []byte {
	reply, err := gateways.EncodeJSON(struct {
		Success  bool   `json:"success"`
		ID       string `json:"_id"`
		Redirect string `json:"redirect_url"`
		GID      string `json:"gid"`
	}{true, id, redirect, gid})
	if err != nil {
		panic(err) // texts can be written
	}
	return reply
}
