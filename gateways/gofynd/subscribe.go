package gofynd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// Details are what Fynd Platform has on file of an extension.
type Details struct {
	Name   string
	URL    string // where it is hosted
	Scopes []string
}

// Details asks what Fynd has on file. It is how an extension learns whether its key and secret are right
// (fdk-extension-javascript, Extension.initialize).
func (e *Extension) Details(ctx context.Context) (Details, error) {
	var out struct {
		Name  string          `json:"extension_name"`
		URL   string          `json:"base_url"`
		Scope json.RawMessage `json:"scope"`
	}
	basic := gateways.Header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.key+":"+e.secret)))
	_, err := e.api.GetJSON(ctx, "details", "/service/panel/partners/v1.0/extensions/details/"+url.PathEscape(e.key), &out, basic)
	var refused *gateways.Error
	if errors.As(err, &refused) && (refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden || refused.Status == http.StatusNotFound) {
		refused.Kind = gateways.Misconfigured
		refused.Message = "Fynd does not know an extension with this API key and secret." + tail(refused.Message)
	}
	if err != nil {
		return Details{}, err
	}
	n, _ := parse(out.Scope) //nolint:errcheck // it was JSON a moment ago, or is not there
	return Details{Name: out.Name, URL: out.URL, Scopes: scopes(n)}, nil
}

// eventName names an event of the platform (Fynd docs, webhook events, version 1).
type eventName struct {
	Category string `json:"event_category"`
	Name     string `json:"event_name"`
	Type     string `json:"event_type"`
	Version  string `json:"version"`
}

func (n eventName) slug() string {
	return n.Category + "/" + n.Name + "/" + n.Type + "/v" + n.Version
}

// Events are what kartify wants to hear of: orders, their shipments, refunds and payments.
var Events = func() []eventName {
	var all []eventName
	for _, family := range []struct {
		name  string
		types []string
	}{
		{"order", []string{"placed", "pending", "payment_failed"}},
		{"shipment", []string{"create", "update", "data_update"}},
		{"refund", []string{"refund_initiated", "refund_pending", "refund_done", "refund_failed"}},
		{"payment", []string{"complete", "pending", "failed"}},
	} {
		for _, kind := range family.types {
			all = append(all, eventName{"application", family.name, kind, "1"})
		}
	}
	return all
}()

// Subscription says where a company's events are sent to.
type Subscription struct {
	URL   string // our address for webhooks
	Email string // whom Fynd writes when it cannot deliver
}

// Subscribe has the platform send a company's events, or brings an earlier subscription up to date. missing are
// events that Fynd does not offer; the others are subscribed to all the same. Platforms that do not have the third
// version of this call yet are asked in the second, and then in the first (fdk-extension-javascript, WebhookRegistry).
func (e *Extension) Subscribe(ctx context.Context, company, token string, s Subscription) (missing []string, err error) {
	ids, err := e.eventIDs(ctx)
	if err != nil {
		return nil, err
	}
	var offered []eventName
	for _, event := range Events {
		if ids[event.slug()] == "" {
			missing = append(missing, event.slug())
			continue
		}
		offered = append(offered, event)
	}
	if len(offered) == 0 {
		return missing, &gateways.Error{Kind: gateways.Misconfigured, Verb: "subscribe", Message: "Fynd offers none of the events that kartify reads."}
	}
	old, err := e.subscriber(ctx, company, token)
	if err != nil {
		return missing, err
	}
	_, err = e.api.PutJSON(ctx, "subscribe", subscriberPath("v3.0", company), e.third(s, offered), nil, bearer(token))
	if !notThere(err) {
		return missing, err
	}
	body, method := e.second(s, company, old, offered), http.MethodPost
	if old.ID != nil {
		method = http.MethodPut
	}
	err = e.send(ctx, method, subscriberPath("v2.0", company), body, token)
	if !notThere(err) {
		return missing, err
	}
	for _, event := range body.Events {
		body.EventIDs = append(body.EventIDs, idText(ids[event["slug"]]))
	}
	body.Events, body.Provider = nil, ""
	return missing, e.send(ctx, method, subscriberPath("v1.0", company), body, token)
}

// notThere says that an address does not exist on this platform.
func notThere(err error) bool {
	var e *gateways.Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound
}

func subscriberPath(version, company string) string {
	return "/service/platform/webhook/" + version + "/company/" + url.PathEscape(company) + "/subscriber"
}

func (e *Extension) send(ctx context.Context, method, path string, in any, token string) error {
	send := e.api.PostJSON
	if method == http.MethodPut {
		send = e.api.PutJSON
	}
	_, err := send(ctx, "subscribe", path, in, nil, bearer(token))
	return err
}

