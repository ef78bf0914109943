package models_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"github.com/kartify/kartify/models"
)

// refused uploads a file, and gives why it was not compared: at once, or by its job.
func (l *ledgers) refused(text string) (sentence string, r *models.Reconciliation) {
	l.Helper()
	r, _, err := l.db.CreateReconciliation(l.ctx, models.ReconciliationUpload{StoreID: 43, File: strings.NewReader(text), Name: "f", Days: "gateway", User: l.user})
	var problem *models.Problem
	if errors.As(err, &problem) {
		return problem.Sentence, nil
	}
	if err != nil {
		l.Fatal(err)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		l.Fatal(err)
	}
	r = l.read(r.ID)
	return r.Problem, r
}

func workbook(t *testing.T, rows ...[]any) string {
	t.Helper()
	book := excelize.NewFile()
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t *testing.T, name string, size int) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, part := range []string{"[Content_Types].xml", "xl/workbook.xml"} {
		if _, err := w.Create(part); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size {
		if _, err := part.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Files that are no such files are refused with a sentence that names the row, and leave nothing behind.
func TestMalformedFiles(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(20)
	good := ccavenueHead + "\n" + lookupOf(1).line() + "\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "The file is empty."},
		{"only a heading of another kind", "a,b,c\n1,2,3\n", "This file is not recognised. Its headings look like: a, b, c."},
		{"a quote that stays open", good + `3,"OT-ORD` + strings.Repeat(",x\n", 50), "Row 3 cannot be read"},
		{"a quote that stays open in a long file", good + `3,"OT-ORD` + strings.Repeat(strings.Repeat("x", 99)+"\n", 20_000), "Row 3 is longer than 1024 kB. Perhaps a quotation mark is never closed."},
		{"a million columns", ccavenueHead + "\n" + strings.Repeat(",", 1_000_000) + "\n", "Row 2 has more than 200 columns."},
		{"a million columns in the heading", strings.Repeat("Order No,", 1_000_000) + "\n", "Row 1 has more than 200 columns."},
		{"a line of many megabytes", good + strings.Repeat("x", 5<<20) + "\n", "Row 3 is longer than 1024 kB."},
		{"the order number twice", ccavenueHead + ",Order No\n" + lookupOf(1).line() + ",1\n", `Row 1: There are two columns called "Order No". Take one of them out of the file.`},
		{"a zip bomb", zipped(t, "xl/worksheets/sheet1.xml", 300), "Unpacked, this Excel file would be larger than any report is"},
		{"a zip with a way out", zipped(t, "../../etc/passwd", 0), "This Excel file has parts in places where a workbook has none"},
		{"half a workbook", workbook(t, []any{"a"})[:900], "The Excel file is damaged"},
		{"an old workbook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), "The Excel file cannot be read: it is damaged."},
		{"a page to sign in", "<!DOCTYPE html><html><body>Sign in", "This is a web page without a table that is known here"},
		{"a PDF", "%PDF-1.7 …", "This is a PDF."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := l.refused(tt.text)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("it says %.200q, want %q", got, tt.want)
			}
			var rows int
			if l.scan(&rows, "SELECT count(*) FROM reconciliation_rows"); rows != 0 {
				t.Errorf("%d rows of it are here", rows)
			}
		})
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	long := io.MultiReader(strings.NewReader(good), io.LimitReader(endless{}, 60<<20))
	r, _, err := l.db.CreateReconciliation(l.ctx, models.ReconciliationUpload{StoreID: 43, File: long, Name: "long", Days: "gateway", User: l.user})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil || l.read(r.ID).ProblemRow != 3 {
		t.Errorf("%v; %+v", err, l.read(r.ID))
	}
	runtime.ReadMemStats(&after)
	if grew := int64(after.Sys) - int64(before.Sys); grew > 64<<20 {
		t.Errorf("a line of 60 MB took %d MB of memory", grew>>20)
	}
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(to []byte) (int, error) {
	for i := range to {
		to[i] = 'y'
	}
	return len(to), nil
}

// The same rows in any letters, any line ends and any kind of file come to the same.
func TestFilesInManyForms(t *testing.T) {
	line := func(n int) string { return lookupOf(n).line() }
	csv := "CCAvenue,Order Lookup\n\n" + ccavenueHead + "\n" + line(1) + "\n" + line(2) + "\n=1+1,,=HYPERLINK(A1),,,,,,,INR,,,=SUM(A1),,,,,,,Shipped\n"
	cyrillic, err := charmap.Windows1251.NewEncoder().String("Иван Петров")
	if err != nil {
		t.Fatal(err)
	}
	cells := func(n int) []any {
		row := lookupOf(n)
		return []any{305000 + n, "OT-ORD", row.order, 46327.75 + float64(n)/86400, nil, "", "", "", "", "INR", float64(10000+n) / 100, 0, float64(10000+n) / 100, 2, 0, 0.36, 0, "Rao", nil, "Shipped"}
	}
	var heads []any
	for head := range strings.SplitSeq(ccavenueHead, ",") {
		heads = append(heads, head)
	}
	old, err := os.ReadFile("testdata/lookup-orders.xls") // as xlwt 1.3 writes it
	if err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	page.WriteString("<html><body><table border=\"1\">")
	for row := range strings.SplitSeq(strings.ReplaceAll(csv, `"Rao, Asha"`, "Rao"), "\n") {
		page.WriteString("<tr><td>" + strings.ReplaceAll(row, ",", "</td><td>") + "</td></tr>\n")
	}
	page.WriteString("</table></body></html>")
	for name, file := range map[string]string{
		"old workbook": string(old),
		"page":         page.String(),
		"plain":        csv,
		"BOM":          "\xef\xbb\xbf" + csv,
		"CRLF":         strings.ReplaceAll(csv, "\n", "\r\n"),
		"UTF-16":       utf16le(csv),
		"semicolons":   strings.ReplaceAll(strings.ReplaceAll(csv, `"Rao, Asha"`, "Rao"), ",", ";"),
		"tabs":         strings.ReplaceAll(strings.ReplaceAll(csv, `"Rao, Asha"`, "Rao"), ",", "\t"),
		"Windows-1251": strings.ReplaceAll(csv, "Rao, Asha", cyrillic),
		"workbook": workbook(t, []any{"CCAvenue"}, []any{}, heads, cells(1), cells(2),
			[]any{"=1+1", "", "=HYPERLINK(\"x\")", "", "", "", "", "", "", "INR", "", "", "=SUM(A1)", "", "", "", "", "", "", "Shipped"}),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedgers(t)
			l.paidOrders(4)
			r := l.upload(name, file)
			l.counted(r, map[string]int64{"agree": 2, "unreadable": 1, "absent": 2})
			for _, row := range l.rows(r, models.RowUnreadable) {
				if row.Row != 6 || row.Problem != `"=SUM(A1)" is no amount of INR.` {
					t.Errorf("row %d: %s", row.Row, row.Problem)
				}
			}
		})
	}
}

