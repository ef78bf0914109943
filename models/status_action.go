package models

import (
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// StatusAction is what a change of an order's status has a provider do with one payment: made once per change,
// in its transaction, and carried out afterwards. Until it is done the order keeps the status it had.
type StatusAction struct {
	ID           int64
	StoreID      int64
	OrderID      int64
	PaymentID    int64
	RuleID       int64  // the linking in force when it was made
	HistoryID    int64  // the row of the order's history that tells of the change
	Action       Action // CaptureAction, CancelAction or UpdateAction
	AmountMinor  *int64 // of an amount update: what the order came to
	Gateway      string
	FromStatus   string // what the order had when it was asked
	ToStatus     string // what was asked for: the order gets it when the action is done
	ToReason     string
	AfterDone    string // what it gets instead, or ""
	AfterFail    string // what it gets when the action fails; "" leaves it as it was
	Notify       bool   // the customer is told when it is done
	Source       string // staff, api, bulk, webhook, job
	Actor        string
	ActorID      *int64
	ActorName    string
	ActorAddress string
	State        StatusActionState
	Code         SkipCode // why nothing had to be called, or why it failed
	Problem      string   // a sentence
	OperationID  *int64   // the first of its operations; the others follow it
	Round        int      // counted from 1; Retry begins the next
	Tries        int      // of this round
	DroppedAt    *time.Time
	NextAt       *time.Time
	LeaseUntil   *time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	FinishedAt   *time.Time
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
	ActionDropped StatusActionState = "dropped" // the status was changed otherwise before anything came of it
)

// Open says whether something is still to come of the action.
func (a *StatusAction) Open() bool {
	return a.State == ActionWaiting || a.State == ActionSent || a.State == ActionFailed
}

// holds says whether the order waits for the action before it gets the status that was asked for.
func (a *StatusAction) holds() bool { return a.Open() && a.DroppedAt == nil }

// by is who changed the status.
func (a *StatusAction) by() Actor {
	return Actor{Kind: a.Actor, UserID: a.ActorID, Name: a.ActorName, Address: a.ActorAddress}
}

// wish is the action as the money actions take it. A round is one wish, however often it is made.
func (a *StatusAction) wish() Wish {
	return Wish{
		OrderID: a.OrderID, PaymentID: a.PaymentID, Source: FromStatus, By: a.by(),
		Key: fmt.Sprintf("rule %d history %d payment %d round %d", a.RuleID, a.HistoryID, a.PaymentID, a.Round),
	}
}

// StatusGroups are the three groups of actions a status can be linked to, as people call them.
var StatusGroups = []StatusGroup{
	{Action: CaptureAction, Title: "Activation", Label: "Capture", Help: "Draws the reserved amount, or sends the invoice."},
	{Action: CancelAction, Title: "Cancellation", Label: "Cancel or credit", Help: "Before activation the reservation is given back; after it the whole amount is credited. Which, the payment decides at that moment."},
	{Action: UpdateAction, Title: "Update", Label: "Update the amount", Help: "Before activation the reservation is changed to what the order comes to."},
}

// StatusGroup is a group of order statuses that start the same action.
type StatusGroup struct {
	Action Action
	Title  string
	Label  string // as one does it
	Help   string
}

// groupOf is the group of an action.
func groupOf(action Action) StatusGroup {
	for _, g := range StatusGroups {
		if g.Action == action {
			return g
		}
	}
	return StatusGroup{Action: action, Title: string(action), Label: string(action)}
}

// want is what the action asks of a payment as it stands; update is the new total.
func (action Action) want(update money.Amount) Want {
	if action == UpdateAction {
		return Want{Action: action, Amount: update}
	}
	return Want{Action: action}
}

// doing is what the provider is to do, in words: "capture the payment".
func (action Action) doing() string {
	return map[Action]string{
		CaptureAction: "capture the payment", CancelAction: "cancel or credit the payment", UpdateAction: "change the amount it holds",
	}[action]
}

// verb is the call a gateway must know for the action.
func (action Action) verb() gateways.Verb {
	return map[Action]gateways.Verb{CaptureAction: gateways.Capture, CancelAction: gateways.Void, UpdateAction: gateways.Update}[action]
}

// StatusChanged is what came of a change of status.
type StatusChanged struct {
	Order *Order
	// Waits says that the order keeps its status until Actions are done: then it becomes Wanted, or what is
	// configured for after it.
	Waits   bool
	Wanted  string
	Actions []StatusAction
}
