package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// The loader leads to the gateway, once, and nowhere else.
func TestFyndLoader(t *testing.T) {
	p := openPlatform(t)
	loader := p.begins(nil)
	for _, ahead := range []string{"Sec-Purpose: prefetch", "Purpose: preview"} {
		if got := p.ask("GET", loader, nil, ahead); got.status != http.StatusOK {
			t.Errorf("a look ahead answers %d", got.status)
		}
	}
	if got := p.ask("HEAD", loader, nil); got.status != http.StatusOK || len(p.bogus.Checkouts()) != 0 {
		t.Errorf("HEAD answers %d; %d payments were begun", got.status, len(p.bogus.Checkouts()))
	}
	var wait sync.WaitGroup
	for range 30 {
		wait.Go(func() {
			if got := p.ask("GET", loader+"?url=https://evil.example/&redirect=//evil.example", nil); got.status != http.StatusTemporaryRedirect || !strings.HasPrefix(got.header.Get("Location"), "https://bogus.example/pay/") {
				t.Errorf("a click answers %d %q", got.status, got.header.Get("Location"))
			}
		})
	}
	wait.Wait()
	if n := len(p.bogus.Checkouts()); n != 1 {
		t.Fatalf("30 clicks made %d payments", n)
	}
	c := p.bogus.Checkouts()[0]
	if c.Amount != rupees(23000) || c.Hold || c.Customer.Email != "test@example.com" || c.Customer.Country != "IN" || len(c.Lines) != 1 || c.Lines[0].Total != 23000 {
		t.Errorf("the gateway is told %+v", c)
	}
	if got := p.text(`SELECT concat_ws(' ', mode, status, amount_minor) FROM payments`); got != "test pending 23000" {
		t.Errorf("the payment is %s", got)
	}
}

func TestFyndLoaderIsClosed(t *testing.T) {
	p := openPlatform(t)
	loader := p.begins(nil)
	for name, path := range map[string]string{
		"another id": "/api/v1/pgloader/64d4e2c08e560b135e179538", "no id": "/api/v1/pgloader/x", "an address": "/api/v1/pgloader/https%3A%2F%2Fevil.example", "a quote": "/api/v1/pgloader/%27%22", "a NUL": "/api/v1/pgloader/%00",
	} {
		p.ask("GET", path, nil).refused(t, name, http.StatusNotFound, "")
		if page := p.ask("GET", path, nil, "Accept: text/html"); page.status != http.StatusNotFound || !strings.Contains(page.body, "This payment cannot be made here") {
			t.Errorf("%s shows a browser %d", name, page.status)
		}
	}
	if _, err := p.db.NoteUptime(modelstest.System(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := p.text(`SELECT concat_ws(' of ', broken, answers > 9) FROM fynd_answer_days`); got != "0 of t" {
		t.Errorf("errors of our own are counted for what is not there: %s", got)
	}
	p.exec(`UPDATE fynd_installs SET uninstalled_at = now()`)
	if got := p.ask("GET", loader, nil); got.status != http.StatusConflict || !strings.Contains(got.body, "takes no payments here at the moment") {
		t.Errorf("after it was uninstalled the loader answers %d %s", got.status, got.body)
	}
	p.exec(`UPDATE fynd_installs SET uninstalled_at = NULL`)
	p.exec(`UPDATE orders SET items_minor = 23100, total_minor = 23100`)
	if got := p.ask("GET", loader, nil); got.status != http.StatusConflict || !strings.Contains(got.body, "The order has changed") {
		t.Errorf("after the order changed the loader answers %d", got.status)
	}
	p.exec(`UPDATE orders SET items_minor = 23000, total_minor = 23000`)
	p.exec(`UPDATE fynd_sessions SET expires_at = now() - interval '1 second'`)
	p.ask("GET", loader, nil).refused(t, "an expired session", http.StatusNotFound, "")
	if n := len(p.bogus.Checkouts()); n != 0 {
		t.Errorf("%d payments were begun", n)
	}
}

// The mode is the session's, whatever the store's is, and a link of the shop's own goes its own way.
func TestFyndSessionKeepsItsMode(t *testing.T) {
	p := openPlatform(t)
	p.exec(`UPDATE stores SET mode = 'live' WHERE id = 40`)
	loader := p.begins(nil)
	if got := p.ask("GET", loader, nil); got.status != http.StatusTemporaryRedirect {
		t.Fatalf("the loader answers %d %s", got.status, got.body)
	}
	if got := p.text(`SELECT p.mode || ' ' || s.mode FROM payments p JOIN checkouts c ON c.payment_id = p.id JOIN gateway_settings s ON s.id = c.settings_id`); got != "test test" {
		t.Errorf("payment and settings are of mode %s", got)
	}
	path, err := p.db.PaymentLink(p.ctx, 1001, models.SystemActor)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.ask("GET", path+"?gateway=razorpay", nil); got.status == http.StatusSeeOther {
		t.Errorf("a live link of the shop leads to the test payment: %s", got.header.Get("Location"))
	}
}

// The buyer goes to the shop's page of success only when Fynd has answered that it knows.
func TestFyndReturn(t *testing.T) {
	const success, cancel = "https://shop.fynd.com/done?cart_id=64d4e0d5&order_id=FY1", "https://shop.fynd.com/cart?success=false&status=failed&cart_id=a%20b"
	urls := map[string]any{"success_url": success, "cancel_url": cancel}
	known := func(p *platform) {
		p.exec(`INSERT INTO partner_updates (store_id, order_id, kind, gid, session_id, status, amount_minor, currency, state, done_at)
			SELECT store_id, order_id, 'payment_session', gid, id, 'complete', amount_minor, currency, 'done', now() FROM fynd_sessions
			ON CONFLICT (session_id, status, amount_minor) WHERE kind = 'payment_session' DO UPDATE SET state = 'done', problem = ''`)
	}
	old := func(p *platform) {
		p.exec(`UPDATE checkouts SET returned_at = now() - interval '1 minute', shown_at = now() - interval '1 minute'`)
		p.exec(`UPDATE payments SET updated_at = now() - interval '1 minute'`)
	}
	for _, tt := range []struct {
		name   string
		bank   func(*gateways.Payment)
		then   func(*platform)
		first  string // where the buyer goes when he comes back; "" to a page that goes on by itself
		second string // and after then
	}{
		{"paid, and Fynd answers", func(*gateways.Payment) {}, known, "", success + "&status=complete&success=true"},
		{"paid, and Fynd does not answer", func(*gateways.Payment) {}, old, "", cancel},
		{"declined", func(p *gateways.Payment) { p.Authorized, p.Captured, p.Failed = false, 0, true }, known, cancel, cancel},
		{"not known", func(p *gateways.Payment) { p.Authorized, p.Captured = false, 0 }, old, "", cancel},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := openPlatform(t)
			result := p.pays(p.begins(urls), tt.bank)
			got := p.ask("GET", result, nil)
			switch {
			case tt.first == "" && (got.status != http.StatusOK || got.header.Get("Refresh") != "2"):
				t.Errorf("back from the bank the buyer gets %d %q, refreshed %q", got.status, got.header.Get("Location"), got.header.Get("Refresh"))
			case tt.first != "" && (got.status != http.StatusSeeOther || got.header.Get("Location") != tt.first):
				t.Errorf("back from the bank the buyer is sent %d to %q, want %q", got.status, got.header.Get("Location"), tt.first)
			}
			tt.then(p)
			if got := p.ask("GET", result, nil); got.status != http.StatusSeeOther || got.header.Get("Location") != tt.second {
				t.Errorf("then the buyer is sent %d to %q, want %q", got.status, got.header.Get("Location"), tt.second)
			}
		})
	}
}

