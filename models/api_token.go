package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// APIToken lets a program use the API: with these scopes, in these stores, until it runs out or is revoked.
type APIToken struct {
	ID          int64
	Name        string
	Handle      string       // the part of the token that may be seen: kfy_<handle>_…
	Scopes      []Permission // what the program may do
	AllStores   bool
	Stores      []int64 // when not all
	PerMinute   int     // requests
	Maker       string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   *time.Time
	RevokedBy   string
	LastUsedAt  *time.Time // to the minute
	LastAddress string

	hash []byte
}

// APIScopes are the permissions a program may have, in the order of the form.
var APIScopes = []Choice{
	{Value: string(OrdersRead), Label: "Read orders, payments and operations, and try what an action would do"},
	{Value: string(OrdersCreate), Label: "Create orders and their payment links"},
	{Value: string(OrdersStatus), Label: "Change the status of orders, with the payment actions linked to it"},
	{Value: string(RefundMoney), Label: "Refund money"},
	{Value: string(CaptureMoney), Label: "Capture held money"},
	{Value: string(VoidMoney), Label: "Cancel or credit payments; needs Refund money as well"},
	{Value: string(UpdateAmount), Label: "Change held amounts"},
}

// Has says whether the program may do p.
func (t *APIToken) Has(p Permission) bool { return t != nil && slices.Contains(t.Scopes, p) }

// Scope is the stores the program sees.
func (t *APIToken) Scope() Scope { return Scope{All: t.AllStores, Stores: t.Stores} }

// Actor is the program as the audit log and the history know it, coming from address.
func (t *APIToken) Actor(address string) Actor {
	return Actor{Kind: "api", Name: t.Name, Address: address}
}

// State is how the token stands at a moment: active, expiring within a week, expired or revoked.
func (t *APIToken) State(at time.Time) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case !at.Before(t.ExpiresAt):
		return "expired"
	case at.Add(7 * 24 * time.Hour).After(t.ExpiresAt):
		return "expiring"
	}
	return "active"
}

// Prefix is the part of the token that may be seen.
func (t *APIToken) Prefix() string { return tokenMark + t.Handle }

const (
	tokenMark   = "kfy_"
	handleSize  = 10
	handleChars = "abcdefghijklmnopqrstuvwxyz234567"
)

// newAPISecret makes a token: a mark that scanners for leaked secrets know, the handle, and 256 random bits.
func newAPISecret() (handle, secret string) {
	b := make([]byte, handleSize)
	_, _ = rand.Read(b) // never fails
	text := base32.NewEncoding(handleChars).WithPadding(base32.NoPadding).EncodeToString(b)
	handle = text[:handleSize]
	return handle, tokenMark + handle + "_" + randomToken()
}

const tokenColumns = `id, name, handle, hash, scopes, all_stores, stores, per_minute, maker, created_at, expires_at, revoked_at, revoked_by, last_used_at, last_address`

func scanToken(row pgx.CollectableRow) (APIToken, error) {
	var t APIToken
	err := row.Scan(&t.ID, &t.Name, &t.Handle, &t.hash, &t.Scopes, &t.AllStores, &t.Stores, &t.PerMinute, &t.Maker,
		&t.CreatedAt, &t.ExpiresAt, &t.RevokedAt, &t.RevokedBy, &t.LastUsedAt, &t.LastAddress)
	return t, err //nolint:wrapcheck // said by whoever asked
}

// APITokens are all tokens: those that work first, the newest first.
func (db *DB) APITokens(ctx context.Context) ([]APIToken, error) {
	rows, err := db.pool.Query(ctx, "SELECT "+tokenColumns+" FROM api_tokens ORDER BY revoked_at IS NOT NULL OR expires_at <= clock_timestamp(), id DESC")
	if err != nil {
		return nil, fmt.Errorf("list API tokens: %w", err)
	}
	tokens, err := pgx.CollectRows(rows, scanToken)
	if err != nil {
		return nil, fmt.Errorf("list API tokens: %w", err)
	}
	return tokens, nil
}

// APITokenBySecret is the token that a program shows, while it works; ErrNotFound when it was never made, has run
// out or was revoked. How long the comparison takes says nothing about the secret.
func (db *DB) APITokenBySecret(ctx context.Context, secret string) (*APIToken, error) {
	sum := sha256.Sum256([]byte(secret))
	rest, marked := strings.CutPrefix(secret, tokenMark)
	handle, _, parted := strings.Cut(rest, "_")
	if !marked || !parted || len(handle) != handleSize || len(secret) > 200 || strings.Trim(handle, handleChars) != "" {
		return nil, ErrNotFound
	}
	rows, err := db.pool.Query(ctx, "SELECT "+tokenColumns+" FROM api_tokens WHERE handle = $1 AND revoked_at IS NULL AND expires_at > clock_timestamp()", handle)
	if err != nil {
		return nil, fmt.Errorf("look for an API token: %w", err)
	}
	token, err := pgx.CollectExactlyOneRow(rows, scanToken)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("look for an API token: %w", err)
	case subtle.ConstantTimeCompare(token.hash, sum[:]) != 1:
		return nil, ErrNotFound
	}
	return &token, nil
}

// TouchAPIToken notes that a program used its token, at most once a minute.
func (db *DB) TouchAPIToken(ctx context.Context, t *APIToken, address string) error {
	at := now()
	if t.LastUsedAt != nil && at.Sub(*t.LastUsedAt) < touchEvery && t.LastAddress == address {
		return nil
	}
	_, err := db.pool.Exec(ctx, "UPDATE api_tokens SET last_used_at = $2, last_address = $3 WHERE id = $1", t.ID, at, clip(address, 100))
	if err != nil {
		return fmt.Errorf("touch API token %d: %w", t.ID, err)
	}
	return nil
}
