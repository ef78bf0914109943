package models_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kartify/kartify/models"
)

// choices are two stores in two zones, the built-in statuses and two events.
func choices() *models.OrderChoices {
	c := &models.OrderChoices{
		Stores: []models.Store{
			{ID: 40, Code: "ruosh", Name: "Ruosh", Currency: "INR", TimeZone: "Asia/Kolkata", Fynd: true},
			{ID: 41, Code: "fjord", Name: "Fjord", Currency: "SEK", TimeZone: "Europe/Stockholm"},
		},
		Events: []string{"PAYMENT_CAPTURED", models.EventRefundInitiated},
	}
	for _, code := range []string{"missing", "pending", "processing", "processed", "failed"} {
		c.Statuses = append(c.Statuses, models.OrderStatus{Code: code, Label: code})
	}
	return c
}

func read(t *testing.T, query string) (models.OrderFilter, string) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	f, notices := models.ReadOrderFilter(q, choices())
	var sentences []string
	for _, n := range notices {
		sentences = append(sentences, n.Sentence.String())
	}
	return f, strings.Join(sentences, " | ")
}

func TestReadOrderFilterForgivesEverything(t *testing.T) {
	today := time.Now().Format(time.DateOnly)
	tests := []struct{ query, want, notice string }{
		{"", "", ""},
		{"q=&status=&order_id=&limit=&sort=", "", ""},
		{"order_id=+1001%09", "order_id=1001", ""},
		{"order_id=%231001", "order_id=1001", ""},
		{"order_id=0001001", "order_id=1001", ""},
		{"order_id=16916747740991418099", "order_id=16916747740991418099", ""},
		{"order_id=FY62A1B2C3D4E5F60001", "partner_order_id=FY62A1B2C3D4E5F60001", "“FY62A1B2C3D4E5F60001” is a partner order ID, so it is looked for in that field."},
		{"order_id=FY62A1B2&partner_order_id=FY99", "partner_order_id=FY99", "“FY62A1B2” is not an order ID; write its digits only, such as 1001."},
		{"order_id=abc", "", "“abc” is not an order ID; write its digits only, such as 1001."},
		{"order_id=-5", "", "“-5” is not an order ID; write its digits only, such as 1001."},
		{"order_id=１００１", "", "“１００１” is not an order ID; write its digits only, such as 1001."},
		{"order_id=0", "", "“0” is not an order ID; write its digits only, such as 1001."},
		{"added_from=31/02/2026", "", "Date added from: “31/02/2026” is not a date; write it as 2026-02-28."},
		{"added_to=2026-02-31", "", "Date added to: “2026-02-31” is not a date; write it as 2026-02-28."},
		{"modified_from=12/31/2026", "", "Date modified from: “12/31/2026” is not a date; write it as 2026-12-31."},
		{"modified_to=yesterday", "", "Date modified to: “yesterday” is not a date; write it as " + today + "."},
		{"added_from=0001-01-01", "", "Date added from: “0001-01-01” is not a date; write it as " + today + "."},
		{"added_from=2026-03-02&added_to=2026-03-01", "added_from=2026-03-02&added_to=2026-03-01", "Date added goes from 2026-03-02 back to 2026-03-01, so no order can match; swap the dates."},
		{"amount_from=1e3", "", "Total from: “1e3” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_from=-5", "", "Total from: “-5” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_from=１００", "", "Total from: “１００” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_to=10,50", "", "Total to: “10,50” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_to=0.001", "", "Total to: “0.001” has more decimals than your currencies, which have 2; write fewer."},
		{"amount_to=NaN", "", "Total to: “NaN” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_to=99999999999999999999", "", "Total to: “99999999999999999999” is not an amount; write digits and at most one point, as in 1000.05."},
		{"amount_from=0100.50&amount_to=0", "amount_from=100.5&amount_to=0", "The total goes from 100.5 down to 0, so no order can match; swap the amounts."},
		{"limit=500", "limit=500", ""},
		{"limit=50", "", ""},
		{"limit=501", "", "“501” rows to a page are not possible; choose from 10 to 500. These are 50."},
		{"limit=9", "", "“9” rows to a page are not possible; choose from 10 to 500. These are 50."},
		{"limit=many", "", "“many” rows to a page are not possible; choose from 10 to 500. These are 50."},
		{"status=Processed&status=processed&status=missing", "status=processed&status=missing", ""},
		{"status=teleported", "", "“teleported” is not an order status; choose one from the list, such as processing."},
		{"event=refund_initiated", "event=REFUND_INITIATED", ""},
		{"event=NEVER_SEEN", "event=NEVER_SEEN", ""},
		{"event=a+b", "", "“a b” is not an event; events are words such as REFUND_INITIATED."},
		{"event=REFUND_INITIATED&waiting=all", "event=REFUND_INITIATED&waiting=all", ""},
		{"waiting=all", "", ""},
		{"event=REFUND_INITIATED&waiting=perhaps", "event=REFUND_INITIATED", "“perhaps” is not a choice for waiting refunds; write only, done or all."},
		{"store=41", "store=41", ""},
		{"store=Ruosh", "store=40", ""},
		{"store=99", "", "“99” is not one of your stores; choose one from the list."},
		{"sort=date_added", "sort=date_added", ""},
		{"sort=date_added+asc", "sort=date_added", ""},
		{"sort=date_added+desc", "", ""},
		{"sort=-date_added", "", ""},
		{"sort=-date_modified", "sort=-date_modified", ""},
		{"sort=id%3Bdrop+table+orders", "", "Orders cannot be sorted by “id;drop table orders”; choose date_added, date_modified or id."},
		{"after=nonsense", "", "The address of this page was damaged or belongs to another sort; this is the first page."},
		{"cols=store,total,store", "cols=store%2Ctotal", ""},
		{"cols=password", "", "There is no column “password”; choose from partner_order_id, store, customer, status, event, payment_method, total, date_added, date_modified, capture_before, reconciled."},
		{"q=++neha%00+rao%0a", "q=neha+rao", ""},
		{"q=%ff%fe", "", ""},
		{"unknown=1&csrf=2", "", ""},
	}
	for _, tt := range tests {
		f, notice := read(t, tt.query)
		want, err := url.ParseQuery(tt.want)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Query(); got.Encode() != want.Encode() || notice != tt.notice {
			t.Errorf("%s\n got %s — %s\nwant %s — %s", tt.query, got.Encode(), notice, want.Encode(), tt.notice)
		}
	}
}

