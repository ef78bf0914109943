package models

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

const (
	consentTime = 15 * time.Minute // a seller has this long to allow the installation
	visitTime   = 2 * time.Hour    // and at most this long to fill in the form afterwards
)

// FyndVisit is a visit of a seller who comes from Fynd: first to allow the installation of an extension, then to
// fill in the credential form. The browser's cookie holds what the ID is the SHA-256 of.
type FyndVisit struct {
	ID            []byte `gorm:"primaryKey"`
	ExtensionID   int64
	CompanyID     string
	ApplicationID string     // "" for any sales channel of the company
	RedirectPath  string     // of ours, where the seller wants to go afterwards; "" for the credential form
	State         []byte     // SHA-256 of the state that Fynd must bring back; nil once it has
	AllowedAt     *time.Time // when Fynd vouched for the seller; nil until then
	CreatedAt     time.Time  `gorm:"default:now()"`
	ExpiresAt     time.Time
}

// Opens says whether a visit may open the credentials of a sales channel: Fynd has vouched for its seller, and the
// company and the channel are those of the visit.
func (v *FyndVisit) Opens(company, application string) bool {
	return v.AllowedAt != nil && v.CompanyID == company && (v.ApplicationID == "" || v.ApplicationID == application)
}

var fyndID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// FyndExtensionAt is the extension that is asked for by its API key, or the only one when no key is named.
func (db *DB) FyndExtensionAt(ctx context.Context, key string) (*FyndExtension, error) {
	var found []FyndExtension
	g := db.in(ctx).Omit("Logo").Order("id").Limit(2)
	if key != "" {
		g = g.Where("api_key = ?", key)
	}
	if err := g.Find(&found).Error; err != nil {
		return nil, fmt.Errorf("look for an extension: %w", err)
	}
	switch {
	case len(found) == 1:
		return &found[0], nil
	case len(found) == 0 && key != "":
		return nil, problemf("No extension with this API key is registered here.")
	case len(found) == 0:
		return nil, problemf("No extension is registered here.")
	}
	return nil, problemf("Several extensions are registered here, and the address names none of them. The extension's address at Fynd ends in /x/ and its API key.")
}

// BeginFyndVisit lets a company's seller in who wants to install an extension. cookie is for the browser, leave is
// where the seller says yes at Fynd, who comes back to back.
func (db *DB) BeginFyndVisit(ctx context.Context, e *FyndExtension, v FyndVisit, back string) (visit *FyndVisit, cookie, leave string, err error) {
	switch {
	case !fyndID.MatchString(v.CompanyID):
		return nil, "", "", problemf("Fynd did not say for which company the extension is to be installed.")
	case v.ApplicationID != "" && !fyndID.MatchString(v.ApplicationID):
		return nil, "", "", problemf("What Fynd calls the sales channel is no id.")
	}
	if err := db.paceVisits(ctx, e, v.CompanyID); err != nil {
		return nil, "", "", err
	}
	platform, err := db.fyndPlatform(e)
	if err != nil {
		return nil, "", "", err
	}
	details, err := platform.Details(ctx)
	if err != nil {
		return nil, "", "", problemf("%s", message(err))
	}
	state := randomText()
	if leave, err = platform.AuthorizeURL(v.CompanyID, back, state, wantedScopes(details.Scopes)); err != nil {
		return nil, "", "", problemf("%s", message(err))
	}
	v.ExtensionID, v.State = e.ID, sumText(state)
	cookie, err = db.keepVisit(ctx, &v, consentTime)
	return &v, cookie, leave, err
}

// How many visits that nobody has allowed yet are begun within a minute at most: for a company, and for all of them.
// Each asks Fynd something, and anybody can begin one.
const (
	visitsOfCompany = 10
	visitsOfAll     = 120
)