// Each gateway's own report is recognised, and its rows are understood.
func TestReportsOfGateways(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		gateway    string
		set        []string
		want       map[string]int64
		fees       int64
	}{
		{
			"Razorpay's settlement report",
			"entity_id,type,debit,credit,amount,currency,fee,tax,on_hold,settled,created_at,settled_at,settlement_id,description,notes,payment_id,order_id,order_receipt,method\n" +
				"pay_1,payment,0,98.00,100.00,INR,2.00,0.36,0,1,01/11/2026 17:30:00,03/11/2026,setl_1,,,,order_1,5000,card\n" +
				"pay_2,payment,0,98.00,100.01,INR,2.00,0.36,0,1,01/11/2026 17:30:00,03/11/2026,setl_1,,,,order_2,,card\n" + // known by its id alone
				"rfnd_1,refund,40.00,0,40.00,INR,0,0,0,1,01/11/2026 18:30:00,03/11/2026,setl_1,,,pay_1,,,card\n" +
				"adj_1,adjustment,1.00,0,1.00,INR,0,0,0,1,01/11/2026 18:30:00,03/11/2026,setl_1,,,,,,\n",
			"razorpay",
			[]string{"UPDATE payments SET ref = 'pay_' || (order_id - 4999), order_ref = 'order_' || (order_id - 4999)"},
			map[string]int64{"agree": 2, "refunded_there": 1, "other": 1, "absent": 1},
			328, // without the tax that each fee holds
		},
		{
			"Klarna's settlement report",
			"\xef\xbb\xbftotal_sale_amount;total_fee_amount;payment_reference;payout_date\n300,03;9,00;P1;2026-11-03\n\n" +
				"type;amount;currency_code;order_id;capture_id;refund_id;merchant_reference1;sale_date;capture_date\n" +
				"SALE;60,00;INR;k-1;c-1;;5000;2026-11-01;2026-11-01\nSALE;40,00;INR;k-1;c-2;;5000;2026-11-01;2026-11-01\n" + // drawn in two parts
				"sale;100,01;INR;k-2;c-3;;5001;2026-11-01;2026-11-01\nSALE;100,02;INR;k-3;c-4;;5002;2026-11-01;2026-11-01\n" +
				"FEE;9,00;INR;k-1;c-1;;5000;2026-11-01;2026-11-01\nRETURN;10,00;INR;k-3;;r-1;5002;2026-11-01;2026-11-01\n",
			"klarna",
			[]string{"UPDATE payments SET ref = 'k-' || (order_id - 4999)"},
			map[string]int64{"agree": 4, "refunded_there": 1, "other": 1},
			900,
		},
		{
			"PayKeeper's registry",
			"Номер платежа\tНомер заказа\tСумма\tСумма возврата\tСтатус\tДата\n" +
				"9001\t5000\t100,00\t0\tСовершён\t01.11.2026 15:00:00\n9002\t5001\t100,01\t0\tСовершён без оповещения\t01.11.2026 15:00:01\n9003\t5002\t100,02\t100,02\tВозвращён клиенту\t01.11.2026 15:00:02\n",
			"paykeeper",
			[]string{"UPDATE orders SET currency = 'RUB'", "UPDATE payments SET currency = 'RUB', ref = (order_id + 4001)::text"},
			map[string]int64{"agree": 2, "refunded_there": 1},
			0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLedgers(t)
			l.paidOrders(3)
			l.exec("UPDATE orders SET gateway = $1", tt.gateway)
			l.exec("UPDATE payments SET gateway = $1", tt.gateway)
			for _, sql := range tt.set {
				l.exec(sql)
			}
			r := l.upload("report", tt.text)
			l.counted(r, tt.want)
			var fees int64
			for _, sum := range r.Sums {
				fees += sum.Fees
			}
			if fees != tt.fees || r.Gateway != tt.gateway {
				t.Errorf("%s with fees of %d, want %d", r.Gateway, fees, tt.fees)
			}
		})
	}
}