func TestReadOrderFilterCutsWhatIsLong(t *testing.T) {
	f, notice := read(t, url.Values{"q": {strings.Repeat("é", 10000)}}.Encode())
	if f.Q != strings.Repeat("é", 200) || notice != "The search is longer than 200 characters; only the first 200 are looked for." {
		t.Errorf("%d runes, %q", len([]rune(f.Q)), notice)
	}
	var many url.Values = map[string][]string{}
	for i := range 1000 {
		many.Add("status", strings.Repeat("x", i+1))
	}
	if _, notice := read(t, many.Encode()); strings.Count(notice, "|") != 5 || len(notice) > 2000 {
		t.Errorf("a thousand bad values gave %d bytes of sentences", len(notice))
	}
}

// What a filter writes into the URL, it reads back, and writes the same again.
func TestOrderFilterRoundTrip(t *testing.T) {
	c := choices()
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.StringMatching(`(20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?`)
		amount := rapid.StringMatching(`([1-9][0-9]{0,8}(\.[0-9]?[1-9])?)?`)
		text := rapid.StringMatching(`(\pL[\pL\pN%_\\'"<>&+#;=]{0,20}( [\pL\pN%]{1,9})?)?`)
		subset := func(name string, of ...string) []string {
			var chosen []string
			for _, s := range of {
				if rapid.Bool().Draw(t, name+" "+s) {
					chosen = append(chosen, s)
				}
			}
			return chosen
		}
		f := models.OrderFilter{
			Q: text.Draw(t, "q"), Customer: text.Draw(t, "customer"), Parts: rapid.Bool().Draw(t, "parts"),
			OrderID:        rapid.StringMatching(`([1-9][0-9]{0,24})?`).Draw(t, "order_id"),
			PartnerOrderID: rapid.StringMatching(`([A-Z0-9]{1,20})?`).Draw(t, "partner"),
			Statuses:       subset("status", "missing", "pending", "failed"),
			Events:         subset("event", "PAYMENT_CAPTURED", models.EventRefundInitiated),
			Store:          rapid.SampledFrom([]int64{0, 40, 41}).Draw(t, "store"),
			Gateway:        rapid.SampledFrom([]string{"", "razorpay"}).Draw(t, "gateway"),
			PaymentMethod:  text.Draw(t, "method"),
			Action:         rapid.SampledFrom([]string{"", "failed", "open"}).Draw(t, "action"),
			Added:          models.DayRange{From: day.Draw(t, "added_from"), To: day.Draw(t, "added_to")},
			Modified:       models.DayRange{From: day.Draw(t, "modified_from"), To: day.Draw(t, "modified_to")},
			AmountFrom:     amount.Draw(t, "from"), AmountTo: amount.Draw(t, "to"),
			Sort: models.OrderSort{
				Column: rapid.SampledFrom([]string{models.SortAdded, models.SortModified, models.SortID}).Draw(t, "sort"),
				Oldest: rapid.Bool().Draw(t, "oldest"),
			},
			Columns: subset("column", "store", "total"),
			Limit:   rapid.IntRange(models.MinOrderLimit, models.MaxOrderLimit).Draw(t, "limit"),
		}
		if len(f.Events) == 2 {
			f.Waiting = rapid.SampledFrom([]string{"", "all", "done"}).Draw(t, "waiting")
		}
		q, err := url.ParseQuery(f.Query().Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, _ := models.ReadOrderFilter(q, c)
		if !reflect.DeepEqual(got, f) {
			t.Fatalf("\nread %+v\nfrom %+v", got, f)
		}
	})
}

