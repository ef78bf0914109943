package models

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
)

// FyndCredentials are what a seller has entered for a sales channel, in one mode: the settings of the gateway behind
// the extension, for the store that the channel is.
type FyndCredentials struct {
	Channel *FyndChannel
	Driver  gateways.Driver
	Mode    string
	Page    *SettingsPage // nil while no store is linked
}

// Active says whether payments can be made with what is entered.
func (c *FyndCredentials) Active() bool {
	return c.Page != nil && c.Page.Current() != nil && c.Page.Current().Enabled
}

// CredentialField is a field of the credential form as Fynd knows it (payment extension documentation, secrets).
type CredentialField struct {
	Slug        string  `json:"slug"`
	Name        string  `json:"name"`
	Required    bool    `json:"required"`
	Display     bool    `json:"display"` // the form has it
	Description string  `json:"description,omitempty"`
	Placeholder string  `json:"placeholder,omitempty"`
	Value       *string `json:"value"` // nil when nothing is stored
}

// How a value is shown.
const (
	shownMasked = iota // every value is masked
	shownOwn           // as the seller sees it: only secrets are masked
	shownClear         // nothing is masked
)

// FyndCredentials are the credentials of a sales channel. Without a mode it is that of its store.
func (db *DB) FyndCredentials(ctx context.Context, ch *FyndChannel, mode string) (*FyndCredentials, error) {
	driver, ok := db.drivers[ch.Extension.Gateway]
	if !ok {
		return nil, fmt.Errorf("no gateway is called %q", ch.Extension.Gateway)
	}
	c := &FyndCredentials{Channel: ch, Driver: driver, Mode: mode}
	if mode != "" && mode != "test" && mode != "live" {
		return nil, ErrNotFound
	}
	if ch.Application.StoreID == nil {
		if mode == "" {
			c.Mode = "test"
		}
		return c, nil
	}
	store, err := db.Store(ctx, *ch.Application.StoreID)
	if err != nil {
		return nil, err
	}
	if mode == "" {
		c.Mode = store.Mode
	}
	c.Page, err = db.SettingsPage(ctx, store.ID, driver.Code, c.Mode)
	return c, err
}

// FyndSecrets are the credentials of a sales channel for Fynd itself, which asks with nothing but the channel's id. One
// that is not known here has the same fields with nothing in them.
func (db *DB) FyndSecrets(ctx context.Context, e *FyndExtension, application, mode string) (*FyndCredentials, error) {
	ch, err := db.fyndChannelNamed(ctx, e, application)
	if err != nil {
		return nil, err
	}
	return db.FyndCredentials(ctx, ch, mode)
}

// fyndChannelNamed is the sales channel with an id, among the companies that have an extension installed: the one that
// is a store here, should two of them claim it.
func (db *DB) fyndChannelNamed(ctx context.Context, e *FyndExtension, application string) (*FyndChannel, error) {
	ch := &FyndChannel{Extension: *e, Application: FyndApplication{ApplicationID: application}}
	var row FyndApplication
	err := db.in(ctx).Joins("JOIN fynd_installs i ON i.id = fynd_applications.install_id").
		Where("i.extension_id = ? AND i.uninstalled_at IS NULL AND fynd_applications.application_id = ?", e.ID, application).
		Order("fynd_applications.store_id IS NULL, fynd_applications.id").First(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ch, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for channel %s: %w", application, err)
	}
	if err := db.in(ctx).First(&ch.Install, "id = ?", row.InstallID).Error; err != nil {
		return nil, fmt.Errorf("read install %d: %w", row.InstallID, err)
	}
	ch.Application = row
	return ch, nil
}

// Masked are the fields for Fynd: of what is stored only that it is.
func (db *DB) Masked(c *FyndCredentials) []CredentialField {
	return db.credentialFields(c, shownMasked)
}

// Shown are the fields for the seller: what is no secret as it was entered, and secrets masked.
func (db *DB) Shown(c *FyndCredentials) []CredentialField { return db.credentialFields(c, shownOwn) }

