package klarna

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

const (
	refused = `403 {"error_code":"%","error_messages":["free text"],"correlation_id":"66782175-ae05-44fc-9eb3-eeceadbad271"}`
	made    = "201 id "
)

func refuse(code string) string { return strings.Replace(refused, "%", code, 1) }

func TestCaptureAndRefund(t *testing.T) {
	part, whole := sample(t, "order_part_captured.json"), sample(t, "order.json")
	postCapture, postRefund := "POST /captures", "POST /refunds"
	tests := []struct {
		name    string
		req     gateways.Request
		answers map[string]string
		status  gateways.Status
		kind    gateways.Kind
	}{
		{"captured, and listed", captureOf, map[string]string{postCapture: made + captureID, "GET ": part}, gateways.Succeeded, 0},
		{"captured, and the list lags", captureOf, map[string]string{postCapture: made + captureID, "GET ": whole}, gateways.Succeeded, 0},
		{"captured, and nothing more is said", captureOf, map[string]string{postCapture: made + captureID, "GET ": "500 {}"}, gateways.Succeeded, 0},
		{"captured under another id", captureOf, map[string]string{postCapture: made + refundID, "GET ": part}, "", gateways.Unknown},
		{"captured for another amount", captureOf, map[string]string{postCapture: made + captureID, "GET ": strings.ReplaceAll(part, `"captured_amount":10000`, `"captured_amount":10001`)}, "", gateways.Unknown},
		{"captured in another currency", captureOf, map[string]string{postCapture: made + captureID, "GET ": strings.Replace(part, "SEK", "EUR", 1)}, "", gateways.Unknown},
		{"no id", captureOf, map[string]string{postCapture: "201", "GET ": part}, "", gateways.Unknown},
		{"refused, but it was ours", captureOf, map[string]string{postCapture: refuse("CAPTURE_NOT_ALLOWED"), "GET ": part}, gateways.Succeeded, 0},
		{"refused", captureOf, map[string]string{postCapture: refuse("CAPTURE_NOT_ALLOWED"), "GET ": whole}, "", gateways.Declined},
		{"refused, and the look-up fails", captureOf, map[string]string{postCapture: refuse("CAPTURE_NOT_ALLOWED"), "GET ": "500 {}"}, "", gateways.Unknown},
		{"the card is declined", captureOf, map[string]string{postCapture: refuse("PAYMENT_METHOD_FAILED")}, "", gateways.Declined},
		{"busy", captureOf, map[string]string{postCapture: `409 {"error_code":"CONFLICT","error_messages":[]}`}, "", gateways.Unknown},
		{"refunded, and listed", refundOf, map[string]string{postRefund: made + refundID, "GET ": part}, gateways.Succeeded, 0},
		{"refund refused", refundOf, map[string]string{postRefund: refuse("REFUND_NOT_ALLOWED"), "GET ": whole}, "", gateways.Declined},
		{"refund refused, but it was ours", refundOf, map[string]string{postRefund: refuse("REFUND_NOT_ALLOWED"), "GET ": part}, gateways.Succeeded, 0},
		{"of an order nobody knows", refundOf, nil, "", gateways.Declined},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, tt.answers)
			result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			if result.Status != tt.status || (tt.status == "") != (err != nil) || (err != nil && gateways.KindOf(err) != tt.kind) {
				t.Errorf("got %+v, %v", result, err)
			}
			if err == nil && (result.Amount != tt.req.Amount || result.Ref == "" || result.Key != tt.req.IdempotencyKey || !json.Valid(result.Raw)) {
				t.Errorf("result %+v", result)
			}
			if sent := s.changes(); len(sent) != 1 {
				t.Errorf("sent %q", sent)
			}
		})
	}
}

