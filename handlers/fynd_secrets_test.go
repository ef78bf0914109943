package handlers_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/handlers/fyndapi"
	"github.com/kartify/kartify/models/cast"
)

func basicSecret(secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(secret))
}

func TestSecrets(t *testing.T) {
	m := openMall(t)
	nobody := m.browser()
	const path = "/api/v1/secrets/" + cast.FyndApplication
	sum := func(message string) string {
		return "checksum: " + gateways.SumHMAC([]byte(message), cast.FyndSecret)
	}
	refused := [][]string{
		nil,
		{sum(cast.FyndApplication)},
		{basicSecret("guess")},
		{basicSecret(cast.FyndSecret), "checksum: 00"},
		{basicSecret(cast.FyndKey + ":" + cast.FyndSecret)},
		{basicSecret(""), sum(cast.FyndApplication)},
		{basicSecret(cast.FyndSecret), "checksum: "},
		{"Authorization: Bearer " + cast.FyndSecret},
	}
	for _, header := range refused {
		for _, ask := range []page{nobody.get(path, header...), nobody.ask("POST", "/api/v1/secrets", strings.NewReader(sellersJSON), append(header, "X-Application-Id: "+cast.FyndApplication)...)} {
			if ask.StatusCode != http.StatusUnauthorized || ask.body != `{"success":false,"title":"Unauthorized","message":"Authorization failed"}` {
				t.Errorf("%v: %d %s", header, ask.StatusCode, ask.body)
			}
		}
	}
	for _, application := range []string{cast.FyndApplication, "one-that-nobody-opened"} {
		got := nobody.get("/api/v1/secrets/"+application, basicSecret(cast.FyndSecret), sum(application))
		if out := got.credentials(t); got.StatusCode != http.StatusOK || !out.Success || out.Active || out.AppID != application ||
			!strings.HasPrefix(out.values(), "key_id=null key_secret=null") || !out.Data[0].Required || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("nothing stored: %d %s", got.StatusCode, got.body)
		}
	}
	wrong := nobody.ask("POST", "/api/v1/secrets", strings.NewReader(sellersJSON), basicSecret(cast.FyndSecret), "X-Application-Id: one-that-nobody-opened")
	if wrong.StatusCode != http.StatusForbidden {
		t.Errorf("for a channel of nobody: %d %s", wrong.StatusCode, wrong.body)
	}
	stored := nobody.ask("POST", "/api/v1/secrets", strings.NewReader(sellersJSON), basicSecret(cast.FyndSecret), sum(sellersJSON), "X-Application-Id: "+cast.FyndApplication)
	if stored.StatusCode != http.StatusCreated || strings.Contains(stored.body, "seller-secret") {
		t.Fatalf("stored: %d %s", stored.StatusCode, stored.body)
	}
	got := nobody.get(path, basicSecret(cast.FyndSecret))
	if out := got.credentials(t); !out.Active || !strings.HasPrefix(out.values(), "key_id=••••0001 key_secret=••••0001") || strings.Contains(got.body, "kept-away") || strings.Contains(got.body, "SELLER") {
		t.Errorf("stored, masked: %s", got.body)
	}
	if table := m.holding("seller-secret-kept-away-0001"); table != "" {
		t.Errorf("%s holds the secret in the clear", table)
	}
	var parts sync.WaitGroup // sent in parts and at once: none overwrites another
	for _, part := range []string{`{"slug":"key_secret","value":"seller-secret-kept-away-0077"}`, `{"slug":"webhook_secret","value":"whsec-kept-away-0088"}`} {
		for range 5 {
			parts.Go(func() {
				body := fmt.Sprintf(`{"app_id":%q,"data":[%s]}`, cast.FyndApplication, part)
				if got := m.browser().ask("POST", "/api/v1/secrets", strings.NewReader(body), basicSecret(cast.FyndSecret)); got.StatusCode != http.StatusCreated {
					t.Errorf("a part: %d %s", got.StatusCode, got.body)
				}
			})
		}
	}
	parts.Wait()
	if out := nobody.get(path, basicSecret(cast.FyndSecret)).credentials(t); !strings.Contains(out.values(), "key_secret=••••0077 webhook_secret=••••0088") {
		t.Errorf("sent in parts: %s", out.values())
	}
	clear := openMall(t, func(o *handlers.Options) { o.Quirks = fyndapi.Quirks{ClearSecrets: true} })
	clear.browser().ask("POST", "/api/v1/secrets", strings.NewReader(sellersJSON), basicSecret(cast.FyndSecret), "X-Application-Id: "+cast.FyndApplication)
	if got := clear.browser().get(path, basicSecret(cast.FyndSecret)); !strings.Contains(got.body, "seller-secret-kept-away-0001") {
		t.Errorf("with the switch: %s", got.body)
	}
	if table := clear.holding("seller-secret-kept-away-0001"); table != "" {
		t.Errorf("%s holds the secret in the clear", table)
	}
}
