package sandbox

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What can go wrong when a seller allows an extension (a company's setting authorize).
const (
	authorizeDenied  = "denied"       // the seller refuses
	authorizeState   = "wrong_state"  // comes back with a state that nobody sent
	authorizeExpired = "expired_code" // with a code that is too old
	authorizeUsed    = "used_code"    // with a code that was used
)

// newCode is a code for a token. The caller holds the lock.
func (g *fynd) newCode(key, company string) string {
	code := newID("")
	t := &fyndToken{Company: company, Kind: "code", Until: g.s.clock().Add(10 * time.Minute), Key: key}
	switch g.config(company).Authorize {
	case authorizeExpired:
		t.Until = g.s.clock()
	case authorizeUsed:
		t.Revoked = true
	}
	g.tokens.put(code, t)
	return code
}

// authorizePage is where an extension sends a seller to allow its installation. A seller who has allowed it is
// sent back at once.
func (g *fynd) authorizePage(c *call) reply {
	q := c.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Scheme != "http" && back.Scheme != "https" {
		return fyndRefusal(http.StatusBadRequest, "redirect_uri is not an address")
	}
	if given := q.Get("x-fp-signature"); given != "" && !rightQuerySignature(c.Request, given) {
		return fyndRefusal(http.StatusForbidden, "Invalid signature")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	company, key := c.PathValue("company"), q.Get("client_id")
	cfg, e := g.config(company), g.extensions.get(key)
	if e == nil && (cfg.APIKey != "" && key != cfg.APIKey || cfg.APIKey == "" && len(g.extensions.ids) > 0) {
		return fyndRefusal(http.StatusBadRequest, "client_id is unknown")
	}
	name := key
	if e != nil {
		name = e.Name
		for _, scope := range strings.Split(q.Get("scope"), ",") {
			if !slices.Contains(e.Scope, scope) {
				return fyndRefusal(http.StatusBadRequest, "scope "+scope+" was not agreed")
			}
		}
		if q.Get("redirect_uri") != e.BaseURL && !strings.HasPrefix(q.Get("redirect_uri"), e.BaseURL+"/") {
			return fyndRefusal(http.StatusBadRequest, "redirect_uri is not an address of the extension")
		}
	}
	yes, no := g.ways(back, company, q)
	if now := g.install(key, company); now != nil && !now.Gone || cfg.Authorize == authorizeDenied {
		to := map[bool]string{false: yes, true: no}[cfg.Authorize == authorizeDenied]
		return reply{http.StatusFound, http.Header{"Location": {to}, "Cache-Control": {"no-store"}}, nil}
	}
	answer := page("install.html", http.StatusOK, map[string]any{
		"Title": "Install extension", "Name": name, "Client": key, "Scope": strings.ReplaceAll(q.Get("scope"), ",", ", "), "Yes": yes, "No": no,
	})
	answer.header.Set("Content-Security-Policy", strings.Replace(pagePolicy, "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
	return answer
}

// ways are the addresses to which a seller goes who allows an extension, and one who refuses. The caller holds
// the lock.
func (g *fynd) ways(back *url.URL, company string, q url.Values) (yes, no string) {
	with := func(more url.Values) string {
		answer := *back
		all := answer.Query()
		for name, values := range more {
			all[name] = values
		}
		answer.RawQuery = all.Encode()
		return answer.String()
	}
	state := q.Get("state")
	if g.config(company).Authorize == authorizeState {
		state = randomUUID()
	}
	common := url.Values{"client_id": {q.Get("client_id")}, "company_id": {company}, "state": {state}}
	allow, refuse := url.Values{"code": {g.newCode(q.Get("client_id"), company)}}, url.Values{"error": {"access_denied"}, "error_description": {"The seller refused."}}
	for name, values := range common {
		allow[name], refuse[name] = values, values
	}
	return with(allow), with(refuse)
}

// rightQuerySignature checks the x-fp-signature in an address, which signs the host alone.
func rightQuerySignature(r *http.Request, given string) bool {
	_, sum, ok := strings.Cut(given, ":")
	q := r.URL.Query()
	canonical := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.Query()), "host:" + r.Host + "\n", "host", hexSum(nil),
	}, "\n")
	right := hexHMAC(requestKey, []byte(q.Get("x-fp-date")+"\n"+hexSum([]byte(canonical))))
	return ok && hmac.Equal([]byte(sum), []byte(right))
}
