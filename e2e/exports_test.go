package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/models/cast"
)

// many adds n processed orders of the cast's first store, a minute apart.
func (w *world) many(n int) {
	w.t.Helper()
	_, err := w.db.Pool().Exec(w.ctx, `INSERT INTO orders (id, store_id, status, currency, total_minor, items_minor, customer_name, date_added, date_modified)
		SELECT 100000 + n, $1, 'processed', 'INR', 100, 100, 'Customer ' || n, t, t
		FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, $2::int) n) o`, cast.Ruosh, n)
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestExportOutlivesItsMaker kills kartify while it makes a file. At no time is there a short one to be had,
// and in the end there is the whole of one moment.
func TestExportOutlivesItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=2s")
	const orders = 60000
	w.many(orders)
	var promised int
	w.scan(&promised, "SELECT count(*) FROM orders WHERE status <> 'missing' AND store_id = $1", cast.Ruosh)
	for _, format := range []string{"csv", "xlsx"} {
		p := w.signIn("manager@ruosh.example")
		asked := p.post("/exports", url.Values{"query": {fmt.Sprintf("store=%d", cast.Ruosh)}, "format": {format}, "when": {"background"}})
		_, id, found := strings.Cut(asked.Header.Get("Location"), "#export-")
		if !found {
			t.Fatalf("asking for a file is answered with %d %s", asked.StatusCode, tail(asked.text, 300))
		}
		for kills := range 3 {
			w.eventually("true", "SELECT state <> 'queued' AND attempt > $2 FROM exports WHERE id = $1", id, kills)
			time.Sleep(time.Duration(rand.N(400)) * time.Millisecond)
			w.stop(syscall.SIGKILL)
			var state string
			var pieces, kept int
			w.scan(&state, "SELECT state FROM exports WHERE id = $1", id)
			w.scan(&pieces, "SELECT pieces FROM exports WHERE id = $1", id)
			w.scan(&kept, "SELECT count(*) FROM export_pieces p JOIN exports e ON e.id = p.export_id AND e.attempt = p.attempt WHERE e.id = $1", id)
			w.start()
			if state == "done" && pieces != kept {
				t.Errorf("%s: done with %d of %d pieces", format, kept, pieces)
			}
			if file := p.get("/exports/" + id + "/file"); state != "done" && file.StatusCode == http.StatusOK && !w.whole(file, format, promised) {
				t.Errorf("%s: killed in the state %s, and a file of %d bytes is offered", format, state, len(file.text))
			}
			if state == "done" {
				break
			}
		}
		w.eventually("done", "SELECT state FROM exports WHERE id = $1", id)
		if file := p.get("/exports/" + id + "/file"); !w.whole(file, format, promised) {
			t.Errorf("the %s file comes with %d and is not whole", format, file.StatusCode)
		}
	}
}

// whole says whether a file is what its header says, with so many orders, none of them twice.
func (w *world) whole(file *reply, format string, orders int) bool {
	sum := sha256.Sum256([]byte(file.text))
	if file.StatusCode != http.StatusOK || file.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" {
		return false
	}
	if format != "csv" {
		return bytes.HasSuffix([]byte(file.text[:len(file.text)-18]), []byte("PK\x05\x06")) // the end of a zip
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.text, "\uFEFF"))).ReadAll()
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row[0]] = true
	}
	return err == nil && len(rows) == orders+1 && len(seen) == orders+1
}

// TestExportIsFollowed takes the list home in a browser: the menu asks about missing orders, the page shows
// how far the file is without being told to, and offers it when it is whole.
func TestExportIsFollowed(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w := newWorld(t)
	w.many(120000)
	tab := b.Tab(t)
	tab.Size(1440, 900)
	w.open(tab, "manager@ruosh.example", "/sales/orders")
	tab.Click("#order-export summary")
	var listed, orders int
	const mine = "SELECT count(*) FROM orders WHERE store_id IN (SELECT store_id FROM user_stores JOIN users ON id = user_id WHERE email = 'manager@ruosh.example')"
	w.scan(&listed, mine+" AND status <> 'missing'")
	w.scan(&orders, mine)
	tab.WaitFor("#order-export form b")
	if text := tab.Text("#order-export form"); !strings.HasPrefix(comma(listed), "120,0") || !strings.Contains(text, comma(listed)+" orders match") || !strings.Contains(text, "missing orders match this filter: include them?") {
		t.Errorf("the menu says %q", text)
	}
	if background := browser.Eval[bool](tab, `document.querySelector('#order-export [value="background"]').checked`); !background {
		t.Error("for a large list the background is not the first offer")
	}
	shoot := func(name string) {
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
					if err := os.MkdirAll(*shots, 0o750); err != nil {
						t.Fatal(err)
					}
					tab.Screenshot(filepath.Join(*shots, fmt.Sprintf("%s-%d-%v.png", name, width, dark)), width, map[int]int{1440: 900, 390: 844}[width], dark)
				}
			}
		}
		tab.Size(1440, 900)
		tab.Dark(false)
	}
	shoot("export-menu")
	tab.Click(`#order-export [name="format"][value="xlsx"]`)
	tab.Click(`#order-export [name="missing"][value="include"]`)
	tab.Click("#order-export form button.primary")
	tab.WaitFor(".export progress")
	shoot("exports-running")
	tab.WaitFor(`.export[data-state="done"] a[download]`)
	if _, err := w.db.Pool().Exec(w.ctx, `INSERT INTO exports (id, stores, user_id, user_name, format, streamed, query, zone, state, promised, written, problem, finished_at)
		SELECT repeat('A', 26), '{40}', id, name, 'csv', true, 'q=%D7%90%D7%91&status=failed', 'Asia/Kolkata', 'failed', 900, 512, 'The download broke off after 512 orders.', now() FROM users WHERE email = 'manager@ruosh.example'`); err != nil {
		t.Fatal(err)
	}
	tab.Open(w.base + "/exports")
	tab.Click(`.export[data-state="done"] details summary`)
	tab.WaitUntil(`document.querySelector('.export[data-state="done"] details').open`)
	if text := tab.Text(`.export[data-state="done"]`); !strings.Contains(text, comma(orders)+" orders, as many as promised") || !strings.Contains(text, "Every order\n") || !strings.Contains(text, "Included") {
		t.Errorf("the page says %q of %d orders", text, orders)
	}
	shoot("exports")
}

// comma is a number of six digits as people read it.
func comma(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
