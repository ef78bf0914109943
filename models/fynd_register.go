package models

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ExtensionDetails are what Fynd reviews of an extension. Its name, its logo and its address can be changed
// without a review.
type ExtensionDetails struct {
	Distribution    string         `json:"distribution"`
	ContactEmail    string         `json:"contact_email"`
	Description     string         `json:"description"`
	MorePermissions bool           `json:"more_permissions"`
	APIVersion      string         `json:"api_version"`
	Methods         []string       `json:"methods"`
	Countries       []string       `json:"countries"`
	Currencies      []string       `json:"currencies"`
	Partnership     bool           `json:"partnership"`
	Fee             string         `json:"fee"`
	Fees            []ExtensionFee `json:"fees"`
	Checkout        string         `json:"checkout"`
	AutoCapture     bool           `json:"auto_capture"`
	Gateway         string         `json:"gateway"`
}

// Details are the details in force.
func (e *FyndExtension) Details() ExtensionDetails {
	return ExtensionDetails{
		Distribution: e.Distribution, ContactEmail: e.ContactEmail, Description: e.Description, MorePermissions: e.MorePermissions, APIVersion: e.APIVersion,
		Methods: e.Methods, Countries: e.Countries, Currencies: e.Currencies, Partnership: e.Partnership, Fee: e.Fee, Fees: e.Fees,
		Checkout: e.Checkout, AutoCapture: e.AutoCapture, Gateway: e.Gateway,
	}
}

// Wanted are the details as they were last entered: those in force, or those that wait for a review.
func (e *FyndExtension) Wanted() ExtensionDetails {
	if e.Draft != nil {
		return *e.Draft
	}
	return e.Details()
}

func (e *FyndExtension) setDetails(d ExtensionDetails) {
	e.Distribution, e.ContactEmail, e.Description, e.MorePermissions, e.APIVersion = d.Distribution, d.ContactEmail, d.Description, d.MorePermissions, d.APIVersion
	e.Methods, e.Countries, e.Currencies, e.Partnership, e.Fee, e.Fees = d.Methods, d.Countries, d.Currencies, d.Partnership, d.Fee, d.Fees
	e.Checkout, e.AutoCapture, e.Gateway = d.Checkout, d.AutoCapture, d.Gateway
}

// detailColumns are the columns of the details.
var detailColumns = []string{
	"Distribution", "ContactEmail", "Description", "MorePermissions", "APIVersion", "Methods", "Countries", "Currencies", "Partnership", "Fee", "Fees", "Checkout", "AutoCapture", "Gateway",
}

// ExtensionForm is what somebody filled into the form of an extension.
type ExtensionForm struct {
	ID int64 // 0 registers a new one
	ExtensionDetails
	OtherMethods string             // codes that the list does not have
	FeeTexts     []ExtensionFeeText // as typed; Fees is made of them
	Name         string
	URL          string
	PlatformURL  string
	Logo         []byte // nil keeps the one there is
	DropLogo     bool

	// Key and Secret are what Fynd made for a new extension; both are made here when they are empty.
	Key, Secret string

	Shown int // the version that the form showed
	By    Actor
}