// eventIDs are the events that Fynd offers, by slug, with the numbers that the first version of the call wants.
func (e *Extension) eventIDs(ctx context.Context) (map[string]string, error) {
	var out struct {
		Configs []struct {
			ID       text `json:"id"`
			Category text `json:"event_category"`
			Name     text `json:"event_name"`
			Type     text `json:"event_type"`
			Version  text `json:"version"`
		} `json:"event_configs"`
	}
	if _, err := e.api.PostJSON(ctx, "subscribe", "/service/common/webhook/v1.0/events/query-event-details", Events, &out); err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, c := range out.Configs {
		slug := eventName{string(c.Category), string(c.Name), string(c.Type), strings.TrimPrefix(string(c.Version), "v")}.slug()
		ids[slug] = first(string(c.ID), "0")
	}
	return ids, nil
}

// subscriber is what Fynd has of us for a company; without an ID when there is nothing yet.
func (e *Extension) subscriber(ctx context.Context, company, token string) (subscriber, error) {
	var out struct {
		Items []subscriber `json:"items"`
	}
	path := "/service/platform/webhook/v1.0/company/" + url.PathEscape(company) + "/extension/" + url.PathEscape(e.key) + "/subscriber"
	if _, err := e.api.GetJSON(ctx, "subscribe", path, &out, bearer(token)); err != nil && !notThere(err) {
		return subscriber{}, err
	}
	i := slices.IndexFunc(out.Items, func(s subscriber) bool { return s.ID != nil && (s.Provider == "rest" || s.Provider == "") })
	if i < 0 {
		return subscriber{}, nil
	}
	return out.Items[i], nil
}

// CheckToken asks Fynd whether a company's token is accepted, changing nothing.
func (e *Extension) CheckToken(ctx context.Context, company, token string) error {
	_, err := e.subscriber(ctx, company, token)
	return err
}

// subscriber is a subscription in the shape of the second and first version of the call.
type subscriber struct {
	ID          json.RawMessage     `json:"id,omitempty"`
	Name        string              `json:"name"`
	URL         string              `json:"webhook_url"`
	Provider    string              `json:"provider,omitempty"`
	Association association         `json:"association"`
	Status      string              `json:"status"`
	Auth        authMeta            `json:"auth_meta"`
	Email       string              `json:"email_id"`
	Events      []map[string]string `json:"events,omitempty"`
	EventIDs    []json.RawMessage   `json:"event_id,omitempty"`
}

type association struct {
	CompanyID    json.RawMessage `json:"company_id,omitempty"`
	ExtensionID  string          `json:"extension_id,omitempty"`
	Applications []string        `json:"application_id"`
	Criteria     string          `json:"criteria"` // ALL, SPECIFIC-EVENTS, EMPTY
}

type authMeta struct {
	Type   string `json:"type"`
	Secret string `json:"secret"`
}

func (e *Extension) second(s Subscription, company string, old subscriber, events []eventName) subscriber {
	body := subscriber{
		ID: old.ID, Name: e.key, URL: s.URL, Provider: "rest", Status: "active", Auth: authMeta{"hmac", e.secret}, Email: s.Email,
		Association: association{CompanyID: idText(company), Applications: []string{}, Criteria: "ALL"},
	}
	for _, event := range events {
		body.Events = append(body.Events, map[string]string{"slug": event.slug()})
	}
	return body
}

// third is a subscription in the shape of the third version of the call.
func (e *Extension) third(s Subscription, events []eventName) any {
	type rest struct {
		Events []eventName `json:"events"`
		URL    string      `json:"webhook_url"`
		Auth   authMeta    `json:"auth_meta"`
	}
	type config struct {
		Email       string          `json:"notification_email"`
		Name        string          `json:"name"`
		Association association     `json:"association"`
		Status      string          `json:"status"`
		EventMap    map[string]rest `json:"event_map"`
	}
	return map[string]config{"webhook_config": {
		s.Email, e.key,
		association{ExtensionID: e.key, Applications: []string{}, Criteria: "ALL"},
		"active",
		map[string]rest{"rest": {events, s.URL, authMeta{"hmac", e.secret}}},
	}}
}

// idText writes an id as Fynd does: a number where it is one.
func idText(id string) json.RawMessage {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return json.RawMessage(id)
	}
	quoted, _ := json.Marshal(id) //nolint:errcheck // a text
	return quoted
}

// IsPing says whether a webhook is the test that Fynd's panel sends: it is the one event that is not signed
// (fdk-extension-javascript, processWebhook).
func IsPing(body []byte) bool {
	if gateways.CheckJSON(body) != nil {
		return false
	}
	in, err := parse(body)
	return err == nil && in.at("event").isObject() && in.at("event").of("name") == "ping"
}
