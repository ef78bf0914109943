package handlers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/views"
)

// exportSite is the site of the order list with one order that has everything a file could stumble over.
func exportSite(t *testing.T) *site {
	t.Helper()
	s := listSite(t)
	s.exec("UPDATE stores SET fynd_affiliate_id = '16916747740991418099' WHERE id = 40")
	s.exec(`UPDATE orders SET customer_name = '=HYPERLINK("http://evil.example","x")', customer_phone = '+919812345678', customer_email = 'neha@example.com',
		gid = '16916747740991418099', affiliate_order_id = '1001',
		shipping_address = '{"name":"Neha","line1":"12, \"High\" Street","city":"Pune","postcode":"411001"}' WHERE id = 1001`)
	for _, p := range []struct{ ref, status, currency, rrn string }{{"pay_2", "failed", "INR", ""}, {"pay_1", "success", "INR", "123456789012"}, {"pay_3", "success", "EUR", ""}} {
		s.exec(`INSERT INTO payments (order_id, store_id, gateway, mode, ref, order_ref, status, currency, amount_minor, authorized_minor, captured_minor, refunded_minor, rrn)
			VALUES (1001, 40, 'razorpay', 'test', $1, 'order_9', $2, $3, 149900, CASE WHEN $2 = 'failed' THEN 0 ELSE 149900 END, CASE WHEN $2 = 'failed' THEN 0 ELSE 149900 END, CASE WHEN $2 = 'failed' THEN 0 ELSE 100 END, $4)`,
			p.ref, p.status, p.currency, p.rrn)
	}
	return s
}

// table is a CSV file by the names of its columns.
func table(t *testing.T, file string) []map[string]string {
	t.Helper()
	text, marked := strings.CutPrefix(file, "\uFEFF")
	if !marked {
		t.Fatalf("no byte order mark before %q", file[:min(len(file), 80)])
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, row := range rows[1:] {
		named := map[string]string{}
		for i, name := range rows[0] {
			named[name] = row[i]
		}
		all = append(all, named)
	}
	return all
}

func ids(rows []map[string]string) string {
	var all []string
	for _, row := range rows {
		all = append(all, row["order_id"])
	}
	return strings.Join(all, " ")
}

func TestExportSaysWhatTheOrderIs(t *testing.T) {
	s := exportSite(t)
	b := s.as(modelstest.Person(t, s.db, "Mira", models.Manager))
	p := b.get("/sales/orders/export.csv?sort=-id")
	if kind, how := p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"); kind != "text/csv; charset=utf-8" || !strings.HasPrefix(how, `attachment; filename="orders-2`) || p.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the file comes as %q, %q", kind, how)
	}
	rows := table(t, p.body)
	if ids(rows) != "1006 1004 1002 1001" {
		t.Fatalf("the file holds %s", ids(rows))
	}
	for name, want := range map[string]string{
		"order_id": "1001", "partner_order_id": "FY62A1B2C3D4E5F60001", "store_id": "40", "store_name": "Store 40", "gid": "16916747740991418099",
		"gateway_reference": "pay_2 | pay_1 | pay_3", "gateway_order_reference": "order_9 | order_9 | order_9", "bank_reference": "123456789012",
		"amount": "1499.00", "currency": "INR", "status": "processed", "missing_reason": "", "payment_status": "failed | success | success in EUR",
		"gateway": "razorpay", "payment_method": "UPI (Razorpay)", "captured": "1499.00", "refunded": "1.00", "last_event": "REFUND_INITIATED",
		"customer_name": `'=HYPERLINK("http://evil.example","x")`, "company": "", "customer_email": "neha@example.com", "customer_phone": "'+919812345678",
		"shipping_address": "Neha\n12, \"High\" Street\n411001 Pune", "date_added": "2026-11-20T15:30:00+05:30", "date_modified": "2026-11-20T15:30:00+05:30",
		"time_zone": "Asia/Kolkata", "affiliate_order_id": "1001", "affiliate_id": "16916747740991418099",
		"reconciled": "no", "reconciled_at": "", "reconciliation_class": "",
	} {
		if rows[3][name] != want {
			t.Errorf("%s of order 1001 is %q, want %q", name, rows[3][name], want)
		}
	}
	if len(rows[3]) != 31 || rows[1]["gateway_reference"] != "" || rows[1]["captured"] != "0.00" {
		t.Errorf("an order without payments: %v", rows[1])
	}
	sum := sha256.Sum256([]byte(p.body))
	if got := p.Trailer.Get("Repr-Digest"); got != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" || p.Trailer.Get("X-Orders") != "4" {
		t.Errorf("after the file come %v", p.Trailer)
	}
}

