package sandbox

import (
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
	return issued != nil && issued.Kind == "access" && issued.Company == company && g.s.clock().Before(issued.Until)
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

// authorizePage is where an extension sends a seller to allow its installation.
func (g *fynd) authorizePage(c *call) reply {
	q := c.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Scheme != "http" && back.Scheme != "https" {
		return fyndRefusal(http.StatusBadRequest, "redirect_uri is not an address")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	cfg := g.config(c.PathValue("company"))
	if cfg.APIKey != "" && q.Get("client_id") != cfg.APIKey {
		return fyndRefusal(http.StatusBadRequest, "client_id is unknown")
	}
	code := newID("")
	g.tokens.put(code, &fyndToken{Company: c.PathValue("company"), Kind: "code", Until: g.s.clock().Add(10 * time.Minute)})
	with := func(more url.Values) string {
		answer := *back
		all := answer.Query()
		for name, values := range more {
			all[name] = values
		}
		answer.RawQuery = all.Encode()
		return answer.String()
	}
	common := url.Values{"client_id": {q.Get("client_id")}, "company_id": {c.PathValue("company")}, "state": {q.Get("state")}}
	yes, no := url.Values{"code": {code}}, url.Values{"error": {"access_denied"}, "error_description": {"The seller refused."}}
	for name, values := range common {
		yes[name], no[name] = values, values
	}
	return page("install.html", http.StatusOK, map[string]any{
		"Title": "Install extension", "Client": q.Get("client_id"), "Scope": q.Get("scope"), "Yes": with(yes), "No": with(no),
	})
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
	if !knowsExtension(c, cfg) {
		return fyndRefusal(http.StatusUnauthorized, "unauthorized")
	}
	name, kind := code, "code"
	if grant == "refresh_token" {
		name, kind = refresh, "refresh"
	} else if grant != "authorization_code" {
		return fyndRefusal(http.StatusBadRequest, fmt.Sprintf("grant_type %q is not supported", grant))
	}
	shown := g.tokens.get(name)
	if shown == nil || shown.Kind != kind || shown.Company != company || !g.s.clock().Before(shown.Until) || shown.Used && offline && kind == "code" {
		return fyndRefusal(http.StatusBadRequest, "Invalid "+kind)
	}
	if kind == "code" && offline {
		shown.Used = true
		g.tokens.put(name, shown)
	}
	seconds := int64(3599)
	if cfg.TokenSeconds > 0 {
		seconds = cfg.TokenSeconds
	}
	grantToken := func(kind string, life time.Duration) string {
		token := kind + "-" + randomFrom(base62, 32)
		g.tokens.put(token, &fyndToken{Company: company, Kind: kind, Until: g.s.clock().Add(life)})
		return token
	}
	answer := map[string]any{
		"access_token": grantToken("access", time.Duration(seconds)*time.Second), "token_type": "Bearer",
		"expires_in": seconds, "scope": []string{"company/*"}, "current_user": nil,
	}
	if offline || kind == "refresh" {
		answer["refresh_token"] = grantToken("refresh", 30*24*time.Hour)
	}
	return jsonReply(http.StatusOK, answer)
}

// knowsExtension checks Basic key:secret against what is set.
func knowsExtension(c *call, cfg fyndConfig) bool {
	key, secret, ok := c.BasicAuth()
	return ok && (cfg.APIKey == "" || key == cfg.APIKey) && (cfg.Secret == "" || secret == cfg.Secret)
}

// extension answers an extension that checks its key at start.
func (g *fynd) extension(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	cfg := g.config("")
	if !knowsExtension(c, cfg) || cfg.APIKey != "" && c.PathValue("key") != cfg.APIKey {
		return fyndRefusal(http.StatusUnauthorized, "unauthorized")
	}
	return jsonReply(http.StatusOK, map[string]any{
		"extension_name": "Kartify", "base_url": "", "scope": []string{"company/payment", "company/application/settings"},
	})
}
