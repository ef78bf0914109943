package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/kartify/kartify/gateways"
)

// prepare opens the gateway with the settings the operation is pinned to. One that was never sent takes those
// of its payment.
func (db *DB) prepare(ctx context.Context, op *Operation) (*attempt, error) {
	p, err := db.pin(ctx, op)
	if err != nil {
		return nil, err
	}
	return db.attempt(ctx, p, op, *op.SettingsID)
}

// prepareLookup opens the gateway to ask about an operation, with the newest settings of the account it was sent
// to: a password may have been changed since.
func (db *DB) prepareLookup(ctx context.Context, op *Operation) (*attempt, error) {
	p, err := db.pin(ctx, op)
	if err != nil {
		return nil, err
	}
	settings, _, err := db.newestLike(ctx, *op.SettingsID)
	if err != nil {
		return nil, err
	}
	return db.attempt(ctx, p, op, settings.ID)
}

// pin reads the payment of an operation. One that was never sent gets the settings of its payment.
func (db *DB) pin(ctx context.Context, op *Operation) (*Payment, error) {
	var p Payment
	if err := db.in(ctx).First(&p, "id = ?", op.PaymentID).Error; err != nil {
		return nil, fmt.Errorf("read payment %d: %w", op.PaymentID, err)
	}
	if op.FirstSentAt == nil || op.SettingsID == nil {
		settings, err := db.settingsOf(ctx, &p)
		if err != nil {
			return nil, err
		}
		op.SettingsID = &settings.ID
	}
	return &p, nil
}

// unopened is what to say of a gateway that could not be opened with its settings, or "" for any other error.
func unopened(err error) string {
	var problem *Problem
	if errors.As(err, &problem) {
		return problem.Sentence
	}
	if err != nil && gateways.KindOf(err) == gateways.Misconfigured {
		return message(err)
	}
	return ""
}

// attempt is a call that is about to be made with one version of settings.
func (db *DB) attempt(ctx context.Context, p *Payment, op *Operation, id int64) (*attempt, error) {
	gateway, settings, err := db.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return &attempt{gateway: gateway, driver: db.drivers[settings.Gateway], request: gateways.Request{
		Verb: op.Kind, PaymentRef: deref(p.Ref), OrderRef: p.OrderRef, OperationRef: op.Ref, Word: op.Word,
		Amount: op.Amount(), IdempotencyKey: op.IdempotencyKey, Reason: op.Reason, Lines: gatewayLines(op.Lines), Before: op.Before,
	}}, nil
}