func TestExcelFileHasACover(t *testing.T) {
	s := exportSite(t)
	b := s.as(modelstest.Person(t, s.db, "Mira", models.Manager))
	p := b.get("/sales/orders/export.xlsx?status=processed&q=&added_from=2026-11-20")
	book, err := excelize.OpenReader(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("Orders")
	if err != nil || len(rows) != 2 || rows[1][7] != "16916747740991418099" || rows[1][8] != "1499.00" || rows[1][23] != "2026-11-20 15:30:00" {
		t.Fatalf("the rows are %q (%v)", rows, err)
	}
	about, err := book.GetRows("About")
	if err != nil {
		t.Fatal(err)
	}
	cover := map[string]string{}
	for _, row := range about[1:] {
		cover[row[0]] = row[1]
	}
	plain := b.get("/sales/orders/export.csv?status=processed&added_from=2026-11-20")
	sum := sha256.Sum256([]byte(plain.body))
	for name, want := range map[string]string{
		"Filter": "Status: Processed; Date added: from 2026-11-20", "Missing orders": "Not included", "Days begin in": "Asia/Kolkata",
		"Orders promised": "1", "Orders in this file": "1", "Exported by": "Mira", "Address of the list": "/sales/orders?added_from=2026-11-20&status=processed",
		"SHA-256 of the rows": hex.EncodeToString(sum[:]) + " (that of the CSV file with the same orders)",
	} {
		if cover[name] != want {
			t.Errorf("the cover says of %s: %q, want %q", name, cover[name], want)
		}
	}
}

func TestMissingOrdersAreAskedAbout(t *testing.T) {
	s := exportSite(t)
	b := s.as(modelstest.Person(t, s.db, "Mira", models.Manager))
	p := b.get("/exports/count")
	if got := p.said("#order-export [data-missing-question] legend"); got != "2 missing orders match this filter: include them?" {
		t.Errorf("the menu asks %q", got)
	}
	if got := p.said("#order-export p b"); got != "4 orders match" {
		t.Errorf("the menu promises %q", got)
	}
	if got := b.get("/exports/count?status=missing").said("#order-export .help"); !strings.HasPrefix(got, "These are missing orders alone.") {
		t.Errorf("with missing orders alone the menu says %q", got)
	}
	for _, tt := range []struct{ query, missing, ids string }{
		{"", "", "1006 1004 1002 1001"},
		{"", "include", "1006 1005 1004 1003 1002 1001"},
		{"status=failed", "include", "1005 1004 1003"},
		{"status=missing", "", "1005 1003"},
	} {
		sent := b.post("/exports", "query", tt.query, "missing", tt.missing, "format", "csv", "when", "now")
		if sent.StatusCode != http.StatusSeeOther {
			t.Fatalf("the form answers %d", sent.StatusCode)
		}
		if got := ids(table(t, b.get(sent.Header.Get("Location")).body)); got != tt.ids {
			t.Errorf("%s and missing %q: %s, want %s", tt.query, tt.missing, got, tt.ids)
		}
	}
}

func TestExportNeedsItsRight(t *testing.T) {
	s := exportSite(t)
	asha := s.as(modelstest.Person(t, s.db, "Asha", models.Support))
	for _, path := range []string{"/sales/orders/export.csv", "/sales/orders/export.xlsx", "/exports", "/exports/progress"} {
		if got := asha.get(path).StatusCode; got != http.StatusForbidden {
			t.Errorf("support gets %s with %d", path, got)
		}
	}
	if asha.get("/sales/orders").Find("#order-export").Length() != 0 {
		t.Error("support is offered an export")
	}
	sven := s.as(modelstest.Person(t, s.db, "Sven", models.Manager, 41))
	if got := ids(table(t, sven.get("/sales/orders/export.csv").body)); got != "1004" {
		t.Errorf("a manager of store 41 takes home %s", got)
	}
	sven.get("/sales/orders/export.csv?store=40").want(t, http.StatusUnprocessableEntity, "is not one of your stores")
	sven.get("/sales/orders/export.csv?added_from=31/02/2026").want(t, http.StatusUnprocessableEntity, "write it as 2026-02-28")
	if got := sven.ask(http.MethodHead, "/sales/orders/export.csv", nil); got.StatusCode != http.StatusOK || got.body != "" {
		t.Errorf("HEAD answers %d %q", got.StatusCode, got.body)
	}
	var told string
	s.scan(&told, "SELECT string_agg(action || ' ' || (details->>'filter'), ', ' ORDER BY seq) FROM audit_log WHERE action LIKE 'export.%'")
	if told != "export.started , export.finished " {
		t.Errorf("the audit log says %q", told)
	}
	sven.get("/sales/orders/export.csv?q=%C3%96berg&status=failed")
	s.scan(&told, "SELECT concat_ws(' ', details->>'filter', details->>'written', details->>'promised', details->>'sha256' ~ '^[0-9a-f]{64}$') FROM audit_log WHERE action = 'export.finished' ORDER BY seq DESC LIMIT 1")
	if told != "q=%28words%29&status=failed 1 1 t" {
		t.Errorf("the audit log says %q of an export by words", told)
	}
}

func (s *site) scan(into any, sql string, args ...any) {
	s.t.Helper()
	if err := s.db.Pool().QueryRow(modelstest.System(s.t.Context()), sql, args...).Scan(into); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// The whole way of an export in the background, in a browser without scripts.
func TestExportInTheBackgroundIsKept(t *testing.T) {
	s := exportSite(t)
	ctx := modelstest.System(t.Context())
	mira := s.as(modelstest.Person(t, s.db, "Mira", models.Manager, 40))
	mira.get("/exports").want(t, http.StatusOK, "No exports yet")
	sent := mira.post("/exports", "query", "status=processed", "missing", "", "format", "xlsx", "when", "background")
	if to := sent.Header.Get("Location"); sent.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/exports#export-") {
		t.Fatalf("the form answers %d %s", sent.StatusCode, to)
	}
	id := strings.TrimPrefix(sent.Header.Get("Location"), "/exports#export-")
	waiting := mira.get("/exports")
	waiting.want(t, http.StatusOK, "Waiting")
	if waiting.Find("#exports[hx-get='/exports/progress']").Length() != 1 || waiting.Find("a[download]").Length() != 0 {
		t.Error("the page of a waiting export does not follow it, or offers its file")
	}
	mira.get("/exports/"+id+"/file").want(t, http.StatusNotFound, "There is nothing at this address")
	if err := s.db.RunExport(ctx, id); err != nil {
		t.Fatal(err)
	}
	ready := mira.get("/exports/progress", "HX-Request: true")
	ready.want(t, http.StatusOK, "1 order, as many as promised")
	if ready.Find("#exports[hx-get]").Length() != 0 || ready.Find(".top").Length() != 0 {
		t.Error("the page goes on asking although nothing is under way")
	}
	for _, fact := range []string{"FiltersStatus: Processed", "Missing ordersNot included", "Days begin inAsia/Kolkata", "Orders promised1", "Orders in the file1", "SHA-256 of the file", "SHA-256 of its rows as CSV"} {
		ready.want(t, http.StatusOK, fact)
	}
	if got := mira.ask(http.MethodHead, "/exports/"+id+"/file", nil); got.StatusCode != http.StatusOK || got.body != "" || got.ContentLength <= 0 {
		t.Errorf("HEAD answers %d %q, %d bytes", got.StatusCode, got.body, got.ContentLength)
	}
	var downloads int
	s.scan(&downloads, "SELECT count(*) FROM audit_log WHERE action = 'export.downloaded'")
	if downloads != 0 {
		t.Error("who asked for the size is said to have downloaded the file")
	}
	file := mira.get("/exports/" + id + "/file")
	sum := sha256.Sum256([]byte(file.body))
	if file.StatusCode != http.StatusOK || file.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" || file.ContentLength != int64(len(file.body)) {
		t.Errorf("the file comes with %d %v", file.StatusCode, file.Header)
	}
	if _, err := excelize.OpenReader(strings.NewReader(file.body)); err != nil {
		t.Error(err)
	}
	// For others of the same store it is there, for those of another one and without the right it is not.
	if got := s.as(modelstest.Person(t, s.db, "Ravi", models.Finance, 40, 41)).get("/exports/" + id + "/file"); got.body != file.body {
		t.Errorf("a colleague gets it with %d", got.StatusCode)
	}
	sven := s.as(modelstest.Person(t, s.db, "Sven", models.Manager, 41))
	unknown := strings.Repeat("A", 26)
	for _, path := range []string{"/exports/" + id, "/exports/" + unknown} {
		sven.get(path+"/file").want(t, http.StatusNotFound, "There is nothing at this address")
		sven.post(path+"/delete").want(t, http.StatusNotFound, "There is nothing at this address")
	}
	if strings.Contains(sven.get("/exports").body, id) {
		t.Error("another store's page lists it")
	}
	if got := s.as(modelstest.Person(t, s.db, "Asha", models.Support)).get("/exports/" + id + "/file"); got.StatusCode != http.StatusForbidden {
		t.Errorf("without the right it comes with %d", got.StatusCode)
	}
	if gone := mira.post("/exports/" + id + "/delete"); gone.StatusCode != http.StatusSeeOther {
		t.Errorf("deleting answers %d", gone.StatusCode)
	}
	mira.get("/exports/"+id+"/file").want(t, http.StatusNotFound, "There is nothing at this address")
	mira.get("/exports").want(t, http.StatusOK, "No exports yet")
	mira.post("/exports", "query", "", "format", "pdf").want(t, http.StatusUnprocessableEntity, "Choose CSV or Excel.")
}

