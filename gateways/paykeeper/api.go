package paykeeper

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/kartify/kartify/gateways"
)

// tokenLife is below the day for which a token is good (Security token).
const tokenLife = 23 * time.Hour

var tokenShape = regexp.MustCompile(`^[0-9A-Za-z]{8,64}$`)

// get reads path. No records and no error is PayKeeper's empty answer: it found nothing.
func (g *gateway) get(ctx context.Context, verb, path string, query url.Values) (records, []byte, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	answer, err := g.api.Do(ctx, gateways.Call{Verb: verb, Method: http.MethodGet, Path: path, Header: http.Header{"Accept": {"application/json"}}})
	if err != nil {
		return nil, nil, signedOut(err)
	}
	body := bytes.TrimSpace(answer.Body)
	if len(body) == 0 {
		return nil, nil, nil
	}
	if body[0] == '<' { // some installations show the sign-in page to a wrong login
		return nil, nil, &gateways.Error{Kind: misconfigured, Verb: verb, Status: answer.Status, Message: "PayKeeper answered with a page in place of data, as it does to a login it does not know. Check server, login and password under Extensions > Payment."}
	}
	var found records
	if err := gateways.DecodeJSON(body, &found); err != nil {
		return nil, nil, unclear(verb, answer.Status, err)
	}
	if len(found) == 1 && found[0]["result"] == "fail" {
		return nil, nil, failure(verb, answer.Status, found[0])
	}
	return found, body, nil
}

// change posts a form with the token. One that PayKeeper calls wrong is fetched anew once: nothing has
// happened until then.
func (g *gateway) change(ctx context.Context, verb, path string, form url.Values) ([]byte, error) {
	for again := false; ; again = true {
		token, err := g.currentToken(ctx, verb)
		if err != nil {
			return nil, unsent(err)
		}
		form.Set("token", token)
		answer, err := g.api.PostForm(ctx, verb, path, form)
		if err != nil {
			return answer.Body, signedOut(err)
		}
		var said records
		if err := gateways.DecodeJSON(answer.Body, &said); err != nil {
			return answer.Body, unclear(verb, answer.Status, err)
		}
		switch {
		case len(said) == 1 && said[0]["result"] == "success":
			return answer.Body, nil
		case len(said) != 1 || said[0]["result"] != "fail":
			return answer.Body, unclear(verb, answer.Status, nil)
		}
		err = failure(verb, answer.Status, said[0])
		if !errors.Is(err, errToken) || again {
			return answer.Body, err
		}
		g.forget(token)
	}
}

func (g *gateway) currentToken(ctx context.Context, verb string) (string, error) {
	g.mu.Lock()
	token, age := g.token, g.now().Sub(g.fetched)
	g.mu.Unlock()
	if token != "" && age < tokenLife {
		return token, nil
	}
	return g.fetchToken(ctx, verb)
}

func (g *gateway) fetchToken(ctx context.Context, verb string) (string, error) {
	found, _, err := g.get(ctx, verb, "/info/settings/token/", nil)
	if err != nil {
		return "", err
	}
	if len(found) != 1 || !tokenShape.MatchString(found[0]["token"]) {
		return "", unclear(verb, http.StatusOK, nil)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token, g.fetched = found[0]["token"], g.now()
	return g.token, nil
}

func (g *gateway) forget(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == token {
		g.token = ""
	}
}

// unsent is an error of what prepares a change: the change was not sent, so it did not happen.
func unsent(err error) error {
	var e *gateways.Error
	if !errors.As(err, &e) || e.Kind == misconfigured || e.Kind == unavailable {
		return err
	}
	before := *e
	before.Kind, before.Message = unavailable, "PayKeeper could not be asked beforehand, so nothing was sent. It is tried again."
	return &before
}
