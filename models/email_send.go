package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/kartify/kartify/mail"
)

// emailSteps are the pauses between attempts to hand an e-mail over; the last one repeats, for two days in all.
var emailSteps = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// emailTries is how often an e-mail is offered to the mail server.
const emailTries = 50

// SendEmail makes one attempt to hand an e-mail to the mail server. One that is not due is left alone. What may
// have arrived is never handed over again: only a person can do that, and as another e-mail.
func (db *DB) SendEmail(ctx context.Context, id int64) error {
	e, err := db.claimEmail(ctx, id) // committed before the network
	if err != nil || e == nil {
		return err
	}
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.timings.CallTimeout+5*time.Second)
	answer, sent := db.mail.Send(sending, e.Recipient, e.Raw, func() error { return db.handing(sending, e) })
	cancel()
	err = db.Tx(context.WithoutCancel(ctx), func(tx *DB) error { return tx.recordSent(ctx, e, answer, sent) })
	if err != nil {
		return fmt.Errorf("record what became of e-mail %d: %w", id, err)
	}
	return nil
}

// SendDueEmails offers every e-mail that is due to the mail server and reports how many it found.
func (db *DB) SendDueEmails(ctx context.Context) (int, error) {
	var ids []int64
	err := db.in(ctx).Model(&Email{}).Where("next_at <= clock_timestamp()").Order("next_at").Limit(200).Pluck("id", &ids).Error
	if err != nil {
		return 0, fmt.Errorf("look for due e-mails: %w", err)
	}
	return len(ids), each(ids, 2, func(id int64) error { return db.SendEmail(ctx, id) })
}

// claimEmail takes a due e-mail for one attempt, and writes its message the first time. One that an attempt
// left behind after the server began to get it has an unknown outcome.
func (db *DB) claimEmail(ctx context.Context, id int64) (*Email, error) {
	var claimed *Email
	err := db.Tx(ctx, func(tx *DB) error {
		claimed = nil
		e, err := tx.lockEmail(ctx, id)
		if err != nil {
			return err
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		switch {
		case e.State != EmailQueued && e.State != EmailSending, e.NextAt == nil, e.NextAt.After(at):
			return nil
		case e.State == EmailSending && e.HandingAt != nil:
			return tx.closeEmail(ctx, e, EmailUnknown, NoAnswer, "The attempt broke off while the mail server was given the message.")
		}
		if db.mail == nil {
			return tx.closeEmail(ctx, e, EmailNotSent, NoMailServer, "No mail server is configured.")
		}
		if e.Raw == nil {
			var fault *unwritten
			err := tx.writeEmail(ctx, e, at)
			if errors.As(err, &fault) {
				return tx.closeEmail(ctx, e, EmailFailed, NotWritten, "The message could not be written: "+clip(textOf(fault.Error()), 300))
			}
			if err != nil {
				return err
			}
		}
		e.State, e.Tries, e.Server, claimed = EmailSending, e.Tries+1, db.mail.Name(), e
		return tx.saveEmail(ctx, e.ID, map[string]any{"state": EmailSending, "tries": e.Tries, "server": e.Server, "next_at": at.Add(db.timings.Lease)})
	})
	if err != nil {
		return nil, fmt.Errorf("claim e-mail %d: %w", id, err)
	}
	return claimed, nil
}

func (db *DB) lockEmail(ctx context.Context, id int64) (*Email, error) {
	var e Email
	err := db.in(ctx).Scopes(scoped(ctx, "emails")).Clauses(clause.Locking{Strength: "UPDATE"}).First(&e, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("lock e-mail %d: %w", id, err)
	}
	return &e, nil
}

// handing notes that the mail server is about to get the message, when this attempt is still the latest.
func (db *DB) handing(ctx context.Context, e *Email) error {
	res := db.in(ctx).Model(&Email{}).Where("id = ? AND state = ? AND tries = ? AND handing_at IS NULL AND next_at > clock_timestamp()", e.ID, EmailSending, e.Tries).
		Update("handing_at", gorm.Expr("clock_timestamp()"))
	if res.Error != nil {
		return fmt.Errorf("note that e-mail %d is handed over: %w", e.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return errors.New("this attempt took too long, and another one has begun")
	}
	return nil
}

// recordSent records what came of an attempt, when it is still the latest. An answer that comes late is still
// an answer.
func (db *DB) recordSent(ctx context.Context, claimed *Email, answer string, sent error) error {
	e, err := db.lockEmail(ctx, claimed.ID)
	if err != nil {
		return err
	}
	if e.Tries != claimed.Tries || e.State != EmailSending && (e.State != EmailUnknown || sent != nil) {
		return nil
	}
	if sent == nil {
		e.Answer = clip(textOf(answer), 300)
		return db.closeEmail(ctx, e, EmailSent, "", "")
	}
	why := clip(textOf(sent.Error()), 500)
	switch kind := mail.KindOf(sent); {
	case kind == mail.Unknown:
		return db.closeEmail(ctx, e, EmailUnknown, NoAnswer, why)
	case kind == mail.Rejected:
		return db.closeEmail(ctx, e, EmailFailed, Refused, why)
	case e.Tries >= emailTries:
		return db.closeEmail(ctx, e, EmailFailed, GivenUp, fmt.Sprintf("Given up after %d tries. %s", e.Tries, why))
	}
	at, err := db.now(ctx)
	if err != nil {
		return err
	}
	pause := emailSteps[min(e.Tries, len(emailSteps))-1]
	return db.saveEmail(ctx, e.ID, map[string]any{"state": EmailQueued, "why": why, "next_at": at.Add(pause), "handing_at": nil})
}

// closeEmail ends an e-mail.
func (db *DB) closeEmail(ctx context.Context, e *Email, state EmailState, cause EmailCause, why string) error {
	if state == EmailFailed || state == EmailUnknown {
		db.log.WarnContext(ctx, "an e-mail was not accepted", "email", e.ID, "order", e.OrderID, "state", state, "cause", cause)
	}
	return db.saveEmail(ctx, e.ID, map[string]any{
		"state": state, "cause": cause, "why": why, "answer": e.Answer, "next_at": nil, "done_at": gorm.Expr("clock_timestamp()"),
	})
}

func (db *DB) saveEmail(ctx context.Context, id int64, change map[string]any) error {
	if err := db.in(ctx).Model(&Email{}).Where("id = ?", id).Updates(change).Error; err != nil {
		return fmt.Errorf("save e-mail %d: %w", id, err)
	}
	return nil
}
