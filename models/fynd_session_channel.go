package models

import (
	"context"
	"errors"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// FyndClosed says in a sentence why an extension takes no payments for a company, a sales channel or a store.
type FyndClosed struct{ Why lang.Text }

func (c *FyndClosed) Error() string { return c.Why.String() }

// modeWord is a mode within a sentence.
func modeWord(mode string) lang.Text {
	if mode == "live" {
		return lang.Textf("live")
	}
	return lang.Textf("test")
}

func closedf(format string, args ...any) error { return &FyndClosed{lang.Textf(format, args...)} }

// fyndSeller is who is paid through an extension: a sales channel, the store that it is here, and its gateway.
type fyndSeller struct {
	channel  *FyndChannel
	store    *Store
	mode     string // of the payment
	driver   gateways.Driver
	settings *GatewaySettings
}

// FyndStore is the channel of a company that uses an extension, and the store that it is here. It is a FyndClosed
// when there is none: the company, or the channel, is not one of the extension's.
func (db *DB) FyndStore(ctx context.Context, e *FyndExtension, company, application string) (*FyndChannel, *Store, error) {
	install, err := db.fyndInstallOf(ctx, e.ID, company)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil, closedf("Company %s has not installed %s.", clip(company, 40), e.Name)
	case err != nil:
		return nil, nil, err
	case install.UninstalledAt != nil:
		return nil, nil, closedf("Company %s has uninstalled %s.", company, e.Name)
	}
	ch, err := db.FyndChannel(ctx, e.ID, company, application)
	if errors.Is(err, ErrNotFound) || err == nil && ch.Application.StoreID == nil {
		ch = &FyndChannel{Extension: *e, Install: *install}
		err = db.Tx(ctx, func(tx *DB) error {
			row, err := tx.learnApplication(ctx, install, application)
			if err == nil {
				ch.Application = *row
			}
			return err
		})
	}
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return nil, nil, closedf("%s", problem)
	case err != nil:
		return nil, nil, err
	case ch.Application.StoreID == nil:
		return nil, nil, closedf("The sales channel %s of company %s is linked to no store here yet.", application, company)
	}
	store, err := db.Store(ctx, *ch.Application.StoreID)
	return ch, store, err
}

// fyndSeller says who is paid, or as a FyndClosed why nobody can be. Without a mode it is the store's.
func (db *DB) fyndSeller(ctx context.Context, e *FyndExtension, company, application, mode string) (*fyndSeller, error) {
	ch, store, err := db.FyndStore(ctx, e, company, application)
	if err != nil {
		return nil, err
	}
	return db.fyndSellerOf(ctx, ch, store, mode)
}

// fyndSellerOf is fyndSeller of a channel whose store is known.
func (db *DB) fyndSellerOf(ctx context.Context, ch *FyndChannel, store *Store, mode string) (*fyndSeller, error) {
	if mode == "" {
		mode = store.Mode
	}
	e, company := &ch.Extension, ch.Install.CompanyID
	subscribed, err := db.FyndSubscribed(ctx, e.ID, company)
	if err != nil {
		return nil, err
	}
	if !e.Serves(mode, subscribed) {
		return nil, closedf("%s takes no %s payments of company %s: %s", e.Name, modeWord(mode), company, e.servesNot())
	}
	seller := &fyndSeller{channel: ch, store: store, mode: mode, driver: db.drivers[e.Gateway]}
	var problem *Problem
	seller.settings, err = db.currentSettings(ctx, store.ID, e.Gateway, mode)
	switch {
	case errors.As(err, &problem):
		return nil, closedf("The credentials of %s for %s payments are not stored yet. The form for them opens in Fynd after the extension was installed.", seller.driver.Name, modeWord(mode))
	case err != nil:
		return nil, err
	case !seller.settings.Enabled:
		return nil, closedf("%s is switched off for %s payments of this store.", seller.driver.Name, modeWord(mode))
	}
	gateway, _, err := db.open(ctx, seller.settings.ID)
	if err != nil {
		return nil, closedf("The credentials of %s for %s payments cannot be used. Enter them again.", seller.driver.Name, modeWord(mode))
	}
	if _, starts := gateway.(gateways.Starter); !starts {
		return nil, closedf("%s cannot begin a payment.", seller.driver.Name)
	}
	return seller, nil
}

// servesNot is why an extension does not serve a company.
func (e *FyndExtension) servesNot() lang.Text {
	if e.AcceptedAt != nil || e.State == ExtensionApproved {
		return lang.Textf("it is private, and the company is not one of its subscribers.")
	}
	return lang.Textf("Fynd has not accepted it yet, and until then it is for test payments only.")
}
