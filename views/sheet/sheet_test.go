package sheet

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"io"
	"math"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var columns = []Column{{Name: "id", Kind: Text, Width: 12}, {Name: "note", Kind: Text, Width: 40}, {Name: "total", Kind: Amount, Width: 12}, {Name: "at", Kind: Date, Width: 20}}

// put writes one row of the columns.
func put(t testing.TB, w Writer, id, note string, minor int64, digits int, at time.Time) {
	t.Helper()
	w.Text([]byte(id))
	w.Text([]byte(note))
	w.Amount(minor, digits)
	w.Time(at)
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
}

var kolkata = time.FixedZone("IST", 5*3600+1800)

// The texts a spreadsheet would run, and those it would not.
var formulas = []struct {
	text  string
	risky bool
}{
	{`=HYPERLINK("http://evil.example","x")`, true},
	{"=1+1", true},
	{"+4712345678", true},
	{"-2+3", true},
	{"@SUM(1)", true},
	{"\t=1", true},
	{"\r=1", true},
	{"\n=1", true},
	{"＝1+1", true},
	{"＋1", true},
	{"－1", true},
	{"＠x", true},
	{"=", true},
	{"", false},
	{"a=1", false},
	{"'=1", false},
	{"1-1", false},
	{" x", false},
	{"!x", false},
	{"（x", false},
	{"～", false},
}

func TestFormulasAreText(t *testing.T) {
	for _, tt := range formulas {
		if got := formula([]byte(tt.text)); got != tt.risky {
			t.Errorf("formula(%q) = %v", tt.text, got)
		}
	}
	var file bytes.Buffer
	w := NewCSV(&file, columns)
	for _, tt := range formulas {
		put(t, w, "1", tt.text, -1250, 2, time.Time{})
	}
	if err := w.Close(Cover{}); err != nil {
		t.Fatal(err)
	}
	for i, row := range readCSV(t, file.Bytes())[1:] {
		want := strings.ReplaceAll(formulas[i].text, "\r\n", "\n")
		if formulas[i].risky {
			want = "'" + want
		}
		if row[1] != want || row[2] != "-12.50" {
			t.Errorf("%q is read back as %q with the number %s", formulas[i].text, row[1], row[2])
		}
	}
}

func readCSV(t testing.TB, file []byte) [][]string {
	t.Helper()
	text, marked := bytes.CutPrefix(file, []byte("\xEF\xBB\xBF"))
	if !marked || bytes.Count(text, []byte("\r\n")) == 0 {
		t.Fatal("no byte order mark or no CRLF")
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSVIsExact(t *testing.T) {
	var file bytes.Buffer
	w := NewCSV(&file, columns)
	put(t, w, "16916747740991418099", "12, \"High\" Street\nPune", 149900, 2, time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC).In(kolkata))
	put(t, w, "1001", "plain", 5, 3, time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC))
	if err := w.Close(Cover{}); err != nil {
		t.Fatal(err)
	}
	want := "\xEF\xBB\xBFid,note,total,at\r\n" +
		"\"16916747740991418099\",\"12, \"\"High\"\" Street\nPune\",1499.00,2026-11-23T00:00:00+05:30\r\n" +
		"1001,plain,0.005,2026-11-22T18:30:00Z\r\n"
	if file.String() != want {
		t.Errorf("the file is\n%q, want\n%q", file.String(), want)
	}
	if sum := sha256.Sum256(file.Bytes()); !bytes.Equal(w.Sum(), sum[:]) {
		t.Error("the sum is not that of the file")
	}
}

func TestAmountsAreDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor, digits := rapid.Int64().Draw(t, "minor"), rapid.SampledFrom([]int{0, 2, 3, 4}).Draw(t, "digits")
		got, ok := new(big.Rat).SetString(string(appendAmount(nil, minor, digits)))
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
		if want := new(big.Rat).SetFrac(big.NewInt(minor), scale); !ok || got.Cmp(want) != 0 {
			t.Fatalf("%d of %d digits is %s", minor, digits, appendAmount(nil, minor, digits))
		}
	})
	for minor, want := range map[int64]string{0: "0.00", 7: "0.07", -7: "-0.07", math.MinInt64: "-92233720368547758.08", math.MaxInt64: "92233720368547758.07"} {
		if got := string(appendAmount(nil, minor, 2)); got != want {
			t.Errorf("%d is %s, want %s", minor, got, want)
		}
	}
}

// anyText is text of the kind people type, paste and attack with.
var anyText = rapid.Custom(func(t *rapid.T) string {
	runes := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]rune("=+-@\t\n\r\",;<>&_x0041'’ ＝＋－＠жאب中é\U0001F600\u0001\u001f\u007f\uFFFE\uFFFF\uFEFF")), rapid.Rune(),
	), 0, 30).Draw(t, "runes")
	return strings.ToValidUTF8(string(runes), "")
})

func TestCSVRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(anyText, 1, 20).Draw(t, "texts")
		var file bytes.Buffer
		w := NewCSV(&file, []Column{{Name: "a"}, {Name: "b"}})
		for _, text := range texts {
			w.Text([]byte(text))
			w.Text([]byte("x"))
			if err := w.End(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(Cover{}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(file.Bytes()[3:])).ReadAll()
		if err != nil || len(rows) != len(texts)+1 {
			t.Fatalf("%d rows are read back (%v)", len(rows), err)
		}
		for i, text := range texts {
			want := strings.ReplaceAll(text, "\r\n", "\n") // as encoding/csv reads line ends
			if formula([]byte(text)) {
				want = "'" + strings.ReplaceAll(text, "\r\n", "\n")
			}
			if rows[i+1][0] != want {
				t.Fatalf("%q is read back as %q", text, rows[i+1][0])
			}
		}
	})
}

// broken takes so many bytes and no more.
type broken struct{ left int }

func (b *broken) Write(part []byte) (int, error) {
	if b.left -= len(part); b.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(part), nil
}

func TestWriterSaysWhenNobodyListens(t *testing.T) {
	for name, w := range map[string]Writer{"csv": NewCSV(&broken{100}, columns), "xlsx": NewXLSX(&broken{1000}, "Orders", columns)} {
		for range 20000 {
			w.Text([]byte("1001"))
			w.Text([]byte("a"))
			w.Amount(1, 2)
			w.Time(time.Unix(1, 0))
			if w.End() != nil {
				break
			}
		}
		if err := w.End(); err == nil {
			t.Errorf("%s: rows are taken although they go nowhere", name)
		}
		if err := w.Close(Cover{}); err == nil {
			t.Errorf("%s: the file counts as complete although half of it went nowhere", name)
		}
	}
}

func TestMemoryStaysFlat(t *testing.T) {
	for name, make := range map[string]func() Writer{
		"csv":  func() Writer { return NewCSV(io.Discard, columns) },
		"xlsx": func() Writer { return NewXLSX(io.Discard, "Orders", columns) },
	} {
		w := make()
		at := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)
		id, note := []byte("16916747740991418099"), []byte("Some \"words\", of a customer\nin Pune")
		rows := func(n int) {
			for range n {
				w.Text(id)
				w.Text(note)
				w.Amount(149900, 2)
				w.Time(at)
				if err := w.End(); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows(10000)
		before := heap()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		allocated := stats.TotalAlloc
		rows(200000)
		runtime.ReadMemStats(&stats)
		if grown := int64(heap()) - int64(before); grown > 1<<20 {
			t.Errorf("%s: 200,000 rows leave %d kB behind", name, grown>>10)
		}
		if each := (stats.TotalAlloc - allocated) / 200000; each > 64 {
			t.Errorf("%s: each row allocates %d bytes", name, each)
		}
		if err := w.Close(Cover{}); err != nil {
			t.Fatal(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
