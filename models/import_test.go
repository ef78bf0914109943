package models_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/kartify/kartify/models"
)

// take imports a text and says what came of it.
func (s *shelf) take(text string, change ...func(*models.ImportRequest)) *models.ImportReport {
	s.Helper()
	report, err := s.try(text, change...)
	if err != nil {
		s.Fatalf("%.80q: %v", text, err)
	}
	return report
}

func (s *shelf) try(text string, change ...func(*models.ImportRequest)) (*models.ImportReport, error) {
	req := models.ImportRequest{File: strings.NewReader(text), Name: "orders.csv", Store: 40, By: models.Actor{Kind: "command", Name: "command line"}}
	for _, c := range change {
		c(&req)
	}
	return s.db.ImportOrders(s.ctx, req)
}

func (s *shelf) value(sql string, args ...any) string {
	s.Helper()
	var text string
	if err := s.db.Pool().QueryRow(s.ctx, sql, args...).Scan(&text); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	return text
}

// faults is the problems of a report, a line each.
func faults(r *models.ImportReport) string {
	var lines []string
	for _, p := range r.Problems {
		lines = append(lines, fmt.Sprintf("%d %s: %s", p.Row, p.Column, p.Sentence))
	}
	return strings.Join(lines, "\n")
}

const importHead = "order_id,date_added,status,customer,total\n"

func TestImportTakesOrdersOver(t *testing.T) {
	s := newShelf(t)
	r := s.take("Order ID,GoFynd Order ID,Date,Status,Customer Name,E-mail,Phone,Gateway,Payment ID,Paid,SKU,Product,Qty,Unit Price,Discount,Tax,Shipping,Total,# note\n" +
		"5001,FY00000000000000AB01,2026-01-31 14:05,processed,\"=HYPERLINK(\"\"x\"\")\",neha@mail.example,+919876543210,razorpay,pay_I1,1150.50,KUR-1,\"Kurta, indigo\",2,500.00,0.00,100.50,50,1150.50,left out\n" +
		"5002,,2026-02-01T10:00:00+01:00,Partially refunded,Åsa Öberg,,,,,,,,,,,,,10.00,\n" +
		"5001,FY00000000000000AB01,2026-01-31 14:05,processed,\"=HYPERLINK(\"\"x\"\")\",neha@mail.example,+919876543210,razorpay,pay_I1,1150.50,MOJ-1,Mojari,1,0,0,0,50,1150.50,\n")
	if r.Orders != 2 || r.Lines != 3 || r.Payments != 1 || r.Rows != 3 || len(r.Problems) > 0 {
		t.Fatalf("%+v", r)
	}
	for sql, want := range map[string]string{
		`SELECT concat_ws('|', store_id, partner_order_id, customer_name, status, total_minor, items_minor, tax_minor, shipping_minor, date_added AT TIME ZONE 'UTC') FROM orders WHERE id = 5001`: `40|FY00000000000000AB01|=HYPERLINK("x")|processed|115050|100000|10050|5000|2026-01-31 08:35:00`,
		`SELECT concat_ws('|', status, currency, date_added AT TIME ZONE 'UTC') FROM orders WHERE id = 5002`:                                                                                       `partially_refunded|INR|2026-02-01 09:00:00`,
		`SELECT string_agg(concat_ws('|', position, sku, name, quantity, total_minor), ';' ORDER BY position) FROM order_items WHERE order_id = 5001`:                                              `1|KUR-1|Kurta, indigo|2|110050;2|MOJ-1|Mojari|1|0`,
		`SELECT concat_ws('|', gateway, ref, status, captured_minor, mode) FROM payments`:                                                                                                          `razorpay|pay_I1|success|115050|test`,
		`SELECT concat_ws('|', actor, actor_name, comment) FROM order_history WHERE order_id = 5002`:                                                                                               `system|command line|Imported from orders.csv.`,
		`SELECT action || ' ' || (details->>'orders') FROM audit_log WHERE chain = 40`:                                                                                                             `orders.imported 2`,
		`SELECT (nextval('orders_id_seq') > 5002)::text`:                                                                                                                                           `true`,
	} {
		if got := s.value(sql); got != want {
			t.Errorf("%s\n got %s\nwant %s", sql, got, want)
		}
	}
	if findings, err := s.db.Fsck(s.ctx); err != nil || len(findings) > 0 {
		t.Errorf("fsck: %v %v", findings, err)
	}
}

