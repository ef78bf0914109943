package gofynd

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// SDKVersion is the version of Fynd's client library whose requests kartify's equal.
const SDKVersion = sdkVersion

// Scopes are what an extension asks a company to allow when Fynd has nothing else on file: to report on its payments.
var Scopes = []string{"company/payment", "company/application/settings"}

// ExtensionSettings are how an extension reaches Fynd Platform.
type ExtensionSettings struct {
	BaseURL     string // set by the operator; it goes before PlatformURL
	PlatformURL string // of the extension's form: a public one; "" for Fynd's own
	Key         string // the API key
	Secret      string // the API secret
	Timeout     time.Duration
	HTTP        *http.Client // nil: our own
}

// Extension is a payment extension that asks Fynd Platform for what it needs of a company: tokens with its own key
// and secret, webhooks with a company's token.
type Extension struct {
	api         *gateways.Client
	key, secret string
	now         func() time.Time
}

// NewExtension is an extension with these settings.
func NewExtension(s ExtensionSettings) *Extension {
	e := &Extension{key: s.Key, secret: s.Secret, now: time.Now}
	e.api = &gateways.Client{Name: name, Base: first(s.BaseURL, s.PlatformURL, base), Timeout: s.Timeout, HTTP: s.HTTP, Secrets: []string{s.Secret}, Silence: "Whether it took this is not known.", Explain: explainGrant}
	e.api.Base = strings.TrimRight(e.api.Base, "/")
	e.api.Public = s.BaseURL == "" && s.PlatformURL != ""
	e.api.Sign = func(req *http.Request, body []byte) { signRequest(req, body, e.now()) }
	return e
}

// explainGrant reads a refusal. What Fynd calls wrong in a request for a token stays wrong; other words of its are
// those of every call.
func explainGrant(e *gateways.Error, raw []byte) {
	explain(e, raw)
	switch {
	case e.Status == http.StatusBadRequest, e.Status == http.StatusForbidden, e.Status == http.StatusUnprocessableEntity:
		e.Kind = gateways.Declined
	case e.Status == http.StatusUnauthorized && e.Verb == "token":
		e.Kind = gateways.Misconfigured
		e.Message = "Fynd does not accept the extension's API key and secret." + tail(e.Message)
	}
}

// tail is what Fynd itself said within a message.
func tail(message string) string {
	if _, said, ok := strings.Cut(message, " Fynd says: "); ok {
		return " Fynd says: " + said
	}
	return ""
}

// AuthorizeURL is where a seller allows the installation: the page of Fynd that leads back to back with a code and
// the state. Its query is signed (fdk-client-javascript, OAuthClient.startAuthorization; fp-signature, signQuery).
func (e *Extension) AuthorizeURL(company, back, state string, scopes []string) (string, error) {
	query := url.Values{
		"access_mode": {"online"}, "client_id": {e.key}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {strings.Join(scopes, ",")}, "state": {state},
		"x-fp-date": {e.now().UTC().Format(dateFormat)},
	}
	address, err := url.Parse(e.api.Base + oauthPath(company) + "/authorize")
	if err != nil || address.Host == "" {
		return "", &gateways.Error{Kind: gateways.Misconfigured, Verb: "authorize", Message: "The address of Fynd is not usable."}
	}
	address.RawQuery = query.Encode()
	query.Set("x-fp-signature", querySignature(address, query.Get("x-fp-date")))
	address.RawQuery = query.Encode()
	return address.String(), nil
}

func oauthPath(company string) string {
	return "/service/panel/authentication/v1.0/company/" + url.PathEscape(company) + "/oauth"
}

// Token lets an extension act for a company.
type Token struct {
	Access  string
	Refresh string        // "" when there is none
	Life    time.Duration // of Access
	Scopes  []string      // what the company allowed
}

// Exchange has the code of a seller's consent answered with the token of that seller's visit.
func (e *Extension) Exchange(ctx context.Context, company, code string) (Token, error) {
	return e.form(ctx, company, url.Values{"code": {code}, "grant_type": {"authorization_code"}})
}

// Renew has a refresh token answered with a new token. The answer may bring another refresh token; the one shown is
// then used up.
func (e *Extension) Renew(ctx context.Context, company, refresh string) (Token, error) {
	return e.form(ctx, company, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

func (e *Extension) form(ctx context.Context, company string, form url.Values) (Token, error) {
	return e.grant(ctx, oauthPath(company)+"/token", "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// Offline has the code of a seller's consent answered with a token that outlives the visit.
func (e *Extension) Offline(ctx context.Context, company, code string, scopes []string) (Token, error) {
	body, err := gateways.EncodeJSON(struct {
		ClientID  string   `json:"client_id"`
		Secret    string   `json:"client_secret"`
		GrantType string   `json:"grant_type"`
		Scope     []string `json:"scope"`
		Code      string   `json:"code"`
	}{e.key, e.secret, "authorization_code", scopes, code})
	if err != nil {
		return Token{}, &gateways.Error{Kind: gateways.Declined, Verb: "token", Message: "The request could not be written down; nothing was sent.", Err: err}
	}
	return e.grant(ctx, oauthPath(company)+"/offline-token", "application/json", body)
}

// grant asks for a token (fdk-client-javascript, OAuthClient).
func (e *Extension) grant(ctx context.Context, path, contentType string, body []byte) (Token, error) {
	answer, err := e.api.Do(ctx, gateways.Call{Verb: "token", Method: http.MethodPost, Path: path, Body: body, Header: http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(e.key+":"+e.secret))}, "Content-Type": {contentType}, "Accept": {"application/json"},
	}})
	if err != nil {
		return Token{}, err
	}
	in, err := parse(answer.Body)
	token := Token{Access: in.of("access_token"), Refresh: in.of("refresh_token"), Scopes: scopes(in.at("scope"))}
	seconds, badLife := strconv.ParseInt(first(in.of("expires_in"), "3599"), 10, 32)
	if err != nil || token.Access == "" || badLife != nil || seconds <= 0 {
		return Token{}, &gateways.Error{Kind: gateways.Unknown, Verb: "token", Status: answer.Status, Message: "Fynd answered something that is no token."}
	}
	token.Life = time.Duration(seconds) * time.Second
	return token, nil
}

// scopes are a list of scopes, or a text of them.
func scopes(n node) []string {
	texts := strings.FieldsFunc(n.text(), func(r rune) bool { return r == ',' || r == ' ' })
	if list := n.list(); len(list) > 0 {
		texts = nil
		for _, one := range list {
			texts = append(texts, one.text())
		}
	}
	return texts
}

// bearer is a call for a company.
func bearer(token string) func(*gateways.Call) {
	return gateways.Header("Authorization", "Bearer "+token)
}
