package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/gateways"
)

// CaptureRule is what a store wants captured by itself: so many hours before the end of a hold, of orders that
// have one of these statuses then, or come to have it before the hold ends.
type CaptureRule struct {
	StoreID     int64  `gorm:"primaryKey"`
	Gateway     string `gorm:"primaryKey"`
	Hours       int
	Statuses    []string `gorm:"serializer:json"`
	ChangedBy   *int64
	ChangedName string
	ChangedAt   time.Time
}

// at is when a hold that ends then is captured.
func (r *CaptureRule) at(ends time.Time) time.Time {
	return ends.Add(-time.Duration(r.Hours) * time.Hour)
}

// Applies says whether the rule speaks of orders of this status.
func (r *CaptureRule) Applies(status string) bool { return slices.Contains(r.Statuses, status) }

// At is when the rule captures the payment, or the zero time when its hold has no known end.
func (r *CaptureRule) At(p *Payment) time.Time {
	if p.CaptureBefore == nil {
		return time.Time{}
	}
	return r.at(*p.CaptureBefore)
}

// The hours a rule can have.
const (
	MinRuleHours = 1
	MaxRuleHours = 720
)

// RuleStatuses are the statuses that a rule can be kept to.
var RuleStatuses = []string{StatusPending, StatusProcessing, StatusProcessed, StatusShipped, StatusComplete}

// captureRule is the rule of a store's gateway, or nil.
func (db *DB) captureRule(ctx context.Context, store int64, gateway string) (*CaptureRule, error) {
	var rule CaptureRule
	err := db.in(ctx).First(&rule, "store_id = ? AND gateway = ?", store, gateway).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the capture rule of %s: %w", gateway, err)
	}
	return &rule, nil
}

// RuleLine is a gateway of a store that holds money, with its rule.
type RuleLine struct {
	Store  Store
	Driver gateways.Driver
	Rule   *CaptureRule // nil when nothing is captured by itself
}

// CaptureRules are the gateways in use in the stores of ctx that can hold money and draw it, by store and name.
func (db *DB) CaptureRules(ctx context.Context) ([]RuleLine, error) {
	rows, err := db.GatewayRows(ctx, "")
	if err != nil {
		return nil, err
	}
	var stored []CaptureRule
	if err := db.in(ctx).Scopes(scoped(ctx, "capture_rules")).Find(&stored).Error; err != nil {
		return nil, fmt.Errorf("read the capture rules: %w", err)
	}
	var lines []RuleLine
	for _, row := range rows {
		if row.Current == nil || !row.Driver.Can.Does(gateways.Capture) || row.Driver.Partner {
			continue
		}
		line := RuleLine{Store: row.Store, Driver: row.Driver}
		for i := range stored {
			if stored[i].StoreID == row.Store.ID && stored[i].Gateway == row.Driver.Code {
				line.Rule = &stored[i]
			}
		}
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b RuleLine) int { return int(a.Store.ID - b.Store.ID) })
	return lines, nil
}

// CaptureRuleForm is what somebody filled in for a store's gateway. Hours of 0 end the rule.
type CaptureRuleForm struct {
	StoreID  int64
	Gateway  string
	Hours    int
	Statuses []string
	By       Actor
}

// SaveCaptureRule stores what is captured by itself in a store. It is in force at once, for holds that are open
// too. What is wrong with it is a Problem.
func (db *DB) SaveCaptureRule(ctx context.Context, form CaptureRuleForm) error {
	store, err := db.Store(ctx, form.StoreID)
	if err != nil {
		return err
	}
	driver, known := db.drivers[form.Gateway]
	if !known || !Offers(store, driver) {
		return ErrNotFound
	}
	if err := form.check(driver); err != nil {
		return err
	}
	err = db.Tx(ctx, func(tx *DB) error {
		was, err := tx.captureRule(ctx, form.StoreID, form.Gateway)
		if err != nil {
			return err
		}
		if form.Hours == 0 {
			if was == nil {
				return nil
			}
			err = tx.in(ctx).Exec("DELETE FROM capture_rules WHERE store_id = ? AND gateway = ?", form.StoreID, form.Gateway).Error
		} else {
			if was != nil && was.Hours == form.Hours && slices.Equal(was.Statuses, form.Statuses) {
				return nil
			}
			err = tx.in(ctx).Clauses(clause.OnConflict{
				Columns:   []clause.Column{{Name: "store_id"}, {Name: "gateway"}},
				DoUpdates: clause.AssignmentColumns([]string{"hours", "statuses", "changed_by", "changed_name", "changed_at"}),
			}).Create(&CaptureRule{
				StoreID: form.StoreID, Gateway: form.Gateway, Hours: form.Hours, Statuses: form.Statuses, ChangedBy: form.By.UserID, ChangedName: form.By.Name, ChangedAt: now(),
			}).Error
		}
		if err != nil {
			return fmt.Errorf("store the rule: %w", err)
		}
		details := map[string]any{"hours": form.Hours, "statuses": form.Statuses}
		if was != nil {
			details["was_hours"], details["was_statuses"] = was.Hours, was.Statuses
		}
		return tx.audit(ctx, form.StoreID, form.By, "capture_rule.saved", "gateway "+form.Gateway, nil, details)
	})
	return wrapf(err, "save the capture rule of %s", form.Gateway)
}

// check says what is wrong with a rule, or nil, and brings its statuses into their order.
func (f *CaptureRuleForm) check(driver gateways.Driver) error {
	switch {
	case !driver.Can.Does(gateways.Capture):
		return problemf("%s cannot be asked to capture from here.", driver.Name)
	case f.Hours == 0:
		f.Statuses = nil
		return nil
	case f.Hours < MinRuleHours || f.Hours > MaxRuleHours:
		return FieldProblem("hours", "Choose from %d to %d hours.", MinRuleHours, MaxRuleHours)
	}
	for _, status := range f.Statuses {
		if !slices.Contains(RuleStatuses, status) {
			return FieldProblem("status", "Orders of the status %q are not captured by themselves.", status)
		}
	}
	f.Statuses = slices.DeleteFunc(slices.Clone(RuleStatuses), func(s string) bool { return !slices.Contains(f.Statuses, s) })
	if len(f.Statuses) == 0 {
		return FieldProblem("status", "Choose at least one order status.")
	}
	for method, hold := range driver.Can.Holds {
		if method == "" && time.Duration(f.Hours)*time.Hour >= hold {
			return FieldProblem("hours", "%s holds money for %.0f hours; choose fewer.", driver.Name, hold.Hours())
		}
	}
	return nil
}
