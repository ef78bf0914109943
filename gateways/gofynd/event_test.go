package gofynd

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func read(t *testing.T, body string) Event {
	t.Helper()
	event, err := Read(http.Header{}, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return event
}

// The vector of a webhook as Fynd signs it, computed with fdk-extension-javascript's way of verifying.
func TestVerify(t *testing.T) {
	body := sample(t, "refund_initiated_platform.json")
	header := http.Header{"X-Fp-Signature": {"531866392ae13872fba204d5429df5a4c0b3cc3dd5f257c1f844a529f9a7e8fb"}}
	if err := Driver.Inbox.Verify(header, body, []string{"the next one", "ext_secret_123"}); err != nil {
		t.Error(err)
	}
	if err := Driver.Inbox.Verify(header, body, []string{"the next one"}); err == nil {
		t.Error("verified with another secret")
	}
	if err := Driver.Inbox.Verify(http.Header{}, []byte(`{"event":{"name":"ping"}}`), []string{"ext_secret_123"}); err == nil {
		t.Error("a ping needs no signature")
	}
}

func TestReadFlat(t *testing.T) {
	event := read(t, string(sample(t, "refund_initiated_flat.json")))
	want := Event{
		EventID: event.Digest, Digest: event.Digest, Name: "REFUND_INITIATED", At: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC),
		PartnerOrderID: "FY64D4E4250DB0CBEF1D", AffiliateOrderID: "1001", GID: "TR64D4E4250DB0CBEF1D", StoreID: "40",
		ShipmentID: "16916747740991418099", RefundID: "RF1001", RequestID: "16916747740991418099", AmountText: "499.00", Currency: "INR",
	}
	if event.Amount == nil || *event.Amount != money.New(49900, "INR") || len(event.Digest) != 64 {
		t.Errorf("amount %v, digest %s", event.Amount, event.Digest)
	}
	event.Amount = nil
	if fmt.Sprint(event) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", event, want)
	}
}

func TestReadPlatform(t *testing.T) {
	event := read(t, string(sample(t, "refund_initiated_platform.json")))
	if event.Name != "REFUND_INITIATED" || event.EventID != "e1" || event.CompanyID != "1" || event.ApplicationID != "64d24a8a911bf1c20ac3685c" ||
		event.PartnerOrderID != "FY1" || event.AmountText != "100" || !event.At.Equal(time.UnixMilli(1700000000000)) {
		t.Errorf("event %+v", event)
	}
	if event.Amount != nil {
		t.Errorf("a unit nobody states is taken for %v", event.Amount)
	}
	units, smallest := event.Readings("INR")
	if units == nil || *units != money.New(10000, "INR") || smallest == nil || *smallest != money.New(100, "INR") {
		t.Errorf("readings %v and %v", units, smallest)
	}
	event = read(t, `{"company_id":"7","application_id":["a1","a2"],"event":{"id":99999999999999999999,"name":"payment","type":"complete","created_timestamp":"1700000000000"},
		"payload":{"payment_object_list":[{"id":"TR9","amount_in_paisa":"49900","currency":"inr","merchant_order_id":"FY9"},{"id":"TR10"}]}}`)
	if event.Name != "PAYMENT_COMPLETE" || event.EventID != "99999999999999999999" || event.ApplicationID != "a1" || event.GID != "TR9" ||
		event.PartnerOrderID != "FY9" || event.Amount == nil || *event.Amount != money.New(49900, "INR") {
		t.Errorf("event %+v", event)
	}
	event = read(t, `{"event":{"name":"shipment","type":"update"},"payload":{"shipment_id":"16916747740991418099","shipment":{"fynd_order_id":"FY1","affiliate_id":"aff",
		"affiliate_order_id":"1001","meta":{"ordering_store_details":{"id":40}},"shipment_status":{"status":"bag_packed"}}}}`)
	if event.Name != "SHIPMENT_UPDATED" || event.ShipmentID != "16916747740991418099" || event.StoreID != "40" || event.AffiliateID != "aff" ||
		event.AffiliateOrderID != "1001" || event.ShipmentStatus != "bag_packed" || len(event.Problems) != 0 {
		t.Errorf("event %+v", event)
	}
	event = read(t, `{"event":{"name":"refund","type":"refund_done"},"payload":{"order_id":"FY1","merchant_order_id":"TR1","merchant_refund_id":16916747740991418099,"amount":"79"}}`)
	if event.GID != "TR1" || event.RefundID != "16916747740991418099" || event.AffiliateOrderID != "" {
		t.Errorf("event %+v", event)
	}
}

