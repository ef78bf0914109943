package models

import "time"

// StatusAction is what a change of an order's status has a provider do with one payment: made once per change,
// in its transaction, and carried out afterwards.
type StatusAction struct {
	ID         int64
	StoreID    int64
	OrderID    int64
	PaymentID  int64
	RuleID     int64 // the linking in force when it was made
	HistoryID  int64 // the row of the order's history that tells of the change
	Action     Action
	Gateway    string
	Mode       string
	FromStatus string
	ToStatus   string // what was asked for; the order gets it when the action is done
	AfterDone  string // what it gets instead, or ""
	AfterFail  string // what it gets when the action fails; "" leaves it as it was
	Notify     bool   // tell the customer when it is done
	Source     string // staff, api, bulk, webhook, job
	Actor      string
	ActorID    *int64
	ActorName  string
	State      StatusActionState
	Code       SkipCode // why nothing had to be called, or why it failed
	Problem    string   // a sentence
	Round      int      // counted from 1; Retry begins the next
	Tries      int      // of this round
	DroppedAt  *time.Time
	NextAt     *time.Time
	LeaseUntil *time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	FinishedAt *time.Time
}

// StatusActionState is where a status action stands.
type StatusActionState string

// The states. Waiting and sent are under way; failed waits for a person.
const (
	ActionWaiting StatusActionState = "waiting" // nothing was called yet
	ActionSent    StatusActionState = "sent"    // its operations are under way
	ActionDone    StatusActionState = "done"    // the operations succeeded, or there was nothing to call
	ActionFailed  StatusActionState = "failed"
	ActionPassed  StatusActionState = "passed"  // somebody went on without the provider
	ActionDropped StatusActionState = "dropped" // the status was changed again before anything was called
)

// StatusChanged is what came of a change of status.
type StatusChanged struct {
	Order *Order
	// Waits says that the order keeps its status until Actions are done: then it becomes Wanted, or what is
	// configured for after it.
	Waits   bool
	Wanted  string
	Actions []StatusAction
}