func TestImportNamesEverythingThatIsWrong(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 7001, Store: 40, Partner: "FYHERE0000000000000", Ref: "pay_here"})
	head := "order_id,partner_order_id,store,date_added,status,status_reason,currency,gateway,payment_id,paid,item,quantity,unit_price,total\n"
	row := func(cells string) string { return cells + "\n" }
	text := head +
		row("6001,,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 2: nothing is wrong
		row("6002,,40,31/01/2026,processed,,INR,,,,Kurta,1,10.00,10.00") + // 3
		row("6003,,40,2026-01-31,lost,,INR,,,,Kurta,1,10.00,10.00") + // 4
		row("6004,,40,2026-01-31,processed,,INR,,,,Kurta,1,1e3,10.00") + // 5
		row("6005,,40,2026-01-31,processed,,INR,,,,Kurta,2,10.00,10.00") + // 6
		row("A-6006,,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 7
		row("7001,,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 8
		row("6007,FYHERE0000000000000,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 9
		row("6008,,99,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 10
		row("6009,,40,2026-01-31,missing,,INR,,,,Kurta,1,10.00,10.00") + // 11
		row("6010,,40,2026-01-31,processed,,ZZZ,,,,Kurta,1,10.00,10.00") + // 12
		row("6011,,40,2026-01-31,processed,,INR,,pay_x,10.00,Kurta,1,10.00,10.00") + // 13
		row("6012,,40,2026-01-31,processed,,INR,razorpay,pay_y,10.01,Kurta,1,10.00,10.00") + // 14
		row("6001,,40,2026-02-01,processed,,INR,,,,Kurta,1,10.00,10.00") + // 15
		row("6013,,40,2026-01-31,processed,,JPY,,,,Kurta,1,10.50,10") + // 16
		row("6014,,40,2026-01-31,processed,,INR,,,,Kurta,0,10.00,10.00") + // 17
		row(",,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 18
		row("6015,,40") + // 19
		row("6016,FYTWICE,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") + // 20
		row("6017,FYTWICE,40,2026-01-31,processed,,INR,,,,Kurta,1,10.00,10.00") // 21
	r := s.take(text, func(q *models.ImportRequest) { q.Store = 0 })
	got := faults(r)
	for _, want := range []string{
		`3 date_added: "31/01/2026" is not a date`, `4 status: "lost" is not an order status`, `5 unit_price: Write the amount with the digits`,
		`6 total: The total is 10.00 INR, but its lines and shipping come to 20.00 INR.`, `7 order_id: An order ID here is a number`,
		`8 order_id: "7001" is here already, as order 7001.`, `9 partner_order_id: "FYHERE0000000000000" is here already, as order 7001.`,
		`10 store: There is no store "99".`, `11 status_reason: A missing order has the reason`, `12 currency: "ZZZ" is not a currency`,
		`13 payment_id: A payment needs both`, `14 paid: More was paid`, `15 date_added: It says otherwise than row 2`, `16 unit_price: JPY has no decimals`,
		`17 quantity: "0" is not a whole number`, `18 : It has no number of an order.`, `19 : It has 3 cells, the heading has 14.`,
		`21 partner_order_id: "FYTWICE" is in row 20 too`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
	if n := s.value("SELECT count(*)::text FROM orders"); n != "1" || r.Orders != 0 {
		t.Errorf("%s orders are there, want none of the file's", n)
	}
	// The same file in part: what is right comes, the rest is listed.
	part := s.take(text, func(q *models.ImportRequest) { q.Store, q.Partial = 0, true })
	if n := s.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM orders"); n != "6016 7001" || part.Orders != 1 || part.LeftOut != r.LeftOut || faults(part) != got {
		t.Errorf("in part: orders %s, %d taken over, %d left out", n, part.Orders, part.LeftOut)
	}
}

func TestImportDryRunLeavesNothing(t *testing.T) {
	s := newShelf(t)
	r := s.take(importHead+"9001,2026-01-31,processed,Neha,10.00\n", func(q *models.ImportRequest) { q.DryRun = true })
	if r.Orders != 1 || len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	for _, table := range []string{"orders", "order_items", "order_history", "audit_log"} {
		if n := s.value("SELECT count(*)::text FROM " + table); n != "0" {
			t.Errorf("%s has %s rows", table, n)
		}
	}
	s.take(importHead + "9001,2026-01-31,processed,Neha,10.00\n")
	if again := faults(s.take(importHead + "9001,2026-01-31,processed,Neha,10.00\n")); !strings.Contains(again, "is here already") {
		t.Errorf("the second time: %q", again)
	}
}

func TestImportReadsHoweverItIsWritten(t *testing.T) {
	text := importHead + "%d,2026-01-31,processed,Щербакова Ольга,10.00\n"
	encode := func(bytes []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes)
	}
	s := newShelf(t)
	for i, tt := range []struct {
		name, encoding string
		write          func(string) string
	}{
		{"UTF-8", "utf-8", func(x string) string { return x }},
		{"UTF-8 with a mark", "utf-8", func(x string) string { return "\uFEFF" + x }},
		{"UTF-16 of a spreadsheet", "utf-16", func(x string) string {
			return encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(x)))
		}},
		{"UTF-16 without a mark", "utf-16be", func(x string) string {
			return encode(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(x)))
		}},
		{"Windows-1251", "windows-1251", func(x string) string { return encode(charmap.Windows1251.NewEncoder().Bytes([]byte(x))) }},
		{"semicolons and CRLF", "utf-8", func(x string) string {
			return strings.ReplaceAll(strings.ReplaceAll(x, ",", ";"), "\n", "\r\n")
		}},
		{"tabs", "utf-8", func(x string) string { return strings.ReplaceAll(x, ",", "\t") }},
	} {
		id := 8001 + i
		r := s.take(tt.write(fmt.Sprintf(text, id)))
		if name := s.value("SELECT customer_name FROM orders WHERE id = $1", id); name != "Щербакова Ольга" || r.Encoding != tt.encoding {
			t.Errorf("%s: %q, read as %s", tt.name, name, r.Encoding)
		}
	}
	swedish, _ := charmap.Windows1252.NewEncoder().String(importHead + "8100,2026-01-31,processed,Åsa Öberg,10.00\n")
	if _, err := s.try(swedish); err == nil || !strings.Contains(err.Error(), "--encoding windows-1252") {
		t.Errorf("letters that could be anything: %v", err)
	}
	s.take(swedish, func(q *models.ImportRequest) { q.Encoding = "windows-1252" })
	if name := s.value("SELECT customer_name FROM orders WHERE id = 8100"); name != "Åsa Öberg" {
		t.Errorf("named as Windows-1252 it is %q", name)
	}
}

func TestImportRefusesWhatIsNoFileOfOrders(t *testing.T) {
	s := newShelf(t)
	for _, tt := range []struct{ name, text, says string }{
		{"empty", "", "empty"},
		{"a heading alone", importHead, "no orders"},
		{"an endless line", importHead + strings.Repeat("x", 100<<20), "longer than 1024 kB"},
		{"a quotation mark never closed", importHead + `1,"` + strings.Repeat("a\n", 1<<20), "longer than 1024 kB"},
		{"a million columns", strings.Repeat("a,", 1_000_000) + "\n", "more than 200 columns"},
		{"a stray quotation mark", importHead + "1,2026-01-31,processed,Ne\"ha,10.00\n", "Row 2 cannot be read"},
		{"bytes", "\x89PNG\r\n\x1a\n\x00\x00\xff\xfe\x80\x01", "not UTF-8"},
	} {
		r, err := s.try(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %+v, %v, want %q", tt.name, r, err, tt.says)
		}
	}
	for _, tt := range []struct{ head, says string }{
		{"order_id,date_added,status\n", "total: This column is missing."},
		{"date_added,status,total\n", "There is no column with the number of the order"},
		{"order_id,date_added,status,total,colour\n", "colour: This column is not known."},
		{"order_id,Order No,date_added,status,total\n", "Order No: There are two columns for order_id."},
	} {
		if got := faults(s.take(tt.head + "1,2,3,4,5\n")); !strings.Contains(got, tt.says) {
			t.Errorf("%q: %q, want %q", tt.head, got, tt.says)
		}
	}
}

func TestImportKnowsTheClocks(t *testing.T) {
	s := newShelf(t)
	s.exec("INSERT INTO stores (id, code, name, currency, time_zone) VALUES (60, 'nordic', 'Nordic', 'SEK', 'Europe/Stockholm')")
	here := func(q *models.ImportRequest) { q.Store = 60 }
	if got := faults(s.take(importHead+"9101,2026-03-29 02:30,processed,Åsa,10.00\n", here)); !strings.Contains(got, "the clocks were put forward") {
		t.Errorf("an hour that never was: %q", got)
	}
	s.take(importHead+"9102,2026-03-29 03:30,processed,Åsa,10.00\n", here)
	if at := s.value("SELECT (date_added AT TIME ZONE 'UTC')::text FROM orders WHERE id = 9102"); at != "2026-03-29 01:30:00" {
		t.Errorf("half past three in summer time is %s", at)
	}
	var many bytes.Buffer
	many.WriteString(importHead)
	for i := range 1500 {
		fmt.Fprintf(&many, "%d,someday,processed,Åsa,10.00\n", 20000+i)
	}
	if r := s.take(many.String(), here); len(r.Problems) != 1000 || r.More != 500 || r.LeftOut != 1500 {
		t.Errorf("%d problems named, %d more, %d orders left out", len(r.Problems), r.More, r.LeftOut)
	}
}
