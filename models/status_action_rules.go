package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// StatusRuleSet is one version of what a store linked for a gateway. Versions are never changed.
type StatusRuleSet struct {
	ID          int64
	StoreID     int64
	Gateway     string
	Version     int
	Current     bool
	CreatedBy   *int64
	CreatedName string
	CreatedAt   time.Time
	RetiredAt   *time.Time

	Rules []StatusRule `gorm:"-"`
}

// StatusRule links an order status to an action.
type StatusRule struct {
	ID        int64
	SetID     int64
	StoreID   int64
	Status    string
	Action    Action
	AfterDone *string // the order gets it instead of Status
	AfterFail *string // nil leaves the order as it was
	Notify    bool
}

// StatusRuleForm is what somebody filled into the settings of a store and gateway: a group each.
type StatusRuleForm struct {
	StoreID int64
	Gateway string
	Groups  []StatusGroupForm // in the order of StatusGroups
	Shown   *int              // the version the form was filled with, 0 for none; nil when nobody looked
	By      Actor
}

// StatusGroupForm is one group of the form.
type StatusGroupForm struct {
	Action    Action
	Statuses  []string // of LinkableStatuses
	AfterDone string   // "" gives the order the status that was asked for
	AfterFail string   // "" leaves the order as it was
	Notify    bool
}

// LinkableStatuses are the statuses that can start an action, and that an order can get after one.
var LinkableStatuses = slices.DeleteFunc(slices.Clone(HandStatuses), func(s string) bool { return s == StatusMissing })

// SuggestedStatuses is what most stores begin with; it is shown and never applied by itself. Capturing with the
// shipment means that the amount needs no update first.
var SuggestedStatuses = []StatusGroupForm{{Action: CaptureAction, Statuses: []string{StatusShipped}}}

// Group is how the rules of a version stand in the form.
func (s *StatusRuleSet) Group(action Action) StatusGroupForm {
	g := StatusGroupForm{Action: action}
	for _, rule := range s.Rules {
		if rule.Action == action {
			g.Statuses = append(g.Statuses, rule.Status)
			g.AfterDone, g.AfterFail, g.Notify = deref(rule.AfterDone), deref(rule.AfterFail), rule.Notify
		}
	}
	return g
}

// rule is what the version links a status to, or nil.
func (s *StatusRuleSet) rule(status string) *StatusRule {
	for i := range s.Rules {
		if s.Rules[i].Status == status {
			return &s.Rules[i]
		}
	}
	return nil
}

