package gofynd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
)

const vectorSecret = "ext_secret_123"

const sessionVector = `{"customer_name":"sandbox user","customer_email":"test@example.com","app_id":"64d24a8a911bf1c20ac3685c","company_id":1,"gid":"TR64D4E0D50D7B9210BC","amount":23000,"currency":"INR","mode":"test"}`

// The first two are the fixtures of the payment-extension-boilerplate, the others were computed with Node.js and Python.
func TestChecksum(t *testing.T) {
	for _, v := range []struct{ secret, message, want string }{
		{"secret", `{"key":"test value"}`, "b800807ed2c815a9d559a8e2f991f7716b55d5353f8a07dcf873c194c2d5d32c"},
		{"secret", `TR893498924759553`, "9d0eea741c16280078c2881eb65de1c87c06be87915dd79e1027d0d4f36b0b15"},
		{vectorSecret, sessionVector, "2437eeccb584fbdf10fd155ff14d5caf65b87eff7d599d8ebc119a4d743e407d"},
		{vectorSecret, `TR64D4E0D50D7B9210BC`, "abfbcf6b4ea293b5ca70b0ad8d931cfa0905bb78962e813656a2fdea7af967dc"},
		{vectorSecret, `{"gid":"TR64D4E4250DB0CBEF1D","pf_order_id":"FY64D4E4250DB0CBEF1D","request_id":"16916747740991418099","app_id":"64d24a8a911bf1c20ac3685c","amount":23000,"currency":"INR","status":"initiate","journey_type":"CANCEL/RETURN"}`, "f345eca7944c043fa750dcefd877512424c895086b33831ddeb8be88b71dff97"},
		{vectorSecret, `{}`, "452fbb880befe3bf7d4b4c84ed2cc0c947112aa9e570b30909b66ecf20be5831"},
		{vectorSecret, `{"name":"Zoë <A&B>","url":"https://s/?a=1&b=2","amount":100.5,"whole":100}`, "e175562e75f841aa13de92141a53eeb124cb5d0606926bf93ceac8a6c2a51480"},
		{vectorSecret, `{"name":"Zo\u00eb <A&B>","url":"https://s/?a=1&b=2","amount":100.5,"whole":100.0}`, "d6455bc2c2d547f7149d6d02a969494c9054703911eb7b900150d6f670e5cf39"},
		{"secret1", `{"gid":"TR1","status":"complete","currency":"INR","total_amount":100,"payment_details":[{"gid":"TR1","amount":100,"currency":"INR","payment_id":"pay_1","mode":"live","success_url":"https://s/?a=1&b=<é>","cancel_url":"https://c/","amount_captured":100,"payment_methods":[{}],"g_user_id":"u","aggregator_order_id":"o1","status":"complete","created":"1700000000000"}],"order_details":{"gid":"TR1","amount":100,"status":"complete","currency":"INR","aggregator_order_details":{},"aggregator":"Dummy"}}`, "fe5f830b74943a31597e65d5ff68c698f17d0e7685fee6b9bad6771c2a3d1af4"},
	} {
		if got := Checksum(v.secret, []byte(v.message)); got != v.want || !RightChecksum(v.secret, v.want, []byte(v.message)) {
			t.Errorf("the checksum of %.60s is %s, want %s", v.message, got, v.want)
		}
	}
}

// What a sender signed may be written in another way than it was sent.
func TestChecksumOfOtherForms(t *testing.T) {
	for _, v := range []struct{ name, sent, signed string }{
		{"white space", `{ "a" : [1, 2 ,{}] , "b":null }`, `{"a":[1,2,{}],"b":null}`},
		{"a whole number with a fraction", `{"a":1.0,"b":1e3,"c":-0,"d":0.50,"e":1E-7,"f":123e18,"g":1e21}`, `{"a":1,"b":1000,"c":0,"d":0.5,"e":1e-7,"f":123000000000000000000,"g":1e+21}`},
		{"escapes", `{"a":"\u00e9\u0026\/\u2028\ud83d\ude00\u0007\u007f"}`, "{\"a\":\"é&/\u2028😀\\u0007\u007f\"}"},
		{"a lone surrogate", `{"a":"\uD83D x \uDE00"}`, `{"a":"\ud83d x \ude00"}`},
		{"names that are numbers", `{"b":1,"10":2,"9":3,"01":4,"-1":5,"4294967295":6,"4294967294":7}`, `{"9":3,"10":2,"4294967294":7,"b":1,"01":4,"-1":5,"4294967295":6}`},
		{"a name twice", `{"a":1,"b":2,"a":3,"\u0062":4}`, `{"a":3,"b":4}`},
		{"nothing outside ASCII", `{"a":"Zoë 😀","b":1.0}`, `{"a":"Zo\u00eb \ud83d\ude00","b":1}`},
		{"as Python writes it", `{"2":"Zoë 😀` + "\u007f" + `","1":100.0,"c":1e16,"d":0.00001,"e":1e3,"f":-0,"g":-0.0,"h":16916747740991418099}`, `{"2":"Zo\u00eb \ud83d\ude00\u007f","1":100.0,"c":1e+16,"d":1e-05,"e":1000.0,"f":0,"g":-0.0,"h":16916747740991418099}`},
	} {
		if !RightChecksum("s", Checksum("s", []byte(v.signed)), []byte(v.sent)) {
			t.Errorf("%s: %s is not taken for %s", v.name, v.sent, v.signed)
		}
	}
}