// A file that breaks off never looks whole: the connection breaks off with it.
func TestBrokenDownloadIsSeen(t *testing.T) {
	s := exportSite(t)
	b := s.as(modelstest.Person(t, s.db, "Mira", models.Manager))
	s.db.SetOrderFiles(func(p *models.ExportPlan, to io.Writer) models.OrderFile {
		return &shortFile{OrderFile: views.OrderFile(p, to)}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/sales/orders/export.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	part, err := io.ReadAll(res.Body)
	if err == nil || !bytes.HasPrefix(part, []byte("\uFEFForder_id,")) {
		t.Errorf("a broken file of %d bytes is read with %v", len(part), err)
	}
	b.get("/exports").want(t, http.StatusOK, "The download broke off after 2 orders.")
}

type shortFile struct {
	models.OrderFile
	n int
}

func (f *shortFile) Add(o *models.ExportedOrder) error {
	if f.n++; f.n == 2 {
		return io.ErrUnexpectedEOF
	}
	return f.OrderFile.Add(o) //nolint:wrapcheck // a test
}

// The first bytes come while the database still counts, and who leaves ends the statement.
func TestExportBeginsAtOnceAndEndsWithItsReader(t *testing.T) {
	s := listSite(t)
	s.exec(`INSERT INTO orders (id, store_id, status, currency, total_minor, items_minor, customer_name, date_added)
		SELECT 10000 + n, 40, 'processed', 'INR', 100, 100, repeat('x', 200), timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, 50000) n`)
	b := s.as(modelstest.Person(t, s.db, "Mira", models.Manager))
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/sales/orders/export.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // left
	head := make([]byte, 100)
	if _, err := io.ReadFull(res.Body, head); err != nil {
		t.Fatal(err)
	}
	leave()
	var open int
	for range 200 {
		s.scan(&open, "SELECT (SELECT count(*) FROM exports WHERE state = 'running') + (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND query LIKE '%string_agg%' AND pid <> pg_backend_pid())")
		if open == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	var state string
	s.scan(&state, "SELECT state FROM exports")
	if open != 0 || state != "failed" {
		t.Errorf("after the reader left %d statements or exports go on; it is noted as %s", open, state)
	}
	if again := b.get("/sales/orders/export.csv?status=failed"); ids(table(t, again.body)) != "1004" {
		t.Error("the next export does not come")
	}
}