// Clear are the fields with everything that is stored, secrets included. Only the operator's own switch leads here.
func (db *DB) Clear(c *FyndCredentials) []CredentialField { return db.credentialFields(c, shownClear) }

func (db *DB) credentialFields(c *FyndCredentials, shown int) []CredentialField {
	stored := map[string]string{}
	if c.Page != nil && c.Page.Current() != nil {
		stored, _ = db.readable(c.Page.Current())
	}
	fields := []CredentialField{}
	for _, field := range c.Driver.Fields {
		out := CredentialField{Slug: field.Slug, Name: field.Name, Required: field.Required, Display: true, Description: field.Help, Placeholder: field.Default}
		if value, ok := stored[field.Slug]; ok {
			if shown == shownMasked || shown == shownOwn && field.Secret {
				value = maskedValue(value)
			}
			out.Value = &value
		}
		fields = append(fields, out)
	}
	return fields
}

// maskedValue is what may be seen of a value: its end, when it is long enough not to be given away by it.
func maskedValue(value string) string {
	if runes := []rune(value); len(runes) >= 12 {
		return "••••" + string(runes[len(runes)-4:])
	}
	return "••••"
}

// FyndCredentialForm is what a seller filled in.
type FyndCredentialForm struct {
	Values map[string]string // by slug; an empty secret, or one as it is masked, keeps the one stored
	Shown  *int              // the version the form was filled with; nil when nobody looked
	Keep   bool              // a field that is not named stays as it is
	By     string            // who the audit log names: "seller", "Fynd"
}

// SaveFyndCredentials stores what a seller entered as a new version of the gateway's settings, sealed, and has
// payments made with it from now on. What is wrong with it is a Problem or FieldProblems.
func (db *DB) SaveFyndCredentials(ctx context.Context, c *FyndCredentials, form FyndCredentialForm) (*GatewaySettings, error) {
	if c.Page == nil {
		return nil, conflictf("No store here is linked to this sales channel yet, so there is nowhere to keep its credentials. Ask whoever runs kartify to link channel %s of company %s.", c.Channel.Application.ApplicationID, c.Channel.Install.CompanyID)
	}
	for {
		filled := db.fillCredentials(ctx, c, form)
		if form.Shown != nil || !form.Keep {
			return db.SaveSettings(ctx, filled)
		}
		// What is kept is of the version that was read: whoever was faster is not overwritten, but read again.
		filled.Shown = new(version(c.Page.Current()))
		saved, err := db.SaveSettings(ctx, filled)
		var problem *Problem
		if !errors.As(err, &problem) || !problem.Conflict {
			return saved, err
		}
		page, readErr := db.SettingsPage(ctx, c.Page.Store.ID, c.Driver.Code, c.Mode)
		if readErr != nil {
			return nil, readErr
		}
		if version(page.Current()) == *filled.Shown {
			return nil, err // it is another conflict
		}
		c.Page = page
	}
}

// fillCredentials is the form with what it leaves as it is.
func (db *DB) fillCredentials(ctx context.Context, c *FyndCredentials, form FyndCredentialForm) SettingsForm {
	stored := map[string]string{}
	if current := c.Page.Current(); current != nil {
		clear, unreadable := db.readable(current)
		if len(unreadable) > 0 {
			db.log.WarnContext(ctx, "secrets of gateway settings cannot be opened", "settings", current.ID, "fields", unreadable)
		}
		stored = clear
	}
	values := map[string]string{}
	for _, field := range c.Driver.Fields {
		value, given := form.Values[field.Slug]
		switch kept := stored[field.Slug]; {
		case !given && form.Keep, given && kept != "" && value == maskedValue(kept):
			value = kept
		}
		values[field.Slug] = value
	}
	by := fyndActor(c.Channel.Install.CompanyID)
	by.Name += ", " + form.By
	return SettingsForm{
		StoreID: c.Page.Store.ID, Gateway: c.Driver.Code, Mode: c.Mode, Values: values, Enabled: true, Shown: form.Shown, By: by,
	}
}
