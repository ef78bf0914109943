package sandbox

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// fyndToken is an access token or a code that one is given for.
type fyndToken struct {
	Company string    `json:"company_id"`
	Kind    string    `json:"kind"` // access, refresh, code
	Until   time.Time `json:"until"`
	Used    bool      `json:"used,omitempty"`
	Key     string    `json:"api_key,omitempty"` // of the extension it was given to
	Revoked bool      `json:"revoked,omitempty"`
}

// signed answers a call of somebody Fynd knows: an extension with an access token, or a store with
// its affiliate id and token. A request signature that is there has to be right.
func (g *fynd) signed(do func(*call) reply) func(*call) reply {
	return func(c *call) reply {
		g.s.mu.Lock()
		company := c.PathValue("company")
		cfg := g.config(company)
		known := g.knowsBearer(c, company, cfg)
		g.s.mu.Unlock()
		if !known && !knowsAffiliate(c, cfg) {
			return fyndRefusal(http.StatusUnauthorized, "unauthorized")
		}
		if given := c.Header.Get("X-Fp-Signature"); strings.HasPrefix(given, "v1") && !rightRequestSignature(c, given) {
			return fyndRefusal(http.StatusForbidden, "Invalid signature")
		}
		return do(c)
	}
}

// knowsBearer says whether a call has an access token that is alive. The caller holds the lock.
func (g *fynd) knowsBearer(c *call, company string, cfg fyndConfig) bool {
	token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return false
	}
	if token == cfg.Bearer {
		return true
	}
	issued := g.tokens.get(token)
	return issued != nil && issued.good("access", company, g.s.clock())
}

// good says whether a token or a code is of a kind and a company, and alive.
func (t *fyndToken) good(kind, company string, now time.Time) bool {
	return t.Kind == kind && t.Company == company && !t.Revoked && now.Before(t.Until)
}

// secretOf is what the checksum of a session update is made with: the secret of the extension that calls, or
// what the company has agreed. The caller holds the lock.
func (g *fynd) secretOf(c *call) string {
	token, _ := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if issued := g.tokens.get(token); issued != nil {
		if e := g.extensions.get(issued.Key); e != nil {
			return e.APISecret
		}
	}
	return g.config(c.PathValue("company")).Secret
}

// knowsAffiliate says whether a call has a store's affiliate headers: the id, the token, and the hex
// HMAC-SHA256 of the body with the store's secret key.
func knowsAffiliate(c *call, cfg fyndConfig) bool {
	id, token := c.Header.Get("X-Affiliate-Id"), c.Header.Get("X-Affiliate-Token")
	if id == "" || token == "" {
		return false
	}
	if cfg.AffiliateID != "" && id != cfg.AffiliateID || cfg.AffiliateToken != "" && token != cfg.AffiliateToken {
		return false
	}
	return cfg.AffiliateSecret == "" || c.Header.Get("X-Fp-Signature") == hexHMAC(cfg.AffiliateSecret, c.body)
}

// requestKey signs every request of Fynd's client libraries. It is public: the signature proves that
// the request arrived whole, not who sent it (fp-signature 1.0.2).
const requestKey = "1234567"

// rightRequestSignature checks the x-fp-signature of a request: v1.1:, or v1: from the Go library.
func rightRequestSignature(c *call, given string) bool {
	_, sum, ok := strings.Cut(given, ":")
	return ok && hmac.Equal([]byte(sum), []byte(requestSignature(c.Request, c.body)))
}

// requestSignature is the hex part of an x-fp-signature: HMAC-SHA256 of the date and the hash of the
// canonical request.
func requestSignature(r *http.Request, body []byte) string {
	lines, names := []string{"host:" + r.Host}, []string{"host"}
	for name, values := range r.Header {
		low := strings.ToLower(name)
		if strings.HasPrefix(low, "x-fp-") && low != "x-fp-signature" {
			lines = append(lines, low+":"+strings.Join(values, ","))
			names = append(names, low)
		}
	}
	slices.Sort(lines)
	slices.Sort(names)
	canonical := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), canonicalQuery(r.URL.Query()), strings.Join(lines, "\n") + "\n",
		strings.Join(names, ";"), hexSum(body),
	}, "\n")
	return hexHMAC(requestKey, []byte(r.Header.Get("X-Fp-Date")+"\n"+hexSum([]byte(canonical))))
}

