package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
)

var residentPeak = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

// peak is the most memory that kartify held since it was last asked, in MB.
func (w *world) peak() int {
	w.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", w.cmd.Process.Pid)
	text, err := os.ReadFile(proc + "status")
	if err != nil {
		w.t.Fatal(err)
	}
	kilobytes, err := strconv.Atoi(string(residentPeak.FindSubmatch(text)[1]))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(proc+"clear_refs", []byte("5"), 0o600); err != nil { // the peak begins anew
		w.t.Fatal(err)
	}
	return kilobytes / 1024
}

// settlementRows hands out a settlement report of Razorpay's with n payments that nobody here knows, row by row.
func settlementRows(n, from int, row func(cells []string)) {
	row(strings.Split("entity_id,type,debit,credit,amount,currency,fee,tax,created_at,settlement_id,payment_id,order_id,order_receipt", ","))
	for i := range n {
		row([]string{fmt.Sprintf("pay_nobody%d", from+i), "payment", "0", "1.00", "5.00", "INR", "0", "0", "", "setl_1", "", "", fmt.Sprintf("7%07d", from+i)})
	}
}

// TestThreeLongFilesAtOnce has three people upload long files at the same moment, one of them a workbook: all are
// compared, and the memory they take does not grow with their rows.
func TestThreeLongFilesAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // memory is read where only Linux keeps it
	}
	const rows, most = 20_000, 150 // MB above what kartify holds at rest
	w := newWorld(t)
	finance := w.signIn("finance@ruosh.example")
	var files []string
	for n := range 2 {
		var text strings.Builder
		settlementRows(rows, n*rows, func(cells []string) { text.WriteString(strings.Join(cells, ",") + "\n") })
		files = append(files, text.String())
	}
	book := excelize.NewFile()
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	line := 0
	settlementRows(rows, 2*rows, func(cells []string) {
		line++
		values := make([]any, len(cells))
		for i, cell := range cells {
			values[i] = cell
		}
		if err := sheet.SetRow(fmt.Sprintf("A%d", line), values); err != nil {
			t.Fatal(err)
		}
	})
	if err := sheet.Flush(); err != nil {
		t.Fatal(err)
	}
	var workbook bytes.Buffer
	if err := book.Write(&workbook); err != nil {
		t.Fatal(err)
	}
	files = append(files, workbook.String())
	w.peak()
	rest := w.peak()
	var wait sync.WaitGroup
	for n, text := range files {
		wait.Go(func() {
			name := []string{"one.csv", "two.csv", "three.xlsx"}[n]
			if answer := finance.send(name, text, url.Values{"store": {"40"}, "days": {"store"}}); answer.StatusCode != http.StatusSeeOther {
				t.Errorf("%s is answered with %d", name, answer.StatusCode)
			}
		})
	}
	wait.Wait()
	w.eventually("3", "SELECT count(*) FROM reconciliations WHERE state = 'done'")
	w.eventually(fmt.Sprint(3*rows), "SELECT sum((counts->>'unknown_order')::int) FROM reconciliations")
	took := w.peak() - rest
	t.Logf("%d MB at rest, %d MB more for three files of %d rows", rest, took, rows)
	if took > most {
		t.Errorf("three files of %d rows took %d MB, want at most %d", rows, took, most)
	}
}
