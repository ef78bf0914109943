package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models/cast"
)

// asked is what came of Fynd asking kartify for something.
type asked struct {
	GID     string `json:"gid"`
	Request string `json:"request_id"`
	Answers []struct {
		Status int    `json:"status"`
		Body   string `json:"body"`
		Error  string `json:"error"`
	} `json:"answers"`
}

// each says how often every answer came: "200 × 50".
func (a asked) each() string {
	counts, first := map[string]int{}, []string{}
	for _, one := range a.Answers {
		key := fmt.Sprint(one.Status, one.Error)
		if counts[key] == 0 {
			first = append(first, key)
		}
		counts[key]++
	}
	var out []string
	for _, key := range first {
		out = append(out, fmt.Sprintf("%s × %d", key, counts[key]))
	}
	return strings.Join(out, ", ")
}

// alike says whether all answers have the same bytes.
func (a asked) alike() bool {
	for _, one := range a.Answers {
		if one.Body != a.Answers[0].Body {
			return false
		}
	}
	return true
}

// fynd has Fynd Platform ask kartify for something: sessions, refunds, gdpr.
func (w *world) fynd(what string, in map[string]any, more ...map[string]any) asked {
	w.t.Helper()
	body := map[string]any{}
	for _, part := range append([]map[string]any{in}, more...) {
		for name, value := range part {
			body[name] = value
		}
	}
	var out asked
	w.sandbox(http.MethodPost, "/_sandbox/fynd/"+what, body, &out)
	return out
}

// knows is what Fynd was told of a payment or a refund, in the order it was told: "pending complete".
func (w *world) knows(verb, gid, ref string) string {
	w.t.Helper()
	var all []struct{ Ref, State string }
	w.sandbox(http.MethodGet, "/_sandbox/ledger?gateway=fynd&verb="+verb+"&payment="+url.QueryEscape(gid), nil, &all)
	var words []string
	for _, e := range all {
		if ref == "" || e.Ref == ref {
			words = append(words, e.State)
		}
	}
	return strings.Join(words, " ")
}

// within waits for something, for at most so long.
func (w *world) within(what string, most time.Duration, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if is() {
			return
		}
	}
	w.t.Errorf("it never happened: %s", what)
}

// sold is a payment of 499.00 that Fynd asked for and its buyer has made; its gid.
func (w *world) sold(gid string) string {
	w.t.Helper()
	out := w.fynd("sessions", map[string]any{
		"gid": gid, "amount_minor": 49900, "customer_name": "Asha Buyer", "customer_email": "asha@buyer.example", "customer_contact": "+919812345678",
	})
	var said struct {
		Redirect string `json:"redirect_url"`
	}
	if err := json.Unmarshal([]byte(out.Answers[0].Body), &said); err != nil || out.Answers[0].Status != http.StatusOK {
		w.t.Fatalf("the session is answered %+v", out)
	}
	buyer := w.shopper()
	buyer.pay(said.Redirect, "pay")
	return out.GID
}

// TestFyndRepeats has Fynd ask for everything twice, fifty times at once and once more later: there is one effect.
func TestFyndRepeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	often := map[string]any{"times": 50, "parallel": true}
	again := map[string]any{"times": 2, "as": "replay"}
	count := func(want, sql string, args ...any) {
		t.Helper()
		var got string
		w.scan(&got, "SELECT ("+sql+")::text", args...)
		if got != want {
			t.Errorf("%s is %s, want %s", sql, got, want)
		}
	}
	all := func(what string, out asked, status int) {
		t.Helper()
		if want := fmt.Sprintf("%d × %d", status, len(out.Answers)); out.each() != want || !out.alike() {
			t.Errorf("%s is answered %s, want %s, all alike: %.300s", what, out.each(), want, out.Answers[0].Body)
		}
	}

	session := map[string]any{"gid": "TRREPEAT", "amount_minor": 49900, "customer_name": "Zoë <A&B> 💐", "customer_email": "zoe@buyer.example"}
	all("a session asked for at once", w.fynd("sessions", session, often), 200)
	first := w.fynd("sessions", session, again)
	all("a session asked for again", first, 200)
	count("1", `SELECT count(*) FROM fynd_sessions WHERE gid = 'TRREPEAT'`)
	count("1", `SELECT count(*) FROM orders WHERE gid = 'TRREPEAT'`)
	for _, as := range []string{"python", "indented", "checksum_auth", "order_checksum_auth"} {
		out := w.fynd("sessions", session, map[string]any{"as": as, "gid": "TR-" + as})
		all("a session written as "+as, out, 200)
	}
	for _, as := range []string{"wrong_secret", "missing_header", "tampered_body"} {
		out := w.fynd("sessions", session, map[string]any{"as": as, "gid": "TR-" + as})
		all("a session with "+as, out, 401)
		count("0", `SELECT count(*) FROM fynd_sessions WHERE gid = $1`, "TR-"+as)
	}
	all("the gid with another amount", w.fynd("sessions", session, map[string]any{"amount_minor": 49901}), 409)

	gid := w.sold("TRREPEATPAID")
	w.within("Fynd is told once", 10*time.Second, func() bool { return w.knows("payment_session", gid, "") != "" })
	var ref string
	w.scan(&ref, `SELECT p.ref FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.gid = $1`, gid)
	refund := map[string]any{"gid": gid, "request_id": "16916747740991418099", "amount_minor": 10000}
	all("a refund asked for at once", w.fynd("refunds", refund, often), 202)
	all("a refund asked for again", w.fynd("refunds", refund, again), 202)
	all("the request with another amount", w.fynd("refunds", refund, map[string]any{"amount_minor": 10001}), 409)
	for _, as := range []string{"wrong_secret", "missing_header", "tampered_body"} {
		all("a refund with "+as, w.fynd("refunds", refund, map[string]any{"request_id": "7", "as": as}), 401)
	}
	w.within("refund_done is told", 15*time.Second, func() bool { return strings.HasSuffix(w.knows("refund_session", gid, ""), "refund_done") })
	all("a refund asked for after it is done", w.fynd("refunds", refund, map[string]any{"times": 2}), 202)
	if got := w.refunds(ref); len(got) != 1 || got[0].AmountMinor != 10000 {
		t.Errorf("the gateway gave back %+v", got)
	}
	count("1", `SELECT count(*) FROM operations WHERE kind = 'refund' AND payment_id = (SELECT id FROM payments WHERE ref = $1)`, ref)

	event := map[string]any{
		"to": w.base + "/api/v1/webhooks/platform", "secret": cast.FyndSecret, "shape": "platform", "event": "REFUND_DONE", "event_id": "evt-once",
		"company_id": 1, "application_id": cast.FyndApplication, "gid": gid, "request_id": "16916747740991418099", "amount": "100.00", "currency": "INR", "times": 50, "parallel": true,
	}
	var sent struct{ Statuses []int }
	w.sandbox(http.MethodPost, "/_sandbox/fynd/webhooks", event, &sent)
	for _, status := range sent.Statuses {
		if status != http.StatusOK {
			t.Errorf("an event that came before is answered %d", status)
		}
	}
	w.within("one event acts", 10*time.Second, func() bool {
		var waiting int
		w.scan(&waiting, `SELECT count(*) FROM webhooks WHERE source = 'gofynd' AND event_id = 'evt-once' AND duplicate_of IS NULL`)
		return waiting == 1
	})

	person := map[string]any{"topic": "customers/data_request", "request_id": "P-1", "customer": map[string]string{"email": "zoe@buyer.example"}}
	all("a person's data asked for at once", w.fynd("gdpr", person, often), 202)
	all("a person's data asked for again", w.fynd("gdpr", person, again), 202)
	all("the request about somebody else", w.fynd("gdpr", person, map[string]any{"customer": map[string]string{"email": "asha@buyer.example"}}), 409)
	all("a person's data with a wrong secret", w.fynd("gdpr", person, map[string]any{"as": "wrong_secret", "request_id": "P-2"}), 401)
	w.sound(t)
}