// A declined payment may be tried again by the same session; Fynd knows of the end.
func TestFyndSessionTriedAgain(t *testing.T) {
	p := openPlatform(t)
	loader := p.begins(nil)
	p.ask("GET", p.pays(loader, func(p *gateways.Payment) { p.Authorized, p.Captured, p.Failed = false, 0, true }), nil)
	if word := p.word(); word != "failed" {
		t.Errorf("after the first attempt it is %s", word)
	}
	p.ask("GET", p.pays(loader, func(*gateways.Payment) {}), nil)
	if word := p.word(); word != "complete" || len(p.bogus.Checkouts()) != 2 {
		t.Errorf("after the second attempt it is %s, %d attempts", word, len(p.bogus.Checkouts()))
	}
	if got := p.ask("GET", loader, nil); got.status != http.StatusTemporaryRedirect || !strings.HasPrefix(got.header.Get("Location"), "/pay/") || len(p.bogus.Checkouts()) != 2 {
		t.Errorf("the loader of a paid session answers %d %q", got.status, got.header.Get("Location"))
	}
	if got := p.text(`SELECT string_agg(status || ' ' || amount_minor, ', ' ORDER BY id) FROM partner_updates WHERE kind = 'payment_session' AND status = 'complete'`); got != "complete 23000" {
		t.Errorf("Fynd is to hear %s", got)
	}
}

// Two sessions of one order are two ways to pay; each tells of its own payments.
func TestTwoFyndSessionsOfAnOrder(t *testing.T) {
	p := openPlatform(t)
	first := p.begins(nil)
	p.ask("GET", p.pays(first, func(p *gateways.Payment) { p.Authorized, p.Captured, p.Failed = false, 0, true }), nil)
	second := p.begins(map[string]any{"gid": "TRSECOND"})
	p.ask("GET", p.pays(second, func(*gateways.Payment) {}), nil)
	var standing struct{ Status string }
	p.asks("GET", "/api/v1/payment_session/TRSECOND", nil).as(t, &standing)
	if got := fmt.Sprint(p.word(), " ", standing.Status, " ", p.text(`SELECT count(*)::text FROM orders`)); got != "failed complete 1" {
		t.Errorf("sessions and orders: %s", got)
	}
}

// Where the extension leaves drawing the money to the shipment, held money is a payment that is complete.
func TestFyndSessionThatHolds(t *testing.T) {
	p := openPlatform(t, func(form *models.ExtensionForm) { form.AutoCapture = false })
	loader := p.begins(nil)
	p.ask("GET", p.pays(loader, func(p *gateways.Payment) { p.Captured, p.Word = 0, "authorized" }), nil)
	if !p.bogus.Checkouts()[0].Hold {
		t.Error("the gateway was told to draw the money")
	}
	var standing struct {
		Status   string
		Payments []struct {
			Captured bool
			Drawn    int64 `json:"amount_captured"`
		}
	}
	p.asks("GET", fyndSession, nil).as(t, &standing)
	if standing.Status != "complete" || len(standing.Payments) != 1 || standing.Payments[0].Captured || standing.Payments[0].Drawn != 0 {
		t.Errorf("held it is %+v", standing)
	}
}