// clean says what is wrong with the form, group by group, or nil: a status that starts two actions, an action
// that leads to a status which starts one again, and what this gateway does not do.
func (f *StatusRuleForm) clean(driver gateways.Driver, label func(string) string) error {
	var wrong FieldProblems
	say := func(field, format string, args ...any) {
		for i, arg := range args {
			if word, ok := arg.(string); ok {
				args[i] = lang.Textf(word) // the name of a status or of a group is said in the language, too
			}
		}
		wrong = append(wrong, &Problem{Field: field, Sentence: fmt.Sprintf(format, args...), Text: lang.Textf(format, args...)})
	}
	linked := map[string]StatusGroup{}
	for _, g := range f.Groups {
		group := groupOf(g.Action)
		if group.Help == "" {
			say(string(g.Action), "There is no group called %q.", g.Action)
			continue
		}
		if len(g.Statuses) > 0 && !driver.Can.Does(g.Action.verb()) {
			say(string(g.Action), "%s cannot be asked for this: %s.", driver.Name, strings.ToLower(group.Label))
		}
		for _, status := range g.Statuses {
			other, taken := linked[status]
			switch {
			case !slices.Contains(LinkableStatuses, status):
				say(string(g.Action), "%s cannot be linked to an action: no order is given it by hand.", label(status))
			case taken && other.Action == g.Action:
				say(string(g.Action), "%s is chosen twice under %s.", label(status), group.Title)
			case taken:
				say(string(g.Action), "%s is linked to %s and to %s. A status can start one action only; take it out of one of them.", label(status), other.Title, group.Title)
			}
			linked[status] = group
		}
	}
	for _, g := range f.Groups {
		for _, then := range []struct {
			field, status string
			when          lang.Text
		}{{"after_done", g.AfterDone, lang.Textf("success")}, {"after_fail", g.AfterFail, lang.Textf("failure")}} {
			field := string(g.Action) + "_" + then.field
			again, loops := linked[then.status]
			switch {
			case then.status == "" || len(g.Statuses) == 0:
			case !slices.Contains(LinkableStatuses, then.status):
				say(field, "Choose another status after %s; %s is not given to orders this way.", then.when, label(then.status))
			case loops && again.Action == g.Action:
				say(field, "%s after %s would start %s again: it is one of the statuses linked to it. Choose a status that starts nothing, or leave it out.", label(then.status), then.when, groupOf(g.Action).Title)
			case loops:
				say(field, "%s after %s would start %s, so that one action sets off another. Choose a status that starts nothing.", label(then.status), then.when, again.Title)
			}
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// rules are the rows of a form.
func (f *StatusRuleForm) rules() []StatusRule {
	var rules []StatusRule
	for _, g := range f.Groups {
		for _, status := range g.Statuses {
			rules = append(rules, StatusRule{StoreID: f.StoreID, Status: status, Action: g.Action, AfterDone: orNil(g.AfterDone), AfterFail: orNil(g.AfterFail), Notify: g.Notify})
		}
	}
	return rules
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// SaveStatusRules stores a new version of what a store links for a gateway; changes of status from then on go
// by it. Saving what is stored already changes nothing. FieldProblems say what is wrong with the form.
func (db *DB) SaveStatusRules(ctx context.Context, form StatusRuleForm) (*StatusRuleSet, error) {
	driver, known := db.drivers[form.Gateway]
	if !known {
		return nil, ErrNotFound
	}
	statuses, err := db.OrderStatuses(ctx)
	if err != nil {
		return nil, err
	}
	var saved *StatusRuleSet
	err = db.Tx(ctx, func(tx *DB) error {
		store, err := tx.lockStore(ctx, form.StoreID)
		if err != nil {
			return err
		}
		able, err := tx.statusGateway(ctx, store, driver)
		if err != nil {
			return err
		}
		if able.Why.Format != "" {
			return conflictf("%s", able.Why)
		}
		old, err := tx.statusRules(ctx, form.StoreID, form.Gateway)
		if err != nil {
			return err
		}
		if form.Shown != nil && *form.Shown != old.Version {
			return conflictf("These settings were changed since the form was shown. Reload the page and enter them again.")
		}
		if err := form.clean(driver, labelsOf(statuses)); err != nil {
			return err
		}
		if saved = old; sameRules(old.Rules, form.rules()) {
			return nil
		}
		if saved, err = tx.newRules(ctx, &form, old); err != nil {
			return err
		}
		return tx.audit(ctx, form.StoreID, form.By, "status_actions.saved", fmt.Sprintf("status rules %d", saved.ID), nil, map[string]any{
			"gateway": form.Gateway, "version": saved.Version, "was": told(old.Rules), "is": told(saved.Rules),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("save the status actions of %s for store %d: %w", form.Gateway, form.StoreID, err)
	}
	return saved, nil
}

// newRules retires the version in force and stores the next one.
func (db *DB) newRules(ctx context.Context, form *StatusRuleForm, old *StatusRuleSet) (*StatusRuleSet, error) {
	if old.ID != 0 {
		err := db.in(ctx).Model(&StatusRuleSet{}).Where("id = ?", old.ID).Updates(map[string]any{"current": false, "retired_at": gorm.Expr("now()")}).Error
		if err != nil {
			return nil, fmt.Errorf("retire version %d: %w", old.Version, err)
		}
	}
	set := &StatusRuleSet{StoreID: form.StoreID, Gateway: form.Gateway, Version: old.Version + 1, Current: true, CreatedBy: form.By.UserID, CreatedName: form.By.Name}
	if err := db.in(ctx).Create(set).Error; err != nil {
		return nil, fmt.Errorf("store version %d: %w", set.Version, err)
	}
	set.Rules = form.rules()
	for i := range set.Rules {
		set.Rules[i].SetID = set.ID
	}
	if len(set.Rules) > 0 {
		if err := db.in(ctx).Create(&set.Rules).Error; err != nil {
			return nil, fmt.Errorf("store the rules of version %d: %w", set.Version, err)
		}
	}
	return set, nil
}

// statusRules are the rules in force of a store's gateway; version 0 when none were ever stored.
func (db *DB) statusRules(ctx context.Context, store int64, gateway string) (*StatusRuleSet, error) {
	set := &StatusRuleSet{StoreID: store, Gateway: gateway}
	err := db.in(ctx).Scopes(scoped(ctx, "status_rule_sets")).First(set, "store_id = ? AND gateway = ? AND current", store, gateway).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return &StatusRuleSet{StoreID: store, Gateway: gateway}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the status rules of %s: %w", gateway, err)
	}
	if err := db.in(ctx).Where("set_id = ?", set.ID).Order("id").Find(&set.Rules).Error; err != nil {
		return nil, fmt.Errorf("read the status rules of %s: %w", gateway, err)
	}
	return set, nil
}

func sameRules(a, b []StatusRule) bool {
	words := func(rules []StatusRule) []string {
		list := told(rules)
		slices.Sort(list)
		return list
	}
	return slices.Equal(words(a), words(b))
}

// told are rules as the audit log has them.
func told(rules []StatusRule) []string {
	list := []string{}
	for _, r := range rules {
		text := fmt.Sprintf("%s: %s", r.Status, r.Action)
		if r.AfterDone != nil {
			text += ", then " + *r.AfterDone
		}
		if r.AfterFail != nil {
			text += ", on failure " + *r.AfterFail
		}
		if r.Notify {
			text += ", customer told"
		}
		list = append(list, text)
	}
	return list
}

// labelsOf names statuses as people read them.
func labelsOf(statuses []OrderStatus) func(string) string {
	return func(code string) string {
		for _, s := range statuses {
			if s.Code == code {
				return s.Label
			}
		}
		return code
	}
}