func canonicalQuery(q url.Values) string {
	q.Del("x-fp-signature")
	var parts []string
	for name, values := range q {
		slices.Sort(values)
		for _, value := range values {
			parts = append(parts, name+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// token is POST …/oauth/token: a form with a code or a refresh token.
func (g *fynd) token(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return fyndRefusal(http.StatusBadRequest, "The form cannot be read")
	}
	return g.issue(c, form.Get("grant_type"), form.Get("code"), form.Get("refresh_token"), false)
}

// offlineToken is POST …/oauth/offline-token: JSON, and a refresh token in the answer.
func (g *fynd) offlineToken(c *call) reply {
	var in struct {
		GrantType string `json:"grant_type"`
		Code      string `json:"code"`
		Refresh   string `json:"refresh_token"`
	}
	if err := unmarshal(c.body, &in); err != nil {
		return fyndRefusal(http.StatusBadRequest, "The body is not a JSON object")
	}
	return g.issue(c, in.GrantType, in.Code, in.Refresh, true)
}

// issue gives an access token to an extension that shows its key and secret. A code is good once,
// and for the token and the offline token of one installation.
func (g *fynd) issue(c *call, grant, code, refresh string, offline bool) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	company := c.PathValue("company")
	cfg := g.config(company)
	key, known := g.knowsExtension(c, cfg)
	if !known {
		return fyndRefusal(http.StatusUnauthorized, "unauthorized")
	}
	name, kind := code, "code"
	if grant == "refresh_token" {
		name, kind = refresh, "refresh"
	} else if grant != "authorization_code" {
		return fyndRefusal(http.StatusBadRequest, fmt.Sprintf("grant_type %q is not supported", grant))
	}
	shown := g.tokens.get(name)
	if shown == nil || !shown.good(kind, company, g.s.clock()) || shown.Key != "" && shown.Key != key || shown.Used && offline && kind == "code" {
		return fyndRefusal(http.StatusBadRequest, "Invalid "+kind)
	}
	if kind == "code" {
		g.installed(key, company)
	}
	if kind == "code" && offline {
		shown.Used = true
		g.tokens.put(name, shown)
	}
	return g.granted(company, key, cfg.TokenSeconds, offline || kind == "refresh")
}

// granted is a fresh access token, with one to refresh it when it is for work without a seller. The caller
// holds the lock.
func (g *fynd) granted(company, key string, seconds int64, offline bool) reply {
	seconds = cmp.Or(seconds, 3599)
	grant := func(kind string, life time.Duration) string {
		token := kind + "-" + randomFrom(base62, 32)
		g.tokens.put(token, &fyndToken{Company: company, Kind: kind, Until: g.s.clock().Add(life), Key: key})
		return token
	}
	answer := map[string]any{
		"access_token": grant("access", time.Duration(seconds)*time.Second), "token_type": "Bearer",
		"expires_in": seconds, "scope": []string{"company/*"}, "current_user": nil,
	}
	if e := g.extensions.get(key); e != nil {
		answer["scope"] = e.Scope
	}
	if offline {
		answer["refresh_token"] = grant("refresh", 30*24*time.Hour)
	} else {
		answer["current_user"] = map[string]string{"_id": "64d24a8a911bf1c20ac36801", "first_name": "Sandbox", "last_name": "Seller"}
	}
	return jsonReply(http.StatusOK, answer)
}

// knowsExtension is the key of an extension that shows it with its secret. Where no extension is registered,
// what the company has agreed is checked. The caller holds the lock.
func (g *fynd) knowsExtension(c *call, cfg fyndConfig) (key string, ok bool) {
	key, secret, ok := c.BasicAuth()
	if e := g.extensions.get(key); e != nil {
		return key, ok && secret == e.APISecret
	}
	if cfg.APIKey == "" && len(g.extensions.ids) > 0 {
		return key, false
	}
	return key, ok && (cfg.APIKey == "" || key == cfg.APIKey) && (cfg.Secret == "" || secret == cfg.Secret)
}

// extension answers an extension that checks its key at start.
func (g *fynd) extension(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	key, known := g.knowsExtension(c, g.config(""))
	if !known || c.PathValue("key") != key {
		return fyndRefusal(http.StatusUnauthorized, "unauthorized")
	}
	e := g.extensions.get(key)
	if e == nil {
		e = &fyndExtension{Name: "Extension", Scope: usualScope}
	}
	return jsonReply(http.StatusOK, map[string]any{"extension_name": e.Name, "base_url": e.BaseURL, "scope": e.Scope})
}
