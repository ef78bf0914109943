package gofynd

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/money"
)

func asked(t testing.TB) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(body)
}

// with is the sample with members put in or replaced; a value of nil takes one out.
func with(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(asked(t)))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestReadSession(t *testing.T) {
	in, err := ReadSession(asked(t))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case in.GID != "TR64D4E0D50D7B9210BC" || in.PFOrderID != "FY64D4E0D50D7B9210BC" || in.CompanyID != "1" || in.ApplicationID != "64d24a8a911bf1c20ac3685c":
		t.Errorf("ids: %+v", in)
	case in.Amount != money.New(23000, "INR") || in.Mode != "test" || in.Kind != "sale":
		t.Errorf("money: %+v", in)
	case len(in.Methods) != 1 || in.Methods[0].Name != "Net banking" || len(in.Methods[0].Subs) != 1 || in.Methods[0].Subs[0].Code != "SBIN":
		t.Errorf("methods: %+v", in.Methods)
	case in.Customer != (Customer{"sandbox user", "test@example.com", "9999999999"}):
		t.Errorf("customer: %+v", in.Customer)
	case !in.InitiatedAt.Equal(time.Unix(1691672790, 0)):
		t.Errorf("time: %v", in.InitiatedAt)
	case !strings.HasSuffix(in.SuccessURL, "cart_id=64d4e0d5&order_id=FY64D4E0D50D7B9210BC"):
		t.Errorf("success URL: %s", in.SuccessURL)
	}
	want := Address{
		Name: "sandbox user", Line1: "12 Saki Vihar Road", Line2: "Andheri East", Landmark: "Near the lake", City: "Mumbai", State: "Maharashtra",
		Postcode: "400072", Country: "IN", Phone: "+91 9999999999", Email: "test@example.com",
	}
	if in.Billing.Address != want || string(in.Billing.Extra["geo_location"]) != `{"latitude":19.11,"longitude":72.89}` {
		t.Errorf("billing address: %+v", in.Billing)
	}
	if got := in.Shipping; got.Phone != "+91 9999999999" || got.Postcode != "400072" || string(got.Extra["sector"]) != `"5"` || got.Landmark != "" {
		t.Errorf("shipping address: %+v", got)
	}
}

