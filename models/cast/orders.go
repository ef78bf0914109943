package cast

import (
	"fmt"
	"time"

	"github.com/kartify/kartify/models"
)

// Orders are the orders of the cast, placed relative to now. The first one is Meera's, who sent a
// kurta back; its numbers recur in the documentation and in the gateway sandbox.
func Orders(now time.Time) []Order {
	ago := func(hours float64) time.Time {
		return now.UTC().Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Second)
	}
	india, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		panic(err) // the program carries its own zones
	}
	local := now.In(india).AddDate(0, 0, -3)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, india)

	kurta := Line{"KUR-0417", "Handloom kurta, indigo, M", 1, 42330, 0, 7620} // 499.50
	dupatta := Line{"DUP-0032", "Block print dupatta", 2, 38000, 1000, 4500}  // 795.00
	mojari := Line{"MOJ-0110", "Leather mojari, 39", 1, 15000, 0, 2700}       // 177.00
	lamp := Line{"LAMP-7", "Bordslampa, mässing", 1, 79920, 0, 19980}
	tea := Line{"TEA-3", "Иван-чай, 100 г", 3, 45000, 0, 0}

	paid := func(n int) *Payment {
		return &Payment{Ref: ref("pay", n), OrderRef: ref("order", n), Status: models.PaymentSuccess, Method: "upi", Captured: true, RRN: fmt.Sprintf("4417%08d", n)}
	}
	card := func(n int) *Payment {
		p := paid(n)
		p.Method, p.Last4 = "card", fmt.Sprintf("%04d", 1000+n)
		return p
	}
	orders := []Order{
		{
			ID: 1001, At: ago(26), Name: "Meera Nair", Status: models.StatusProcessing, Lines: []Line{kurta, dupatta, mojari}, Shipping: 2330, ShippingTax: 420,
			Payment:  &Payment{Ref: "pay_KF00000000001B", OrderRef: "order_KF00000000001A", Status: models.PaymentSuccess, Method: "card", Last4: "1007", RRN: "441700001001", Captured: true},
			Requests: []Request{{"16916747740991418099", 49950, true}}, Events: []string{"ORDER_PLACED", "SHIPMENT_CREATED"},
		},
		{
			ID: 1002, At: ago(30), Name: "Rohan Gupta", Status: models.StatusProcessed, Lines: []Line{dupatta}, Payment: paid(2),
			Requests: []Request{{"16916747740991418100", 79500, true}}, Events: []string{"ORDER_PLACED"},
		},
		{
			ID: 1003, At: ago(52), Name: "Priya Sharma", Status: models.StatusShipped, Lines: []Line{kurta, kurta, mojari}, Payment: card(3),
			Requests: []Request{{"16916747740991418101", 49950, true}, {"16916747740991418102", 17700, true}}, Events: []string{"ORDER_PLACED", "SHIPMENT_CREATED", "SHIPMENT_UPDATED"},
		},
		{
			ID: 1004, At: ago(75), Name: "Kabir Singh", Status: models.StatusRefunded, Lines: []Line{dupatta},
			Payment:  &Payment{Ref: ref("pay", 4), OrderRef: ref("order", 4), Status: models.PaymentRefunded, Method: "upi", Captured: true, Refunded: 79500},
			Requests: []Request{{"16916747740991418103", 79500, false}}, Events: []string{"ORDER_PLACED"},
		},
		{
			ID: 1005, At: ago(5), Partner: "FY64D4E4250DB0CB1005", Name: "Anjali Verma", Status: models.StatusMissing, Reason: "debited", Lines: []Line{dupatta, mojari},
			Payment: pending(5), Unheard: Unheard{ID: ref("pay", 5), State: "captured"},
		},
		{
			ID: 1006, At: ago(9), Partner: "FY64D4E4250DB0CB1006", Name: "Dev Patel", Status: models.StatusMissing, Reason: "unknown", Lines: []Line{kurta},
			Payment: pending(6), Unheard: Unheard{ID: ref("pay", 6), State: "failed"},
		},
		{ID: 1007, At: ago(11), Name: "Sana Qureshi", Status: models.StatusMissing, Reason: "abandoned", Lines: []Line{mojari}},
		{
			ID: 1008, At: ago(13), Name: "Vikram Joshi", Status: models.StatusFailed, Lines: []Line{kurta},
			Payment: &Payment{Ref: ref("pay", 8), OrderRef: ref("order", 8), Status: models.PaymentFailed, Method: "netbanking"}, Events: []string{"ORDER_PAYMENT_FAILED"},
		},
		{
			ID: 1009, Store: Lavka, At: ago(7), Name: "Иван Петров", Email: "ivan.petrov@lavka.example", Phone: "+79161234567", Status: models.StatusProcessing, Gateway: "paykeeper", Method: "Card (PayKeeper)",
			Currency: "RUB", City: "Казань", Country: "RU", Lines: []Line{tea}, Payment: &Payment{Ref: "481501009", OrderRef: "1009", Status: models.PaymentStuck, Method: "card", Last4: "4242", RRN: "430912345678", Captured: true, Fiscal: madeOut("0f6a1f0e-9c53-4b0e-8d3e-5a1c7be41009")},
		},
		{
			ID: 1010, Store: Lavka, At: ago(20), Name: "Ольга Щербакова", Email: "olga@lavka.example", Phone: "+79035550011", Status: models.StatusProcessing, Gateway: "paykeeper", Method: "Card (PayKeeper)",
			Currency: "RUB", City: "Тверь", Country: "RU", Lines: []Line{tea}, Payment: &Payment{Ref: "481501010", OrderRef: "1010", Status: models.PaymentRefunding, Method: "card", Last4: "9911", RRN: "430912345690", Captured: true, Reserved: 135000, Fiscal: begun("7d2c94b1-3e68-4f5a-b1c9-08d6e2a71010")},
		},
		{
			ID: 1011, Store: Nordisk, At: ago(120), Name: "Åsa Öberg", Email: "asa.oberg@nordisk.example", Phone: "+46701234567", Company: "Öberg Inredning AB", Status: models.StatusPending, Gateway: "klarna", Method: "Invoice (Klarna)",
			Currency: "SEK", City: "Malmö", Country: "SE", Lines: []Line{lamp}, Shipping: 4900, ShippingTax: 1225, Payment: &Payment{Ref: "6f1a3c52-0b7e-4d8a-9c41-d5e1a0b71011", OrderRef: "1011", Status: models.PaymentAuthorized, Method: "invoice", CaptureBefore: 26 * time.Hour},
		},
		{
			ID: 1012, Store: Nordisk, At: ago(44), Name: "Jürgen Groß", Email: "j.gross@nordisk.example", Phone: "+4915112345678", Status: models.StatusShipped, Gateway: "svea", Method: "Card (Svea)",
			Currency: "EUR", City: "Köln", Country: "DE", Lines: []Line{{"LAMP-9", "Wandleuchte", 2, 8900, 900, 3380}}, Payment: &Payment{Ref: "8541012", OrderRef: "1012", Status: models.PaymentSuccess, Method: "card", Captured: true},
		},
		{ID: 1013, At: ago(3), Partner: "-", Name: "Neha Rao", Status: models.StatusProcessing, Lines: []Line{kurta}, Payment: paid(13)},
		{ID: 1014, At: ago(16), Name: "ليلى حسن", Email: "layla.hassan@mail.example", Status: models.StatusProcessed, Lines: []Line{dupatta, kurta}, Payment: card(14), Events: []string{"ORDER_PLACED"}},
		{
			ID: 1015, At: ago(18), Name: "山田 花子", Email: "hanako@mail.example", Phone: "+819012345678", Status: models.StatusProcessed, Currency: "JPY", Lines: []Line{{"KUR-0900", "藍染めクルタ", 1, 12800, 0, 1280}}, Shipping: 1500,
			Payment: card(15), Requests: []Request{{"16916747740991418115", 14080, true}}, Events: []string{"ORDER_PLACED"},
		},
		{ID: 1016, At: ago(21), Name: "Fahad Al-Sabah", Email: "fahad@mail.example", Phone: "+96550001234", Status: models.StatusShipped, Currency: "KWD", Lines: []Line{{"OUD-1", "Oud perfume", 1, 18750, 0, 0}}, Payment: card(16), Events: []string{"ORDER_PLACED"}},
		{ID: 1017, At: ago(23), Name: `=HYPERLINK("https://evil.example","Win")`, Email: "formula@mail.example", Status: models.StatusComplete, Lines: []Line{mojari}, Payment: paid(17)},
		{ID: 1018, At: ago(24), Name: `<script>alert("kartify")</script>`, Email: "script@mail.example", Status: models.StatusComplete, Lines: []Line{mojari}, Payment: paid(18)},
		{ID: 1019, At: ago(28), Name: "Imran Sheikh", Status: models.StatusProcessing, Gateway: "cod", Method: "Cash on delivery", Lines: []Line{dupatta}, Events: []string{"ORDER_PLACED"}},
		{ID: 1020, At: midnight.Add(-time.Second), Name: "Tara Bose", Status: models.StatusComplete, Lines: []Line{kurta}, Payment: paid(20)},
		{ID: 1021, At: midnight, Name: "Om Prakash", Status: models.StatusComplete, Lines: []Line{kurta}, Payment: paid(21)},
		{
			ID: 1022, Store: Chandni, At: ago(33), Partner: "-", Name: "Lakshmi Iyer", Email: "lakshmi@chandni.example", Status: models.StatusProcessing, Gateway: "ccavenue", Method: "Net banking (CCAvenue)", Lines: []Line{{"SAR-11", "Kanchipuram silk saree", 1, 899900, 0, 44995}},
			Payment: &Payment{Ref: "309001234567", OrderRef: "1022", Status: models.PaymentSuccess, Method: "netbanking", Captured: true},
		},
		{
			ID: 1023, Store: Chandni, At: ago(6), Partner: "-", Name: "Ganesh Kulkarni", Email: "ganesh@chandni.example", Status: models.StatusMissing, Reason: "debited", Gateway: "ccavenue", Method: "UPI (CCAvenue)", Lines: []Line{{"SAR-12", "Cotton saree", 1, 149900, 0, 7495}},
			Payment: &Payment{Ref: "309001234568", OrderRef: "1023", Status: models.PaymentPending, Method: "upi"},
		},
		{
			ID: 1024, At: ago(60), Name: "रवि कुमार", Email: "ravi.kumar@mail.example", Status: models.StatusPartiallyRefunded, Lines: []Line{kurta, mojari},
			Payment:  &Payment{Ref: ref("pay", 24), OrderRef: ref("order", 24), Status: models.PaymentPartiallyRefunded, Method: "card", Last4: "2001", Captured: true, Refunded: 17700},
			Requests: []Request{{"16916747740991418124", 17700, false}, {"16916747740991418125", 49950, true}}, Events: []string{"ORDER_PLACED", "SHIPMENT_CREATED"},
		},
		{ID: 1025, At: ago(90), Name: "Nisha Reddy", Status: models.StatusCancelled, Lines: []Line{kurta}, Payment: &Payment{Ref: ref("pay", 25), OrderRef: ref("order", 25), Status: models.PaymentCanceled, Method: "upi"}},
		{ID: 1026, At: ago(2), Name: "Arun Pillai", Status: models.StatusPending, Lines: []Line{dupatta}, Payment: pending(26), Unheard: Unheard{State: "opened"}},
	}
	for i := range orders {
		orders[i].Fill()
	}
	return orders
}

