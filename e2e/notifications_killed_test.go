package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/models/cast"
)

// sendNotification presses the button of an order's page.
func (p *person) sendNotification(path string) {
	p.w.t.Helper()
	form := p.get(path).page().Find(`form[action$="/notifications"]`).First()
	values := url.Values{}
	form.Find("input[name]").Each(func(_ int, input *goquery.Selection) {
		values.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	if r := p.post(form.AttrOr("action", ""), values); r.StatusCode != http.StatusSeeOther {
		p.w.t.Fatalf("send the notification: %s %s", r.Status, tail(r.text, 500))
	}
}

// A shop that answers anything but its secret word is told fifty times, while kartify is killed twenty times at moments
// nobody chose, also in the middle of a call; then no more. Asked by hand once it is well, it hears.
func TestADeadShopIsToldFiftyTimesThroughTwentyKills(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_NOTIFY_NETWORKS=127.0.0.0/8", "KARTIFY_NOTIFY_STEPS=20ms", "KARTIFY_CALL_TIMEOUT=1s", "KARTIFY_LEASE=1500ms")
	w.tellShop()
	var heard atomic.Int64
	var well atomic.Bool
	shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if well.Load() {
			cast.Shop().ServeHTTP(rw, r)
			return
		}
		heard.Add(1)
		time.Sleep(300 * time.Millisecond) // long enough to be killed in
		_, _ = rw.Write([]byte("OK, thank you"))
	}))
	t.Cleanup(shop.Close)
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE notification_settings SET url = $1 WHERE store_id = 42`, shop.URL); err != nil {
		t.Fatal(err)
	}
	w.signIn("owner@ruosh.example").sendNotification("/sales/orders/1009")
	for i := range 20 {
		time.Sleep(time.Duration(350+97*(i%10)) * time.Millisecond)
		w.stop(syscall.SIGKILL)
		w.start()
	}
	deadline := time.Now().Add(4 * time.Minute)
	const attempts = `SELECT count(*) FROM notification_attempts WHERE series = 2 AND outcome <> ''`
	for told := 0; told < 50 && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		w.scan(&told, attempts)
	}
	const state = `SELECT concat_ws(' ', p.status, n.state, n.series, n.tries) FROM payments p JOIN notifications n ON n.payment_id = p.id WHERE p.order_id = 1009`
	w.eventually("stuck stuck 2 50", state)
	calls := heard.Load()
	time.Sleep(3 * time.Second)
	var counted string
	w.scan(&counted, `SELECT concat_ws(' ', count(*), max(n), count(DISTINCT n), count(*) FILTER (WHERE outcome = '')) FROM notification_attempts WHERE series = 2`)
	if counted != "50 50 50 0" || heard.Load() != calls || calls > 50 {
		t.Errorf("attempts: %s; the shop was called %d times, and %d later on", counted, calls, heard.Load()-calls)
	}
	var lost int
	w.scan(&lost, `SELECT count(*) FROM notification_attempts WHERE series = 2 AND outcome = 'lost'`)
	t.Logf("50 attempts through 20 kills: the shop was called %d times, %d attempts were lost with the program", calls, lost)

	well.Store(true)
	w.signIn("owner@ruosh.example").sendNotification("/sales/orders/1009")
	w.eventually("success delivered 3 1", state)
}
