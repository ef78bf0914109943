package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// User is a person who works for the stores and signs in.
type User struct {
	ID           int64
	Email        string // as typed; compared in lower case
	Name         string
	Role         Role
	PasswordHash *string // nil until the person has set a password
	AllStores    bool
	DisabledAt   *time.Time
	Preferences  json.RawMessage `gorm:"type:jsonb;default:'{}'"`
	CreatedAt    time.Time
	UpdatedAt    time.Time

	StoreIDs []int64 `gorm:"-"` // the stores this person sees, when not all
}

// May says whether the person may do p. Nobody signed in may do only what is public.
func (u *User) May(p Permission) bool {
	if u == nil {
		return p == Public
	}
	return u.DisabledAt == nil && u.Role.May(p)
}

// Scope is the stores this person sees.
func (u *User) Scope() Scope {
	if u == nil {
		return Scope{}
	}
	return Scope{All: u.AllStores, Stores: u.StoreIDs}
}

// Actor is the person as the audit log and the history know them, coming from address.
func (u *User) Actor(address string) Actor {
	return Actor{Kind: "user", UserID: &u.ID, Name: u.Name, Address: address}
}

// Active says whether the person has set a password and is not disabled.
func (u *User) Active() bool { return u.DisabledAt == nil && u.PasswordHash != nil }

// State is how far the person has come, in a word: invited, active or disabled.
func (u *User) State() string {
	switch {
	case u.DisabledAt != nil:
		return "disabled"
	case u.PasswordHash == nil:
		return "invited"
	default:
		return "active"
	}
}

func (u *User) object() string { return fmt.Sprintf("user %d", u.ID) }

// Users are all who can sign in or once could, by name.
func (db *DB) Users(ctx context.Context) ([]User, error) {
	var users []User
	if err := db.in(ctx).Order("lower(name), id").Find(&users).Error; err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	var links []struct{ UserID, StoreID int64 }
	if err := db.in(ctx).Table("user_stores").Order("store_id").Find(&links).Error; err != nil {
		return nil, fmt.Errorf("list the stores of users: %w", err)
	}
	for i := range users {
		for _, link := range links {
			if link.UserID == users[i].ID {
				users[i].StoreIDs = append(users[i].StoreIDs, link.StoreID)
			}
		}
	}
	return users, nil
}

// User is one person.
func (db *DB) User(ctx context.Context, id int64) (*User, error) {
	return db.user(ctx, "id = ?", id)
}

// UserByEmail is the person with this address, in whatever case it was typed.
func (db *DB) UserByEmail(ctx context.Context, email string) (*User, error) {
	return db.user(ctx, "lower(email) = ?", strings.ToLower(strings.TrimSpace(email)))
}

func (db *DB) user(ctx context.Context, where string, value any) (*User, error) {
	var user User
	err := db.in(ctx).Where(where, value).Take(&user).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err == nil {
		err = db.in(ctx).Table("user_stores").Where("user_id = ?", user.ID).Order("store_id").Pluck("store_id", &user.StoreIDs).Error
	}
	if err != nil {
		return nil, fmt.Errorf("read a user: %w", err)
	}
	return &user, nil
}

// UserDetails are what is decided about a person.
type UserDetails struct {
	Email     string
	Name      string
	Role      Role
	AllStores bool
	StoreIDs  []int64
}

// clean tidies the details and says what is wrong with them, or nil.
func (d *UserDetails) clean() error {
	d.Email, d.Name = strings.TrimSpace(d.Email), strings.TrimSpace(d.Name)
	at := strings.LastIndexByte(d.Email, '@')
	switch {
	case at < 1 || at == len(d.Email)-1 || len(d.Email) > 254 || strings.ContainsFunc(d.Email, unfit) || strings.ContainsAny(d.Email, " <>,;\""):
		return FieldProblem("email", "Enter an e-mail address, such as asha@example.com.")
	case d.Name == "" || len([]rune(d.Name)) > 100 || strings.ContainsFunc(d.Name, unfit):
		return FieldProblem("name", "Enter a name of at most 100 characters.")
	case !slices.Contains(Roles, d.Role):
		return FieldProblem("role", "Choose one of the roles.")
	}
	if d.Role == Owner {
		d.AllStores = true // an owner answers for all of them
	}
	if d.AllStores {
		d.StoreIDs = nil
	}
	slices.Sort(d.StoreIDs)
	d.StoreIDs = slices.Compact(d.StoreIDs)
	if !d.AllStores && len(d.StoreIDs) == 0 {
		return FieldProblem("stores", "Choose at least one store, or all of them.")
	}
	return nil
}

// unfit are the characters no line of text needs: controls and direction overrides.
func unfit(r rune) bool {
	return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
