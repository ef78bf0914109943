package models_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// issuer is Fynd as far as it gives tokens: each refresh token is good once.
type issuer struct {
	mu     sync.Mutex
	good   string // the refresh token that is good
	asked  int
	answer int    // status, when it is not 200
	life   int    // seconds of a token
	seen   string // the bearer that it was last shown
}

func (f *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasSuffix(r.URL.Path, "/oauth/token") {
		f.seen = r.Header.Get("Authorization")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(raw))
	f.asked++
	switch {
	case f.answer != 0:
		w.WriteHeader(f.answer)
		_, _ = io.WriteString(w, `{"message":"not now"}`)
	case form.Get("refresh_token") != f.good:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"success":false,"message":"Invalid refresh"}`)
	default:
		f.good = fmt.Sprintf("refresh-%d", f.asked+1)
		_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":%q,"expires_in":%d}`, f.asked, f.good, f.life)
	}
}

// bank is two copies of the program on one database, and Fynd beside them.
type bank struct {
	*testing.T
	copies  [2]*models.DB
	fynd    *issuer
	install int64
}

func openBank(t *testing.T, refresh string) *bank {
	t.Helper()
	b := &bank{T: t, fynd: &issuer{good: "refresh-1", life: 3599}}
	server := httptest.NewServer(b.fynd)
	t.Cleanup(server.Close)
	address := modelstest.URL(t)
	driver := (&gatewaytest.Bogus{Class: gateways.ByKey}).Driver()
	driver.Code, driver.Name = "razorpay", "Razorpay"
	for i := range b.copies {
		b.copies[i] = modelstest.Open(t, address, func(o *models.Options) {
			o.MaxConns, o.Drivers, o.BaseURLs = 5, []gateways.Driver{driver}, map[string]string{"gofynd": server.URL}
		})
	}
	ctx := modelstest.System(t.Context())
	e, err := b.copies[0].SaveExtension(ctx, models.ExtensionForm{
		Name: "Ruosh Pay", URL: "https://pay.example.com", By: models.SystemActor, ExtensionDetails: models.ExtensionDetails{
			Distribution: "public", ContactEmail: "a@b.example", Description: "Cards and UPI for every shop.", APIVersion: "1.0", Methods: []string{"CARD"},
			Countries: []string{"IN"}, Currencies: []string{"INR"}, Fee: "fixed", Fees: []models.ExtensionFee{{Permyriad: 100}}, Checkout: "standard", AutoCapture: true, Gateway: "razorpay",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	install, err := b.copies[0].SeedFyndInstall(ctx, e, "1", refresh)
	if err != nil {
		t.Fatal(err)
	}
	b.install = install.ID
	return b
}

// bearer is the token, or what stands in its way.
func (b *bank) bearer(copyOf int) string {
	b.Helper()
	token, err := b.copies[copyOf].FyndBearer(modelstest.System(b.Context()), b.install)
	var problem *models.Problem
	var refused *gateways.Error
	switch {
	case errors.As(err, &problem):
		return "problem: " + problem.Sentence
	case errors.As(err, &refused):
		return refused.Kind.String()
	case err != nil:
		b.Fatal(err)
	}
	return token
}

func (b *bank) text(sql string) string {
	b.Helper()
	var text string
	if err := b.copies[0].Pool().QueryRow(modelstest.System(b.Context()), sql).Scan(&text); err != nil {
		b.Fatal(err)
	}
	return text
}

func (b *bank) exec(sql string) {
	b.Helper()
	if _, err := b.copies[0].Pool().Exec(modelstest.System(b.Context()), sql); err != nil {
		b.Fatal(err)
	}
}

func TestATokenIsRenewedOnce(t *testing.T) {
	b := openBank(t, "refresh-1")
	var wait sync.WaitGroup
	got := make([]string, 30)
	for i := range got {
		wait.Go(func() { got[i] = b.bearer(i % 2) })
	}
	wait.Wait()
	for _, token := range got {
		if token != "access-1" {
			t.Errorf("somebody got %q", token)
		}
	}
	if b.fynd.asked != 1 {
		t.Errorf("Fynd was asked %d times", b.fynd.asked)
	}
	if got := b.text(`SELECT (access_token LIKE 'v1|%' AND refresh_token LIKE 'v1|%' AND problem = '')::text FROM fynd_installs`); got != "true" {
		t.Error("the tokens are not sealed")
	}
}

func TestATokenThatEndsSoonIsRenewed(t *testing.T) {
	b := openBank(t, "refresh-1")
	b.fynd.life = 121
	if got := b.bearer(0); got != "access-1" {
		t.Fatal(got)
	}
	if got := b.bearer(1); got != "access-1" || b.fynd.asked != 1 {
		t.Errorf("with two minutes left: %s, asked %d times", got, b.fynd.asked)
	}
	b.exec(`UPDATE fynd_installs SET token_until = now() + interval '119 seconds'`)
	if got := b.bearer(1); got != "access-2" {
		t.Errorf("with less: %s", got)
	}
	b.exec(`UPDATE fynd_installs SET token_until = now() + interval '60 seconds'`)
	b.fynd.answer = http.StatusServiceUnavailable
	if got := b.bearer(0); got != "access-2" {
		t.Errorf("while Fynd is away: %s", got)
	}
	b.exec(`UPDATE fynd_installs SET token_until = now()`)
	if got := b.bearer(0); got == "access-2" || strings.HasPrefix(got, "problem") {
		t.Errorf("when it is over and Fynd is away: %s", got)
	}
	if got := b.text(`SELECT problem FROM fynd_installs`); got == "" {
		t.Error("nobody is told why there is no token")
	}
	b.fynd.answer = 0
	if got := b.bearer(1); !strings.HasPrefix(got, "access-") || b.text(`SELECT problem FROM fynd_installs`) != "" {
		t.Errorf("when Fynd is back: %s, %s", got, b.text(`SELECT problem FROM fynd_installs`))
	}
}

func TestATokenThatFyndTakesBack(t *testing.T) {
	b := openBank(t, "refresh-1")
	first := b.bearer(0)
	ctx := modelstest.System(t.Context())
	if err := b.copies[1].FyndBearerRefused(ctx, b.install, "another"); err != nil || b.bearer(0) != first {
		t.Errorf("a refusal of another token ends this one: %v", err)
	}
	if err := b.copies[1].FyndBearerRefused(ctx, b.install, first); err != nil {
		t.Fatal(err)
	}
	if got := b.bearer(0); got != "access-2" {
		t.Errorf("after a refusal: %s", got)
	}
	b.fynd.good = "nobody's"
	b.exec(`UPDATE fynd_installs SET token_until = now()`)
	if got := b.bearer(0); got != "declined" {
		t.Errorf("with a refresh token that Fynd does not know: %s", got)
	}
	asked := b.fynd.asked
	if got := b.bearer(1); !strings.Contains(got, "opens the extension in Fynd once more") || b.fynd.asked != asked {
		t.Errorf("afterwards: %s, asked %d times more", got, b.fynd.asked-asked)
	}
	if err := b.copies[0].UninstallFynd(ctx, b.install, "Uninstalled at Fynd.", models.SystemActor); err != nil {
		t.Fatal(err)
	}
	if got := b.bearer(0); !strings.Contains(got, "has uninstalled") {
		t.Errorf("uninstalled: %s", got)
	}
	if got := b.text(`SELECT access_token||refresh_token FROM fynd_installs`); got != "" {
		t.Error("tokens are kept")
	}
}

func TestTokensAreSealedAgain(t *testing.T) {
	b := openBank(t, "refresh-1")
	b.bearer(0)
	before := b.text(`SELECT access_token||refresh_token FROM fynd_installs`)
	keys, err := models.NewKeyring(models.NewMasterKey(), modelstest.MasterKey)
	if err != nil {
		t.Fatal(err)
	}
	renewed := modelstest.Open(t, b.copies[0].Pool().Config().ConnString(), func(o *models.Options) { o.Keys = keys })
	n, err := renewed.RewrapSecrets(modelstest.System(t.Context()), models.SystemActor)
	if err != nil || n < 3 {
		t.Fatalf("sealed %d secrets again: %v", n, err)
	}
	if after := b.text(`SELECT access_token||refresh_token FROM fynd_installs`); after == before {
		t.Error("the tokens are sealed with the old key")
	}
	if token, err := renewed.FyndBearer(modelstest.System(t.Context()), b.install); err != nil || token != "access-1" {
		t.Errorf("afterwards %q, %v", token, err)
	}
}