// SaveExtension registers an extension, or changes one. What Fynd has accepted stays in force until changed details
// are accepted too; name, logo and address change at once.
func (db *DB) SaveExtension(ctx context.Context, form ExtensionForm) (*FyndExtension, error) {
	if err := db.cleanExtension(&form); err != nil {
		return nil, err
	}
	var saved *FyndExtension
	err := db.Tx(ctx, func(tx *DB) error {
		var err error
		if form.ID == 0 {
			saved, err = tx.createExtension(ctx, form)
		} else {
			saved, err = tx.changeExtension(ctx, form)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("save an extension: %w", err)
	}
	return saved, nil
}

func (db *DB) createExtension(ctx context.Context, form ExtensionForm) (*FyndExtension, error) {
	e := &FyndExtension{
		Name: form.Name, State: ExtensionDevelopment, URL: form.URL, PlatformURL: form.PlatformURL, Logo: form.Logo, LogoType: logoType(form.Logo), Version: 1,
		APIKey: form.Key, CreatedAt: now(), UpdatedAt: now(), SecretAt: now(),
	}
	e.setDetails(form.ExtensionDetails)
	secret := form.Secret
	if e.APIKey == "" {
		e.APIKey, secret = newAPIKey(), newExtensionSecret()
	} else {
		e.SecretShownAt = &e.SecretAt // whoever entered it knows it
	}
	var err error
	if e.APISecret, err = db.keys.Seal(extensionPlace(e.APIKey, "secret"), secret); err != nil {
		return nil, err
	}
	err = db.in(ctx).Create(e).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return nil, FieldProblem("api_key", "There is an extension with this API key already.")
	}
	if err != nil {
		return nil, fmt.Errorf("register it: %w", err)
	}
	return e, db.audit(ctx, 0, form.By, "fynd_extension.registered", e.object(), nil, map[string]any{
		"name": e.Name, "distribution": e.Distribution, "gateway": e.Gateway, "api_key": e.APIKey,
	})
}

func (db *DB) changeExtension(ctx context.Context, form ExtensionForm) (*FyndExtension, error) {
	e, err := db.lockExtension(ctx, form.ID, form.Shown)
	if err != nil {
		return nil, err
	}
	was := *e
	e.Name, e.URL, e.PlatformURL = form.Name, form.URL, form.PlatformURL
	switch {
	case form.Logo != nil:
		e.Logo, e.LogoType = form.Logo, logoType(form.Logo)
	case form.DropLogo:
		e.Logo, e.LogoType = nil, ""
	}
	wanted := form.ExtensionDetails
	changed := changedDetails(was.Wanted(), wanted)
	switch {
	case len(changed) == 0:
	case e.AcceptedAt == nil:
		e.setDetails(wanted)
		e.Unsent = e.State != ExtensionDevelopment
	case len(changedDetails(e.Details(), wanted)) == 0:
		e.Draft, e.Unsent = nil, e.State == ExtensionUnderReview || e.State == ExtensionRejected
	default:
		e.Draft, e.Unsent = &wanted, true
	}
	for name, differs := range map[string]bool{
		"name": e.Name != was.Name, "url": e.URL != was.URL, "platform_url": e.PlatformURL != was.PlatformURL, "logo": form.Logo != nil || form.DropLogo && was.LogoType != "",
	} {
		if differs {
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return e, nil
	}
	slices.Sort(changed)
	columns := append([]string{"Name", "URL", "PlatformURL", "Logo", "LogoType", "Draft", "Unsent"}, detailColumns...)
	if err := db.saveExtension(ctx, e, columns...); err != nil {
		return nil, err
	}
	return e, db.audit(ctx, 0, form.By, "fynd_extension.changed", e.object(), nil, map[string]any{"changed": changed, "version": e.Version, "draft": e.Draft != nil})
}

// changedDetails names what differs between two sets of details.
func changedDetails(a, b ExtensionDetails) []string {
	var names []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		one, other := x.Field(i), y.Field(i)
		if one.Kind() == reflect.Slice && one.Len() == 0 && other.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(one.Interface(), other.Interface()) {
			names = append(names, strings.Split(x.Type().Field(i).Tag.Get("json"), ",")[0])
		}
	}
	return names
}

func (e *FyndExtension) object() string { return fmt.Sprintf("fynd extension %d", e.ID) }

// lockExtension takes an extension for this transaction. shown is the version that the person saw.
func (db *DB) lockExtension(ctx context.Context, id int64, shown int) (*FyndExtension, error) {
	var e FyndExtension
	err := db.in(ctx).Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).First(&e, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock extension %d: %w", id, err)
	}
	if e.Version != shown {
		return nil, conflictf("Somebody changed this extension while you looked at it. What you typed is below; reload the page to see what is stored now.")
	}
	return &e, nil
}

// saveExtension writes these columns and the next version.
func (db *DB) saveExtension(ctx context.Context, e *FyndExtension, columns ...string) error {
	e.Version, e.UpdatedAt = e.Version+1, now()
	if err := db.in(ctx).Model(e).Select(append([]string{"Version", "UpdatedAt"}, columns...)).Updates(e).Error; err != nil {
		return fmt.Errorf("save extension %d: %w", e.ID, err)
	}
	return nil
}

// FyndExtensions are all extensions, in the order in which they were registered, without their logos.
func (db *DB) FyndExtensions(ctx context.Context) ([]FyndExtension, error) {
	var list []FyndExtension
	if err := db.in(ctx).Omit("Logo").Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the extensions: %w", err)
	}
	return list, nil
}
