package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kartify/kartify/notify"
)

// How many calls to shops one process makes at a time. A call that is not answered within a moment goes on, but
// is at hand no more: a thousand shops that hang keep nobody waiting. Shops that did not answer last time, or
// were never told anything, leave room for those that answer.
const (
	callsAtHand = 128
	callsOpen   = 1024
	keptAtHand  = 32  // of those, for shops that answer
	keptOpen    = 128 // likewise
	aMoment     = 500 * time.Millisecond
)

// Notifier tells shops of payments, as one process does it.
type Notifier struct {
	db        *DB
	recording chan struct{} // tickets for those who write down what came of a call

	mu     sync.Mutex
	atHand int
	open   int
	calls  sync.WaitGroup
}

// NewNotifier is a notifier that has no call under way.
func (db *DB) NewNotifier() *Notifier {
	return &Notifier{db: db, recording: make(chan struct{}, 4)}
}

// Turn begins to tell every shop that is due and reports how many it began with. It does not wait for answers.
func (n *Notifier) Turn(ctx context.Context) (int, error) {
	begun := 0
	for ctx.Err() == nil {
		due, err := n.db.dueNotifications(ctx)
		if err != nil || len(due) == 0 {
			return begun, err
		}
		began, err := n.begin(ctx, due)
		begun += began
		if err != nil || began == 0 {
			return begun, err
		}
	}
	return begun, nil
}

// Wait waits until no call is under way, or as long as ctx allows.
func (n *Notifier) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		n.calls.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for shops to answer: %w", ctx.Err())
	}
}

// dueNotification is one that is due, and whether its shop accepted what it was told last.
type dueNotification struct {
	ID      int64
	Answers bool
}

// dueNotifications are those that are due: shops that answer first, then by time. A shop is told two things at a
// time, one that does not answer only one.
func (db *DB) dueNotifications(ctx context.Context) ([]dueNotification, error) {
	var due []dueNotification
	err := db.in(ctx).Raw(`SELECT d.id, coalesce(r.answers, false) AS answers FROM stores s LEFT JOIN notification_receivers r ON r.store_id = s.id
		CROSS JOIN LATERAL (SELECT id, next_at FROM notifications WHERE store_id = s.id AND next_at <= clock_timestamp() ORDER BY next_at, id
			LIMIT greatest(CASE WHEN r.answers THEN 2 ELSE 1 END - (SELECT count(*) FROM notifications b WHERE b.store_id = s.id AND b.state = 'sending' AND b.next_at > clock_timestamp()), 0)) d
		WHERE EXISTS (SELECT 1 FROM notifications WHERE next_at <= clock_timestamp())
		ORDER BY answers DESC, d.next_at, d.id LIMIT ?`, 2*callsAtHand).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("look for shops to tell: %w", err)
	}
	return due, nil
}

func (n *Notifier) begin(ctx context.Context, due []dueNotification) (int, error) {
	begun := 0
	var wrong []error
	for _, d := range due {
		if !n.take(d.Answers) {
			continue
		}
		call, err := n.db.claimNotification(ctx, d.ID)
		if err != nil || call == nil {
			n.mu.Lock()
			n.atHand--
			n.open--
			n.mu.Unlock()
			if err != nil {
				wrong = append(wrong, err)
			}
			continue
		}
		begun++
		n.calls.Add(1)
		go n.tell(context.WithoutCancel(ctx), call)
	}
	return begun, errors.Join(wrong...)
}

// take says whether there is room for another call, and takes it.
func (n *Notifier) take(answers bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	hand, open := callsAtHand, callsOpen
	if !answers {
		hand, open = hand-keptAtHand, open-keptOpen
	}
	if n.atHand >= hand || n.open >= open {
		return false
	}
	n.atHand++
	n.open++
	return true
}

// tell makes a call that was claimed and writes down what came of it.
func (n *Notifier) tell(ctx context.Context, call *shopCall) {
	defer n.calls.Done()
	var once sync.Once
	leave := func() {
		once.Do(func() {
			n.mu.Lock()
			n.atHand--
			n.mu.Unlock()
		})
	}
	moment := time.AfterFunc(aMoment, leave)
	result := n.db.makeCall(ctx, call)
	moment.Stop()
	leave()
	n.recording <- struct{}{}
	defer func() {
		<-n.recording
		n.mu.Lock()
		n.open--
		n.mu.Unlock()
	}()
	recording, cancel := context.WithTimeout(ctx, notifyMargin)
	defer cancel()
	if err := n.db.recordCall(recording, call, result); err != nil {
		n.db.log.ErrorContext(ctx, "what a shop answered could not be written down", "error", err)
	}
	if result.Outcome != notify.Accepted {
		n.db.log.InfoContext(ctx, "a shop was not told of a payment", "notification", call.attempt.NotificationID, "attempt", call.attempt.N, "outcome", result.Outcome)
	}
}
