package gateways

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/money"
)

func TestReadForm(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"a form", "id=7&orderid=%D0%97-1&sum=10.00&empty=&flag", ""},
		{"nothing", "", "empty"},
		{"too long", "a=" + strings.Repeat("x", formLimit), "longer than 64 KiB"},
		{"a name twice", "id=7&id=8", "names id twice"},
		{"a NUL", "id=%00", "holds a NUL"},
		{"not UTF-8", "id=%ff", "not UTF-8"},
		{"a broken escape", "id=%f", "not a form"},
		{"JSON", `{"id":7}`, "not a form"},
		{"a name with a blank", " id=7", "not a form"},
		{"no name", "=7", "not a form"},
	}
	for _, tt := range tests {
		fields, err := ReadForm([]byte(tt.body))
		if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, %v, want %q", tt.name, fields, err, tt.want)
		}
	}
	if fields, err := ReadForm([]byte("orderid=%D0%97-1&name=a+b")); err != nil || fields["orderid"] != "З-1" || fields["name"] != "a b" {
		t.Errorf("%v, %v", fields, err)
	}
}

func TestPostForm(t *testing.T) {
	var sent, kind string
	bank := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent, kind = string(body), r.Header.Get("Content-Type")
		_, _ = io.WriteString(w, "OK")
	})
	answer, err := bank.client().PostForm(t.Context(), "refund", "/refunds", url.Values{"b": {"ü"}, "a": {"1 &"}})
	if err != nil || string(answer.Body) != "OK" || sent != "a=1+%26&b=%C3%BC" || kind != "application/x-www-form-urlencoded" {
		t.Errorf("sent %q as %s, %v", sent, kind, err)
	}
}

func TestWhatIsShownOfAnEncryptedCall(t *testing.T) {
	bank := serve(t, answering(200, "cipher"))
	c := bank.client()
	c.Show = func(body string) string { return "inside " + body + " 4111111111111111" }
	ctx, trace := WithTrace(t.Context())
	if _, err := c.PostForm(ctx, "refund", "/", url.Values{"a": {"1"}}); err != nil {
		t.Fatal(err)
	}
	if x := trace.Exchanges()[0]; x.Request != "inside a=1 411111…1111" || x.Answer != "inside cipher 411111…1111" {
		t.Errorf("shown %q, %q", x.Request, x.Answer)
	}
}

func TestText(t *testing.T) {
	tests := []struct{ raw, want string }{
		{`"7"`, "7"},
		{`7`, "7"},
		{`1499.0`, "1499.0"},
		{`"51304 "`, "51304"},
		{`null`, ""},
		{`"null"`, ""},
		{`""`, ""},
		{`true`, "true"},
		{`[]`, "refused"},
		{`{}`, "refused"},
	}
	for _, tt := range tests {
		var got Text
		if err := json.Unmarshal([]byte(tt.raw), &got); err != nil {
			got = "refused"
		}
		if string(got) != tt.want {
			t.Errorf("%s is read as %q, want %q", tt.raw, got, tt.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	tests := []struct {
		text, currency string
		want           int64 // -1 when refused
	}{
		{"1499.00", "INR", 149900},
		{"1499.0", "INR", 149900},
		{"1499", "INR", 149900},
		{" 1499.5000\r\n", "INR", 149950},
		{"0.0", "RUB", 0},
		{"0", "RUB", 0},
		{"1000.00", "JPY", 1000},
		{"1.005", "INR", -1},
		{"1.0050", "KWD", 1005},
		{"", "INR", -1},
		{".", "INR", -1},
		{"-1.00", "INR", -1},
		{"1e3", "INR", -1},
		{"1,499.00", "INR", -1},
		{"0", "", -1},
		{"0x10", "INR", -1},
	}
	for _, tt := range tests {
		got, err := Decimal(tt.text, tt.currency)
		if (err != nil) != (tt.want < 0) || (err == nil && got != money.New(tt.want, tt.currency)) {
			t.Errorf("Decimal(%q, %q) = %v, %v", tt.text, tt.currency, got, err)
		}
	}
}

func TestRecords(t *testing.T) {
	tests := []struct {
		raw  string
		want int // -1 when refused
	}{
		{`[{"id":"7","n":1.50,"list":[1],"none":null}]`, 1},
		{`{"id":7}`, 1},
		{`[]`, 0},
		{`[{"id":7},{"id":"7"}]`, 2},
		{`null`, -1},
		{`[null]`, -1},
		{`7`, -1},
		{`"7"`, -1},
	}
	for _, tt := range tests {
		var got Records
		err := json.Unmarshal([]byte(tt.raw), &got)
		if (err != nil) != (tt.want < 0) || err == nil && len(got) != tt.want {
			t.Errorf("%s is read as %v, %v", tt.raw, got, err)
		}
		for _, r := range got {
			if err == nil && r["id"] != "7" {
				t.Errorf("%s is read as %v", tt.raw, got)
			}
		}
	}
	r := Record{"a": "", "b": "2"}
	if r.First("a", "x", "b") != "2" || r.First("a") != "" {
		t.Errorf("First of %v", r)
	}
}