// A Klarna report of which rows are missing is refused whole.
func TestTotalsThatDoNotAddUp(t *testing.T) {
	l := newLedgers(t)
	got, r := l.refused("total_sale_amount;payout_date\n200,00;2026-11-03\ntype;amount;currency_code;order_id;capture_id\nSALE;150,00;INR;k-1;c-1\n")
	if r == nil || r.State != models.ReconciliationFailed || got != "The file says that its sale rows come to 200.00, but they add up to 150.00. Rows are missing; download it again." {
		t.Errorf("it says %q", got)
	}
}

// Any other file goes through a mapping. A file that failed is tried again with one; a mapping of another
// store is refused.
func TestMappingOfOnesOwn(t *testing.T) {
	l := newLedgers(t)
	l.paidOrders(3)
	m := &models.ReconciliationMapping{
		StoreID: 43, Name: "Bank list", Gateway: "ccavenue", Zone: "Asia/Kolkata", Paid: "OK, done", Refunded: "back",
		Columns: map[string]string{"order": "Bestellung", "amount": "Betrag", "status": "Zustand", "date": "Tag", "fee": "Gebühr"},
	}
	if err := l.db.SaveReconciliationMapping(l.ctx, m, l.user.Actor("")); err != nil {
		t.Fatal(err)
	}
	text := "Bestellung;Betrag;Zustand;Tag;Gebühr\n5000;100,00;OK;2026-11-01;1,50\n5001;100,01;DONE;2026-11-01;\n5002;100,02;wartet;2026-11-01;\n"
	if got, _ := l.refused(text); !strings.Contains(got, "Bestellung") {
		t.Errorf("without the mapping it says %q", got)
	}
	r, known, err := l.db.CreateReconciliation(l.ctx, models.ReconciliationUpload{StoreID: 43, File: strings.NewReader(text), Name: "list.csv", Mapping: m.ID, Days: "store", User: l.user})
	if err != nil || known {
		t.Fatal(known, err)
	}
	if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	r = l.read(r.ID)
	l.counted(r, map[string]int64{"agree": 2, "absent": 1})
	if len(r.Sums) != 1 || r.Sums[0].Fees != 150 || r.Sums[0].Paid != 20001 {
		t.Errorf("%+v", r.Sums)
	}
	m.Columns["amount"] = " "
	if err := l.db.SaveReconciliationMapping(l.ctx, m, l.user.Actor("")); err == nil || err.Error() != "Name the column with the amount, as its heading in the file has it." {
		t.Errorf("a mapping without an amount is %v", err)
	}
}

