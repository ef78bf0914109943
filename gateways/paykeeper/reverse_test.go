package paykeeper

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestWhatIsSent(t *testing.T) {
	rub := func(minor int64) money.Amount { return money.New(minor, "RUB") }
	with := func(req gateways.Request, minor int64, lines ...gateways.Line) gateways.Request {
		req.Amount, req.Lines = rub(minor), lines
		return req
	}
	afterPart := drawnBefore
	afterPart.Refunded = 49950
	rest := with(refundOf, 99950)
	rest.Before = &afterPart
	kettle := gateways.Line{Ref: "K-1", Name: "Чайник\r\nэмалированный", Quantity: 2, Unit: 24975, TaxRate: 2000, Total: 49950}
	tests := []struct {
		name string
		req  gateways.Request
		path string
		form url.Values
	}{
		{"a refund of all", with(refundOf, 149900), reverse, url.Values{"id": {"123456"}, "amount": {"1499.00"}, "partial": {"false"}, "refund_cart": {"[]"}}},
		{"of a part", refundOf, reverse, url.Values{"id": {"123456"}, "amount": {"499.50"}, "partial": {"true"}, "refund_cart": {"[]"}}},
		{"of the rest", rest, reverse, url.Values{"id": {"123456"}, "amount": {"999.50"}, "partial": {"true"}, "refund_cart": {"[]"}}},
		{"of some goods", with(refundOf, 49950, kettle), reverse, url.Values{"id": {"123456"}, "amount": {"499.50"}, "partial": {"true"}, "refund_cart": {
			`[{"name":"Чайник эмалированный","price":249.75,"quantity":2,"sum":499.50,"tax":"vat20","item_type":"goods","payment_type":"full"}]`,
		}}},
		{"a capture", captureOf, capture, url.Values{"id": {"123456"}}},
		{"a void", voidOf, reverse, url.Values{"id": {"123456"}, "amount": {"1499.00"}, "partial": {"false"}, "refund_cart": {"[]"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, map[string]string{tt.path: `[{"result":"success"}]`})
			result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			want := gateways.Pending
			if tt.path == capture {
				want = gateways.Succeeded
			}
			if err != nil || result.Status != want || result.Amount != tt.req.Amount || s.sent[len(s.sent)-1] != tt.path {
				t.Fatalf("%+v, %v, sent %q", result, err, s.sent)
			}
			if got := s.posted(); got.Encode() != tt.form.Encode() {
				t.Errorf("sent %v, want %v", got, tt.form)
			}
		})
	}
}

func TestWhatIsNotSent(t *testing.T) {
	before := func(req gateways.Request, change func(*gateways.Payment)) gateways.Request {
		seen := *req.Before
		change(&seen)
		req.Before = &seen
		return req
	}
	dollars, more, less, partOfHold := refundOf, captureOf, captureOf, voidOf
	dollars.Amount.Currency, more.Amount.Minor, less.Amount.Minor, partOfHold.Amount.Minor = "USD", 149901, 100000, 1
	tests := []struct {
		name, part string
		req        gateways.Request
	}{
		{"while a refund is under way", "still returning", before(refundOf, func(p *gateways.Payment) { p.Word = "refunding" })},
		{"of a hold", "only held", before(refundOf, func(p *gateways.Payment) { p.Captured = 0 })},
		{"of what went back", "gone back to the buyer", before(refundOf, func(p *gateways.Payment) { p.Captured, p.Authorized, p.Canceled = 0, false, true })},
		{"an amount of what has a receipt with goods", "Choose the lines", before(refundOf, func(p *gateways.Payment) { p.Params = map[string]string{"cart": `[{"name":"Чайник"}]`} })},
		{"in dollars", "roubles", dollars},
		{"a void of what was drawn", "not held any more", before(voidOf, func(p *gateways.Payment) { p.Captured = 1 })},
		{"a void of a part", "whole hold", partOfHold},
		{"a capture of what was drawn", "not held any more", before(captureOf, func(p *gateways.Payment) { p.Captured = 149900 })},
		{"a capture after its date", "by itself", before(captureOf, func(p *gateways.Payment) { p.CaptureBefore = noon })},
		{"a capture of more", "whole hold of 1,499.00 RUB", more},
		{"a capture of a part", "then refund what is not wanted", less},
	}
	for _, tt := range tests {
		s := newShop(t, nil)
		_, err := gateways.Perform(t.Context(), s.open(t), tt.req)
		if gateways.KindOf(err) != gateways.Declined || !strings.Contains(err.Error(), tt.part) || len(s.sent) != 0 {
			t.Errorf("%s: %v, sent %q", tt.name, err, s.sent)
		}
	}
}

