package gallery

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/kartify/kartify/static"
)

// TestWeight keeps the first visit small: the page, its styles and its scripts, compressed.
func TestWeight(t *testing.T) {
	var page, zipped bytes.Buffer
	if err := ordersPage(orders(50)).Render(context.Background(), &page); err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(page.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if zipped.Len() > 8<<10 {
		t.Errorf("a list of 50 orders weighs %d bytes", zipped.Len())
	}
	visit := zipped.Len()
	for _, name := range []string{"app.css", "theme.js", "htmx.js", "app.js"} {
		r := httptest.NewRequest(http.MethodHead, static.Path(name), nil)
		r.Header.Set("Accept-Encoding", "gzip")
		answer := httptest.NewRecorder()
		static.Handler().ServeHTTP(answer, r)
		size, err := strconv.Atoi(answer.Header().Get("Content-Length"))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s %d", name, size)
		visit += size
	}
	t.Logf("page %d (%d before), first visit %d", zipped.Len(), page.Len(), visit)
	if visit > 48<<10 { // 60 kB must hold, with the data of the page
		t.Errorf("the first visit weighs %d bytes", visit)
	}
}
