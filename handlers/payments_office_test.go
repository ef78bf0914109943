package handlers_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// The registry as LibreOffice reads it, in both forms: every cell is what was paid, and nothing is taken for a
// formula. Where it is not installed, that is said and nobody looked, unless OFFICE_REQUIRED is set.
func TestPaymentRegistryFileOpensInLibreOffice(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("OFFICE_REQUIRED") != "" {
			t.Fatal("LibreOffice is needed and not found: soffice")
		}
		t.Log("LibreOffice is not installed: nobody opened the registry")
		return
	}
	s := paymentSite(t)
	s.exec(`UPDATE payments SET ref = '90071992547409931234' WHERE id = 15`)
	ravi := s.as(modelstest.Person(t, s.db, "Ravi", models.Owner))
	for query, columns := range map[string]int{"": 16, "?with=details": 16 + 14 + 7} {
		got := ravi.get("/sales/payments/registry.xlsx" + query)
		if got.StatusCode != http.StatusOK {
			t.Fatalf("the file answers %d", got.StatusCode)
		}
		rows := opened(t, office, []byte(got.body))
		if len(rows) != 6 || len(rows[0]) != columns {
			t.Fatalf("%q: LibreOffice reads %d rows of %d columns: %v", query, len(rows), len(rows[0]), rows)
		}
		at := map[string][]string{}
		for _, row := range rows {
			at[row[0]] = row
		}
		for id, want := range map[string]string{
			"11": "11|pay_KFtest00000011|1001|Neha Rao|1499.00|0.00|INR|success|52 · Cards by bank|razorpay|40|Store 40|2026-11-20 16:41:00",
			"13": "13|pay_KFtest00000013|1006|Kabir Singh|1499.00|400.50|INR|partially_refunded|Card|razorpay|40|Store 40|2026-11-20 16:43:00",
			"15": "15|90071992547409931234|1006|Kabir Singh|1499.00|0.00|INR|refunding|Card|razorpay|40|Store 40|2026-11-20 16:45:00",
		} {
			if len(at[id]) < 13 || strings.Join(at[id][:13], "|") != want {
				t.Errorf("%q: payment %s is %v", query, id, at[id])
			}
		}
		text := strings.Join(at["11"], "|") + strings.Join(at["13"], "|")
		if details := columns > 16; strings.Contains(text, "3512313478") != details || strings.Contains(text, "4111111111111111") || strings.Contains(text, "#NAME") {
			t.Errorf("%q: the rows are %s", query, text)
		}
	}
}

// opened is the sheet Payments of a workbook as LibreOffice shows its cells.
func opened(t *testing.T, office string, book []byte) [][]string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "registry.xlsx")
	if err := os.WriteFile(path, book, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, office, "-env:UserInstallation=file://"+dir+"/profile", "--headless", //nolint:gosec // found on the path
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1", "--outdir", dir, path)
	if said, err := run.CombinedOutput(); err != nil {
		t.Fatalf("LibreOffice: %v: %s", err, said)
	}
	text, err := os.ReadFile(filepath.Join(dir, "registry-Payments.csv")) //nolint:gosec // in our folder
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return rows
}
