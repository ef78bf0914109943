package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kartify/kartify/gateways"
)

// partnerSteps are the pauses between attempts to tell the partner; the last one repeats.
var partnerSteps = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}

// longestLog is how many attempts an update keeps: the first, and the latest.
const longestLog = 20

// recordTold records what came of an attempt, when it is still the latest one.
func (db *DB) recordTold(ctx context.Context, claimed *PartnerUpdate, answer error, exchanges []gateways.Exchange) error {
	u, err := db.lockUpdate(ctx, claimed.ID)
	if err != nil {
		return err
	}
	if u.State != "queued" || u.Tries != claimed.Tries && answer != nil {
		return nil
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	var none *tokenless
	if errors.As(answer, &none) { // nothing was said, so it was no attempt
		u.Tries--
		return db.putOff(ctx, u, at.Add(none.pause(at.Sub(u.CreatedAt))), none.sentence())
	}
	attempt := PartnerAttempt{At: at, Exchanges: exchanges}
	switch {
	case otherToken(answer, u.Tries):
		attempt.Problem = "Fynd did not accept the access token. A new one is asked for."
	case answer != nil:
		attempt.Problem = message(answer)
	}
	if u.Log, err = logged(u.Log, attempt); err != nil {
		return err
	}
	switch {
	case answer == nil:
		if err := db.closeUpdate(ctx, u, "done", ""); err != nil {
			return err
		}
		if err := db.closeOvertaken(ctx, u); err != nil {
			return err
		}
		return db.tellNext(ctx, u)
	case !mayRepeat(answer) && !otherToken(answer, u.Tries):
		return db.giveUpTelling(ctx, u, attempt.Problem)
	case u.Tries >= db.timings.PartnerTries:
		return db.giveUpTelling(ctx, u, fmt.Sprintf("Given up after %d attempts. %s", u.Tries, attempt.Problem))
	}
	return db.putOff(ctx, u, at.Add(max(db.partnerPause(u.Tries), after(answer))), attempt.Problem)
}

// Why an update is closed that nobody was told.
const (
	paymentMoved = "Not told: more has become of the payment since."
	refundMoved  = "Not told: Fynd knows more of this refund already."
	refundEnded  = "Not told: Fynd knows the end of this refund already."
)

// closeOvertaken closes what Fynd refused to hear of a payment or refund before an update that it has heard now: no
// person needs to look at it any more.
func (db *DB) closeOvertaken(ctx context.Context, u *PartnerUpdate) error {
	where, args := u.siblings()
	if where == "" || u.Kind == confirmKind {
		return nil
	}
	why := refundEnded
	switch {
	case u.Kind == paymentKind:
		why = paymentMoved
	case u.Status == FyndRefundInitiated || u.Status == FyndRefundPending:
		why = refundMoved
	}
	err := db.in(ctx).Model(&PartnerUpdate{}).Where(where, args...).Where("id < ? AND state = 'failed'", u.ID).Updates(map[string]any{"state": "done", "problem": why}).Error
	if err != nil {
		return fmt.Errorf("close what update %d overtook: %w", u.ID, err)
	}
	return nil
}

// giveUpTelling leaves an update for a person. What waited for it is told without it.
func (db *DB) giveUpTelling(ctx context.Context, u *PartnerUpdate, why string) error {
	if err := db.closeUpdate(ctx, u, "failed", why); err != nil {
		return err
	}
	return db.tellNext(ctx, u)
}

// otherToken says whether Fynd refused only the token, and another is worth a try.
func otherToken(answer error, tries int) bool {
	var stale *staleToken
	return errors.As(answer, &stale) && tries < patience
}

// tellNext makes what waited for an update due.
func (db *DB) tellNext(ctx context.Context, u *PartnerUpdate) error {
	where, args := u.siblings()
	if where == "" {
		return nil
	}
	var ids []int64
	err := db.in(ctx).Raw("UPDATE partner_updates SET next_at = clock_timestamp() WHERE "+where+" AND state = 'queued' AND tries = 0 RETURNING id", args...).Scan(&ids).Error
	if err != nil {
		return fmt.Errorf("wake what waited for update %d: %w", u.ID, err)
	}
	for _, id := range ids {
		if err := db.enqueue(ctx, PartnerJob{UpdateID: id}); err != nil {
			return err
		}
	}
	return nil
}

// mayRepeat says whether the same words may be heard another time: Fynd's 4xx are final, but for a few
// (408, 409, 425, 429). What was understood to be wrong is wrong the next time as well.
func mayRepeat(answer error) bool {
	var e *gateways.Error
	if !errors.As(answer, &e) {
		return true
	}
	switch e.Status {
	case 408, 409, 425, 429:
		return true
	}
	return e.Kind != gateways.Declined && (e.Status < 400 || e.Status > 499)
}

// after is how long the partner asked to be left alone.
func after(answer error) time.Duration {
	var e *gateways.Error
	if errors.As(answer, &e) {
		return e.After
	}
	return 0
}

// partnerPause is how long to wait after n attempts, a little apart from others that wait as long.
func (db *DB) partnerPause(n int) time.Duration {
	step := partnerSteps[min(max(n, 1), len(partnerSteps))-1]
	return step + rand.N(step/5) //nolint:gosec // only to spread the load
}

func logged(log json.RawMessage, attempt PartnerAttempt) (json.RawMessage, error) {
	var attempts []PartnerAttempt
	if err := json.Unmarshal(log, &attempts); err != nil {
		return nil, fmt.Errorf("read the attempts: %w", err)
	}
	attempts = append(attempts, attempt)
	if len(attempts) > longestLog {
		attempts = append(attempts[:1], attempts[len(attempts)-longestLog+1:]...)
	}
	text, err := json.Marshal(attempts)
	if err != nil {
		return nil, fmt.Errorf("write the attempts: %w", err)
	}
	return text, nil
}

// putOff leaves an update queued until next, with the reason.
func (db *DB) putOff(ctx context.Context, u *PartnerUpdate, next time.Time, why string) error {
	return db.saveUpdate(ctx, u, map[string]any{"next_at": next, "sending_until": nil, "tries": u.Tries, "problem": why, "log": u.Log})
}

// closeUpdate ends an update and tells the order's history.
func (db *DB) closeUpdate(ctx context.Context, u *PartnerUpdate, state, why string) error {
	err := db.saveUpdate(ctx, u, map[string]any{"state": state, "next_at": nil, "sending_until": nil, "problem": why, "log": u.Log, "done_at": now()})
	if err != nil {
		return err
	}
	if u.Kind == confirmKind && state == "done" {
		return db.confirmationHeard(ctx, u)
	}
	about := "for request " + u.RequestID
	if u.Kind == paymentKind {
		about = fmt.Sprintf("for the payment of %s", u.Amount())
		if u.Held() {
			about = "for the payment, which is held"
		}
	}
	comment := fmt.Sprintf("Fynd was told %s %s.", u.Status, about)
	switch {
	case u.Kind == confirmKind:
		comment = fmt.Sprintf("Fynd did not confirm the payment of %s. %s", u.Amount(), why)
	case state == "failed":
		comment = fmt.Sprintf("Fynd could not be told %s %s. %s", u.Status, about, why)
	case why != "":
		return nil // nothing was said, and nothing needed to be
	}
	return db.addHistory(ctx, OrderHistory{OrderID: u.OrderID, StoreID: u.StoreID, Kind: "partner", OperationID: u.OperationID, Comment: comment}, JobActor)
}

func (db *DB) saveUpdate(ctx context.Context, u *PartnerUpdate, change map[string]any) error {
	if err := db.in(ctx).Model(&PartnerUpdate{}).Where("id = ?", u.ID).Updates(change).Error; err != nil {
		return fmt.Errorf("save update %d: %w", u.ID, err)
	}
	return nil
}
