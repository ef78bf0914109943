package models_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kartify/kartify/models"
)

func TestSearch(t *testing.T) {
	s := newShelf(t)
	s.put(
		book{ID: 1001, Name: "Neha Rao", Email: "Neha.Rao@ruosh.example", Phone: "+91 98765 43210", Partner: "FY62A1B2C3D4E5F60001", Ref: "pay_KFcast00000001", RRN: "412345678901"},
		book{ID: 1002, Name: "Иван Щербаков-Ёлкин", Email: "ivan@почта.example", Phone: "8 (912) 345-67-89"},
		book{ID: 1003, Name: "نورة الراشد", Email: "noura@ruosh.example"},
		book{ID: 1004, Name: "100% Cotton_Shop \\ Söhne", Email: "x@ruosh.example", Phone: "0701234567"},
		book{ID: 1005, Name: "İpek ÇELİK", Email: "neha.rao@ruosh.example.org"},
		book{ID: 1006, Store: 41, Name: "Åsa Öberg", Phone: "+46 70 123 45 67", Email: "asa@fjord.example"},
		book{ID: 1007, Name: "O'Brien \"; DROP TABLE orders; --", Email: "1001@ruosh.example"},
	)
	tests := []struct {
		q     string
		ids   []int64
		exact bool
	}{
		{"neha", []int64{1005, 1001}, false},
		{"NEHA rao", []int64{1005, 1001}, false},
		{"rao neha", []int64{1005, 1001}, false},
		{"neha nobody", []int64{}, false},
		{"eha.ra", []int64{1005, 1001}, false},
		{"neha.rao@ruosh.example", []int64{1001}, true},
		{"иван", []int64{1002}, false},
		{"ЩЕРБАКОВ", []int64{1002}, false},
		{"щер ёл", []int64{1002}, false},
		{"IVAN@ПОЧТА.EXAMPLE", []int64{1002}, true},
		{"الراشد", []int64{1003}, false},
		{"نور", []int64{1003}, false},
		{"%", []int64{1004}, false},
		{"100%", []int64{1004}, false},
		{"_", []int64{1004}, false},
		{"n_shop", []int64{1004}, false},
		{"c_tton", []int64{}, false},
		{"\\", []int64{1004}, false},
		{"SÖHNE", []int64{1004}, false},
		{"çel", []int64{1005}, false},
		{"åsa", []int64{1006}, false},
		{"'", []int64{1007}, false},
		{"drop table", []int64{1007}, false},
		{"1001", []int64{1001}, true},
		{"#1001", []int64{1001}, true},
		{"100", []int64{1007, 1006, 1005, 1004, 1003, 1002, 1001}, false},
		{"fy62a1b2c3d4e5f60001", []int64{1001}, true},
		{"C3D4", []int64{1001}, false},
		{"pay_KFcast00000001", []int64{1001}, true},
		{"412345678901", []int64{1001}, true},
		{"9876543210", []int64{1001}, true},
		{"+91 98765 43210", []int64{1001}, true},
		{"+91-98765-43210", []int64{1001}, true},
		{"765432", []int64{1001}, false},
		{"98765 43210", []int64{1001}, true},
		{"8 912 3456789", []int64{1002}, true},
		{"070-123 45 67", []int64{1004}, true},
		{"070 123 45", []int64{1006, 1004}, false},
		{"no such thing", []int64{}, false},
	}
	for _, tt := range tests {
		ids, list, _ := s.list(url.Values{"q": {tt.q}}.Encode())
		if !slices.Equal(ids, tt.ids) || list.Exact != tt.exact {
			t.Errorf("%q finds %v (exact: %t), want %v (exact: %t)", tt.q, ids, list.Exact, tt.ids, tt.exact)
		}
		if tally := s.tally(url.Values{"q": {tt.q}}.Encode()); tally.Total != len(tt.ids) || tally.More {
			t.Errorf("%q counts %d, want %d", tt.q, tally.Total, len(tt.ids))
		}
	}
	if ids, list, _ := s.list("q=1001&parts=1"); !slices.Equal(ids, []int64{1007, 1001}) || list.Exact {
		t.Errorf("the parts of 1001 are %v (exact: %t)", ids, list.Exact)
	}
	for query, want := range map[string][]int64{
		"customer=1001": {1007}, "customer=neha": {1005, 1001}, "customer=ЁЛКИН": {1002}, "customer=FY62": {}, "customer=9876543210": {1001},
		"customer=%2B91+98765-43210": {1001}, "q=fy62&customer=rao": {1001}, "q=1002&customer=rao": {},
	} {
		if ids, _, _ := s.list(query); !slices.Equal(ids, want) {
			t.Errorf("%s finds %v, want %v", query, ids, want)
		}
	}
}