func TestNames(t *testing.T) {
	for of, want := range map[string]string{
		"order placed": "ORDER_PLACED", "order pending": "ORDER_PENDING", "order payment_failed": "ORDER_PAYMENT_FAILED",
		"shipment create": "SHIPMENT_CREATED", "shipment update": "SHIPMENT_UPDATED", "shipment data_update": "SHIPMENT_UPDATED",
		"refund refund_initiated": "REFUND_INITIATED", "refund refund_pending": "REFUND_PENDING", "refund refund_done": "REFUND_DONE",
		"refund refund_failed": "REFUND_FAILED", "payment complete": "PAYMENT_COMPLETE", "payment pending": "PAYMENT_PENDING",
		"payment failed": "PAYMENT_FAILED", "ping ping": "PING", "courier-partner assign": "COURIER_PARTNER_ASSIGN", "ping ": "PING",
	} {
		family, kind, _ := strings.Cut(of, " ")
		if got := platformName(family, kind); got != want {
			t.Errorf("%s is %s, want %s", of, got, want)
		}
	}
}

func TestEventID(t *testing.T) {
	body := sample(t, "refund_initiated_platform.json")
	event, err := Read(http.Header{"X-Fp-Event-Id": {"evt-1"}}, body)
	if err != nil || event.EventID != "evt-1" {
		t.Errorf("got %s, %v", event.EventID, err)
	}
	event, err = Read(http.Header{"X-Fp-Event-Id": {"evt 1\n"}}, body)
	if err != nil || event.EventID != "e1" {
		t.Errorf("got %s, %v", event.EventID, err)
	}
}

func TestReadOrder(t *testing.T) {
	event := read(t, string(sample(t, "order_placed_flat.json")))
	order := event.Order
	if order == nil || len(event.Problems) != 0 {
		t.Fatalf("no order: %v", event.Problems)
	}
	if event.Name != "ORDER_PLACED" || event.StoreID != "40" || event.CompanyID != "1" || !event.At.Equal(time.Date(2026, 1, 30, 3, 30, 0, 0, time.UTC)) {
		t.Errorf("event %+v", event)
	}
	if order.Currency != "INR" || order.Total != 155800 || order.Shipping != 4000 || order.ShippingTax != 800 || order.Discount != 0 ||
		!order.PlacedAt.Equal(time.Date(2026, 1, 30, 3, 29, 0, 0, time.UTC)) || order.Customer != (Customer{"Zoë रवि", "zoe@example.com", "+919000090000"}) {
		t.Errorf("order %+v", order)
	}
	if len(order.Items) != 2 || order.Items[0] != (Item{"KURTA-01", "Kurta <blue>", 2, 74950, 10000, 7000, 146900}) ||
		order.Items[1] != (Item{"SCARF-07", "Scarf", 1, 4050, 0, 50, 4100}) {
		t.Errorf("items %+v", order.Items)
	}
	if order.Payment == nil || *order.Payment != (OrderPayment{"razorpay", "pay_KF00000000001B", "order_KF00000000001A", "upi", "complete", 155800}) {
		t.Errorf("payment %+v", order.Payment)
	}
	if order.BillingAddress != (Address{Name: "Zoë", Line1: "12 Hill Road", Line2: "Bandra", Landmark: "Opposite the mill", City: "Mumbai", State: "Maharashtra", Postcode: "400050", Country: "India"}) {
		t.Errorf("billing address %+v", order.BillingAddress)
	}
	if order.ShippingAddress.Line1 != "12 Hill Road" || order.ShippingAddress.Postcode != "400050" {
		t.Errorf("shipping address %+v", order.ShippingAddress)
	}
	envelope := read(t, `{"event":{"name":"order","type":"placed"},"payload":{"order":{"fynd_order_id":"FY2","currency":"INR","total":"10","items":[{"name":"Pin","unit_price":"10"}]}}}`)
	if envelope.Order == nil || envelope.Order.Items[0].Total != 1000 || envelope.PartnerOrderID != "FY2" {
		t.Errorf("event %+v", envelope)
	}
}

