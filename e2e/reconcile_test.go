package e2e

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// settled are orders of the cast that are paid by Razorpay, there and here.
type settled struct {
	order, minor int64
	ref          string
}

func (w *world) settled() (list []settled) {
	w.t.Helper()
	rows, err := w.db.Pool().Query(w.ctx, `SELECT o.id, o.total_minor, p.ref FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.store_id = $1 AND p.gateway = 'razorpay' AND p.status = 'success'
		AND p.captured_minor = o.total_minor AND o.status IN ('processing', 'processed', 'shipped', 'complete') AND o.currency = 'INR' ORDER BY o.id`, cast.Ruosh)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s settled
		if err := rows.Scan(&s.order, &s.minor, &s.ref); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, s)
	}
	if len(list) < 3 {
		w.t.Fatalf("the cast has %d orders that are paid by Razorpay", len(list))
	}
	return list
}

// settlement is Razorpay's report of these orders: the second with another amount, and one that nobody knows.
func settlement(list []settled) string {
	text := "entity_id,type,debit,credit,amount,currency,fee,tax,created_at,settlement_id,payment_id,order_id,order_receipt\n"
	for i, s := range list {
		if i == 1 {
			s.minor -= 100
		}
		text += fmt.Sprintf("%s,payment,0,1.00,%d.%02d,INR,2.00,0.36,,setl_1,,,%d\n", s.ref, s.minor/100, s.minor%100, s.order)
	}
	return text + "pay_nobody,payment,0,1.00,5.00,INR,0,0,,setl_1,,,777777\n"
}

// attach puts a file into the field of a form, as if it was chosen.
func attach(tab *browser.Tab, name, text string) {
	browser.Eval[bool](tab, `(() => {
		const files = new DataTransfer();
		files.items.add(new File([`+strconv.Quote(text)+`], `+strconv.Quote(name)+`, {type: "text/csv"}));
		document.querySelector('input[name="file"]').files = files.files;
		return true;
	})()`)
}

// write types a comment.
func write(tab *browser.Tab, text string) {
	browser.Eval[bool](tab, `(() => { document.querySelector('textarea[name="comment"]').value = `+strconv.Quote(text)+`; return true; })()`)
}

// look checks a page wide and narrow, light and dark.
func look(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	for _, width := range []int{1440, 390} {
		for _, dark := range []bool{false, true} {
			tab.Size(width, map[int]int{1440: 900, 390: 844}[width])
			tab.Dark(dark)
			if wide := browser.Eval[int](tab, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("%s at %d is %d wide", name, width, wide)
			}
			for _, v := range tab.Axe() {
				t.Errorf("%s at %d, dark %v: %s", name, width, dark, v)
			}
			if *shots != "" {
				tab.Screenshot(filepath.Join(*shots, fmt.Sprintf("%s-%d-%v.png", name, width, dark)), width, map[int]int{1440: 900, 390: 844}[width], dark)
			}
		}
	}
	tab.Size(1440, 900)
	tab.Dark(false)
}