// The documentation and the boilerplates write the same session in different ways.
func TestReadSessionInOtherSpellings(t *testing.T) {
	for name, changes := range map[string]map[string]any{
		"the order under its other name":   {"pf_order_id": nil, "fynd_platform_id": "FY64D4E0D50D7B9210BC"},
		"ids and sums as text":             {"company_id": "1", "amount": "23000"},
		"a sum as another language has it": {"amount": json.Number("23000.0")},
		"milliseconds":                     {"initiated_at": 1691672790000},
		"text of milliseconds":             {"initiated_at": "1691672790000"},
		"capitals":                         {"mode": "TEST", "currency": "inr"},
		"members nobody knows":             {"cod_eligibility": true, "meta": map[string]any{"a": 1}, "sector": nil},
		"another sum in the same unit":     {"total_amount": 23000, "amount_captured": 0},
	} {
		in, err := ReadSession(with(t, changes))
		if err != nil || in.PFOrderID != "FY64D4E0D50D7B9210BC" || in.CompanyID != "1" || in.Amount != money.New(23000, "INR") || in.Mode != "test" || !in.InitiatedAt.Equal(time.Unix(1691672790, 0)) {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
	for _, word := range []any{"", "Date", json.Number("16916747740991418099"), -1, nil, []any{}} {
		if in, err := ReadSession(with(t, map[string]any{"initiated_at": word})); err != nil || !in.InitiatedAt.IsZero() {
			t.Errorf("the time %v: %v, %v", word, in.InitiatedAt, err)
		}
	}
	if in, err := ReadSession(with(t, map[string]any{"gid": json.Number("16916747740991418099")})); err != nil || in.GID != "16916747740991418099" {
		t.Errorf("a number of 20 digits is %q, %v", in.GID, err)
	}
	body := strings.Replace(string(asked(t)), `"seller_locale":"en-IN"`, `"seller_locale":"","seller_locale":"en-IN"`, 1)
	body = strings.Replace(body, `"amount":`, `"amount":"","amount":`, 1)
	if in, err := ReadSession([]byte(body)); err != nil || in.Amount.Minor != 23000 {
		t.Errorf("doubled members of which one is empty: %v, %v", in.Amount, err)
	}
}

func TestRefusedSessions(t *testing.T) {
	method := func(code, name string) map[string]any {
		return map[string]any{"payment_methods": []any{map[string]any{"code": code, "name": name}}}
	}
	for _, tt := range []struct {
		name    string
		changes map[string]any
		want    string
	}{
		{"no gid", map[string]any{"gid": nil}, "The body lacks gid."},
		{"an empty gid and no address", map[string]any{"gid": " ", "success_url": nil}, "The body lacks gid, success_url."},
		{"no company", map[string]any{"company_id": nil}, "Missing app_id or company_id"},
		{"no channel", map[string]any{"app_id": nil}, "Missing app_id or company_id"},
		{"a gid that is none", map[string]any{"gid": "TR 1"}, "The gid is no ID"},
		{"another mode", map[string]any{"mode": "sandbox"}, "The mode is test or live"},
		{"no currency of the world", map[string]any{"currency": "XXQ"}, `"XXQ" is not a currency.`},
		{"rupees", map[string]any{"amount": "230.00"}, "not in whole smallest units"},
		{"a fraction", map[string]any{"amount": 230.5}, "not a whole number of smallest units"},
		{"nothing", map[string]any{"amount": 0}, "above zero"},
		{"less than nothing", map[string]any{"amount": -23000}, "above zero"},
		{"too much", map[string]any{"amount": "1000000000000000000"}, "not a whole number of smallest units"},
		{"a power", map[string]any{"amount": json.Number("23e3")}, "not a whole number of smallest units"},
		{"a list", map[string]any{"amount": map[string]any{"value": 1}}, "The body lacks amount."},
		{"two units", map[string]any{"amount": 388, "amount_captured": 38800}, "one of them is in another unit"},
		{"two units, the other way round", map[string]any{"amount": 38800, "total_amount": "388"}, "one of them is in another unit"},
		{"Apple Pay", method("APPLE_PAY", ""), "Apple Pay cannot be paid with"},
		{"Google Pay by its name", method("X", "Google Pay"), "Google Pay cannot be paid with"},
		{"Shop Pay", method("shop-pay", ""), "Shop Pay cannot be paid with"},
		{"PayPal", method("PAYPAL", ""), "PayPal cannot be paid with"},
		{"Alipay", method("AliPay", ""), "Alipay cannot be paid with"},
	} {
		_, err := ReadSession(with(t, tt.changes))
		var said *SessionError
		if !errors.As(err, &said) || !strings.Contains(said.Sentence, tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, body := range []string{``, `null`, `[]`, `"x"`, `{"gid":`, strings.Replace(string(asked(t)), `"amount":23000`, `"amount":23000,"amount":24000`, 1)} {
		if _, err := ReadSession([]byte(body)); err == nil {
			t.Errorf("%.60s is a session", body)
		}
	}
}

// What is stored has every digit, and the same body written otherwise has the same hash.
func TestKeep(t *testing.T) {
	keep := func(body string) Kept {
		t.Helper()
		kept, err := Keep([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return kept
	}
	first := keep(`{"b":16916747740991418099,"a":[1.0,"é\ud800"],"z":null}`)
	if want := `{"b":16916747740991418099,"a":[1.0,"é\ufffd"],"z":null}`; string(first.Body) != want {
		t.Errorf("kept %s, want %s", first.Body, want)
	}
	if same := keep(` { "z" : null, "a":[1,"\u00e9\ud800"], "b":16916747740991418099 }`); !bytes.Equal(same.Hash, first.Hash) {
		t.Error("the same body in another order is another body")
	}
	for _, other := range []string{`{"b":16916747740991418098,"a":[1.0,"é\ud800"],"z":null}`, `{"b":16916747740991418099,"a":[1.0,"é\ud800"]}`, `{"b":"16916747740991418099","a":[1.0,"é\ud800"],"z":null}`} {
		if bytes.Equal(keep(other).Hash, first.Hash) {
			t.Errorf("%s is taken for the first body", other)
		}
	}
	for _, bad := range []string{``, `{`, `{"a":"\u0000"}`, `{"\u0000":1}`, `{"a":1e999999}`, `{"a":` + strings.Repeat("9", 101) + `}`, strings.Repeat("[", 100) + strings.Repeat("]", 100), "\"\xff\""} {
		if _, err := Keep([]byte(bad)); err == nil {
			t.Errorf("%.40q is kept", bad)
		}
	}
}

// Whatever comes is read or refused, and what is read has an amount above zero and ids.
func FuzzReadSession(f *testing.F) {
	f.Add(asked(f))
	f.Add([]byte(`{"gid":1,"amount":"1","currency":"KWD","success_url":"x","cancel_url":["y"],"app_id":"a","company_id":1,"payment_methods":{"code":1}}`))
	f.Add([]byte(`{"gid":"g","amount":1,"amount":100,"currency":"INR"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if kept, err := Keep(body); err == nil && !json.Valid(kept.Body) {
			t.Fatalf("kept %q of %q", kept.Body, body)
		}
		in, err := ReadSession(body)
		var said *SessionError
		switch {
		case err == nil && (in.Amount.Minor <= 0 || in.GID == "" || in.CompanyID == "" || in.ApplicationID == "" || in.SuccessURL == ""):
			t.Fatalf("%q is read as %+v", body, in)
		case err != nil && (!errors.As(err, &said) || said.Sentence == ""):
			t.Fatalf("%q is refused without a sentence: %v", body, err)
		}
	})
}
