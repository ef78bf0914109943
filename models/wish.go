package models

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// The sources of an operation.
const (
	FromStaff    = "staff"    // a person pressed a button
	FromAPI      = "api"      // a program asked
	FromStatus   = "status"   // the order's status was changed
	FromPlan     = "plan"     // its planned time came
	FromProvider = "provider" // it was done in the provider's own portal, not here
)

// Wish is what every money action has in common: on which payment, why, and who asks. The same wish again
// gives the same operations back, whatever became of them; another wish under the same name is refused.
type Wish struct {
	OrderID   int64
	PaymentID int64  // sought under its order
	Reason    string // of RefundReasons, or in words; may be empty but for refunds
	Note      string
	Source    string // FromStaff when empty, FromAPI, FromStatus or FromPlan
	Token     string // of the form, for FromStaff: DB.FormToken(user, action, payment)
	// Key names the wish for the sources without a form. It must be unique per caller, so the caller is part
	// of it: "token 7 a1b2c3", "rule 3 history 991".
	Key string
	By  Actor
}

func (w Wish) source() string {
	if w.Source == "" {
		return FromStaff
	}
	return w.Source
}

// name is the hash under which the wish is remembered. expired says that its form is too old for a new one.
func (db *DB) wishName(w Wish, action Action) (hash []byte, expired bool, err error) {
	switch w.source() {
	case FromStaff:
		if w.By.UserID == nil {
			return nil, false, ErrForbidden
		}
		return db.checkFormToken(w.Token, *w.By.UserID, string(action), w.PaymentID)
	case FromAPI, FromStatus, FromPlan:
		if strings.TrimSpace(w.Key) == "" {
			return nil, false, problemf("Name this request with an idempotency key, so that it can be repeated safely.")
		}
		sum := sha256.Sum256([]byte(w.source() + " " + w.Key))
		return sum[:], false, nil
	}
	return nil, false, problemf("Money is moved for people, programs, status changes and plans only.")
}

// asked gives back what the wish made before, the first operation first, or nothing.
func (db *DB) asked(ctx context.Context, hash, digest []byte) ([]*Operation, error) {
	first, err := db.operationByToken(ctx, hash)
	if err != nil || first == nil {
		return nil, err
	}
	if !slices.Equal(first.Digest, digest) {
		said := map[gateways.Verb]lang.Text{
			gateways.Refund:  lang.Textf("This form was already used to refund %s. Reload the page to start another one.", first.Amount()),
			gateways.Capture: lang.Textf("This form was already used to capture %s. Reload the page to start another one.", first.Amount()),
			gateways.Void:    lang.Textf("This form was already used to give back %s. Reload the page to start another one.", first.Amount()),
			gateways.Update:  lang.Textf("This form was already used to change the amount to %s. Reload the page to start another one.", first.Amount()),
		}[first.Kind]
		return nil, &Problem{Sentence: said.String(), Text: said, Conflict: true}
	}
	var rest []*Operation
	if err := db.in(ctx).Where("follows = ?", first.ID).Order("id").Find(&rest).Error; err != nil {
		return nil, fmt.Errorf("read what followed operation %d: %w", first.ID, err)
	}
	return append([]*Operation{first}, rest...), nil
}

// tooOld is the answer to a form that was shown too long ago.
func (db *DB) tooOld() error {
	return problemf("This form is older than %.0f minutes. Reload the page, look at what has happened since, and press the button again.", db.timings.FormLifetime.Minutes())
}

// check says what is wrong with the words of a wish, or nil.
func (w Wish) check(needed bool) error {
	reason := utf8.RuneCountInString(strings.TrimSpace(w.Reason))
	switch {
	case needed && (reason == 0 || reason > 200):
		return FieldProblem("reason", "Choose a reason for the refund, or write one of at most 200 characters.")
	case reason > 200:
		return FieldProblem("reason", "Keep the reason under 200 characters.")
	}
	if utf8.RuneCountInString(w.Note) > 500 {
		return FieldProblem("note", "Keep the note under 500 characters.")
	}
	return nil
}

// digestOf tells a repeated wish from one that was changed.
func digestOf(parts ...any) []byte {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // plain values always marshal
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// operation makes the operation of one step of a plan, unsaved.
func (w Wish) operation(at *position, step Step, settings *GatewaySettings) *Operation {
	lines := step.Lines
	if lines == nil {
		lines = []RefundLine{}
	}
	return &Operation{
		StoreID: at.payment.StoreID, OrderID: at.payment.OrderID, PaymentID: at.payment.ID, Kind: step.Verb, Source: w.source(),
		AmountMinor: step.Amount.Minor, Currency: step.Amount.Currency, Lines: lines, Reason: w.Reason, Note: w.Note,
		RequestedBy: w.By.UserID, Requester: w.By.Name, IdempotencyKey: newKey(), SettingsID: &settings.ID, State: Queued,
		Once: at.driver.ClassOf(step.Verb) == gateways.Once,
	}
}
