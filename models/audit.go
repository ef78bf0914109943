package models

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Actor is who does something: a person, a webhook, a job, a command.
type Actor struct {
	Kind    string // "user", "webhook", "job", "api", "system", "command"
	UserID  *int64 // of a person
	Name    string
	Address string // the client's address, for people
}

// The actors that are not people.
var (
	JobActor    = Actor{Kind: "job", Name: "kartify"}
	SystemActor = Actor{Kind: "system", Name: "kartify"}
)

// history is the actor as order_history knows it.
func (a Actor) history() string {
	if a.Kind == "command" {
		return "system"
	}
	return a.Kind
}

// Audit is one row of the audit log, chained to the row before it in its store.
type Audit struct {
	Chain     int64 // store, 0 for none
	Seq       int64
	At        time.Time
	Actor     string
	ActorID   *int64
	ActorName string
	Address   string
	Action    string
	Object    string
	OrderID   *int64
	Details   json.RawMessage `gorm:"type:jsonb"`
	Hash      []byte
}

// TableName is audit_log.
func (Audit) TableName() string { return "audit_log" }

// audit adds a row to the log, in the transaction of the change it speaks of. Details must hold no
// personal data: ids, codes and amounts only, so that erasing a customer leaves the chain whole.
// It is the last statement of a transaction, for it holds the chain until the commit.
func (db *DB) audit(ctx context.Context, store int64, by Actor, action, object string, order *int64, details map[string]any) error {
	if details == nil {
		details = map[string]any{}
	}
	text, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	err = db.in(ctx).Exec(`INSERT INTO audit_log (chain, actor, actor_id, actor_name, address, action, object, order_id, details)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, store, by.Kind, by.UserID, by.Name, by.Address, action, object, order, string(text)).Error
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}
