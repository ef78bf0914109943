package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// ExtensionState is how far a Fynd payment extension has come with Fynd's review.
type ExtensionState string

// The states of an extension (Fynd partner documentation, payment extension, review). A public one that is
// accepted is published, a private one approved.
const (
	ExtensionDevelopment ExtensionState = "development"
	ExtensionUnderReview ExtensionState = "under_review"
	ExtensionPublished   ExtensionState = "published"
	ExtensionApproved    ExtensionState = "approved"
	ExtensionRejected    ExtensionState = "rejected"
)

// Who may install an extension.
const (
	DistributionPublic  = "public"  // every company
	DistributionPrivate = "private" // those that were added as subscribers
)

// FyndExtension is a payment extension as it is registered with Fynd. It belongs to no store: the sellers of
// many may install it.
type FyndExtension struct {
	ID                 int64
	Name               string
	State              ExtensionState
	Distribution       string // public, private
	ContactEmail       string
	Description        string
	Logo               []byte
	LogoType           string
	URL                string `gorm:"column:url"`
	MorePermissions    bool
	APIVersion         string   `gorm:"column:api_version"`
	Methods            []string `gorm:"serializer:json"`
	Countries          []string `gorm:"serializer:json"`
	Currencies         []string `gorm:"serializer:json"`
	Partnership        bool
	Fee                string         // fixed, variable
	Fees               []ExtensionFee `gorm:"serializer:json"`
	Checkout           string         // standard, custom
	AutoCapture        bool
	Gateway            string // the driver that stands behind it
	PlatformURL        string `gorm:"column:platform_url"` // "" for the public one
	APIKey             string `gorm:"column:api_key"`
	APISecret          string `gorm:"column:api_secret"` // sealed
	SupportEmail       string
	SupportPhone       string
	WebsiteURL         string `gorm:"column:website_url"`
	FAQURL             string `gorm:"column:faq_url"`
	PrivacyURL         string `gorm:"column:privacy_url"`
	ReviewEmail        string
	ReviewInstructions string            // sealed: it holds test credentials
	Organisation       string            // our company at Fynd Partners
	ApprovedOn         string            // the day on which Fynd let it develop payment extensions: 2026-01-31, or ""
	AgreementOn        string            // the day on which the agreement on the share of the revenue was signed, or ""
	BillingEmail       string            // where Fynd's invoices go
	Draft              *ExtensionDetails `gorm:"serializer:json"` // what differs from what was accepted, and waits for the next review
	Unsent             bool              // details were changed since they were last submitted
	SubmittedAt        *time.Time
	AcceptedAt         *time.Time // when a review first ended well
	SecretAt           time.Time  `gorm:"default:now()"` // when the secret was made
	SecretShownAt      *time.Time // it is shown once
	Version            int
	CreatedAt          time.Time
	UpdatedAt          time.Time
}

// ExtensionFee is what the seller pays for a transaction: a share of it and a flat amount.
type ExtensionFee struct {
	Method    string `json:"method"`     // a payment method's code; "" for all
	Permyriad int64  `json:"permyriad"`  // of the amount: 250 is 2.5 %
	FlatMinor int64  `json:"flat_minor"` // minor units of Currency
	Currency  string `json:"currency"`   // "" when there is no flat amount
}

// FyndInstall is a company that installed an extension.
type FyndInstall struct {
	ID            int64
	ExtensionID   int64
	CompanyID     string
	Scopes        []string `gorm:"serializer:json"`
	AccessToken   string   // sealed
	RefreshToken  string   // sealed
	TokenUntil    *time.Time
	SubscribedAt  *time.Time
	Problem       string
	InstalledAt   time.Time
	UninstalledAt *time.Time

	WebhookURL      string     // where Fynd is to send the company's events; "" as long as nobody has subscribed
	SubscribeTries  int        // that went wrong since the last one that did not
	NextSubscribeAt *time.Time // when the subscription is tried by itself
}

// FyndApplication is a sales channel of a company, and the store that it is here.
type FyndApplication struct {
	ID            int64
	InstallID     int64
	ApplicationID string
	StoreID       *int64 // nil until somebody says which store it is
	Chosen        bool   // somebody has said it, so it is not linked by itself any more
	CreatedAt     time.Time
}

// extensionPlace is where the secret of an extension is sealed: it opens nowhere else. It is bound to the API
// key, which is known before the row has its number.
func extensionPlace(apiKey, what string) string { return "fynd extension " + apiKey + " " + what }

// Secret is the API secret of an extension in the clear. It signs what goes between Fynd and kartify.
func (db *DB) extensionSecret(e *FyndExtension) (string, error) {
	secret, err := db.keys.Open(extensionPlace(e.APIKey, "secret"), e.APISecret)
	if err != nil {
		return "", fmt.Errorf("open the secret of extension %d: %w", e.ID, err)
	}
	return secret, nil
}

// FyndExtension is one extension.
func (db *DB) FyndExtension(ctx context.Context, id int64) (*FyndExtension, error) {
	var e FyndExtension
	err := db.in(ctx).First(&e, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read extension %d: %w", id, err)
	}
	return &e, nil
}

// SignedExtension is the extension whose secret check accepts, or nil: check is told a secret in the clear and
// says whether what came was signed with it. All are tried, so that the time taken tells nothing.
func (db *DB) SignedExtension(ctx context.Context, check func(secret string) bool) (*FyndExtension, error) {
	var all []FyndExtension
	if err := db.in(ctx).Omit("Logo").Order("id").Find(&all).Error; err != nil {
		return nil, fmt.Errorf("read the extensions: %w", err)
	}
	var found *FyndExtension
	for i := range all {
		secret, err := db.extensionSecret(&all[i])
		if err != nil {
			return nil, err
		}
		if check(secret) {
			found = &all[i]
		}
	}
	return found, nil
}

// Serves says whether an extension may be used at all by a company: until its first review has ended well only
// in test, and a private one afterwards only by its subscribers. While changes of it are reviewed, or were
// rejected, it goes on as it was accepted.
func (e *FyndExtension) Serves(mode string, subscribed bool) bool {
	switch {
	case e.State == ExtensionPublished:
		return true
	case e.State == ExtensionApproved:
		return subscribed
	case e.AcceptedAt != nil && (e.Distribution == DistributionPublic || subscribed):
		return true
	default:
		return mode == "test"
	}
}

// Takes says whether an extension takes payments in a currency. One that names none takes every currency.
func (e *FyndExtension) Takes(currency string) bool {
	return len(e.Currencies) == 0 || slices.Contains(e.Currencies, currency)
}

// FyndChannel is a company's sales channel with everything it hangs on.
type FyndChannel struct {
	Extension   FyndExtension
	Install     FyndInstall
	Application FyndApplication
}

// FyndChannel is the sales channel of a company that uses an extension. ErrNotFound when the company has not
// installed it, has uninstalled it, or the channel is not known here.
func (db *DB) FyndChannel(ctx context.Context, extension int64, company, application string) (*FyndChannel, error) {
	e, err := db.FyndExtension(ctx, extension)
	if err != nil {
		return nil, err
	}
	ch := &FyndChannel{Extension: *e}
	err = db.in(ctx).Where("extension_id = ? AND company_id = ? AND uninstalled_at IS NULL", extension, company).First(&ch.Install).Error
	if err == nil {
		err = db.in(ctx).Where("install_id = ? AND application_id = ?", ch.Install.ID, application).First(&ch.Application).Error
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the channel %s of company %s: %w", application, company, err)
	}
	return ch, nil
}
