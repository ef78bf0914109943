package models_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/notify"
)

// Whatever a shop does with a notification, its merchant reads what came of it in their language.
func TestNoticesAreReadInEveryLanguage(t *testing.T) {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does a server notice that its client is gone
		switch r.URL.Path {
		case "/words":
			_, _ = fmt.Fprint(w, "Thank you")
		case "/much":
			_, _ = fmt.Fprint(w, strings.Repeat("x", 2*notify.MaxAnswer))
		case "/elsewhere":
			http.Redirect(w, r, "/words", http.StatusFound)
		case "/error":
			w.WriteHeader(http.StatusInternalServerError)
		case "/hang":
			<-r.Context().Done()
		case "/close":
			panic(http.ErrAbortHandler)
		}
	}))
	shop.Config.ErrorLog = nil
	defer shop.Close()
	defer shop.CloseClientConnections()
	guard := notify.Guard{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Patience: 300 * time.Millisecond}
	notice := notify.Notice{ID: "7", Sum: money.New(100000, "RUB"), Order: "1001"}
	problems := []string{
		"The attempt was cut short here; nobody knows whether the shop heard it.", "Notifications of this store were switched off.",
		"The payment is refunded; there is nothing to tell any more.",
	}
	for _, address := range []string{
		shop.URL + "/words", shop.URL + "/much", shop.URL + "/elsewhere", shop.URL + "/error", shop.URL + "/hang", shop.URL + "/close",
		"http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "http://no-such-shop.invalid/", "http://%zz/",
	} {
		problems = append(problems, guard.Post(t.Context(), address, "a-secret-word", notice).Problem)
	}
	for _, code := range []string{"hi", "ru", "sv"} {
		ctx := lang.With(t.Context(), code)
		for _, problem := range problems {
			if said := lang.T(ctx, problem); said == problem {
				t.Errorf("in %s it says %q", code, said)
			}
		}
	}
}