// A body that another language would write with another meaning is only what its bytes say.
func TestNoOtherForm(t *testing.T) {
	for _, v := range []struct{ name, sent, signed string }{
		{"digits that JavaScript loses", `{"request_id":16916747740991418099}`, `{"request_id":16916747740991420000}`},
		{"another number that JavaScript reads alike", `{"amount":9007199254740993}`, `{"amount":9007199254740992}`},
		{"a fraction that JavaScript loses", `{"amount":23000.000000000000000001}`, `{"amount":23000}`},
		{"a number too large", `{"amount":1e999}`, `{"amount":null}`},
		{"a number too small", `{"amount":1e-999}`, `{"amount":0}`},
		{"an exponent without end", `{"amount":1e99999999999999999999}`, `{"amount":null}`},
		{"two values", `{"a":1}{"a":2}`, `{"a":1}`},
		{"no JSON", `{"a":1,}`, `{"a":1}`},
		{"no UTF-8", "{\"a\":\"\xff\"}", "{\"a\":\"\uFFFD\"}"},
	} {
		if RightChecksum("s", Checksum("s", []byte(v.signed)), []byte(v.sent)) {
			t.Errorf("%s: %s is taken for %s", v.name, v.sent, v.signed)
		}
		if !RightChecksum("s", Checksum("s", []byte(v.sent)), []byte(v.sent)) {
			t.Errorf("%s: its own bytes are refused", v.name)
		}
	}
	if RightChecksum("", Checksum("", []byte("{}")), []byte("{}")) {
		t.Error("an empty secret signs")
	}
}

// Two thousand checksums and bodies that are wrong by a little are all refused.
func TestMutatedChecksums(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	body := []byte(sessionVector)
	right := Checksum(vectorSecret, body)
	meaning := func(raw []byte) string {
		v, ok := scan(raw)
		if !ok {
			return "none of " + string(raw)
		}
		form, _ := writer{}.form(v)
		return string(form)
	}
	for tries := range 2000 {
		sum, sent, secret := []byte(right), bytes.Clone(body), vectorSecret
		switch tries % 5 {
		case 0:
			sum[dice.IntN(len(sum))] ^= byte(1 + dice.IntN(255))
		case 1:
			sum = sum[:dice.IntN(len(sum))]
		case 2:
			for meaning(sent) == meaning(body) { // white space between members says nothing
				sent[dice.IntN(len(sent))] ^= byte(1 + dice.IntN(255))
			}
		case 3:
			for meaning(sent) == meaning(body) {
				at := dice.IntN(len(sent))
				sent = append(sent[:at:at], sent[at+1+dice.IntN(3)*min(1, len(sent)-at-3):]...)
			}
		default:
			raw := make([]byte, 32)
			for i := range raw {
				raw[i] = byte(dice.UintN(256))
			}
			sum, secret = []byte(hex.EncodeToString(raw)), vectorSecret+string(rune('a'+tries%26))
		}
		if RightChecksum(secret, string(sum), sent) {
			t.Fatalf("accepted: secret %s, checksum %s, body %s", secret, sum, sent)
		}
	}
	for _, sum := range []string{"", "0", right + " ", right + "0", "v1:" + right, string(bytes.ToUpper([]byte(right)))} {
		if RightChecksum(vectorSecret, sum, body) {
			t.Errorf("accepted: %q", sum)
		}
	}
}

// Whatever comes: no form breaks the reader, every form is JSON of the same meaning, and is its own form.
func FuzzForms(f *testing.F) {
	for _, seed := range []string{
		sessionVector, `{"a":"\ud83d\ude00\ud83d","1":[1.0,-0,1e21,1e-7],"a":{"__proto__":null}}`, `[[[["\u0000"]]]]`, `"\udfff"`, `1e400`, `10000000000000001`, `{}`, ``, ` { } `, `{"":"\\"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		forms := Forms(raw)
		if !bytes.Equal(forms[0], raw) {
			t.Fatal("the first form is not the bytes")
		}
		for _, form := range forms[1:] {
			if !json.Valid(form) {
				t.Fatalf("%q is written as %q, which is no JSON", raw, form)
			}
			var was, is any
			if json.Unmarshal(raw, &was) != nil || json.Unmarshal(form, &is) != nil {
				continue
			}
			if lone := bytes.Contains(form, []byte(`\ud`)); !lone && !reflect.DeepEqual(was, is) { // Go tells no lone surrogate from another
				t.Fatalf("%q is written as %q: %v became %v", raw, form, was, is)
			}
		}
		v, ok := scan(raw)
		for _, write := range []writer{{}, {ascii: true}, {ascii: true, python: true}} {
			form, whole := write.form(v)
			if !ok || !whole {
				continue // digits that JavaScript loses are left to Python
			}
			written, _ := scan(form)
			if again, _ := write.form(written); !bytes.Equal(again, form) {
				t.Fatalf("%q is written again as %q", form, again)
			}
		}
	})
}