// A search finds what contains all its words, letter for letter, and nothing else.
func TestSearchIsLiteral(t *testing.T) {
	s := newShelf(t)
	random := []string{"a%b", "a_b", `a\b`, "ab", "А%б", "аб", "a'b", "%%", "__", "ab ab_", "Ab%", "ñandú", "ÑANDÚ", "日本語", "日本", "a\"b", "b%a", "ба_"}
	var books []book
	for i, name := range random {
		books = append(books, book{ID: int64(i + 1), Name: name})
	}
	s.put(books...)
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[ab%_\\'"АаБбñÑúÚ日本語]{1,3}`), 1, 2).Draw(r, "words")
		query := strings.Join(words, " ")
		want := []int64{}
		for i, name := range slices.Backward(random) {
			all := true
			for _, word := range words {
				all = all && strings.Contains(strings.ToLower(name), strings.ToLower(word))
			}
			if all {
				want = append(want, int64(i+1))
			}
		}
		if got, _, _ := s.list(url.Values{"q": {query}, "parts": {"1"}, "sort": {"-id"}}.Encode()); !slices.Equal(got, want) {
			r.Fatalf("%q finds %v, want %v", query, got, want)
		}
	})
}

// Among very many orders a search is bounded: it says how far it looked, and goes on from there.
func TestSearchAmongMany(t *testing.T) {
	s := newShelf(t)
	s.exec(`INSERT INTO orders (id, store_id, customer_name, status, currency, total_minor, date_added, date_modified)
		SELECT i, 40, CASE WHEN i % 15 = 0 AND i <= 18000 THEN 'Sharma' WHEN i = 44000 THEN 'xq' ELSE 'Rao' END, CASE WHEN i % 100 = 0 THEN 'failed' ELSE 'processed' END, 'INR', 0,
			timestamptz '2026-01-01' + i * interval '1 minute', timestamptz '2026-01-01' FROM generate_series(1, 45000) i`)
	s.exec("ANALYZE orders, order_search")
	walk := func(query string) (seen []int64, stops int) {
		t.Helper()
		cursor := ""
		for range 60 {
			ids, list, _ := s.list(query + "&limit=500" + cursor)
			seen = append(seen, ids...)
			if !list.SearchedTo.IsZero() {
				stops++
			}
			if list.Next == "" {
				return seen, stops
			}
			cursor = "&after=" + list.Next
		}
		t.Fatalf("%s has no end", query)
		return nil, 0
	}
	for _, tt := range []struct {
		query string
		want  int
		stops int
	}{
		{"q=sharma", 1200, 1},                 // too many for the index to give: two walks, the first of them empty
		{"q=sharma&sort=date_added", 1200, 1}, // from the old end
		{"q=xq", 1, 2},                        // too short for the index
		{"q=sharma&status=failed", 60, 1},
	} {
		seen, stops := walk(tt.query)
		distinct := slices.Compact(slices.Sorted(slices.Values(seen)))
		if len(seen) != tt.want || len(distinct) != tt.want || stops < tt.stops {
			t.Errorf("%s: %d orders, %d distinct, %d stops; want %d and %d stops", tt.query, len(seen), len(distinct), stops, tt.want, tt.stops)
		}
	}
	if _, list, _ := s.list("q=sharma&sort=-id"); !list.ByDate {
		t.Error("more orders than can be sorted are said to be sorted by id")
	}
	if tally := s.tally("q=rao"); !tally.More {
		t.Errorf("the count of a walk that stops is given as %d", tally.Total)
	}
	if tally := s.tally(""); tally.Total != models.MaxTally || !tally.More {
		t.Errorf("45,000 orders count as %d, more: %t", tally.Total, tally.More)
	}
	for _, needle := range []string{"sharma", "ra", "rao sharma", "44", "FY62", "zzzzzz", "%", strconv.Itoa(12345)} {
		start := time.Now()
		s.list(url.Values{"q": {needle}}.Encode())
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("searching %q took %s", needle, took)
		}
	}
}
