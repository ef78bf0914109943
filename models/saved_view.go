package models

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
)

// SavedView is a filter of the order list that somebody gave a name, for themselves or for all.
type SavedView struct {
	ID     int64
	UserID int64
	List   string // "orders"
	Name   string
	Query  string // the filter as it stands in the URL
	Shared bool
	Owner  string `gorm:"-"` // the name of who saved it
}

const (
	maxViews     = 30   // of one person
	maxViewName  = 60   // runes
	maxViewQuery = 2000 // bytes
)

// check reads the fields as a person filled them in.
func (v *SavedView) check(role Role) error {
	v.Name = strings.Join(strings.Fields(plain(v.Name)), " ")
	switch n := utf8.RuneCountInString(v.Name); {
	case n == 0:
		return FieldProblem("name", "Give the view a name.")
	case n > maxViewName:
		return FieldProblem("name", "A name has at most %d characters; this one has %d.", maxViewName, n)
	case v.Shared && !role.May(ViewsShare):
		return ErrForbidden
	case len(v.Query) > maxViewQuery:
		return FieldProblem("name", "This filter is too long to be saved; leave some of it out.")
	}
	if _, err := url.ParseQuery(v.Query); err != nil {
		return FieldProblem("name", "This filter cannot be saved.")
	}
	return nil
}

// SaveView keeps a new view of the person v.UserID, whose role decides whether it may be shared.
func (db *DB) SaveView(ctx context.Context, v *SavedView, role Role) error {
	defer db.lists.forget()
	v.List = "orders"
	if err := v.check(role); err != nil {
		return err
	}
	return db.Tx(ctx, func(tx *DB) error {
		var have int64
		if err := tx.in(ctx).Model(&SavedView{}).Where("user_id = ? AND list = ?", v.UserID, v.List).Count(&have).Error; err != nil {
			return fmt.Errorf("count the views of user %d: %w", v.UserID, err)
		}
		if have >= maxViews {
			return FieldProblem("name", "You have %d views; delete one before you save another.", have)
		}
		return named(tx.in(ctx).Create(v).Error, v)
	})
}

// ChangeView gives one of the person's own views another name, and shares it or not.
func (db *DB) ChangeView(ctx context.Context, v *SavedView, role Role) error {
	defer db.lists.forget()
	v.List, v.Query = "orders", ""
	if err := v.check(role); err != nil {
		return err
	}
	done := db.in(ctx).Model(&SavedView{}).Where("id = ? AND user_id = ? AND list = ?", v.ID, v.UserID, v.List).
		Updates(map[string]any{"name": v.Name, "shared": v.Shared})
	if done.Error == nil && done.RowsAffected == 0 {
		return ErrNotFound
	}
	return named(done.Error, v)
}

// DeleteView removes one of the person's own views.
func (db *DB) DeleteView(ctx context.Context, user, id int64) error {
	defer db.lists.forget()
	done := db.in(ctx).Where("id = ? AND user_id = ?", id, user).Delete(&SavedView{})
	if done.Error != nil {
		return fmt.Errorf("delete view %d: %w", id, done.Error)
	}
	if done.RowsAffected == 0 {
		return ErrNotFound
	}
	return nil
}

// named turns a name taken twice into a sentence.
func named(err error, v *SavedView) error {
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return FieldProblem("name", "You have a view called “%s” already; choose another name.", v.Name)
	case err != nil:
		return fmt.Errorf("save view %q: %w", v.Name, err)
	}
	return nil
}
