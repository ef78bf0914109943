package models

import (
	"context"
	"errors"
	"fmt"
	"html"
	netmail "net/mail"
	"time"

	"gorm.io/gorm"

	"github.com/kartify/kartify/mail"
)

// mostReviewMails is how often an e-mail about a review is tried, ten minutes apart.
const mostReviewMails = 12

// TellReviews tells those concerned by e-mail what reviews came to, and reports how many e-mails the mail server
// took. One that may have arrived is not sent again.
func (db *DB) TellReviews(ctx context.Context) (int, error) {
	sent := 0
	for {
		review, err := db.claimReview(ctx)
		if err != nil || review == nil {
			return sent, err
		}
		e, err := db.FyndExtension(ctx, review.ExtensionID)
		if err != nil {
			return sent, err
		}
		n, later := db.tellReview(ctx, e, review)
		sent += n
		if err := db.closeReview(ctx, review, later && review.Tries < mostReviewMails); err != nil {
			return sent, err
		}
	}
}

// claimReview takes a review whose e-mails are due, and puts the next attempt off.
func (db *DB) claimReview(ctx context.Context) (*ExtensionReview, error) {
	var review ExtensionReview
	err := db.in(ctx).Raw(`UPDATE fynd_reviews SET tries = tries + 1, next_at = clock_timestamp() + interval '10 minutes' WHERE id = (
		SELECT id FROM fynd_reviews WHERE next_at <= clock_timestamp() ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *`).First(&review).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for reviews to tell of: %w", err)
	}
	return &review, nil
}

// tellReview writes to everybody who has not been told, and says whether it is worth trying again.
func (db *DB) tellReview(ctx context.Context, e *FyndExtension, review *ExtensionReview) (sent int, later bool) {
	review.ToldProblem = ""
	if db.mail == nil {
		review.ToldProblem = "No mail server is configured."
		return 0, false
	}
	for i := range review.Tell {
		to := &review.Tell[i]
		if to.Told {
			continue
		}
		err := db.mailReview(ctx, e, review, to.Address)
		if err == nil {
			to.Told, sent = true, sent+1
			continue
		}
		review.ToldProblem = clip(textOf(err.Error()), 300)
		if mail.KindOf(err) == mail.Later {
			later = true
		} else {
			to.Told = mail.KindOf(err) == mail.Unknown // it may have arrived
		}
	}
	return sent, later
}

func (db *DB) mailReview(ctx context.Context, e *FyndExtension, review *ExtensionReview, to string) error {
	head := fmt.Sprintf("Fynd's review of %s has ended: it is %s.", e.Name, review.ToState.Label())
	next := "It can be used for live payments from now on."
	if review.Event == ReviewReject {
		next = "Change what Fynd names under Extensions > Fynd payment extension of kartify, and submit it again."
	}
	from := db.mail.From()
	raw, err := mail.Message{
		ID: mail.NewID(from), From: from, To: netmail.Address{Address: to}, Subject: fmt.Sprintf("%s: %s", e.Name, review.ToState.Label()), At: now(),
		Text: head + "\n\n" + review.Comment + "\n\n" + next + "\n",
		HTML: "<!doctype html><html lang=\"en\"><body><p>" + html.EscapeString(head) + "</p><p>" + html.EscapeString(review.Comment) + "</p><p>" + html.EscapeString(next) + "</p></body></html>",
	}.Bytes()
	if err != nil {
		return &mail.Error{Kind: mail.Rejected, Sentence: err.Error()}
	}
	sending, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	_, err = db.mail.Send(sending, to, raw, func() error { return nil })
	return err
}

func (db *DB) closeReview(ctx context.Context, review *ExtensionReview, again bool) error {
	change := map[string]any{"told_problem": review.ToldProblem}
	if !again {
		review.NextAt = nil
		change["next_at"] = nil
	}
	told := true
	for _, m := range review.Tell {
		told = told && m.Told
	}
	if told && review.ToldProblem == "" {
		change["told_at"] = now()
	}
	err := db.in(ctx).Model(review).Select("Tell").Updates(review).Error
	if err == nil {
		err = db.in(ctx).Model(&ExtensionReview{}).Where("id = ?", review.ID).Updates(change).Error
	}
	if err != nil {
		return fmt.Errorf("note who was told of review %d: %w", review.ID, err)
	}
	return nil
}