func FuzzReadOrderFilter(f *testing.F) {
	for _, seed := range []string{"q=%00&status=missing", "after=YQAAAAAAAAAAAAAAAAAAAAE", "limit=-1&added_from=9999-12-31", "sort=-id&before=%ff"} {
		f.Add(seed)
	}
	c := choices()
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		once, _ := models.ReadOrderFilter(q, c)
		again, notices := models.ReadOrderFilter(once.Query(), c)
		if !reflect.DeepEqual(once, again) {
			t.Errorf("%q\nread  %+v\nagain %+v\n%v", query, once, again, notices)
		}
	})
}

func TestDayRangeBounds(t *testing.T) {
	tests := []struct{ zone, day, from, before string }{
		{"Asia/Kolkata", "2026-11-22", "2026-11-21T18:30:00Z", "2026-11-22T18:30:00Z"},
		{"Europe/Stockholm", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},  // 23 hours
		{"Europe/Stockholm", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},  // 25 hours
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"}, // no midnight: starts at one
		{"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"}, // 23:00 to 24:00 twice
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},    // two midnights: the first
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},      // a day that never was
		{"UTC", "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
	}
	for _, tt := range tests {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		from, before := models.DayRange{From: tt.day, To: tt.day}.Bounds(zone)
		if got := from.Format(time.RFC3339) + " " + before.Format(time.RFC3339); got != tt.from+" "+tt.before {
			t.Errorf("%s in %s: %s, want %s %s", tt.day, tt.zone, got, tt.from, tt.before)
		}
	}
}
