// Package notify tells a shop of a payment: what is said, how it is signed, and what counts as heard. The words
// are those that handlers written for PayKeeper understand (PayKeeper docs, Приём POST оповещений). It keeps
// nothing and repeats nothing.
package notify

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the protocol's own
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/kartify/kartify/money"
)

// Notice is what a shop is told of a payment. Empty fields are left out.
type Notice struct {
	ID         string       // our id of the payment
	Sum        money.Amount // what was paid, or is held
	Client     string       // the payer's name
	Order      string       // the shop's number of the order
	Service    string
	Email      string
	Phone      string
	System     string    // the payment system: PayKeeper's number of it, or a gateway
	BatchDate  time.Time // until when held money is drawn; zero for money that is drawn
	Receipt    string    // fop_receipt_key
	Card       string    // masked
	Obtained   time.Time
	Gateway    string
	GatewayRef string // the provider's id of the payment
}

// moscow is the time zone of every date that is said.
var moscow = must(time.LoadLocation("Europe/Moscow"))

func must(zone *time.Location, err error) *time.Location {
	if err != nil {
		panic(err)
	}
	return zone
}

// Form is the notice as it is posted. Beside PayKeeper's fields it names the currency, the gateway and the
// gateway's id of the payment.
func (n Notice) Form(secret string) url.Values {
	form := url.Values{"id": {n.ID}, "sum": {sum(n.Sum)}, "clientid": {n.Client}, "orderid": {n.Order}, "ps_id": {n.System}, "currency": {n.Sum.Currency}}
	for name, value := range map[string]string{
		"service_name": n.Service, "client_email": n.Email, "client_phone": n.Phone, "batch_date": local(n.BatchDate, time.DateOnly),
		"fop_receipt_key": n.Receipt, "card_number": n.Card, "obtain_datetime": local(n.Obtained, time.DateTime),
		"gateway": n.Gateway, "gateway_payment_id": n.GatewayRef,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	form.Set("key", hexMD5(n.ID, form.Get("sum"), n.Client, n.Order, secret))
	return form
}

// Answer is the only answer that counts as heard.
func (n Notice) Answer(secret string) string { return "OK " + hexMD5(n.ID, secret) }

// sum is an amount with two decimals or more: handlers check the key over a sum with two.
func sum(a money.Amount) string {
	text := a.Decimal()
	if !strings.Contains(text, ".") {
		text += ".00"
	}
	return text
}

func local(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(moscow).Format(layout)
}

// hexMD5 is the lower-case hex MD5 of parts with nothing in between, as PayKeeper's handlers compute it.
func hexMD5(parts ...string) string {
	sum := md5.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // the protocol's own
	return hex.EncodeToString(sum[:])
}

// signature is over the whole body, for handlers that want more than the key: fields cannot be shifted under it.
func signature(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}