// pending is a payment whose buyer went to pay and has not come back.
func pending(n int) *Payment {
	return &Payment{Ref: "", OrderRef: ref("order", n), Status: models.PaymentPending, Method: "upi"}
}

// Fill adds what goes without saying: Ruosh, rupees, Razorpay, an address in India.
func (o *Order) Fill() {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if o.Store == 0 {
		o.Store = Ruosh
	}
	switch {
	case o.Partner == "-":
		o.Partner = ""
	case o.Store == Ruosh && o.Status != models.StatusMissing:
		set(&o.Partner, fmt.Sprintf("FY64D4E4250DB0CB%04d", o.ID))
	}
	set(&o.Gateway, "razorpay")
	if o.Payment != nil && o.Payment.Method == "card" {
		set(&o.Method, "Card (Razorpay)")
	}
	set(&o.Method, "UPI (Razorpay)")
	set(&o.Currency, "INR")
	set(&o.Email, fmt.Sprintf("customer%d@mail.example", o.ID))
	set(&o.Phone, fmt.Sprintf("+9198%08d", o.ID*7919))
	set(&o.City, "Pune")
	set(&o.Country, "IN")
}

// ref is an id as Razorpay makes them: a word and 14 letters or digits.
func ref(word string, n int) string { return fmt.Sprintf("%s_KFcast%08d", word, n) }