// Without a record of how the payment stood, it is read before anything is sent.
func TestThePaymentIsReadBefore(t *testing.T) {
	req := refundOf
	req.Before = nil
	s := newShop(t, map[string]string{getPayment: sample(t, "payment.json"), reverse: success})
	if _, err := s.open(t).Refund(t.Context(), req); err != nil || s.sent[0] != getPayment {
		t.Errorf("%v, sent %q", err, s.sent)
	}
	s = newShop(t, map[string]string{getPayment: "500 "})
	if _, err := s.open(t).Refund(t.Context(), req); gateways.KindOf(err) != gateways.Unavailable || len(s.sent) != 1 {
		t.Errorf("%v, sent %q", err, s.sent)
	}
}

func TestWhatPayKeeperSays(t *testing.T) {
	tests := []struct {
		answer, part string
		kind         gateways.Kind
	}{
		{`{"result":"fail","msg":"Нельзя сделать возврат по платежу, статус которого не \"совершён\""}`, "in another state", gateways.Declined},
		{`[{"result":"fail","msg":"Сумма возврата превышает остаток."}]`, "less than this is left", gateways.Declined},
		{`{"result":"fail","msg":"Недостаточно прав."}`, "right to refund", gateways.Misconfigured},
		{`{"result":"fail","msg":"Платёж не найден."}`, "does not know this payment", gateways.Declined},
		{`{"result":"fail","msg":"Списание невозможно: платёж не авторизован."}`, "cannot draw", gateways.Declined},
		{`{"result":"fail","msg":"Не указаны товары для возврата"}`, "Choose the lines", gateways.Declined},
		{`{"result":"fail","msg":"Что-то новое"}`, "It says: Что-то новое", gateways.Declined},
		{`{"result":"fail"}`, "without saying why", gateways.Declined},
		{`{"result":"fail","errorCode":"96","errorMessage":"System malfunction"}`, "looked up", gateways.Unknown},
		{`{"result":"maybe"}`, "could not be understood", gateways.Unknown},
		{``, "could not be understood", gateways.Unknown},
		{`<html>`, "could not be understood", gateways.Unknown},
		{`[{"result":"success"},{"result":"success"}]`, "could not be understood", gateways.Unknown},
		{`401 `, "does not accept this login", gateways.Misconfigured},
		{`303 `, "does not accept this login", gateways.Misconfigured},
		{`500 {"result":"fail","msg":"Недостаточно прав."}`, "fault of its own", gateways.Unknown},
	}
	for _, tt := range tests {
		_, err := newShop(t, map[string]string{reverse: tt.answer}).open(t).Refund(t.Context(), refundOf)
		if err == nil || gateways.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s: %v (%v), want %v", tt.answer, err, gateways.KindOf(err), tt.kind)
		}
	}
	for _, m := range meanings {
		if m.part != strings.ToLower(m.part) || !strings.HasSuffix(m.sentence, ".") {
			t.Errorf("%q is never found, or no sentence: %q", m.part, m.sentence)
		}
	}
}

func refundRow(id, amount, status string) string {
	return `{"id":"` + id + `","payment_id":"123456","amount":"` + amount + `","datetime":"2026-11-22 12:30:00","status":"` + status + `"}`
}

