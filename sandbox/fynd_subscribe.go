package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fyndEventName is an event as extensions subscribe to it.
type fyndEventName struct {
	Category string `json:"event_category"`
	Name     string `json:"event_name"`
	Type     string `json:"event_type"`
	Version  string `json:"version"`
}

// Slug is the event as the second version of the API names it: application/refund/refund_done/v1.
func (n fyndEventName) Slug() string {
	return strings.Join([]string{n.Category, n.Name, n.Type, "v" + n.Version}, "/")
}

// fyndCatalog is every event there is (Fynd docs, webhook events).
var fyndCatalog = readCatalog(
	"order/placed order/pending order/payment_failed shipment/create shipment/update shipment/data_update " +
		"refund/refund_initiated refund/refund_pending refund/refund_done refund/refund_failed " +
		"payment/complete payment/pending payment/failed courier-partner/assign courier-partner/ndr courier-partner/cancel",
)

func readCatalog(list string) []fyndEventName {
	var all []fyndEventName
	for _, text := range strings.Fields(list) {
		name, kind, _ := strings.Cut(text, "/")
		all = append(all, fyndEventName{"application", name, kind, "1"})
	}
	return append(all, fyndEventName{"extension", "extension", "install", "1"})
}

// fyndSubscriber is where events of a company go for an extension.
type fyndSubscriber struct {
	ID      int             `json:"id"`
	URL     string          `json:"webhook_url"`
	Secret  string          `json:"secret"`
	Email   string          `json:"email_id"`
	Off     bool            `json:"off,omitempty"`
	Events  []fyndEventName `json:"events"`
	Version string          `json:"version"` // of the API it was registered by: 3.0, 2.0, 1.0
	At      time.Time       `json:"at"`
}

// wants says whether a subscriber is told of an event.
func (s *fyndSubscriber) wants(name, kind string) bool {
	return s != nil && !s.Off && slices.ContainsFunc(s.Events, func(n fyndEventName) bool { return n.Name == name && n.Type == kind })
}

// eventDetails answers an extension that asks which events there are. What does not exist is left out.
func (g *fynd) eventDetails(c *call) reply {
	var wanted []struct {
		fyndEventName
		Version json.RawMessage `json:"version"`
	}
	if err := unmarshal(c.body, &wanted); err != nil {
		return fyndRefusal(http.StatusBadRequest, "The body is not a list of events")
	}
	configs := []map[string]any{}
	for _, w := range wanted {
		w.fyndEventName.Version = plainText(w.Version)
		if i := slices.Index(fyndCatalog, w.fyndEventName); i >= 0 {
			configs = append(configs, eventConfig(i))
		}
	}
	return jsonReply(http.StatusOK, map[string]any{"event_configs": configs})
}

// eventConfig is an event of the catalog as Fynd describes it.
func eventConfig(i int) map[string]any {
	n := fyndCatalog[i]
	return map[string]any{
		"id": i + 1, "event_category": n.Category, "event_name": n.Name, "event_type": n.Type, "version": n.Version,
		"display_name": n.Name + " " + n.Type, "description": "", "created_on": "2024-01-01T00:00:00Z", "updated_on": "2024-01-01T00:00:00Z",
	}
}

// subscribers answers an extension that asks where its events of a company go.
func (g *fynd) subscribers(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	items := []map[string]any{}
	if now := g.install(c.PathValue("key"), c.PathValue("company")); now != nil && now.Subscriber != nil {
		items = append(items, now.Subscriber.shown(now))
	}
	return jsonReply(http.StatusOK, map[string]any{
		"items": items, "page": map[string]any{"type": "number", "size": len(items), "current": 1, "has_next": false, "item_total": len(items)},
	})
}

// shown is a subscriber as Fynd tells of it.
func (s *fyndSubscriber) shown(in *fyndInstall) map[string]any {
	configs := []map[string]any{}
	for _, n := range s.Events {
		if i := slices.Index(fyndCatalog, n); i >= 0 {
			configs = append(configs, eventConfig(i))
		}
	}
	return map[string]any{
		"id": s.ID, "name": in.Key, "provider": "rest", "webhook_url": s.URL, "email_id": s.Email, "type": nil,
		"status":      map[bool]string{false: "active", true: "inactive"}[s.Off],
		"association": map[string]any{"company_id": wholeOrText(in.Company), "application_id": []string{}, "criteria": "ALL"},
		"auth_meta":   map[string]any{"type": "hmac", "secret": s.Secret}, "event_configs": configs,
	}
}

// fyndSubscription is what a subscription says, in any version of the API.
type fyndSubscription struct {
	Name, URL, Email, Status string
	Auth                     struct{ Type, Secret string }
	Events                   []fyndEventName
}