// Orders at the edges of days fall on the days on which the list of orders and its file have them.
func TestReconciliationDays(t *testing.T) {
	for _, tt := range []struct{ days, zone, gateway, file string }{
		{"store", "Asia/Kolkata", "ccavenue", ccavenueHead + "\n" + lookupOf(1).line() + "\n"},
		{"gateway", "Asia/Kolkata", "ccavenue", ccavenueHead + "\n" + lookupOf(1).line() + "\n"},
		{"store", "Asia/Kolkata", "paykeeper", "id,orderid,pay_amount,status,pending_datetime\n305001,5001,100.01,success,2026-11-01 15:00:01\n"},
		{"gateway", "Europe/Moscow", "paykeeper", "id,orderid,pay_amount,status,pending_datetime\n305001,5001,100.01,success,2026-11-01 15:00:01\n"},
		{"gateway", "Europe/Stockholm", "klarna", "type,amount,currency_code,order_id,merchant_reference1,capture_date\nSALE,100.01,INR,305001,5001,2026-11-01\n"},
	} {
		t.Run(tt.gateway+" "+tt.days, func(t *testing.T) {
			l := newLedgers(t)
			l.paidOrders(2) // of noon UTC: a day all zones agree about
			l.exec("UPDATE orders SET gateway = $1", tt.gateway)
			l.exec("UPDATE payments SET gateway = $1", tt.gateway)
			id := 100
			for _, zone := range []string{"Asia/Kolkata", "Europe/Moscow", "Europe/Stockholm"} {
				for _, edge := range []string{"2026-11-01 00:00:00", "2026-10-31 23:59:59.999", "2026-11-01 23:59:59.999", "2026-11-02 00:00:00"} {
					l.exec(`INSERT INTO orders (id, store_id, status, gateway, currency, items_minor, total_minor, date_added) VALUES ($1, 43, 'processed', $2, 'INR', 5, 5, $3::timestamp AT TIME ZONE $4)`, id, tt.gateway, edge, zone)
					id++
				}
			}
			r, _, err := l.db.CreateReconciliation(l.ctx, models.ReconciliationUpload{StoreID: 43, File: strings.NewReader(tt.file), Name: "f", Days: tt.days, User: l.user})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.db.RunReconciliation(l.ctx, r.ID); err != nil {
				t.Fatal(err)
			}
			r = l.read(r.ID)
			got := map[int64]bool{}
			for _, row := range l.rows(r, models.RowAbsent) {
				got[*row.OrderID] = true
			}
			l.exec("UPDATE stores SET time_zone = $1", tt.zone) // the list of a store in that zone
			const day = "added_from=2026-11-01&added_to=2026-11-01"
			ids, _, _ := l.list(day + "&limit=500")
			writeLines(l.db, nil)
			mira := l.exporter()
			if file, _, err := l.export(mira, l.request(mira, day)); err != nil || !slices.Equal(file, ids) {
				t.Errorf("the list has %v, and its file %v (%v)", ids, file, err)
			}
			listed := 0
			for _, id := range ids {
				if id == 5001 {
					continue // it is in the file
				}
				if listed++; !got[id] {
					t.Errorf("order %d is listed on this day and not compared with it", id)
				}
			}
			if listed != len(got) || listed != 7 || r.DayFrom != "2026-11-01" || r.Zone != tt.zone {
				t.Errorf("%d are listed and %v absent, of %s to %s in %s", listed, got, r.DayFrom, r.DayTo, r.Zone)
			}
		})
	}
}