// paceVisits refuses a visit when too many were begun just now.
func (db *DB) paceVisits(ctx context.Context, e *FyndExtension, company string) error {
	var begun struct{ OfAll, OfCompany int64 }
	err := db.in(ctx).Raw(`SELECT count(*) AS of_all, count(*) FILTER (WHERE company_id = ?) AS of_company FROM fynd_visits
		WHERE extension_id = ? AND allowed_at IS NULL AND created_at > clock_timestamp() - interval '1 minute'`, company, e.ID).Scan(&begun).Error
	if err != nil {
		return fmt.Errorf("count the visits of a minute: %w", err)
	}
	if begun.OfAll >= visitsOfAll || begun.OfCompany >= visitsOfCompany {
		return problemf("Many installations were begun just now. Try again in a minute.")
	}
	return nil
}

// keepVisit stores a visit under a new id, and gives the cookie for it. Visits that are long over go.
func (db *DB) keepVisit(ctx context.Context, v *FyndVisit, life time.Duration) (cookie string, err error) {
	at, err := db.now(ctx)
	if err != nil {
		return "", err
	}
	id := randomText()
	v.ID, v.ExpiresAt, v.CreatedAt = sumText(id), at.Add(life), at
	if err := db.in(ctx).Create(v).Error; err != nil {
		return "", fmt.Errorf("keep the visit of a seller: %w", err)
	}
	if err := db.in(ctx).Where("expires_at < ?", at.Add(-time.Hour)).Delete(&FyndVisit{}).Error; err != nil {
		return "", fmt.Errorf("forget visits that are over: %w", err)
	}
	mac := db.keys.MAC("fynd visit "+v.CompanyID, []byte(id))
	return id + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

// FyndVisit is the visit that a cookie stands for, of a seller of this company. ErrNotFound when it is over, or was
// never begun here.
func (db *DB) FyndVisit(ctx context.Context, cookie, company string) (*FyndVisit, error) {
	id, signature, _ := strings.Cut(cookie, ".")
	mac, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !db.keys.CheckMAC("fynd visit "+company, []byte(id), mac) {
		return nil, ErrNotFound
	}
	var v FyndVisit
	err = db.in(ctx).First(&v, "id = ? AND company_id = ? AND expires_at > clock_timestamp()", sumText(id), company).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the visit of a seller: %w", err)
	}
	return &v, nil
}

// TakeFyndState says whether Fynd brought back the state that the visit left with. It counts once; a visit that comes
// back with another one is over.
func (db *DB) TakeFyndState(ctx context.Context, v *FyndVisit, state string) error {
	if v.AllowedAt == nil && state != "" && bytes.Equal(v.State, sumText(state)) {
		res := db.in(ctx).Model(&FyndVisit{}).Where("id = ? AND state = ?", v.ID, v.State).Update("state", nil)
		if res.Error != nil {
			return fmt.Errorf("take the state of a visit: %w", res.Error)
		}
		if res.RowsAffected == 1 {
			return nil
		}
	}
	if err := db.EndFyndVisit(ctx, v); err != nil {
		return err
	}
	return problemf("Invalid oauth call. This is not the answer to the installation that was begun in this browser, or it was given before. Open the extension in Fynd once more.")
}

// EndFyndVisit ends a visit.
func (db *DB) EndFyndVisit(ctx context.Context, v *FyndVisit) error {
	if err := db.in(ctx).Where("id = ?", v.ID).Delete(&FyndVisit{}).Error; err != nil {
		return fmt.Errorf("end the visit of a seller: %w", err)
	}
	return nil
}

// FyndFormToken proves that the credential form was shown in a visit: its cookie comes along from any site.
func (db *DB) FyndFormToken(v *FyndVisit) string {
	return base64.RawURLEncoding.EncodeToString(db.keys.MAC("fynd credential form", v.ID))
}

// CheckFyndFormToken says whether a token is that of the visit.
func (db *DB) CheckFyndFormToken(v *FyndVisit, token string) bool {
	mac, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && db.keys.CheckMAC("fynd credential form", v.ID, mac)
}

func randomText() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

func sumText(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// wantedScopes are the scopes that Fynd has on file for an extension, and the usual ones when it has none.
func wantedScopes(onFile []string) []string {
	onFile = slices.DeleteFunc(slices.Clone(onFile), func(s string) bool { return s == "" })
	if len(onFile) == 0 {
		return fyndScopes
	}
	return onFile
}
