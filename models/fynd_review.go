package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ExtensionReview is one thing that happened to an extension on its way through Fynd's review.
type ExtensionReview struct {
	ID          int64
	ExtensionID int64
	Event       ReviewEvent
	Round       int // 1 for the first submission and its outcome
	FromState   ExtensionState
	ToState     ExtensionState
	Comment     string
	ActorID     *int64
	ActorName   string
	At          time.Time
	Tell        []ReviewMail `gorm:"serializer:json"`
	ToldAt      *time.Time
	ToldProblem string // why somebody was not told
	NextAt      *time.Time
	Tries       int
}

// TableName is fynd_reviews.
func (ExtensionReview) TableName() string { return "fynd_reviews" }

// ReviewMail is somebody who is told of the outcome of a review.
type ReviewMail struct {
	Address string `json:"address"`
	Told    bool   `json:"told"`
}

// FyndReviews is the history of an extension's reviews, the newest first.
func (db *DB) FyndReviews(ctx context.Context, extension int64) ([]ExtensionReview, error) {
	var list []ExtensionReview
	if err := db.in(ctx).Where("extension_id = ?", extension).Order("id DESC").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("read the reviews of extension %d: %w", extension, err)
	}
	return list, nil
}

// ReviewStep is what somebody does about the review of an extension.
type ReviewStep struct {
	ID      int64
	Event   ReviewEvent
	Comment string // why it was rejected, or what Fynd said
	Shown   int    // the version that the person saw
	By      Actor
}

// StepReview submits an extension, or enters what its review came to. It is submitted only when nothing is missing;
// once it was submitted, again only when something was changed, or it was rejected. Submitting again begins the review
// anew. Accepted, what waited for the review comes into force.
func (db *DB) StepReview(ctx context.Context, step ReviewStep) error {
	step.Comment = strings.TrimSpace(step.Comment)
	if len([]rune(step.Comment)) > 2000 {
		return FieldProblem("comment", "A comment has at most 2000 characters.")
	}
	ctx = AsSystem(ctx) // an extension belongs to no store, and its tests to any
	err := db.Tx(ctx, func(tx *DB) error {
		e, err := tx.lockExtension(ctx, step.ID, step.Shown)
		if err != nil {
			return err
		}
		to, ok := e.State.After(step.Event, e.Wanted().Distribution)
		if !ok {
			return conflictf("There is no review of %s whose outcome could be entered.", e.Name)
		}
		if err := tx.checkReviewStep(ctx, e, step); err != nil {
			return err
		}
		review := ExtensionReview{
			ExtensionID: e.ID, Event: step.Event, FromState: e.State, ToState: to, Comment: step.Comment, ActorID: step.By.UserID, ActorName: step.By.Name, At: now(), Tell: []ReviewMail{},
		}
		if review.Round, err = tx.reviewRound(ctx, e.ID, step.Event); err != nil {
			return err
		}
		at := now()
		switch e.State, e.Unsent = to, false; step.Event {
		case ReviewSubmit:
			e.SubmittedAt = &at
		case ReviewApprove:
			if e.setDetails(e.Wanted()); e.AcceptedAt == nil {
				e.AcceptedAt = &at
			}
			e.Draft = nil
		}
		if step.Event != ReviewSubmit {
			review.NextAt, review.Tell = &at, e.tellReview()
		}
		if err := tx.saveExtension(ctx, e, append([]string{"State", "Unsent", "SubmittedAt", "AcceptedAt", "Draft"}, detailColumns...)...); err != nil {
			return err
		}
		if err := tx.in(ctx).Create(&review).Error; err != nil {
			return fmt.Errorf("write it into the history: %w", err)
		}
		return tx.audit(ctx, 0, step.By, "fynd_extension.review", e.object(), nil, map[string]any{"event": step.Event, "round": review.Round, "from": review.FromState, "to": to, "version": e.Version})
	})
	if err != nil {
		return fmt.Errorf("%s extension %d: %w", step.Event, step.ID, err)
	}
	return nil
}

// checkReviewStep says why an event that could happen must not happen now.
func (db *DB) checkReviewStep(ctx context.Context, e *FyndExtension, step ReviewStep) error {
	switch {
	case step.Event == ReviewReject && step.Comment == "":
		return FieldProblem("comment", "Enter what Fynd wants changed: those concerned are told.")
	case step.Event != ReviewSubmit && e.Unsent:
		return conflictf("Details were changed since the extension was submitted, so this outcome is not of what is stored. Submit it again first.")
	case step.Event != ReviewSubmit:
		return nil
	case e.SubmittedAt != nil && !e.Unsent && e.State != ExtensionRejected:
		return conflictf("Nothing that Fynd reviews was changed since the extension was submitted.")
	}
	steps, err := db.ExtensionSteps(ctx, e)
	if err != nil {
		return err
	}
	var missing []string
	for _, s := range steps {
		for _, m := range s.Missing {
			missing = append(missing, m.What.String())
		}
	}
	if len(missing) > 0 {
		return problemf("It cannot be submitted yet. %s", strings.Join(missing, " "))
	}
	return nil
}

// reviewRound counts submissions: an outcome belongs to the last one.
func (db *DB) reviewRound(ctx context.Context, extension int64, event ReviewEvent) (int, error) {
	var round int
	if err := db.in(ctx).Raw("SELECT coalesce(max(round), 0) FROM fynd_reviews WHERE extension_id = ?", extension).Scan(&round).Error; err != nil {
		return 0, fmt.Errorf("count the reviews of extension %d: %w", extension, err)
	}
	if event == ReviewSubmit || round == 0 {
		round++
	}
	return round, nil
}

// tellReview is who is told of an outcome: the business and the address of the registration.
func (e *FyndExtension) tellReview() []ReviewMail {
	list := []ReviewMail{}
	for _, address := range []string{e.ReviewEmail, e.ContactEmail} {
		known := slices.ContainsFunc(list, func(m ReviewMail) bool { return strings.EqualFold(m.Address, address) })
		if address != "" && !known {
			list = append(list, ReviewMail{Address: address})
		}
	}
	return list
}