func TestFindRefund(t *testing.T) {
	earlier := drawnBefore
	earlier.Refunded, earlier.Refunds = 49950, []gateways.Result{{Ref: "76"}}
	second := refundOf
	second.Before = &earlier
	known := refundOf
	known.OperationRef = "77"
	lost := refundOf
	lost.Before = nil
	refunded := func(word, sum string) string {
		return strings.NewReplacer(`"success"`, `"`+word+`"`, `"refund_amount":"0.00"`, `"refund_amount":"`+sum+`"`).Replace(sample(t, "payment.json"))
	}
	tests := []struct {
		name, row, list string
		req             gateways.Request
		status          gateways.Status // "" when it is not found
		part            string          // of the error; "" when it is absent
	}{
		{"started", refunded("refunding", "0.00"), sample(t, "refunds.json"), refundOf, gateways.Pending, ""},
		{"done", refunded("partially_refunded", "499.50"), "[" + refundRow("77", "499.50", "done") + "]", refundOf, gateways.Succeeded, ""},
		{"one that stands alone", refunded("partially_refunded", "499.50"), refundRow("77", "499.50", "done"), refundOf, gateways.Succeeded, ""},
		{"failed", refunded("refunding", "0.00"), "[" + refundRow("77", "499.50", "failed") + "]", refundOf, gateways.Failed, ""},
		{"in a word nobody knows", refunded("refunding", "0.00"), "[" + refundRow("77", "499.50", "queued") + "]", refundOf, gateways.Pending, ""},
		{"a failed one and a good one", refunded("partially_refunded", "499.50"), "[" + refundRow("77", "499.50", "failed") + "," + refundRow("78", "499.50", "done") + "]", refundOf, gateways.Succeeded, ""},
		{"nothing came", sample(t, "payment.json"), "", refundOf, "", ""},
		{"another amount came, in the portal", refunded("partially_refunded", "1.00"), "[" + strings.Replace(refundRow("77", "1.00", "done"), `{`, `{"user":"cabinet",`, 1) + "]", refundOf, "", ""},
		{"two of other amounts came", refunded("partially_refunded", "3.00"), "[" + refundRow("77", "1.00", "done") + "," + refundRow("78", "2.00", "done") + "]", refundOf, "", "none of them"},
		{"only the one from before", refunded("partially_refunded", "499.50"), "[" + refundRow("76", "499.50", "done") + "]", second, "", ""},
		{"one more like the one from before", refunded("partially_refunded", "999.00"), "[" + refundRow("76", "499.50", "done") + "," + refundRow("77", "499.50", "done") + "]", second, gateways.Succeeded, ""},
		{"two that could be it", refunded("partially_refunded", "999.00"), "[" + refundRow("77", "499.50", "done") + "," + refundRow("78", "499.50", "done") + "]", refundOf, "", "more than one"},
		{"by its id", refunded("partially_refunded", "999.00"), "[" + refundRow("77", "499.50", "done") + "," + refundRow("78", "499.50", "done") + "]", known, gateways.Succeeded, ""},
		{"no list, and the sum has grown by it", refunded("partially_refunded", "499.50"), "", refundOf, gateways.Succeeded, ""},
		{"no list, and the sum is under way", refunded("refunding", "499.50"), "", refundOf, gateways.Pending, ""},
		{"how it stood before is not known", sample(t, "payment.json"), "", lost, "", "not known"},
		{"refunds of another payment", sample(t, "payment.json"), strings.Replace(sample(t, "refunds.json"), "123456", "123457", 1), refundOf, "", "another payment"},
		{"the payment is not known", "", "", refundOf, "", "does not know this payment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, map[string]string{getPayment: tt.row, getRefunds: tt.list}).open(t).Find(t.Context(), tt.req)
			switch {
			case tt.status != "":
				if err != nil || result.Status != tt.status || result.Amount != tt.req.Amount || result.PaymentRef != "123456" {
					t.Errorf("found %+v, %v", result, err)
				}
			case tt.part == "":
				if !errors.Is(err, gateways.ErrAbsent) {
					t.Errorf("found %+v, %v", result, err)
				}
			case err == nil || !strings.Contains(err.Error(), tt.part):
				t.Errorf("found %+v, %v, want %q", result, err, tt.part)
			}
		})
	}
}

// A refund that our login asked for and that shows another amount is ours: a mismatch, and never absent.
func TestFindAnotherAmount(t *testing.T) {
	row := strings.Replace(sample(t, "payment.json"), `"success"`, `"refunding"`, 1)
	known := refundOf
	known.OperationRef = "77"
	for _, req := range []gateways.Request{refundOf, known} {
		for _, user := range []string{"", `"user":"lavka",`} {
			list := "[" + strings.Replace(refundRow("77", "499.51", "started"), `{`, `{`+user, 1) + "]"
			result, err := newShop(t, map[string]string{getPayment: row, getRefunds: list}).open(t).Find(t.Context(), req)
			if err != nil || result.Ref != "77" || result.Amount.Minor != 49951 || result.Status != gateways.Pending {
				t.Errorf("found %+v, %v", result, err)
			}
		}
	}
}

