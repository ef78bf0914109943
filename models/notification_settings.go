package models

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/mail"
)

// NotifyChannel is how a store hears of its payments.
type NotifyChannel string

// The channels.
const (
	NotifyOff   NotifyChannel = "off"
	NotifyPost  NotifyChannel = "post"  // a POST to the store's own handler
	NotifyEmail NotifyChannel = "email" // an e-mail to the merchant
)

// NotificationSettings are how a store wants to hear of its payments.
type NotificationSettings struct {
	StoreID     int64 `gorm:"primaryKey"`
	Channel     NotifyChannel
	URL         string `gorm:"column:url"`
	Secret      string // sealed
	Email       string
	Version     int
	ChangedBy   *int64
	ChangedName string
	ChangedAt   time.Time
}

// Receiver is the address that is told.
func (s *NotificationSettings) Receiver() string {
	switch s.Channel {
	case NotifyPost:
		return s.URL
	case NotifyEmail:
		return s.Email
	}
	return ""
}

// PublicURL is the handler's address for those who may not read secrets, of which its query may be one.
func (s *NotificationSettings) PublicURL() string { return withoutQuery(s.URL) }

// place binds the sealed secret word to its row.
func (s *NotificationSettings) place() string {
	return fmt.Sprintf("notification_settings %d secret", s.StoreID)
}

// NotificationForm is what somebody entered about the notifications of a store.
type NotificationForm struct {
	StoreID int64
	Channel NotifyChannel
	URL     string
	Secret  string // "" keeps the one that is stored
	Email   string
	Shown   int // the version that the form showed, 0 for none
	By      Actor
}

// NotificationSettings are a store's, with the channel off when it has chosen none.
func (db *DB) NotificationSettings(ctx context.Context, store int64) (*NotificationSettings, error) {
	if !ScopeOf(ctx).Sees(store) {
		return nil, ErrNotFound
	}
	return db.notificationSettings(ctx, store)
}

func (db *DB) notificationSettings(ctx context.Context, store int64) (*NotificationSettings, error) {
	s := NotificationSettings{StoreID: store, Channel: NotifyOff}
	err := db.in(ctx).First(&s, "store_id = ?", store).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, fmt.Errorf("read how store %d hears of payments: %w", store, err)
	}
	return &s, nil
}

// NotifySchedule is how often a shop is told, and the pauses in between; the last one repeats.
func (db *DB) NotifySchedule() (tries int, pauses []time.Duration) {
	return db.timings.NotifyTries, db.timings.NotifySteps
}

// NotifyNetworks are where a shop may be told besides the public internet, also without TLS and on any port.
func (db *DB) NotifyNetworks() []netip.Prefix { return db.guard.Networks }

// SaveNotificationSettings stores how a store wants to hear of payments. What is due from now on goes by it.
func (db *DB) SaveNotificationSettings(ctx context.Context, f NotificationForm) error {
	f.URL, f.Email = strings.TrimSpace(f.URL), strings.TrimSpace(f.Email)
	err := db.Tx(ctx, func(tx *DB) error {
		if _, err := tx.Store(ctx, f.StoreID); err != nil {
			return err
		}
		if err := tx.in(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('notification settings', ?))", f.StoreID).Error; err != nil {
			return fmt.Errorf("wait for others who change it: %w", err)
		}
		was, err := tx.notificationSettings(ctx, f.StoreID)
		if err != nil {
			return err
		}
		if f.Shown != was.Version {
			return conflictf("Somebody changed this while you looked at it. Compare what is in force now, and save again.")
		}
		if err := tx.checkNotificationForm(&f, was); err != nil {
			return err
		}
		next := NotificationSettings{
			StoreID: f.StoreID, Channel: f.Channel, URL: f.URL, Email: f.Email, Secret: was.Secret, Version: was.Version + 1,
			ChangedBy: f.By.UserID, ChangedName: f.By.Name, ChangedAt: time.Now().UTC(),
		}
		if f.Secret != "" {
			if next.Secret, err = tx.keys.Seal(next.place(), f.Secret); err != nil {
				return err
			}
		}
		if err := tx.in(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&next).Error; err != nil {
			return fmt.Errorf("write it: %w", err)
		}
		if next.Receiver() != was.Receiver() { // a new address begins without a past
			if err := tx.in(ctx).Exec("DELETE FROM notification_receivers WHERE store_id = ?", f.StoreID).Error; err != nil {
				return fmt.Errorf("forget how the old address behaved: %w", err)
			}
		}
		return tx.audit(ctx, f.StoreID, f.By, "notification_settings.changed", fmt.Sprintf("store %d", f.StoreID), nil, map[string]any{
			"channel": f.Channel, "was": was.Channel, "address_changed": next.Receiver() != was.Receiver(), "secret_changed": f.Secret != "",
		})
	})
	if err != nil {
		return fmt.Errorf("save how store %d hears of payments: %w", f.StoreID, err)
	}
	return nil
}

// checkNotificationForm says what is wrong with what was entered.
func (db *DB) checkNotificationForm(f *NotificationForm, was *NotificationSettings) error {
	switch f.Channel {
	case NotifyOff:
		return nil
	case NotifyPost:
		if err := db.guard.CheckURL(f.URL); err != nil {
			return FieldProblem("url", "Nothing can be posted to this address: %v.", err)
		}
		switch {
		case f.Secret == "" && was.Secret == "":
			return FieldProblem("secret", "Enter the secret word that the shop checks notifications with.")
		case f.Secret == "" && hostOf(f.URL) != hostOf(was.URL):
			return FieldProblem("secret", "Another machine is to be told; enter the secret word again.")
		case f.Secret != "" && (len(f.Secret) < 8 || len(f.Secret) > 200):
			return FieldProblem("secret", "A secret word has 8 to 200 characters; 20 random ones are good.")
		}
		return nil
	case NotifyEmail:
		if err := mail.CheckAddress(f.Email); err != nil {
			return FieldProblem("email", "This address cannot be written to: %v.", err)
		}
		return nil
	}
	return FieldProblem("channel", "Choose how the shop is told: not at all, by a POST or by e-mail.")
}

// hostOf is the machine that an address names.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// notificationSecret opens the secret word.
func (db *DB) notificationSecret(s *NotificationSettings) (string, error) {
	if s.Channel != NotifyPost {
		return "", nil
	}
	plain, err := db.keys.Open(s.place(), s.Secret)
	if err != nil {
		return "", fmt.Errorf("open the secret word of store %d: %w", s.StoreID, err)
	}
	return plain, nil
}

// rewrapNotifications seals the secret words of stores again with the key in use now, and reports how many.
func (db *DB) rewrapNotifications(ctx context.Context) (int, error) {
	var rows []NotificationSettings
	if err := db.in(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Order("store_id").Find(&rows, "secret <> ''").Error; err != nil {
		return 0, fmt.Errorf("read how stores hear of payments: %w", err)
	}
	n := 0
	for _, row := range rows {
		if db.keys.Current(row.Secret) {
			continue
		}
		plain, err := db.keys.Open(row.place(), row.Secret)
		if err != nil {
			return 0, fmt.Errorf("open the secret word of store %d: %w", row.StoreID, err)
		}
		sealed, err := db.keys.Seal(row.place(), plain)
		if err != nil {
			return 0, err
		}
		if err := db.in(ctx).Model(&NotificationSettings{}).Where("store_id = ?", row.StoreID).Update("secret", sealed).Error; err != nil {
			return 0, fmt.Errorf("save the secret word of store %d: %w", row.StoreID, err)
		}
		n++
	}
	return n, nil
}
