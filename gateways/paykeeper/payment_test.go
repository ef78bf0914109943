package paykeeper

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

func TestPayment(t *testing.T) {
	partly := strings.NewReplacer(`"success"`, `"partially_refunded"`, `"refund_amount":"0.00"`, `"refund_amount":"499.50"`).Replace(sample(t, "payment.json"))
	s := newShop(t, map[string]string{
		getPayment: partly, getOptions: sample(t, "options.json"), getParams: sample(t, "params.json"),
		getRefunds: strings.Replace(sample(t, "refunds.json"), "started", "done", 1),
	})
	got, err := s.open(t).Payment(t.Context(), "123456")
	if err != nil {
		t.Fatal(err)
	}
	if got.Amount != money.New(149900, "RUB") || got.Captured != 149900 || got.Refunded != 49950 || got.Voided != 0 || !got.Authorized || got.Failed || got.Canceled ||
		got.OrderRef != "1001" || got.Word != "partially_refunded" || got.RRN != "632712345678" || got.CardFirst6 != "411111" || got.CardLast4 != "1111" || got.Method != "card" {
		t.Errorf("payment %+v", got)
	}
	if want := time.Date(2026, 11, 22, 7, 15, 2, 0, time.UTC); !got.At.Equal(want) || got.At.Location() != time.UTC {
		t.Errorf("at %v, want %v: Moscow is three hours ahead", got.At, want)
	}
	if len(got.Refunds) != 1 || got.Refunds[0].Ref != "77" || got.Refunds[0].Amount != money.New(49950, "RUB") || got.Refunds[0].Status != gateways.Succeeded ||
		!got.Refunds[0].At.Equal(time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)) || got.Refunds[0].Key != "" {
		t.Errorf("refunds %+v", got.Refunds)
	}
	if got.Fiscal["fop_fpd"] != "3512313478" || got.Fiscal["fop_fnd"] != "35" || len(got.Fiscal) != 4 {
		t.Errorf("fiscal %v", got.Fiscal)
	}
	if got.Params["AUTH_CODE"] != "A1B2C3" || got.Params["client_email"] != "ivan@lavka.example" || got.Params["repeat_counter"] != "1" ||
		got.Params["clientid"] != "Иванов Иван Иванович" || got.Params["payment_system_id"] != "52" || !strings.Contains(got.Params["cart"], "Чайник") {
		t.Errorf("params %v", got.Params)
	}
	if !slices.Equal(got.Offers, []gateways.Verb{gateways.Refund}) {
		t.Errorf("offers %v", got.Offers)
	}
}

// The nine words, and one nobody knows, of a payment of 1499.00 RUB; with and without a hold.
func TestWords(t *testing.T) {
	type state struct {
		captured, refunded, voided   int64
		authorized, failed, canceled bool
		doubt                        gateways.Doubt
		offers                       string
		takenBack                    bool
	}
	const all = 149900
	paid := state{captured: all, authorized: true, offers: "refund"}
	held := state{authorized: true, offers: "capture void"}
	tests := []struct {
		word, refunds string
		hold          bool
		want          state
	}{
		{"pending", "", false, state{}},
		{"canceled", "", false, state{canceled: true}},
		{"failed", "", false, state{failed: true}},
		{"obtained", "", false, paid},
		{"success", "", false, paid},
		{"stuck", "", false, paid},
		{"refunding", "[" + refundRow("77", "1499.00", "started") + "]", false, state{authorized: true, takenBack: true}},
		{"refunding", "[" + refundRow("77", "499.00", "started") + "]", false, state{captured: all, authorized: true}},
		{"refunded", "[" + refundRow("77", "1499.00", "done") + "]", false, state{refunded: all, voided: all, canceled: true, takenBack: true}},
		{"refunded", "[" + refundRow("77", "1000.00", "done") + "," + refundRow("78", "499.00", "done") + "]", false, state{captured: all, refunded: all, authorized: true}},
		{"partially_refunded", "[" + refundRow("77", "499.00", "done") + "]", false, state{captured: all, refunded: 49900, authorized: true, offers: "refund"}},
		{"списан", "", false, state{doubt: gateways.Unclear}},
		{"obtained", "", true, held},
		{"success", "", true, held},
		{"stuck", "", true, held},
		{"refunding", "[" + refundRow("77", "1499.00", "started") + "]", true, state{authorized: true}},
		{"refunded", "[" + refundRow("77", "1499.00", "done") + "]", true, state{voided: all, canceled: true}},
		{"refunded", "", true, state{voided: all, canceled: true}},
		{"partially_refunded", "[" + refundRow("77", "499.00", "done") + "]", true, state{captured: 100000, voided: 49900, authorized: true, offers: "refund"}},
	}
	for _, tt := range tests {
		t.Run(tt.word, func(t *testing.T) {
			row := strings.Replace(sample(t, "payment.json"), `"success"`, `"`+tt.word+`"`, 1)
			if tt.hold {
				row = strings.Replace(sample(t, "held.json"), `"obtained"`, `"`+tt.word+`"`, 1)
			}
			got, err := newShop(t, map[string]string{getPayment: row, getRefunds: tt.refunds}).open(t).Payment(t.Context(), "123456")
			if err != nil {
				t.Fatal(err)
			}
			var offers []string
			for _, verb := range got.Offers {
				offers = append(offers, string(verb))
			}
			is := state{got.Captured, got.Refunded, got.Voided, got.Authorized, got.Failed, got.Canceled, got.Doubt, strings.Join(offers, " "), got.TakenBack}
			if is != tt.want || got.Word != tt.word || got.Offers == nil {
				t.Errorf("hold %v: %+v, want %+v", tt.hold, is, tt.want)
			}
		})
	}
}

