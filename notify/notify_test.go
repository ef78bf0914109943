package notify

import (
	"net/url"
	"testing"
	"time"

	"github.com/kartify/kartify/money"
)

// The vectors of PayKeeper's own handlers: number_format, then md5 (PayKeeper docs, Приём POST оповещений).
func TestKeyAndAnswer(t *testing.T) {
	for _, tt := range []struct {
		id, client, order, secret string
		minor                     int64
		sum, key, answer          string
	}{
		{"123456", "Иванов Иван Иванович", "ORD-1001", "MySecretSeed", 19950, "199.50", "14b57764ba8647586d01bf4692c2ed3b", "OK aefcaf9a5c52f72964f3113d382cff57"},
		{"7", "", "", "s3cr3t", 100000, "1000.00", "04c038d075dcdd15949671f976108703", "OK a9c7f0575335f8d7a42807db1a0f5065"},
		{"987654", "client@example.com", "10/77", "секрет", 123450, "1234.50", "d8338e0a57a06c6b85f7dac10ce667db", "OK f163d9a685227ddacd99fb182c196121"},
	} {
		n := Notice{ID: tt.id, Sum: money.New(tt.minor, "RUB"), Client: tt.client, Order: tt.order}
		form := n.Form(tt.secret)
		if form.Get("sum") != tt.sum || form.Get("key") != tt.key {
			t.Errorf("payment %s: sum %s key %s, want %s %s", tt.id, form.Get("sum"), form.Get("key"), tt.sum, tt.key)
		}
		if got := n.Answer(tt.secret); got != tt.answer {
			t.Errorf("payment %s is answered with %q, want %q", tt.id, got, tt.answer)
		}
	}
}

func TestSumsOfOtherCurrencies(t *testing.T) {
	for want, amount := range map[string]money.Amount{"1000.00": money.New(1000, "JPY"), "1.234": money.New(1234, "KWD"), "0.05": money.New(5, "INR")} {
		if got := (Notice{Sum: amount}).Form("s").Get("sum"); got != want {
			t.Errorf("%v is said as %s, want %s", amount, got, want)
		}
	}
}

func TestFormSaysWhatIsKnown(t *testing.T) {
	at := time.Date(2026, 3, 31, 22, 30, 0, 0, time.UTC)
	full := Notice{
		ID: "12", Sum: money.New(1, "RUB"), Client: "A&B", Order: "1", Service: "Чай", Email: "a@b.example", Phone: "+79101234567", System: "52",
		BatchDate: at, Receipt: "fop", Card: "411111******1111", Obtained: at, Gateway: "paykeeper", GatewayRef: "9007199254740993000",
	}
	form, err := url.ParseQuery(full.Form("secret").Encode())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"clientid": "A&B", "service_name": "Чай", "client_email": "a@b.example", "client_phone": "+79101234567", "ps_id": "52", "batch_date": "2026-04-01",
		"fop_receipt_key": "fop", "card_number": "411111******1111", "obtain_datetime": "2026-04-01 01:30:00", "currency": "RUB", "gateway": "paykeeper",
		"gateway_payment_id": "9007199254740993000",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	bare := Notice{ID: "12", Sum: money.New(1, "RUB")}.Form("secret")
	for _, name := range []string{"batch_date", "card_number", "obtain_datetime", "fop_receipt_key"} {
		if bare.Has(name) {
			t.Errorf("a payment without %s says %q", name, bare.Get(name))
		}
	}
}

// A digit that moves from one field to the next leaves the key as it is, and not the signature.
func TestSignatureVouchesForEveryField(t *testing.T) {
	one := Notice{ID: "12", Sum: money.New(345, "RUB"), Order: "1"}.Form("secret")
	other := Notice{ID: "123", Sum: money.New(45, "RUB"), Order: "1"}
	shifted := other.Form("secret")
	shifted.Set("sum", ".45")
	if signature(one.Encode(), "secret") == signature(shifted.Encode(), "secret") {
		t.Error("two notices have one signature")
	}
	if signature("a", "secret") == signature("a", "other") {
		t.Error("the secret word is not in the signature")
	}
}
