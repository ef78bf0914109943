package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPagesAreCompressed(t *testing.T) {
	page := strings.Repeat("<tr><td>1001</td></tr>", 500)
	handler := compressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		_, _ = io.WriteString(w, r.URL.Query().Get("q")+page[:len(page)/max(1, len(r.URL.Query()["short"])*100)])
	}))
	ask := func(query, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	tests := []struct{ name, query, accept, coding string }{
		{"a page", "type=text/html;charset=UTF-8", "gzip, deflate, br", "gzip"},
		{"a page for who takes none", "type=text/html", "", ""},
		{"a short page", "type=text/html&short=1", "gzip", ""},
		{"an export", "type=text/csv", "gzip", ""},
		{"an answer to a machine", "type=application/json", "gzip", ""},
	}
	for _, tt := range tests {
		w := ask(strings.ReplaceAll(tt.query, ";", "%3B"), tt.accept)
		if got := w.Header().Get("Content-Encoding"); got != tt.coding {
			t.Errorf("%s comes as %q, want %q", tt.name, got, tt.coding)
		}
		if tt.coding == "" {
			continue
		}
		if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s does not say that it varies", tt.name)
		}
		in, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(in); err != nil || string(text) != page {
			t.Errorf("%s: %d bytes came out, %v", tt.name, len(text), err)
		}
	}
	lengths := map[int]bool{}
	for c := 'a'; c <= 'z'; c++ { // each guess compresses as well as the next
		lengths[ask("type=text/html&q="+string(c), "gzip").Body.Len()] = true
	}
	if len(lengths) < 10 {
		t.Errorf("26 pages that differ by a letter have %d lengths", len(lengths))
	}
}
