package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// PrivacyKind is what is wished for somebody's data.
type PrivacyKind string

// The kinds, which are Fynd's three duties as well.
const (
	PrivacyData  PrivacyKind = "data_request" // everything that is kept about a person, as a file
	PrivacyErase PrivacyKind = "customer"     // a person is erased
	PrivacyShop  PrivacyKind = "shop"         // a store's customers are erased, and what the store entered
)

// Label is the kind for people.
func (k PrivacyKind) Label() string {
	return map[PrivacyKind]string{PrivacyData: "Data of a person", PrivacyErase: "Erase a person", PrivacyShop: "Erase a shop"}[k]
}

// privacyDays is how long the law gives to do what was wished (GDPR, article 12).
const privacyDays = 30

// PrivacyFileLifetime is how long the data of a person waits to be taken away.
const PrivacyFileLifetime = 7 * 24 * time.Hour

// PrivacyRequest is a wish about somebody's data, and what became of it. Who it is about is only known until it is done.
type PrivacyRequest struct {
	ID            int64
	Origin        string // fynd, staff, command
	ExtensionID   *int64 // through which Fynd asked
	RequestID     string // Fynd's, or one of our own
	Kind          PrivacyKind
	CompanyID     string
	ApplicationID string
	Stores        []int64 // whose records it is about
	Subject       string  // masked
	State         string  // queued, running, waiting, done
	Problem       string  // a sentence: what went wrong last, or what it waits for
	Counts        map[string]int64
	Tries         int
	ActorKind     string
	ActorID       *int64
	ActorName     string
	ActorAddress  string
	CreatedAt     time.Time
	StartedAt     *time.Time
	DoneAt        *time.Time
	FileBytes     *int64     // of the file to take away
	FileUntil     *time.Time // until when it waits
}

const privacyColumns = `r.id, r.origin, r.extension_id, r.request_id, r.kind, r.company_id, r.application_id, r.stores, r.subject, r.state, r.problem, r.counts, r.tries,
	r.actor AS actor_kind, r.actor_id, r.actor_name, r.actor_address, r.created_at, r.started_at, r.done_at, f.bytes AS file_bytes, f.expires_at AS file_until
	FROM privacy_requests r LEFT JOIN privacy_files f ON f.request_id = r.id AND f.expires_at > now()`

// Due is when the wish must have been fulfilled.
func (r *PrivacyRequest) Due() time.Time { return r.CreatedAt.AddDate(0, 0, privacyDays) }

// by is who wished it.
func (r *PrivacyRequest) by() Actor {
	return Actor{Kind: r.ActorKind, UserID: r.ActorID, Name: r.ActorName, Address: r.ActorAddress}
}

// chain is where the audit log tells of it: with its store, or with none when it is of several.
func (r *PrivacyRequest) chain() int64 {
	if len(r.Stores) == 1 {
		return r.Stores[0]
	}
	return 0
}

func (r *PrivacyRequest) object() string { return "privacy request " + strconv.FormatInt(r.ID, 10) }

// Number is what was counted under a name; 0 when nothing was.
func (r *PrivacyRequest) Number(name string) int64 { return r.Counts[name] }

// PrivacyJob asks for a wish about somebody's data to be fulfilled.
type PrivacyJob struct {
	RequestID int64 `json:"request_id"`
}

// Kind names the job.
func (PrivacyJob) Kind() string { return "privacy" }

// PrivacyRequests are the newest wishes about people's data, beginning behind the one with the number before.
func (db *DB) PrivacyRequests(ctx context.Context, before int64, limit int) ([]*PrivacyRequest, error) {
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, "SELECT "+privacyColumns+" WHERE ($1 = 0 OR r.id < $1) AND ($2 OR r.stores <@ $3) ORDER BY r.id DESC LIMIT $4",
		before, scope.All, slices.Concat([]int64{}, scope.Stores), limit)
	if err != nil {
		return nil, fmt.Errorf("list privacy requests: %w", err)
	}
	requests, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[PrivacyRequest])
	if err != nil {
		return nil, fmt.Errorf("list privacy requests: %w", err)
	}
	return requests, nil
}

// PrivacyRequest is one wish about somebody's data, within the scope.
func (db *DB) PrivacyRequest(ctx context.Context, id int64) (*PrivacyRequest, error) {
	scope := ScopeOf(ctx)
	rows, err := db.pool.Query(ctx, "SELECT "+privacyColumns+" WHERE r.id = $1 AND ($2 OR r.stores <@ $3)", id, scope.All, slices.Concat([]int64{}, scope.Stores))
	if err != nil {
		return nil, fmt.Errorf("read privacy request %d: %w", id, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[PrivacyRequest])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read privacy request %d: %w", id, err)
	}
	return r, nil
}

// task is what stands sealed in a wish: who it is about and, once it has begun, what to look for.
type task struct {
	Person Person   `json:"person"`
	Begun  bool     `json:"begun"`
	Orders []int64  `json:"orders,omitempty"` // the person's
	Words  []string `json:"words,omitempty"`  // that name the person, wherever they stand
	Hints  []string `json:"hints,omitempty"`  // that name the person beside the person's own orders only
}

func taskPlace(digest []byte) string { return fmt.Sprintf("privacy request %x", digest) }

func (db *DB) sealTask(t *task, digest []byte) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write down who it is about: %w", err)
	}
	return db.keys.Seal(taskPlace(digest), string(text))
}

func (db *DB) openTask(sealed string, digest []byte) (*task, error) {
	text, err := db.keys.Open(taskPlace(digest), sealed)
	if err != nil {
		return nil, err
	}
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return nil, fmt.Errorf("read who it is about: %w", err)
	}
	return &t, nil
}
