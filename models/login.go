package models

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
)

// SignInRequest is what somebody typed, and from where.
type SignInRequest struct {
	Email    string
	Password string // exactly as typed
	Address  string // of the client itself, not what it claims
}

// TooManyTries says that a sign-in was not even looked at, and when it may be tried again.
type TooManyTries struct{ Until time.Time }

func (e *TooManyTries) Error() string { return e.In(context.Background()) }

// In says in the language of the context how long to wait.
func (e *TooManyTries) In(ctx context.Context) string {
	minutes := max(1, int(time.Until(e.Until)/time.Minute)+1)
	return lang.N(ctx, "Too many tries. Try again in a minute.", "Too many tries. Try again in %d minutes.", minutes, minutes)
}

// Seconds is how long to wait, as the header Retry-After has it.
func (e *TooManyTries) Seconds() string {
	return strconv.Itoa(max(1, int(time.Until(e.Until)/time.Second)+1))
}

// errWrong is the one answer to every sign-in that fails, whatever is wrong with it.
var errWrong = &Problem{Sentence: "The e-mail address or the password is not right."}

// nobody is the hash that a sign-in without an account is checked against, so that it takes as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IHNpZ25zIGlu$V9rjmHWVmBQmnKWFwZ2Pm8cyYZ3hyBZqhS7yU1yFvqQ"

// SignIn finds the person who signs in. What is wrong is a Problem, or TooManyTries.
func (db *DB) SignIn(ctx context.Context, req SignInRequest) (*User, error) {
	account := clip(strings.ToLower(strings.TrimSpace(req.Email)), 254)
	place := addressKey(req.Address)
	user, err := db.UserByEmail(ctx, account)
	if errors.Is(err, ErrNotFound) {
		user, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	try, err := db.countTry(ctx, user, account, place)
	if err != nil {
		return nil, err
	}
	right, err := db.passwordFits(ctx, user, req.Password)
	if err != nil {
		return nil, err
	}
	by := Actor{Kind: "user", Name: "nobody", Address: req.Address}
	if !right {
		object := "no account"
		if user != nil {
			by, object = user.Actor(req.Address), user.object()
		}
		if err := db.audit(ctx, 0, by, "session.refused", object, nil, nil); err != nil {
			return nil, err
		}
		return nil, errWrong
	}
	err = db.Tx(ctx, func(tx *DB) error {
		if err := tx.forgetTries(ctx, user, try, account, place); err != nil {
			return err
		}
		return tx.audit(ctx, 0, user.Actor(req.Address), "session.started", user.object(), nil, nil)
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// passwordFits takes the same time whether there is such a person or not. A hash made with other parameters is made anew.
func (db *DB) passwordFits(ctx context.Context, user *User, password string) (bool, error) {
	hash := nobody
	if user != nil && user.Active() {
		hash = *user.PasswordHash
	}
	ok, stale, err := checkPassword(ctx, hash, clip(password, longestPass+1))
	if err != nil || !ok || user == nil || !user.Active() || len(password) > longestPass {
		return false, err
	}
	if stale {
		fresh, err := hashPassword(ctx, password)
		if err != nil {
			return false, err
		}
		if err := db.setColumn(ctx, user.ID, "password_hash", fresh); err != nil {
			return false, err
		}
	}
	return true, nil
}

// A tryLimit is how many failures within a time bring a pause.
type tryLimit struct {
	where  string // which failures count together
	n      int
	within time.Duration
	pause  time.Duration
}

// The limits: strict for one account from one address, so that guessing is hopeless; loose for an
// account from anywhere, and not for addresses it has signed in from, so that nobody is locked out by a stranger.
var (
	tryHere    = tryLimit{"account = @account AND address = @address", 10, 15 * time.Minute, 30 * time.Minute}
	tryAccount = tryLimit{"account = @account", 100, 15 * time.Minute, 30 * time.Minute}
	tryAddress = tryLimit{"address = @address", 30, 5 * time.Minute, 5 * time.Minute}
)

// countTry notes a try as failed before the password is looked at, so that tries side by side are all
// counted. It refuses when there were too many.
func (db *DB) countTry(ctx context.Context, user *User, account, address string) (id int64, err error) {
	err = db.Tx(ctx, func(tx *DB) error {
		for _, key := range []string{"address " + address, "account " + account} { // always in this order
			if err := tx.in(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", key).Error; err != nil {
				return fmt.Errorf("lock sign-ins: %w", err)
			}
		}
		limits := []tryLimit{tryHere, tryAddress}
		known, err := tx.knownPlace(ctx, user, address)
		if err != nil {
			return err
		}
		if !known {
			limits = append(limits, tryAccount)
		}
		for _, limit := range limits {
			if err := tx.checkTries(ctx, limit, account, address); err != nil {
				return err
			}
		}
		err = tx.in(ctx).Raw("INSERT INTO login_failures (account, address, at) VALUES (?, ?, ?) RETURNING id", account, address, now()).Scan(&id).Error
		if err != nil {
			return fmt.Errorf("count a sign-in: %w", err)
		}
		return nil
	})
	return id, err
}

func (db *DB) checkTries(ctx context.Context, limit tryLimit, account, address string) error {
	var times []time.Time
	err := db.in(ctx).Table("login_failures").
		Where(limit.where, map[string]any{"account": account, "address": address}).
		Order("at DESC").Limit(limit.n).Pluck("at", &times).Error
	if err != nil {
		return fmt.Errorf("count sign-ins: %w", err)
	}
	if len(times) < limit.n || times[0].Sub(times[limit.n-1]) > limit.within {
		return nil
	}
	if until := times[0].Add(limit.pause); until.After(now()) {
		return &TooManyTries{Until: until}
	}
	return nil
}

func (db *DB) knownPlace(ctx context.Context, user *User, address string) (bool, error) {
	if user == nil {
		return false, nil
	}
	var known bool
	err := db.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM login_places WHERE user_id = ? AND address = ?)", user.ID, address).Scan(&known).Error
	if err != nil {
		return false, fmt.Errorf("read where user %d signs in: %w", user.ID, err)
	}
	return known, nil
}

// forgetTries clears the failures of this person here and remembers the place.
func (db *DB) forgetTries(ctx context.Context, user *User, try int64, account, address string) error {
	err := db.in(ctx).Exec("DELETE FROM login_failures WHERE id = ? OR (account = ? AND address = ?)", try, account, address).Error
	if err == nil {
		err = db.in(ctx).Exec(`INSERT INTO login_places (user_id, address, last_at) VALUES (?, ?, ?)
			ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at`, user.ID, address, now()).Error
	}
	if err != nil {
		return fmt.Errorf("note the sign-in of user %d: %w", user.ID, err)
	}
	return nil
}

// addressKey is what tries are counted by: an IPv4 address, or the /64 that one IPv6 customer has to himself.
func addressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return clip(address, 64)
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