// Where a shop holds its payments first, one that went back at once may never have been drawn.
func TestAHoldMayHaveGoneBack(t *testing.T) {
	row := strings.Replace(sample(t, "payment.json"), `"success"`, `"refunded"`, 1)
	g := newShop(t, map[string]string{getPayment: row, getRefunds: "[" + refundRow("77", "1499.00", "done") + "]"}).open(t)
	g.holds = true
	if got, err := g.Payment(t.Context(), "123456"); err != nil || got.TakenBack || !got.Canceled {
		t.Errorf("%+v, %v", got, err)
	}
}

// Where the date of capture stands differs; it is the start of a day in Moscow.
func TestTheHoldEnds(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"in the row":         {getPayment: sample(t, "held.json")},
		"in the options":     {getPayment: sample(t, "payment.json"), getOptions: `{"batch_date":"2026-11-29"}`},
		"in the parameters":  {getPayment: sample(t, "payment.json"), getParams: `{"batch_date":"2026-11-29 00:00:00"}`},
		"and no such option": {getPayment: sample(t, "held.json"), getOptions: "404 ", getParams: "404 "},
	} {
		got, err := newShop(t, answers).open(t).Payment(t.Context(), "123456")
		if err != nil || got.Captured != 0 || !got.CaptureBefore.Equal(time.Date(2026, 11, 28, 21, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// What cannot be read is not taken for paid.
	if got, err := newShop(t, map[string]string{getPayment: sample(t, "payment.json"), getOptions: "500 "}).open(t).Payment(t.Context(), "123456"); err == nil {
		t.Errorf("read %+v", got)
	}
}

// Once its date has come, what went back before it was never drawn, and what goes back later is a refund.
func TestAHoldThatWasDrawnInPart(t *testing.T) {
	row := strings.NewReplacer(`"obtained"`, `"partially_refunded"`, `"refund_amount":"0.00"`, `"refund_amount":"599.00"`).Replace(sample(t, "held.json"))
	later := strings.Replace(refundRow("81", "100.00", "done"), "2026-11-22", "2026-12-01", 1)
	g := newShop(t, map[string]string{getPayment: row, getRefunds: "[" + refundRow("80", "499.00", "done") + "," + later + "]"}).open(t)
	g.now = func() time.Time { return time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC) }
	got, err := g.Payment(t.Context(), "123456")
	if err != nil || got.Captured != 100000 || got.Voided != 49900 || got.Refunded != 10000 || len(got.Refunds) != 1 || got.Refunds[0].Ref != "81" ||
		len(got.Captures) != 1 || got.Captures[0].Ref != "80" || got.Captures[0].Amount.Minor != 100000 {
		t.Errorf("payment %+v, %v", got, err)
	}
}

func TestPaymentsThatCannotBeBelieved(t *testing.T) {
	good := sample(t, "payment.json")
	for name, answers := range map[string]map[string]string{
		"another payment":         {getPayment: strings.Replace(good, `"123456"`, `"123457"`, 1)},
		"no amount":               {getPayment: strings.Replace(good, "1499.00", "", 1)},
		"an amount of words":      {getPayment: strings.Replace(good, "1499.00", "ten", 1)},
		"more back than was paid": {getPayment: strings.Replace(good, `"refund_amount":"0.00"`, `"refund_amount":"1499.01"`, 1)},
		"nothing":                 {getPayment: ""},
		"two payments":            {getPayment: strings.Replace(good, "]", ","+strings.Trim(good, "[]\n")+"]", 1)},
		"no such payment":         {getPayment: `{"result":"fail","msg":"Платёж не найден."}`},
	} {
		if got, err := newShop(t, answers).open(t).Payment(t.Context(), "123456"); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOrderPayments(t *testing.T) {
	search := "GET /info/payments/search/?end_date=2027-11-22&query=1001"
	row := strings.Trim(sample(t, "payment.json"), "[]\n")
	other := strings.NewReplacer(`"1001"`, `"11001"`, "123456", "9").Replace(row)
	declined := strings.NewReplacer("123456", "123455", `"success"`, `"failed"`).Replace(row)
	s := newShop(t, map[string]string{
		search: "[" + other + "," + declined + "," + row + "]", getPayment: "[" + row + "]",
		strings.Replace(getPayment, "123456", "123455", 1): "[" + declined + "]",
	})
	got, err := s.open(t).OrderPayments(t.Context(), "1001")
	if err != nil || len(got) != 2 || got[0].Ref != "123455" || !got[0].Failed || got[1].Ref != "123456" || got[1].Captured != 149900 {
		t.Errorf("payments %+v, %v", got, err)
	}
	if got, err := newShop(t, map[string]string{search: ""}).open(t).OrderPayments(t.Context(), "1001"); err != nil || len(got) != 0 {
		t.Errorf("an order nobody knows: %+v, %v", got, err)
	}
	if _, err := newShop(t, map[string]string{search: "500 "}).open(t).OrderPayments(t.Context(), "1001"); err == nil {
		t.Error("a look-up that fails finds that nothing was paid")
	}
}

func TestPayments(t *testing.T) {
	list := "GET /info/payments/bydate/?end=2026-11-22&from=0&limit=500&payment_system_id%5B%5D=52&payment_system_id%5B%5D=99&start=2026-11-21"
	for _, word := range words {
		list += "&status%5B%5D=" + word
	}
	row := strings.Trim(sample(t, "payment.json"), "[]\n")
	waits := strings.NewReplacer("123456", "123457", `"success"`, `"pending"`).Replace(row)
	s := newShop(t, map[string]string{"GET /info/systems/list/": sample(t, "systems.json"), list: "[" + row + "," + row + "," + waits + "]", getPayment: "[" + row + "]"})
	from, to := time.Date(2026, 11, 21, 20, 59, 0, 0, time.UTC), time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC) // 23:59 of the 21st to the end of the 22nd, in Moscow
	var refs []string
	visit := func(p gateways.Payment) error {
		refs = append(refs, p.Ref+" "+p.Word)
		return nil
	}
	if err := s.open(t).Payments(t.Context(), from, to, visit); err != nil || !slices.Equal(refs, []string{"123456 success", "123457 pending"}) {
		t.Errorf("visited %q, %v, asked %q", refs, err, s.sent)
	}
	stop := errors.New("enough")
	if err := s.open(t).Payments(t.Context(), from, to, func(gateways.Payment) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("err = %v", err)
	}
	if err := newShop(t, map[string]string{"GET /info/systems/list/": ""}).open(t).Payments(t.Context(), from, to, visit); err != nil {
		t.Errorf("a new shop: %v", err)
	}
}

// A payment is in the list of one day, and belongs to that day, whatever came after midnight.
func TestPaymentsAroundMidnight(t *testing.T) {
	row := strings.Trim(sample(t, "payment.json"), "[]\n")
	from, to := time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 21, 0, 0, 0, time.UTC) // the 22nd in Moscow
	for _, tt := range []struct{ name, pending, obtain, success, want string }{
		{"within the day", "2026-11-22 10:00:00", "2026-11-22 10:01:00", "2026-11-22 10:02:00", "2026-11-22T07:02:00Z"},
		{"taken in after midnight", "2026-11-22 23:58:00", "2026-11-22 23:59:59", "2026-11-23 00:00:00", "2026-11-22T20:59:59Z"},
		{"obtained after midnight", "2026-11-22 23:59:59", "2026-11-23 00:00:00", "2026-11-27 12:00:00", "2026-11-22T20:59:59Z"},
		{"begun before midnight", "2026-11-21 23:59:59", "2026-11-22 00:00:00", "2026-11-23 00:00:00", "2026-11-21T21:00:00Z"},
		{"of another day", "2026-11-21 23:59:59", "2026-11-21 23:59:59", "2026-11-23 00:00:00", "2026-11-22T21:00:00Z"},
	} {
		var changed map[string]any
		if err := json.Unmarshal([]byte(row), &changed); err != nil {
			t.Fatal(err)
		}
		changed["pending_datetime"], changed["obtain_datetime"], changed["success_datetime"] = tt.pending, tt.obtain, tt.success
		raw, err := json.Marshal([]any{changed})
		if err != nil {
			t.Fatal(err)
		}
		list := "GET /info/payments/bydate/?end=2026-11-22&from=0&limit=500&payment_system_id%5B%5D=52&payment_system_id%5B%5D=99&start=2026-11-22"
		for _, word := range words {
			list += "&status%5B%5D=" + word
		}
		s := newShop(t, map[string]string{"GET /info/systems/list/": sample(t, "systems.json"), list: string(raw), getPayment: string(raw)})
		var got string
		err = s.open(t).Payments(t.Context(), from, to, func(p gateways.Payment) error {
			got += p.At.Format(time.RFC3339)
			return nil
		})
		if err != nil || got != tt.want {
			t.Errorf("%s: it was at %q, %v, want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestStart(t *testing.T) {
	checkout := gateways.Checkout{
		OrderRef: "ORD-1001", Amount: money.New(123450, "RUB"), Locale: "ru-RU", ReturnURL: "https://kartify.example/pay/back",
		Customer: gateways.Customer{Name: "Иванов \r\n Иван", Email: "a@b.ru", Phone: "+79101234567"},
	}
	g := newShop(t, nil).open(t)
	start, err := g.Start(t.Context(), checkout)
	if err != nil || start.URL != g.api.Base+"/create/" || start.OrderRef != "ORD-1001" || start.Ref != "" {
		t.Fatalf("start %+v, %v", start, err)
	}
	want := map[string]string{
		"sum": "1234.50", "clientid": "Иванов Иван", "orderid": "ORD-1001", "service_name": "", "client_email": "a@b.ru", "client_phone": "+79101234567",
		"lang": "ru", "user_result_callback": "https://kartify.example/pay/back", "sign": sign(start.Form, "MySecretSeed"),
	}
	if !maps.Equal(start.Form, want) {
		t.Errorf("form %v", start.Form)
	}
	checkout.Amount.Currency = "EUR"
	if _, err := g.Start(t.Context(), checkout); gateways.KindOf(err) != gateways.Declined {
		t.Errorf("in euros: %v", err)
	}
}

// The vectors of the pay form's signature.
func TestSign(t *testing.T) {
	tests := []struct {
		form       map[string]string
		word, want string
	}{
		{map[string]string{"sum": "1234.50", "clientid": "Иванов Иван", "orderid": "ORD-1001", "service_name": "Оплата заказа", "client_email": "a@b.ru", "client_phone": "+79101234567"}, "MySecretSeed", "f4a22cf0d99610c8f8002e419fbbd9d8b9352fcf2c0911b7b563f9c00fd58588"},
		{map[string]string{"sum": "1000.00", "orderid": "42"}, "s3cr3t", "a93a514375f8e1376a2e8e9e65e8dae449beb0ed801a34c8ee1586c93fb288da"},
	}
	for _, tt := range tests {
		if got := sign(tt.form, tt.word); got != tt.want {
			t.Errorf("sign(%v) = %s", tt.form, got)
		}
	}
}