// TestReconcileFromThePage uploads a settlement report and resolves three kinds of difference where they stand.
func TestReconcileFromThePage(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	list := w.settled()
	lost := list[0]
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "finance@ruosh.example", "/sales/reconciliations")
	browser.Eval[bool](tab, `(() => { document.querySelector('select[name="store"]').value = "40"; return true; })()`)
	look(t, tab, "reconciliation-upload")
	for _, sql := range []string{
		"UPDATE orders SET status = 'missing', status_reason = 'debited' WHERE id = $1",
		"UPDATE payments SET status = 'pending', captured_minor = 0, authorized_minor = 0 WHERE order_id = $1",
	} {
		if _, err := w.db.Pool().Exec(w.ctx, sql, lost.order); err != nil {
			t.Fatal(err)
		}
	}
	attach(tab, "settlement.csv", settlement(list))
	tab.Click(`form.upload button.primary`)
	tab.WaitUntil(`/^\/sales\/reconciliations\/\d+$/.test(location.pathname)`)
	tab.WaitFor(`tr[data-class="paid_missing"]`) // the page follows by itself

	// Paid there, missing here: the gateway is asked, and the order follows its answer.
	tab.Click(`tr[data-class="paid_missing"] button[value="ask"], tr[data-class="paid_missing"] button[value="confirm"]`)
	tab.Allow("409") // kartify looks such orders up by itself, and may have been faster
	tab.WaitFor("#row")
	if button := browser.Eval[bool](tab, `!!document.querySelector('#row button[value="ask"]')`); button {
		tab.Click(`#row button[value="ask"]`)
		tab.WaitUntil(`!document.querySelector('#row button[value="ask"]')`)
	}
	w.eventually("true", "SELECT status IN ('processing', 'processed') FROM orders WHERE id = $1", lost.order)
	w.eventually("resolved", "SELECT state FROM reconciliation_rows WHERE order_id = $1 AND class = 'paid_missing'", lost.order)

	// Amount differs: accepted, for a reason.
	page := "/sales/reconciliations/1"
	tab.Open(w.base + page)
	look(t, tab, "reconciliation")
	if text := tab.Text("main"); !strings.Contains(text, "Paid there, missing here") || !strings.Contains(text, "Compared too") || !strings.Contains(text, "Amount differs") {
		t.Errorf("the page says %q", text)
	}
	tab.Click(`tr[data-class="amount"] td a.open`)
	tab.WaitFor(`#row button[value="accept"]`)
	look(t, tab, "reconciliation-row")
	tab.Allow("422")
	tab.Click(`#row button[value="accept"]`)
	tab.WaitFor(`#row .banner.red`) // a comment is needed
	write(tab, "The courier gave a rupee back.")
	tab.Click(`#row button[value="accept"]`)
	tab.WaitUntil(`document.querySelector("#row")?.innerText.includes("courier")`)
	w.eventually("resolved", "SELECT state FROM reconciliation_rows WHERE order_id = $1 AND class = 'amount'", list[1].order)
	w.eventually("1", "SELECT count(*) FROM order_history WHERE order_id = $1 AND comment LIKE 'Reconciliation %courier%'", list[1].order)

	// Unknown orders: all of them at once, with their number first.
	tab.Open(w.base + page + "?class=unknown_order")
	browser.Eval[bool](tab, `(() => { document.querySelector("#bulk-action").value = "accept"; return true; })()`)
	tab.Click(`#bulk button[value="all"]`)
	tab.WaitUntil(`document.querySelector("h1")?.innerText.includes("1 row")`)
	write(tab, "Another shop's.")
	tab.Click(`main form button.primary`)
	tab.WaitUntil(`location.search.includes("unknown_order")`)
	w.eventually("0", "SELECT count(*) FROM reconciliation_rows WHERE state = 'open' AND class IN ('unknown_order', 'paid_missing', 'amount')")
}

// send uploads a file without a browser.
func (p *person) send(name, text string, fields url.Values) *http.Response {
	p.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field := range fields {
		_ = form.WriteField(field, fields.Get(field))
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		p.w.t.Fatal(err)
	}
	_, _ = part.Write([]byte(text))
	_ = form.Close()
	r, err := http.NewRequestWithContext(p.w.t.Context(), http.MethodPost, p.w.base+"/sales/reconciliations", &body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Origin", p.w.base)
	res, err := p.client.Do(r)
	if err != nil {
		p.w.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

// TestReconciliationIsTheStores uploads the same file twice, and looks at it as somebody of another store.
func TestReconciliationIsTheStores(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := settlement(w.settled())
	support := w.signIn("support@ruosh.example")
	first := support.send("settlement.csv", text, url.Values{"store": {"40"}, "days": {"store"}})
	if first.StatusCode != http.StatusSeeOther {
		t.Fatalf("the upload is answered with %d", first.StatusCode)
	}
	page := first.Header.Get("Location")
	w.eventually("done", "SELECT state FROM reconciliations")
	again := support.send("again.csv", text, url.Values{"store": {"40"}, "days": {"store"}})
	if again.Header.Get("Location") != page {
		t.Errorf("the same file leads to %s and then to %s", page, again.Header.Get("Location"))
	}
	if file := support.get(page + "/file"); file.text != text {
		t.Errorf("the file comes back as %.80q", file.text)
	}
	if rows := support.get(page + "/rows.csv"); !strings.Contains(rows.text, "unknown_order") {
		t.Errorf("the rows are %.300q", rows.text)
	}
	if rows := support.get(page + "/rows.xlsx"); rows.StatusCode != http.StatusOK || !strings.HasPrefix(rows.text, "PK") {
		t.Errorf("the workbook is answered with %d", rows.StatusCode)
	}
	if answer := support.send("x.csv", text, url.Values{"store": {"43"}, "days": {"store"}}); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a file for another store is answered with %d", answer.StatusCode)
	}
	if answer := support.send("x.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", url.Values{"store": {"40"}, "days": {"store"}}); answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an old workbook is answered with %d", answer.StatusCode)
	}
	viewer := w.signIn("viewer@ruosh.example")
	if answer := viewer.get(page); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer gets %d", answer.StatusCode)
	}
	var id int64
	w.scan(&id, "SELECT id FROM reconciliations")
	if _, err := w.db.Pool().Exec(w.ctx, "UPDATE reconciliations SET store_id = 43 WHERE id = $1", id); err != nil {
		t.Fatal(err)
	}
	if answer := support.get(page); answer.StatusCode != http.StatusNotFound {
		t.Errorf("another store's file is answered with %d", answer.StatusCode)
	}
}