func TestWhatIsSent(t *testing.T) {
	whole := sample(t, "order.json")
	withLines := captureOf
	withLines.Lines = []gateways.Line{
		{Ref: "A1", Name: "Mugg", Kind: gateways.Goods, Quantity: 2, Unit: 6000, TaxRate: 2500, Tax: 2000, Total: 10000},
	}
	odd := withLines
	odd.Lines = []gateways.Line{{Name: "Mugg", Quantity: 1, Unit: 9999, Total: 9999}}
	tests := []struct {
		name string
		req  gateways.Request
		want string
	}{
		{"capture", captureOf, `POST /captures {"captured_amount":10000,"reference":"KFCP1021A-1"}`},
		{"capture with a discount", withLines, `POST /captures {"captured_amount":10000,"reference":"KFCP1021A-1","order_lines":[{"type":"physical","reference":"A1","name":"Mugg","quantity":2,"unit_price":6000,"tax_rate":2500,"total_amount":10000,"total_discount_amount":2000,"total_tax_amount":2000}]}`},
		{"lines of another sum are left out", odd, `POST /captures {"captured_amount":10000,"reference":"KFCP1021A-1"}`},
		{"refund", refundOf, `POST /refunds {"refunded_amount":2500,"reference":"KFRF1021A-1","description":"Damaged"}`},
		{"void", voidOf, `POST /cancel`},
		{"update", updateOf, `PATCH /authorization {"order_amount":15000,"order_lines":[{"type":"physical","reference":"A1","name":"Mugg","quantity":1,"unit_price":10000,"tax_rate":2500,"total_amount":10000,"total_discount_amount":0,"total_tax_amount":2000},{"type":"shipping_fee","reference":"frakt","name":"Frakt","quantity":1,"unit_price":5000,"tax_rate":2500,"total_amount":5000,"total_discount_amount":0,"total_tax_amount":1000}]}`},
	}
	for _, tt := range tests {
		s := newShop(t, map[string]string{
			"GET ": whole, "POST /captures": made + captureID, "POST /refunds": made + refundID, "POST /cancel": "204", "PATCH /authorization": "204",
		})
		for range 2 {
			if _, err := gateways.Perform(t.Context(), s.open(t), tt.req); err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
		if sent := s.changes(); len(sent) != 2 || sent[0] != tt.want || sent[1] != tt.want {
			t.Errorf("%s: sent %q, want %q", tt.name, sent, tt.want)
		}
	}
}

func TestVoid(t *testing.T) {
	whole, part := sample(t, "order.json"), sample(t, "order_part_captured.json")
	rest := voidOf
	rest.Amount = money.New(15000, "SEK")
	word := func(order, status string) string {
		return strings.NewReplacer(`"AUTHORIZED"`, `"`+status+`"`, `"PART_CAPTURED"`, `"`+status+`"`).Replace(order)
	}
	released := strings.Replace(word(part, "CAPTURED"), `"remaining_authorized_amount":15000`, `"remaining_authorized_amount":0`, 1)
	captured := strings.Replace(released, `"captured_amount":10000`, `"captured_amount":25000`, 1)
	tests := []struct {
		name, order string
		req         gateways.Request
		sent        string // "" for nothing
		status      gateways.Status
		kind        gateways.Kind
	}{
		{"nothing captured", whole, voidOf, "POST /cancel", gateways.Succeeded, 0},
		{"the check is still running", strings.Replace(whole, "ACCEPTED", "PENDING", 1), voidOf, "POST /cancel", gateways.Succeeded, 0},
		{"a part captured", part, rest, "POST /release-remaining-authorization", gateways.Succeeded, 0},
		{"the rest released before", released, rest, "", gateways.Succeeded, 0},
		{"everything captured", captured, rest, "", "", gateways.Declined},
		{"cancelled before", word(whole, "CANCELLED"), voidOf, "", gateways.Succeeded, 0},
		{"run out", word(whole, "EXPIRED"), voidOf, "", gateways.Succeeded, 0},
		{"closed", word(whole, "CLOSED"), voidOf, "", gateways.Succeeded, 0},
		{"a word nobody knows", word(whole, "ON_HOLD"), voidOf, "", "", gateways.Declined},
		{"another amount is held", whole, rest, "", "", gateways.Declined},
		{"in another currency", strings.Replace(whole, "SEK", "EUR", 1), voidOf, "", "", gateways.Declined},
		{"no answer to the read", "500 {}", voidOf, "", "", gateways.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, map[string]string{"GET ": tt.order, "POST /cancel": "204", "POST /release-remaining-authorization": "204"})
			result, err := gateways.Perform(t.Context(), s.open(t), tt.req)
			if result.Status != tt.status || (tt.status == "") != (err != nil) || (err != nil && gateways.KindOf(err) != tt.kind) {
				t.Errorf("got %+v, %v", result, err)
			}
			if sent := strings.Join(s.changes(), "; "); sent != tt.sent {
				t.Errorf("sent %q, want %q", sent, tt.sent)
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	whole := sample(t, "order.json")
	bare := updateOf
	bare.Lines = nil
	s := newShop(t, nil)
	if _, err := s.open(t).Update(t.Context(), bare); gateways.KindOf(err) != gateways.Declined || len(s.sent) != 0 {
		t.Errorf("without lines: %v, %d calls", err, len(s.sent))
	}
	changed := strings.Replace(whole, `"order_amount":25000`, `"order_amount":15000`, 1)
	for name, tt := range map[string]struct {
		order string
		kind  gateways.Kind
		done  bool
	}{
		"refused":                  {whole, gateways.Declined, false},
		"refused, but changed":     {changed, 0, true},
		"refused, and nobody says": {"500 {}", gateways.Unknown, false},
	} {
		s := newShop(t, map[string]string{"PATCH /authorization": refuse("NOT_ALLOWED"), "GET ": tt.order})
		_, err := s.open(t).Update(t.Context(), updateOf)
		if (err == nil) != tt.done || err != nil && gateways.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFind(t *testing.T) {
	whole, part := sample(t, "order.json"), sample(t, "order_part_captured.json")
	rest := voidOf
	rest.Amount = money.New(15000, "SEK")
	known := rest
	known.Before = &gateways.Payment{Captured: 10000}
	older := rest
	older.Before = &gateways.Payment{Captured: 5000}
	named := captureOf
	named.OperationRef = refundID
	released := strings.NewReplacer(`"PART_CAPTURED"`, `"CAPTURED"`, `"remaining_authorized_amount":15000`, `"remaining_authorized_amount":0`).Replace(part)
	reduced := strings.Replace(released, `"order_amount":25000`, `"order_amount":10000`, 1)
	twice := strings.Replace(part, `"captures":[`, `"captures":[{"capture_id":"x","captured_amount":10000,"reference":"KFCP1021A-1"},`, 1)
	tests := []struct {
		name, order string
		req         gateways.Request
		ref         string
		done        bool
		err         string
	}{
		{"a capture", part, captureOf, captureID, true, ""},
		{"a refund", part, refundOf, refundID, true, ""},
		{"no capture yet", whole, captureOf, "", false, gateways.ErrAbsent.Error()},
		{"a capture of another amount", strings.ReplaceAll(part, `"captured_amount":10000`, `"captured_amount":1`), captureOf, "", false, "0.01 SEK"},
		{"two captures", twice, captureOf, "", false, "more than one"},
		{"a capture with another id", part, named, "", false, "another id"},
		{"not cancelled", whole, voidOf, "", false, gateways.ErrAbsent.Error()},
		{"cancelled", strings.Replace(whole, `"AUTHORIZED"`, `"CANCELLED"`, 1), voidOf, "", true, ""},
		{"not released", part, rest, "", false, gateways.ErrAbsent.Error()},
		{"released", released, rest, "", true, ""},
		{"released, and the total reduced", reduced, known, "", true, ""},
		{"captured instead", reduced, older, "", false, gateways.ErrAbsent.Error()},
		{"nobody can tell", reduced, rest, "", false, "does not tell"},
		{"updated", strings.Replace(whole, `"order_amount":25000`, `"order_amount":15000`, 1), updateOf, "", true, ""},
		{"not updated", whole, updateOf, "", false, gateways.ErrAbsent.Error()},
		{"another order", strings.Replace(part, "8a6b0c1e", "8a6b0c1f", 1), captureOf, "", false, "another order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, map[string]string{"GET ": tt.order})
			result, err := gateways.Find(t.Context(), s.open(t), tt.req)
			if tt.done != (err == nil) || result.Ref != tt.ref || tt.done && (result.Amount != tt.req.Amount || result.Status != gateways.Succeeded) {
				t.Errorf("got %+v, %v", result, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("err = %v, want %q", err, tt.err)
			}
			if err != nil && !errors.Is(err, gateways.ErrAbsent) && gateways.KindOf(err) != gateways.Unknown {
				t.Errorf("%v is not unknown", err)
			}
		})
	}
}

func TestWhatKlarnaSays(t *testing.T) {
	tests := []struct {
		answer, part string
		kind         gateways.Kind
	}{
		{"401 " + sample(t, "unauthorized.html"), "Username, Password and Host", gateways.Misconfigured},
		{"403 " + strings.TrimSpace(sample(t, "refusal.json")), "Klarna reference 66782175-ae05-44fc-9eb3-eeceadbad271.", gateways.Declined},
		{refuse("NOT_ALLOWED"), "new order", gateways.Declined},
		{refuse("SOMETHING_NEW"), "does not document (SOMETHING_NEW)", gateways.Unknown},
		{`404 {"error_code":"NO_SUCH_ORDER","error_messages":[]}`, "another account", gateways.Declined},
		{`400 {"error_code":"INVALID_ORDER_ID","error_messages":[]}`, "not the id", gateways.Declined},
		{`422 {"error_code":"UNPROCESSABLE_ENTITY","error_messages":[]}`, "Data Log", gateways.Declined},
		{`405 {"error_code":"HTTP_ERROR","error_messages":[""]}`, "Host", gateways.Misconfigured},
		{`409 {"error_code":"CONFLICT","error_messages":[]}`, "still working", gateways.Unknown},
		{`429 {"error_code":"TOO_MANY_REQUESTS","error_messages":[]}`, "fewer calls", gateways.Unavailable},
		{`500 {"error_code":"CAPTURE_NOT_ALLOWED","error_messages":[]}`, "", gateways.Unknown},
		{`503 {"error_code":"TEMPORARILY_UNAVAILABLE","error_messages":[]}`, "fault of its own", gateways.Unknown},
		{`502 <html>Bad Gateway</html>`, "fault of its own", gateways.Unknown},
		{`400 {"error_code":"CAPTURE_NOT_ALLOWED"}`, "does not document", gateways.Unknown},
	}
	for _, tt := range tests {
		s := newShop(t, map[string]string{"POST /captures": tt.answer, "GET ": sample(t, "order.json")})
		_, err := s.open(t).Capture(t.Context(), captureOf)
		var e *gateways.Error
		if !errors.As(err, &e) || e.Kind != tt.kind || !strings.Contains(e.Message, tt.part) || strings.Contains(e.Message, "free text") {
			t.Errorf("%.60s: %+v, want %v with %q", tt.answer, e, tt.kind, tt.part)
		}
	}
	for code, m := range meanings {
		if !strings.HasSuffix(m.sentence, ".") || code != strings.ToUpper(code) {
			t.Errorf("%s: %q is no sentence", code, m.sentence)
		}
	}
}