// What cannot be read is said, and the rest of the event counts.
func TestProblems(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"an amount of words", `{"event":"REFUND_INITIATED","amount":"ten","currency":"INR"}`, `"ten" is no amount`},
		{"an amount below zero", `{"event":"REFUND_INITIATED","amount":-5,"currency":"INR"}`, `"-5" is no amount`},
		{"an amount with an exponent", `{"event":"REFUND_INITIATED","amount":1e3,"currency":"INR"}`, `"1e3" is no amount`},
		{"parts of a paisa", `{"event":"REFUND_INITIATED","amount":"0.001","currency":"INR"}`, "more decimals than INR"},
		{"too much", `{"event":"REFUND_INITIATED","amount":"99999999999999999","currency":"INR"}`, "no number of smallest units"},
		{"a currency nobody knows", `{"event":"REFUND_INITIATED","amount":"1","currency":"XXQ"}`, `"XXQ" is not a currency`},
		{"a time of words", `{"event":"REFUND_INITIATED","occurred_at":"yesterday"}`, "time cannot be read"},
		{"a time long ago", `{"event":"REFUND_INITIATED","occurred_at":-1}`, "time cannot be read"},
		{"an order that is a list", `{"event":"ORDER_PLACED","currency":"INR","order":[1]}`, "no object"},
		{"an order in no currency", `{"event":"ORDER_PLACED","order":{"total":"1"}}`, `"" is not a currency`},
		{"half a piece", `{"event":"ORDER_PLACED","currency":"INR","order":{"items":[{"quantity":"0.5"}]}}`, `item 1: quantity: "0.5" is no number of pieces`},
		{"more than an amount can hold", `{"event":"ORDER_PLACED","currency":"INR","order":{"items":[{"quantity":9000000000000000000,"unit_price":"9999999999999"}]}}`, "more than an amount can hold"},
		{"a total of words", `{"event":"ORDER_PLACED","currency":"INR","order":{"total":"free"}}`, `total: "free" is no amount`},
	}
	for _, tt := range tests {
		event := read(t, tt.body)
		if len(event.Problems) != 1 || !strings.Contains(event.Problems[0], tt.want) || event.Amount != nil || event.Order != nil || event.Name == "" {
			t.Errorf("%s: %+v, want %q", tt.name, event, tt.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "no event": `{}`, "an event without a name": `{"event":{}}`, "a list": `[]`, "two values": `{"event":"A"}{}`,
		"a NUL": `{"event":"A\u0000"}`, "bytes that are no text": "{\"event\":\"A\xff\"}", "depth": strings.Repeat(`{"event":`, 100), "length": `{"event":"A","x":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		if event, err := Read(http.Header{}, []byte(body)); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
}

// Of two members with one name the last counts, every time.
func TestDoubledMembers(t *testing.T) {
	for range 20 {
		if event := read(t, `{"event":"A","event":"REFUND_DONE","store_id":1,"store_id":40,"amount":"1","amount":"2","currency":"INR"}`); event.Name != "REFUND_DONE" ||
			event.StoreID != "40" || event.Amount.Minor != 200 {
			t.Fatalf("event %+v", event)
		}
	}
}

func TestReadings(t *testing.T) {
	tests := []struct {
		text, currency  string
		units, smallest int64 // -1 when it cannot be
	}{
		{"499.00", "INR", 49900, 499},
		{"499.50", "INR", 49950, -1},
		{"79", "INR", 7900, 79},
		{"79", "JPY", 79, 79},
		{"1.234", "KWD", 1234, -1},
		{"", "INR", -1, -1},
		{"NaN", "INR", -1, -1},
		{"1", "", -1, 1},
		{"0", "INR", 0, 0},
	}
	for _, tt := range tests {
		units, smallest := Event{AmountText: tt.text}.Readings(tt.currency)
		if minor(units) != tt.units || minor(smallest) != tt.smallest {
			t.Errorf("%q %s reads %d and %d, want %d and %d", tt.text, tt.currency, minor(units), minor(smallest), tt.units, tt.smallest)
		}
	}
}

func minor(amount *money.Amount) int64 {
	if amount == nil {
		return -1
	}
	return amount.Minor
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"refund_initiated_flat.json", "refund_initiated_platform.json", "order_placed_flat.json"} {
		f.Add(sample(f, name))
	}
	f.Add([]byte(`{"event":{"name":"payment","type":"complete"},"payload":{"payment_object_list":[[["x"]],1]}}`))
	f.Add([]byte(`{"event":["A"],"order":{"items":[null],"currency":"JPY"},"occurred_at":9999999999999}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := Read(http.Header{}, body)
		if err != nil {
			return
		}
		told := fmt.Sprintf("%+v %+v", event, event.Order)
		if event.Name == "" || event.EventID == "" || !utf8.ValidString(told) || strings.Contains(told, "\x00") {
			t.Fatalf("%q is read as %s", body, told)
		}
		if event.Amount != nil && event.Amount.Minor < 0 || event.At.Year() > 9999 {
			t.Fatalf("%q is read as %s", body, told)
		}
		if again, err := Read(http.Header{}, body); err != nil || again.Digest != event.Digest || fmt.Sprint(again.Problems) != fmt.Sprint(event.Problems) {
			t.Fatalf("%q is read in two ways", body)
		}
		if _, err := Driver.Inbox.Read(http.Header{}, body); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

var _ gateways.Inbox = inbox{}