// subscribe is the third version: everything in one PUT.
func (g *fynd) subscribe(c *call) reply {
	type provider struct {
		Events []fyndEventName `json:"events"`
		URL    string          `json:"webhook_url"`
		Auth   struct {
			Type   string `json:"type"`
			Secret string `json:"secret"`
		} `json:"auth_meta"`
	}
	var in struct {
		Config struct {
			Email  string              `json:"notification_email"`
			Name   string              `json:"name"`
			Status string              `json:"status"`
			Events map[string]provider `json:"event_map"`
		} `json:"webhook_config"`
	}
	if err := unmarshal(c.body, &in); err != nil {
		return fyndRefusal(http.StatusBadRequest, "The body is not a subscription")
	}
	rest := in.Config.Events["rest"]
	return g.keepSubscription(c, "3.0", fyndSubscription{in.Config.Name, rest.URL, in.Config.Email, in.Config.Status, struct{ Type, Secret string }(rest.Auth), rest.Events})
}

// subscribeOld is the versions before: events by their slugs, or by their numbers.
func (g *fynd) subscribeOld(version string) func(*call) reply {
	return func(c *call) reply {
		var in struct {
			Name   string `json:"name"`
			URL    string `json:"webhook_url"`
			Email  string `json:"email_id"`
			Status string `json:"status"`
			Auth   struct {
				Type   string `json:"type"`
				Secret string `json:"secret"`
			} `json:"auth_meta"`
			Events []struct {
				Slug string `json:"slug"`
			} `json:"events"`
			IDs []int `json:"event_id"`
		}
		if err := unmarshal(c.body, &in); err != nil {
			return fyndRefusal(http.StatusBadRequest, "The body is not a subscription")
		}
		out := fyndSubscription{in.Name, in.URL, in.Email, in.Status, struct{ Type, Secret string }(in.Auth), nil}
		for _, e := range in.Events {
			parts := strings.Split(e.Slug, "/")
			if len(parts) != 4 {
				return fyndRefusal(http.StatusBadRequest, fmt.Sprintf("%q is no event", e.Slug))
			}
			out.Events = append(out.Events, fyndEventName{parts[0], parts[1], parts[2], strings.TrimPrefix(parts[3], "v")})
		}
		for _, id := range in.IDs {
			if id < 1 || id > len(fyndCatalog) {
				return fyndRefusal(http.StatusBadRequest, "There is no event "+strconv.Itoa(id))
			}
			out.Events = append(out.Events, fyndCatalog[id-1])
		}
		return g.keepSubscription(c, version, out)
	}
}

// keepSubscription checks a subscription and keeps it. A version that this platform does not have yet is not
// found, and extensions try an older one.
func (g *fynd) keepSubscription(c *call, version string, in fyndSubscription) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	company := c.PathValue("company")
	if version > cmp.Or(g.config(company).WebhookAPI, "3.0") {
		return fyndRefusal(http.StatusNotFound, "Not Found")
	}
	now := g.install(in.Name, company)
	if now == nil || now.Gone {
		return fyndRefusal(http.StatusForbidden, "The extension is not installed")
	}
	for _, n := range in.Events {
		if !slices.Contains(fyndCatalog, n) {
			return fyndRefusal(http.StatusBadRequest, "There is no event "+n.Slug())
		}
	}
	switch {
	case !webAddress(in.URL) || in.URL == "":
		return fyndRefusal(http.StatusBadRequest, "webhook_url is no web address")
	case in.Auth.Type != "hmac" || in.Auth.Secret == "":
		return fyndRefusal(http.StatusBadRequest, "auth_meta needs the type hmac and a secret")
	case !strings.Contains(in.Email, "@"):
		return fyndRefusal(http.StatusBadRequest, "An e-mail address for notifications is required")
	case len(in.Events) == 0:
		return fyndRefusal(http.StatusBadRequest, "events are required")
	}
	id := 1
	if now.Subscriber != nil {
		id = now.Subscriber.ID
	}
	now.Subscriber = &fyndSubscriber{id, in.URL, in.Auth.Secret, in.Email, in.Status == "inactive", in.Events, version, g.s.clock()}
	g.installs.put(now.Key+"/"+company, now)
	return jsonReply(http.StatusOK, now.Subscriber.shown(now))
}

// subscribed has an event go to whoever subscribed to it; false when nobody did. The caller holds the lock.
func (g *fynd) subscribed(in *fyndHook) bool {
	name, kind := in.names()
	for _, now := range g.installs.oldest() {
		if now.Company == plainText(in.Company) && !now.Gone && (name == "ping" && now.Subscriber != nil || now.Subscriber.wants(name, kind)) {
			in.To, in.Secret, in.Shape = now.Subscriber.URL, now.Subscriber.Secret, "platform"
			return true
		}
	}
	return false
}