func TestFindAtAHold(t *testing.T) {
	held := sample(t, "held.json")
	word := func(to string) string { return strings.Replace(held, `"obtained"`, `"`+to+`"`, 1) }
	tests := []struct {
		name, row, list string
		req             gateways.Request
		status          gateways.Status
	}{
		{"still held", held, "", captureOf, ""},
		{"drawn", sample(t, "payment.json"), "", captureOf, gateways.Succeeded},
		{"drawn on its date", strings.Replace(held, "11-29", "11-22", 1), "", captureOf, gateways.Succeeded},
		{"given back", word("refunded"), "[" + refundRow("80", "1499.00", "done") + "]", voidOf, gateways.Succeeded},
		{"being given back", word("refunding"), "[" + refundRow("80", "1499.00", "started") + "]", voidOf, gateways.Pending},
		{"not given back", held, "", voidOf, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result, err := newShop(t, map[string]string{getPayment: tt.row, getRefunds: tt.list}).open(t).Find(t.Context(), tt.req)
			if tt.status == "" && !errors.Is(err, gateways.ErrAbsent) || tt.status != "" && (err != nil || result.Status != tt.status || result.Amount != tt.req.Amount) {
				t.Errorf("found %+v, %v", result, err)
			}
		})
	}
}

// After a capture whose answer was lost, money that went back does not tell whether it was drawn first.
func TestFindACaptureAfterARefund(t *testing.T) {
	row := strings.Replace(sample(t, "payment.json"), `"success"`, `"refunded"`, 1)
	result, err := newShop(t, map[string]string{getPayment: row, getRefunds: "[" + refundRow("80", "1499.00", "done") + "]"}).open(t).Find(t.Context(), captureOf)
	if err == nil || errors.Is(err, gateways.ErrAbsent) || gateways.KindOf(err) != gateways.Unknown {
		t.Errorf("found %+v, %v", result, err)
	}
}

// Whatever the lines, the goods of a receipt add up to the amount, and price × quantity is the sum.
func TestCart(t *testing.T) {
	line := func(quantity, unit, total int64) gateways.Line {
		return gateways.Line{Name: "Чай", Quantity: quantity, Unit: unit, Total: total, TaxRate: 1000}
	}
	delivery := gateways.Line{Name: "Доставка", Kind: gateways.Shipping, Quantity: 1, Unit: 30000, Total: 30000}
	off := gateways.Line{Name: "Скидка", Kind: gateways.Discount, Quantity: 1, Unit: -1000, Total: -1000}
	tests := []struct {
		name  string
		lines []gateways.Line
		total int64
		want  string
	}{
		{"one", []gateways.Line{line(1, 10050, 10050)}, 10050, `[{"name":"Чай","price":100.50,"quantity":1,"sum":100.50,"tax":"vat10","item_type":"goods","payment_type":"full"}]`},
		{"a sum that does not divide", []gateways.Line{line(3, 33334, 100000)}, 100000, `[{"name":"Чай","price":333.33,"quantity":2,"sum":666.66,"tax":"vat10","item_type":"goods","payment_type":"full"},{"name":"Чай","price":333.34,"quantity":1,"sum":333.34,"tax":"vat10","item_type":"goods","payment_type":"full"}]`},
		{"with delivery and a discount", []gateways.Line{line(1, 70000, 70000), delivery, off}, 99000, `[{"name":"Чай","price":693.00,"quantity":1,"sum":693.00,"tax":"vat10","item_type":"goods","payment_type":"full"},{"name":"Доставка","price":297.00,"quantity":1,"sum":297.00,"tax":"none","item_type":"service","payment_type":"full"}]`},
		{"lines of another sum", []gateways.Line{line(1, 10050, 10050)}, 10051, "[]"},
		{"none", nil, 100, "[]"},
	}
	for _, tt := range tests {
		if got := cart(tt.lines, money.New(tt.total, "RUB")); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}
