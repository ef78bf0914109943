package models

import (
	"context"
	"strings"
	"sync"
	"unicode"
)

// ConfirmationState is what came of Confirm Payment for one GoFynd order id.
type ConfirmationState string

// What can come of it.
const (
	ConfirmWaiting  ConfirmationState = "waiting"  // its turn has not come
	ConfirmDone     ConfirmationState = "done"     // Fynd has heard it, and the order is processed
	ConfirmAlready  ConfirmationState = "already"  // it had been done before; nothing was sent
	ConfirmRefused  ConfirmationState = "refused"  // Said tells why, and what to do
	ConfirmRetrying ConfirmationState = "retrying" // Fynd has not answered well yet; it is told again by itself
)

// Confirmation is what came of Confirm Payment for one GoFynd order id.
type Confirmation struct {
	PartnerOrderID string
	OrderID        int64 // 0 when no such order is known to this person
	State          ConfirmationState
	Said           string // a sentence or two for the person at the screen
	UpdateID       *int64 // what Fynd is told, in partner_updates
}

// MostConfirmations is how many ids Confirm Payment takes at once.
const MostConfirmations = 200

// parallelConfirmations is how many of them are worked on at a time.
const parallelConfirmations = 4

// ConfirmIDs reads GoFynd order ids as people paste them: one to a line, or with commas, semicolons or spaces
// between them. One that is there twice counts once. Having none or too many is a Problem.
func ConfirmIDs(text string) ([]string, error) {
	var ids []string
	known := map[string]bool{}
	for _, id := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		if !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, FieldProblem("ids", "Fill in at least one GoFynd order ID.")
	case len(ids) > MostConfirmations:
		return nil, FieldProblem("ids", "These are %d ids; execute at most %d at once.", len(ids), MostConfirmations)
	}
	for _, id := range ids {
		if len(id) > 64 {
			return nil, FieldProblem("ids", "“%s…” is too long for a GoFynd order ID.", clip(id, 24))
		}
	}
	return ids, nil
}

// ConfirmPayments tells Fynd that the orders with these GoFynd order ids are paid, for those of them that are:
// each one's gateway is asked at this moment. Only missing and processing orders of Fynd stores within the scope
// of ctx are confirmed, and each payment once, whoever asks at the same time. The answers come in the order of
// ids, each id once. An error is a broken database; anything else is said by a Confirmation.
func (db *DB) ConfirmPayments(ctx context.Context, ids []string, by Actor) ([]Confirmation, error) {
	ids, err := ConfirmIDs(strings.Join(ids, "\n"))
	if err != nil {
		return nil, err
	}
	list := make([]Confirmation, len(ids))
	positions := make([]int64, len(ids))
	for i := range ids {
		positions[i] = int64(i)
	}
	var mu sync.Mutex
	err = each(positions, parallelConfirmations, func(i int64) error {
		c, err := db.confirmOne(ctx, ids[i], by)
		mu.Lock()
		list[i] = c
		mu.Unlock()
		return err
	})
	return list, err
}