// TestFyndTrouble has Fynd break down in every way while kartify tells it of payments and refunds: it is told each
// thing once, and the attempts can be seen.
func TestFyndTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	modes := []string{"500_before", "500_after", "drop_before", "drop_after", "429", "garbage_after", "delay"}
	gids := map[string]string{}
	fault := func(verb, gid, mode string) {
		in := map[string]any{"gateway": "fynd", "verb": verb, "payment": gid, "mode": mode, "times": 2}
		if mode == "delay" {
			in["delay_ms"] = 5000 // longer than a call may take
		}
		w.sandbox(http.MethodPut, "/_sandbox/faults", in, nil)
	}
	for _, mode := range modes {
		gid := "TRTROUBLE" + strings.ToUpper(mode)
		gids[mode] = gid
		fault("payment_session", gid, mode)
		fault("refund_session", gid, mode)
	}
	for _, mode := range modes {
		w.sold(gids[mode])
	}
	told := func(kind, gid, status string) bool { // and at least one attempt before failed
		var got bool
		w.scan(&got, `SELECT coalesce(bool_or(state = 'done' AND status = $3) AND max(jsonb_array_length(log)) > 1, false) FROM partner_updates WHERE kind = $1 AND gid = $2`, kind, gid, status)
		return got
	}
	for _, mode := range modes {
		gid := gids[mode]
		w.within(mode+": the payment is told", 40*time.Second, func() bool { return told("payment_session", gid, "complete") })
		if got := w.knows("payment_session", gid, ""); strings.Count(got, "complete") != 1 {
			t.Errorf("%s: Fynd was told %q", mode, got)
		}
	}
	for _, mode := range modes {
		w.fynd("refunds", map[string]any{"gid": gids[mode], "request_id": "16916747740991418099", "amount_minor": 10000})
	}
	for _, mode := range modes {
		gid := gids[mode]
		w.within(mode+": the refund is told", 40*time.Second, func() bool { return told("refund_session", gid, "refund_done") })
		if got := w.knows("refund_session", gid, ""); strings.Count(got, "refund_done") != 1 {
			t.Errorf("%s: Fynd was told %q", mode, got)
		}
		var ref string
		w.scan(&ref, `SELECT p.ref FROM payments p JOIN orders o ON o.id = p.order_id WHERE o.gid = $1`, gid)
		if got := w.refunds(ref); len(got) != 1 {
			t.Errorf("%s: the gateway gave back %+v", mode, got)
		}
	}
	var polled []struct {
		GID        string   `json:"gid"`
		Divergence []string `json:"divergence"`
	}
	w.sandbox(http.MethodPost, "/_sandbox/fynd/polls", map[string]any{}, &polled)
	if len(polled) != len(modes) {
		t.Errorf("%d payments were polled", len(polled))
	}
	for _, p := range polled {
		if len(p.Divergence) > 0 {
			t.Errorf("%s: Fynd finds %v", p.GID, p.Divergence)
		}
	}
	w.sound(t)
}
