package sandbox

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// fyndExtension is an extension as its developer registered it with Fynd.
type fyndExtension struct {
	APIKey    string        `json:"api_key"`
	APISecret string        `json:"api_secret"`
	Name      string        `json:"name"`
	BaseURL   string        `json:"base_url"` // where it is hosted
	Scope     []string      `json:"scope"`    // the most it may ask for
	Channels  []fyndChannel `json:"channels"` // where sellers may use it

	Installed []fyndPrior `json:"installed,omitempty"` // companies that have used it for long
}

// fyndPrior is a company that installed an extension before anything else happened here.
type fyndPrior struct {
	Company string `json:"company_id"`
	Refresh string `json:"refresh_token"` // what the extension has had of it since
}

// fyndChannel is a sales channel of a company.
type fyndChannel struct {
	Company         string `json:"company_id"`
	CompanyName     string `json:"company"`
	Application     string `json:"application_id"`
	ApplicationName string `json:"application"`
}

// fyndInstall is an extension that a company uses, or has used.
type fyndInstall struct {
	Key        string          `json:"api_key"`
	Company    string          `json:"company_id"`
	At         time.Time       `json:"installed_at"`
	Gone       bool            `json:"uninstalled,omitempty"`
	Subscriber *fyndSubscriber `json:"subscriber,omitempty"`
}

// usualScope is what an extension may ask for that was registered without saying.
var usualScope = []string{"company/profile", "company/application/settings", "company/payment", "company/orders"}

// putExtension answers PUT /_sandbox/fynd/extensions: a new extension, or a known one anew.
func (g *fynd) putExtension(_ *http.Request, in fyndExtension) (any, error) {
	base, err := url.Parse(in.BaseURL)
	switch {
	case in.APIKey == "" || in.APISecret == "":
		return nil, errors.New("api_key and api_secret are needed")
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, errors.New("base_url is no web address")
	}
	in.BaseURL = strings.TrimSuffix(in.BaseURL, "/")
	in.Name = cmp.Or(in.Name, "Extension")
	if len(in.Scope) == 0 {
		in.Scope = usualScope
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.extensions.put(in.APIKey, &in)
	for _, prior := range in.Installed {
		if g.install(in.APIKey, prior.Company) != nil || prior.Refresh == "" {
			continue // what came after goes before
		}
		g.installed(in.APIKey, prior.Company)
		g.tokens.put(prior.Refresh, &fyndToken{Company: prior.Company, Kind: "refresh", Until: g.s.clock().AddDate(1, 0, 0), Key: in.APIKey})
	}
	return in, nil
}

// extensionOf is the extension with that key, or the only one there is when key is "". The caller
// holds the lock.
func (g *fynd) extensionOf(key string) (*fyndExtension, error) {
	if key != "" {
		if e := g.extensions.get(key); e != nil {
			return e, nil
		}
		return nil, errors.New("no extension has the API key " + key)
	}
	var only *fyndExtension
	for _, e := range g.extensions.oldest() {
		if only != nil {
			return nil, errors.New("there are several extensions: say which by api_key")
		}
		only = e
	}
	if only == nil {
		return nil, errors.New("no extension is registered here")
	}
	return only, nil
}

// channel is the first channel of an extension that fits; "" fits every one.
func (e *fyndExtension) channel(company, application string) fyndChannel {
	for _, ch := range e.Channels {
		if (company == "" || ch.Company == company) && (application == "" || ch.Application == application) {
			return ch
		}
	}
	return fyndChannel{Company: company, Application: application}
}

// host is the scheme and host of an extension, as a page's policy names it.
func (e *fyndExtension) host() string {
	base, err := url.Parse(e.BaseURL)
	if err != nil {
		return ""
	}
	return base.Scheme + "://" + base.Host
}

// install is an extension's place at a company, or nil. The caller holds the lock.
func (g *fynd) install(key, company string) *fyndInstall { return g.installs.get(key + "/" + company) }

// installed notes that a company uses an extension. The caller holds the lock.
func (g *fynd) installed(key, company string) {
	now := g.install(key, company)
	if now != nil && !now.Gone {
		return
	}
	g.installs.put(key+"/"+company, &fyndInstall{Key: key, Company: company, At: g.s.clock()})
}

// revoke ends tokens and codes: those of a company, an extension and a kind, where "" is every one. The
// caller holds the lock.
func (g *fynd) revoke(key, company, kind string) int {
	ended := 0
	for name, t := range g.tokens.oldest() {
		if t.Revoked || company != "" && t.Company != company || key != "" && t.Key != key || kind != "" && t.Kind != kind {
			continue
		}
		t.Revoked = true
		g.tokens.put(name, t)
		ended++
	}
	return ended
}

// revokeTokens answers POST /_sandbox/fynd/revoke.
func (g *fynd) revokeTokens(_ *http.Request, in struct {
	Key     string `json:"api_key"`
	Company string `json:"company_id"`
	Kind    string `json:"kind"` // access, refresh or code
},
) (any, error) {
	if !slices.Contains([]string{"", "access", "refresh", "code"}, in.Kind) {
		return nil, errors.New("kind is access, refresh or code")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return map[string]int{"revoked": g.revoke(in.Key, in.Company, in.Kind)}, nil
}

// fyndPlace names an extension at a company, and how and how often it is told.
type fyndPlace struct {
	asking
	Company string `json:"company_id"`
}

// autoInstall answers POST /_sandbox/fynd/auto_install: Fynd installs an extension without a browser.
func (g *fynd) autoInstall(_ *http.Request, in fyndPlace) (any, error) {
	g.s.mu.Lock()
	e, err := g.extensionOf(in.Key)
	if err != nil {
		g.s.mu.Unlock()
		return nil, err
	}
	code := g.newCode(e.APIKey, in.Company)
	g.s.mu.Unlock()
	body := members{{"company_id", wholeOrText(in.Company)}, {"code", code}}
	return g.ask(e, "install/"+e.APIKey+"/"+in.Company, "/fp/auto_install", body, in.asking)
}

// uninstall answers POST /_sandbox/fynd/uninstall: a seller is rid of an extension, and its tokens end.
func (g *fynd) uninstall(_ *http.Request, in fyndPlace) (any, error) {
	g.s.mu.Lock()
	e, err := g.extensionOf(in.Key)
	if err != nil {
		g.s.mu.Unlock()
		return nil, err
	}
	if now := g.install(e.APIKey, in.Company); now != nil && in.As == "" {
		now.Gone, now.Subscriber = true, nil
		g.installs.put(e.APIKey+"/"+in.Company, now)
		g.revoke(e.APIKey, in.Company, "")
	}
	g.s.mu.Unlock()
	return g.ask(e, "uninstall/"+e.APIKey+"/"+in.Company, "/fp/uninstall", members{{"company_id", wholeOrText(in.Company)}}, in.asking)
}
