package models

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	"github.com/kartify/kartify/mail"
)

// writeEmail makes the message and keeps it byte for byte. Every attempt hands over these bytes.
func (db *DB) writeEmail(ctx context.Context, e *Email, at time.Time) error {
	letter, err := db.letter(ctx, e)
	if err != nil {
		return err
	}
	written, err := db.compose(ctx, letter)
	if err != nil {
		return err
	}
	from := db.mail.From()
	if from.Name == "" {
		from.Name = letter.Store.Name
	}
	name := letter.Order.CustomerName
	if e.Audience == "self" {
		name = e.Requester
	}
	e.Subject, e.HTMLBody, e.TextBody = mail.Line(written.Subject, 200), written.HTML, written.Text
	e.MessageID, e.Sender, e.WrittenAt = mail.NewID(from), from.Address, &at
	e.Raw, err = mail.Message{
		ID: e.MessageID, From: from, To: netmail.Address{Name: name, Address: e.Recipient}, Subject: e.Subject, HTML: e.HTMLBody, Text: e.TextBody, At: at,
	}.Bytes()
	if err != nil {
		return &unwritten{err}
	}
	return db.saveEmail(ctx, e.ID, map[string]any{
		"subject": e.Subject, "html_body": e.HTMLBody, "text_body": e.TextBody, "message_id": e.MessageID, "sender": e.Sender, "raw": e.Raw, "written_at": at,
	})
}

// letter gathers what an e-mail tells.
func (db *DB) letter(ctx context.Context, e *Email) (*Letter, error) {
	l := &Letter{Event: e.Event, Order: &Order{}, RequestID: e.RequestID, ShipmentID: e.ShipmentID}
	if err := db.in(ctx).First(l.Order, "id = ?", e.OrderID).Error; err != nil {
		return nil, fmt.Errorf("read order %d: %w", e.OrderID, err)
	}
	if err := db.in(ctx).Where("order_id = ?", e.OrderID).Order("position").Limit(200).Find(&l.Items).Error; err != nil {
		return nil, fmt.Errorf("read the lines of order %d: %w", e.OrderID, err)
	}
	var err error
	if l.Store, err = db.Store(ctx, e.StoreID); err != nil {
		return nil, err
	}
	if e.AmountMinor != nil {
		l.Amount = new(l.Order.Amount(*e.AmountMinor))
	}
	return l, nil
}

// unwritten is a message that cannot be made, now or later.
type unwritten struct{ error }

// compose writes a letter. A template that breaks down has written nothing.
func (db *DB) compose(ctx context.Context, l *Letter) (written WrittenLetter, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &unwritten{fmt.Errorf("the letter broke down: %v", cause)}
		}
	}()
	if db.letters == nil {
		return written, &unwritten{errors.New("this process writes no letters")}
	}
	if written, err = db.letters(ctx, *l); err != nil {
		return written, &unwritten{err}
	}
	return written, nil
}
