package models_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// accounts are two shops of one merchant at one provider, north and south. Each has its own payments and its own
// password, and a gateway that is opened with another password is refused.
type accounts struct {
	north, south *gatewaytest.Bogus

	mu        sync.Mutex
	passwords map[string]string
}

func openAccounts(kind func() *gatewaytest.Bogus) *accounts {
	return &accounts{north: kind(), south: kind(), passwords: map[string]string{"north": "north-1", "south": "south-1"}}
}

// accountFields are the settings form of the two shops.
var accountFields = []gateways.Field{
	{Slug: "shop", Name: "Shop", Required: true, Account: gateways.Whole},
	{Slug: "key", Name: "Key", Required: true},
	{Slug: "secret", Name: "Secret", Required: true, Secret: true},
	{Slug: "webhook_secret", Name: "Webhook secret", Secret: true},
	{Slug: "paid_status", Name: "Paid", Options: []string{"processing", "pending"}, Default: "processing"},
}

// asDriver makes a driver one of the two shops.
func (a *accounts) asDriver(d *gateways.Driver) {
	d.Fields = accountFields
	d.Open = func(s gateways.Settings) (gateways.Gateway, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		shop := s.Values["shop"]
		if s.Values["secret"] != a.passwords[shop] {
			return nil, &gateways.Error{Kind: gateways.Misconfigured, Verb: "open", Message: "Bogus does not know this password of " + shop + "."}
		}
		return map[string]*gatewaytest.Bogus{"north": a.north, "south": a.south}[shop].Driver().Open(s)
	}
}

// rotate gives a shop a new password; the old one is worth nothing any more.
func (a *accounts) rotate(shop, password string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.passwords[shop] = password
}

// enter saves the credentials of a shop as somebody would who knows its password.
func (a *accounts) enter(t *testing.T, db *models.DB, store int64, shop string) *models.GatewaySettings {
	t.Helper()
	a.mu.Lock()
	password := a.passwords[shop]
	a.mu.Unlock()
	saved, err := db.SaveSettings(models.AsSystem(t.Context()), models.SettingsForm{
		StoreID: store, Gateway: "bogus", Mode: "test", Enabled: true, By: models.SystemActor,
		Values: map[string]string{"shop": shop, "key": "k", "secret": password, "webhook_secret": fmt.Sprintf("%s-%d", paySecret, store)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// openAccountTill is the till of a store whose one payment was begun with the shop north.
func openAccountTill(t *testing.T, kind func() *gatewaytest.Bogus) (*till, *accounts) {
	t.Helper()
	shops := openAccounts(kind)
	till := openHold(t, shops.north, shops.asDriver)
	begun := shops.enter(t, till.db, 41, "north")
	till.exec(`UPDATE payments SET settings_id = $1`, begun.ID)
	return till, shops
}

// openAccountHearsay is a kartify whose provider only hints, with the shop north in its settings.
func openAccountHearsay(t *testing.T) (*hearsay, *accounts) {
	t.Helper()
	shops := openAccounts(func() *gatewaytest.Bogus { return &gatewaytest.Bogus{Trust: gateways.Hinted} })
	h := openHearsay(t, map[string]string{"shop": "north", "secret": "north-1"}, func(o *models.Options) { shops.asDriver(&o.Drivers[0]) })
	h.bogus = shops.north
	return h, shops
}
