package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// Who writes a comma before the decimals filters by one; the address has a point all the same, and what may mean two
// things is refused.
func TestAmountsOfTheFilterInTheReadersLanguage(t *testing.T) {
	s := listSite(t)
	b := s.as(modelstest.Person(t, s.db, "Asha", models.Owner))
	for _, tt := range []struct{ language, typed, address, shown, notice string }{
		{"ru", "1499,00", "/sales/orders?amount_from=1499.00", "1499", ""},
		{"sv", "1 499,5", "/sales/orders?amount_from=1499.5", "1499,5", ""},
		{"ru", "1499.5", "", "1499,5", ""},
		{"ru", "1,499", "", "", "1,499"},
		{"en", "1499,5", "", "", "1499,5"},
	} {
		s.exec(`UPDATE users SET preferences = jsonb_set(preferences, '{language}', to_jsonb($1::text))`, tt.language)
		path := "/sales/orders?amount_from=" + strings.NewReplacer(" ", "+", ",", "%2C").Replace(tt.typed)
		p := b.get(path)
		part := b.get(path, "HX-Request: true")
		if got := part.Header.Get("HX-Push-Url"); got != tt.address {
			t.Errorf("%s in %s: the list goes to %q, want %q", tt.typed, tt.language, got, tt.address)
		}
		if tt.address != "" {
			if got := p.Header.Get("Location"); p.StatusCode != http.StatusSeeOther || got != tt.address {
				t.Errorf("%s in %s: %d to %q, want %q", tt.typed, tt.language, p.StatusCode, got, tt.address)
			}
			p = b.get(tt.address)
		}
		if got := p.Find("[name=amount_from]").AttrOr("value", ""); got != tt.shown {
			t.Errorf("%s in %s: the field shows %q, want %q", tt.typed, tt.language, got, tt.shown)
		}
		if got := text(p.Find("[data-field=amount_from]")); (tt.notice == "") != (got == "") || !strings.Contains(got, tt.notice) {
			t.Errorf("%s in %s: the notice is %q", tt.typed, tt.language, got)
		}
	}
}
