package models

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// FyndSubscriber is a company that may use a private extension.
type FyndSubscriber struct {
	ExtensionID int64  `gorm:"primaryKey"`
	CompanyID   string `gorm:"primaryKey"`
	ActorName   string // who added it
	AddedAt     time.Time
}

var companyShape = regexp.MustCompile(`^[0-9]{1,20}$`)

// FyndSubscribers are the companies that may use an extension, in the order in which they were added.
func (db *DB) FyndSubscribers(ctx context.Context, extension int64) ([]FyndSubscriber, error) {
	var list []FyndSubscriber
	if err := db.in(ctx).Where("extension_id = ?", extension).Order("added_at, company_id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the subscribers of extension %d: %w", extension, err)
	}
	return list, nil
}

// FyndSubscribed says whether a company was added as a subscriber of an extension.
func (db *DB) FyndSubscribed(ctx context.Context, extension int64, company string) (bool, error) {
	var n int64
	err := db.in(ctx).Model(&FyndSubscriber{}).Where("extension_id = ? AND company_id = ?", extension, company).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look whether company %s subscribes to extension %d: %w", company, extension, err)
	}
	return n > 0, nil
}

// AddFyndSubscriber lets a company use a private extension that was approved. Adding it again changes nothing.
func (db *DB) AddFyndSubscriber(ctx context.Context, extension int64, company string, by Actor) error {
	company = strings.TrimSpace(company)
	if !companyShape.MatchString(company) {
		return FieldProblem("company", "Enter the number of the company as Fynd Platform shows it, in digits.")
	}
	err := db.Tx(ctx, func(tx *DB) error {
		e, err := tx.FyndExtension(ctx, extension)
		if err != nil {
			return err
		}
		if e.Distribution != DistributionPrivate {
			return conflictf("%s is public: every company may use it.", e.Name)
		}
		if e.AcceptedAt == nil {
			return conflictf("Companies are added when Fynd has approved the extension. Until then every company may test it.")
		}
		row := FyndSubscriber{ExtensionID: e.ID, CompanyID: company, ActorName: by.Name, AddedAt: now()}
		added := tx.in(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if added.Error != nil {
			return fmt.Errorf("add it: %w", added.Error)
		}
		if added.RowsAffected == 0 {
			return nil
		}
		return tx.audit(ctx, 0, by, "fynd_extension.subscriber_added", e.object(), nil, map[string]any{"company": company})
	})
	if err != nil {
		return fmt.Errorf("add company %s to extension %d: %w", company, extension, err)
	}
	return nil
}

// RemoveFyndSubscriber takes an extension away from a company: its payments are refused from now on.
func (db *DB) RemoveFyndSubscriber(ctx context.Context, extension int64, company string, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		gone := tx.in(ctx).Where("extension_id = ? AND company_id = ?", extension, company).Delete(&FyndSubscriber{})
		if gone.Error != nil {
			return fmt.Errorf("remove it: %w", gone.Error)
		}
		if gone.RowsAffected == 0 {
			return ErrNotFound
		}
		return tx.audit(ctx, 0, by, "fynd_extension.subscriber_removed", fmt.Sprintf("fynd extension %d", extension), nil, map[string]any{"company": company})
	})
	if err != nil {
		return fmt.Errorf("remove company %s from extension %d: %w", company, extension, err)
	}
	return nil
}
