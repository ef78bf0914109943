package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/mail"
)

// ResendRequest is somebody asking for an e-mail once more.
type ResendRequest struct {
	EmailID  int64
	Audience string // "self" for a copy to themselves, or "customer"
	Token    string // of the form: the same one gives the same e-mail
	By       *User
	Actor    Actor
}

// CheckResend says why an e-mail cannot be sent to the customer by hand, or nil.
func (e *Email) CheckResend(order *Order) error {
	switch {
	case e.Kind == "resend" && e.Audience == "self":
		return problemf("This is a copy to somebody of the staff. Send the original e-mail to the customer.")
	case e.State == EmailQueued || e.State == EmailSending:
		return conflictf("This e-mail is on its way; wait for what becomes of it.")
	case e.Cause == NoPartnerOrder || e.Cause == StoreZero || e.Cause == StoreWrong:
		return problemf("%s The customer is mailed when Fynd sends the event again and it is right.", e.Reason())
	case e.Cause == NoLetter:
		return problemf("%s", e.Reason())
	}
	if cause, why := addressObjection(strings.TrimSpace(order.CustomerEmail)); cause != "" {
		return problemf("%s", why)
	}
	return nil
}

// ResendEmail sends an e-mail once more because somebody asked for it: as another e-mail, written anew, whose
// fate is its own. The same Token gives the same one back.
func (db *DB) ResendEmail(ctx context.Context, req ResendRequest) (*Email, error) {
	var again *Email
	err := db.Tx(ctx, func(tx *DB) error {
		was, err := tx.lockEmail(ctx, req.EmailID)
		if err != nil {
			return err
		}
		hash, expired, err := tx.checkFormToken(req.Token, req.By.ID, "email", was.ID)
		if err != nil {
			return err
		}
		if again, err = tx.emailByToken(ctx, hash); again != nil || err != nil {
			return err // asked before
		}
		if expired {
			return problemf("This form is too old. Reload the page and try again.")
		}
		if again, err = tx.newResend(ctx, was, req); err != nil {
			return err
		}
		again.TokenHash = hash
		if err := tx.in(ctx).Create(again).Error; err != nil {
			return fmt.Errorf("store it: %w", err)
		}
		if err := tx.enqueue(ctx, SendEmailJob{EmailID: again.ID}); err != nil {
			return err
		}
		return tx.audit(ctx, was.StoreID, req.Actor, "email.resent", "email "+strconv.FormatInt(was.ID, 10), &was.OrderID, map[string]any{
			"to": req.Audience, "as": again.ID, "event": was.Event,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("send e-mail %d again: %w", req.EmailID, err)
	}
	return again, nil
}

func (db *DB) newResend(ctx context.Context, was *Email, req ResendRequest) (*Email, error) {
	var order Order
	if err := db.in(ctx).First(&order, "id = ?", was.OrderID).Error; err != nil {
		return nil, fmt.Errorf("read order %d: %w", was.OrderID, err)
	}
	again := &Email{
		StoreID: was.StoreID, OrderID: was.OrderID, PartnerOrderID: order.PartnerID(), Kind: "resend", ResendOf: &was.ID, Audience: req.Audience,
		RequesterID: &req.By.ID, Requester: req.By.Name, Event: was.Event, Occurrence: was.Occurrence, RequestID: was.RequestID, ShipmentID: was.ShipmentID,
		AmountMinor: was.AmountMinor, State: EmailQueued,
	}
	switch req.Audience {
	case "self":
		again.Recipient = req.By.Email
		if err := mail.CheckAddress(again.Recipient); err != nil {
			return nil, problemf("Your own address cannot be written to: %s.", lang.Textf(err.Error()))
		}
		if _, written := findMailEvent(was.Event); !written {
			return nil, problemf("No e-mail is written about %s.", was.Event)
		}
	case "customer":
		if err := was.CheckResend(&order); err != nil {
			return nil, err
		}
		again.Recipient = strings.TrimSpace(order.CustomerEmail)
	default:
		return nil, FieldProblem("to", "Choose who gets the e-mail: yourself or the customer.")
	}
	at, err := db.now(ctx)
	if err != nil {
		return nil, err
	}
	again.CreatedAt, again.NextAt = at, &at
	return again, nil
}

// emailByToken is the e-mail that a form has asked for before, or nil.
func (db *DB) emailByToken(ctx context.Context, hash []byte) (*Email, error) {
	var e Email
	err := db.in(ctx).Where("token_hash = ?", hash).First(&e).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, fmt.Errorf("look for the form's e-mail: %w", err)
	}
	return &e, nil
}
