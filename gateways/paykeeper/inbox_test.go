package paykeeper

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func notification(fields ...string) []byte {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return []byte(form.Encode())
}

// The vectors were computed with number_format and md5 of PHP.
func TestVerify(t *testing.T) {
	tests := []struct{ id, sum, clientid, orderid, secret, key, reply string }{
		{"123456", "199.50", "Иванов Иван Иванович", "ORD-1001", "MySecretSeed", "14b57764ba8647586d01bf4692c2ed3b", "OK aefcaf9a5c52f72964f3113d382cff57"},
		{"7", "1000", "", "", "s3cr3t", "04c038d075dcdd15949671f976108703", "OK a9c7f0575335f8d7a42807db1a0f5065"},
		{"987654", "1234.5", "client@example.com", "10/77", "секрет", "d8338e0a57a06c6b85f7dac10ce667db", "OK f163d9a685227ddacd99fb182c196121"},
	}
	for _, tt := range tests {
		body := notification("id", tt.id, "sum", tt.sum, "clientid", tt.clientid, "orderid", tt.orderid, "key", tt.key, "ps_id", "1")
		for name, secrets := range map[string][]string{"alone": {tt.secret}, "with a newer one": {"newer", tt.secret}} {
			if err := Driver.Inbox.Verify(http.Header{}, body, secrets); err != nil {
				t.Errorf("%s, %s: %v", tt.id, name, err)
			}
			event, err := Driver.Inbox.Read(http.Header{}, body)
			if err != nil {
				t.Fatal(err)
			}
			if kind, reply := (inbox{}).Reply(event, secrets); string(reply) != tt.reply || !strings.HasPrefix(kind, "text/plain") {
				t.Errorf("%s, %s: replied %q as %s", tt.id, name, reply, kind)
			}
		}
		upper := notification("id", tt.id, "sum", tt.sum, "clientid", tt.clientid, "orderid", tt.orderid, "key", strings.ToUpper(tt.key))
		if err := Driver.Inbox.Verify(http.Header{}, upper, []string{tt.secret}); err != nil {
			t.Errorf("%s in capitals: %v", tt.id, err)
		}
	}
	raw := notification("id", "7", "sum", "1000", "key", digest("71000s3cr3t"))
	if err := Driver.Inbox.Verify(http.Header{}, raw, []string{"s3cr3t"}); err != nil {
		t.Errorf("signed over the sum as it is written: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	good := []string{"id", "7", "sum", "1000.00", "clientid", "", "orderid", "1001", "key", digest("71000.001001s3cr3t")}
	with := func(field, value string) []byte {
		changed := append([]string(nil), good...)
		for i := 0; i < len(changed); i += 2 {
			if changed[i] == field {
				changed[i+1] = value
			}
		}
		return notification(changed...)
	}
	if err := Driver.Inbox.Verify(http.Header{}, notification(good...), []string{"s3cr3t"}); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"another sum":   with("sum", "1.00"),
		"another order": with("orderid", "1002"),
		"another payer": with("clientid", "x"),
		"another id":    with("id", "8"),
		"no key":        with("key", ""),
		"half a key":    with("key", digest("71000.001001s3cr3t")[:16]),
		"no id":         notification("sum", "1000.00", "orderid", "71001", "key", digest("1000.0071001s3cr3t")),
		"two sums":      append(notification(good...), "&sum=1.00"...),
		"JSON":          []byte(`{"id":"7"}`),
		"nothing":       nil,
	} {
		if err := Driver.Inbox.Verify(http.Header{}, body, []string{"s3cr3t"}); !errors.Is(err, gateways.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Driver.Inbox.Verify(http.Header{}, notification("id", "7", "sum", "1.00", "key", digest("71.00")), []string{""}); err == nil {
		t.Error("an empty secret word fits")
	}
}

// The key runs over fields with nothing between them, so digits may be shifted from one to the next: a payment of
// 1 rouble for an order becomes one of another payment, and the key stays right. The driver says that
// its webhooks are hints for this very reason.
func TestAShiftedFieldKeepsTheKey(t *testing.T) {
	key := digest("1234561.001001s3cr3t")
	honest := notification("id", "123456", "sum", "1.00", "clientid", "", "orderid", "1001", "key", key)
	shifted := notification("id", "12345", "sum", "61.00", "clientid", "", "orderid", "1001", "key", key)
	moved := notification("id", "123456", "sum", "1.00", "clientid", "1", "orderid", "001", "key", key)
	for name, body := range map[string][]byte{"honest": honest, "another sum": shifted, "another order": moved} {
		if err := Driver.Inbox.Verify(http.Header{}, body, []string{"s3cr3t"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Driver.Trust != gateways.Hinted {
		t.Error("a key that several notifications share is believed")
	}
}

func TestRead(t *testing.T) {
	event, err := Driver.Inbox.Read(http.Header{}, []byte(sample(t, "notification.txt")))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 7, 15, 0, 0, time.UTC)
	p := event.Payment
	if event.Name != "notification" || !event.At.Equal(at) || p == nil || p.Ref != "123456" || p.OrderRef != "ORD-1001" || p.Amount != money.New(19950, "RUB") ||
		p.Captured != 19950 || p.CardFirst6 != "411111" || p.CardLast4 != "1111" || p.Fiscal["fop_receipt_key"] == "" || p.Params["ps_id"] != "52" || p.Params["key"] != "" {
		t.Errorf("event %+v, payment %+v", event, p)
	}
	event, err = Driver.Inbox.Read(http.Header{}, notification("id", "7", "sum", "10.00", "batch_date", "2026-11-29"))
	if err != nil || event.Payment.Captured != 0 || !event.Payment.Authorized || event.Payment.CaptureBefore.IsZero() {
		t.Errorf("a hold: %+v, %v", event.Payment, err)
	}
	for name, body := range map[string][]byte{"a sum of words": notification("id", "7", "sum", "ten"), "a sum below zero": notification("id", "7", "sum", "-1.00"), "nothing": nil, "JSON": []byte("{}")} {
		if event, err := Driver.Inbox.Read(http.Header{}, body); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
	if kind, body := (inbox{}).Reply(gateways.Event{Name: "other"}, []string{"x"}); kind != "" || body != nil {
		t.Errorf("replied %q", body)
	}
}

func FuzzInbox(f *testing.F) {
	f.Add([]byte("id=7&sum=1000.00&orderid=1001&key=04c038d075dcdd15949671f976108703&batch_date=2026-11-29"))
	f.Add([]byte("id=7&sum=1e9&sum=2"))
	f.Add([]byte("%"))
	f.Fuzz(func(t *testing.T, body []byte) {
		verified := Driver.Inbox.Verify(http.Header{}, body, []string{"MySecretSeed", ""}) == nil
		event, err := Driver.Inbox.Read(http.Header{}, body)
		if err == nil && event.Name == "" {
			t.Fatalf("%q is an event without a name", body)
		}
		if verified && err == nil && event.Payment == nil {
			t.Fatalf("%q is signed and about no payment", body)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, raw := range []string{`[{"id":"1","pay_amount":"1.00","status":"success"}]`, `{"id":1,"pay_amount":1.5,"status":"refunded","batch_date":"2026-11-29"}`, `[null]`, `[]`, `null`, `{"a":[{}]}`} {
		f.Add([]byte(raw), []byte(`[{"id":"2","amount":"0.50","status":"done","datetime":"2026-11-22 10:00:00"}]`))
	}
	g := &gateway{now: func() time.Time { return noon }}
	f.Fuzz(func(t *testing.T, rows, refunds []byte) {
		var row, list records
		if gateways.DecodeJSON(rows, &row) != nil || len(row) != 1 {
			return
		}
		_ = gateways.DecodeJSON(refunds, &list)
		seen, err := g.read(row[0], row[0], list, rows)
		if err != nil {
			return
		}
		if seen.Captured < 0 || seen.Voided < 0 || seen.Refunded < 0 || seen.Captured+seen.Voided > seen.Amount.Minor || seen.Captured > 0 && !seen.Authorized {
			t.Fatalf("%s with %s is read as %+v", rows, refunds, seen)
		}
	})
}
