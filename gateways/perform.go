package gateways

import (
	"context"
	"errors"
	"fmt"
)

// Perform sends an operation once. A panic of a driver is an unknown outcome, not a crash.
func Perform(ctx context.Context, gateway Gateway, req Request) (result Result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Kind: Unknown, Verb: string(req.Verb), Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
	}()
	switch req.Verb {
	case Refund:
		if g, ok := gateway.(Refunder); ok {
			return g.Refund(ctx, req)
		}
	case Capture:
		if g, ok := gateway.(Capturer); ok {
			return g.Capture(ctx, req)
		}
	case Void:
		if g, ok := gateway.(Voider); ok {
			return g.Void(ctx, req)
		}
	case Update:
		if g, ok := gateway.(Updater); ok {
			return g.Update(ctx, req)
		}
	}
	return Result{}, &Error{Kind: Declined, Verb: string(req.Verb), Message: "this gateway cannot do that"}
}

// Find looks an operation up. A gateway without look-up answers Unknown. A look-up that is refused says
// nothing about the operation, so a Declined of the driver is Unknown here.
func Find(ctx context.Context, gateway Gateway, req Request) (result Result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Kind: Unknown, Verb: "find", Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
	}()
	if g, ok := gateway.(Finder); ok {
		result, err = g.Find(ctx, req)
		var refused *Error
		if errors.As(err, &refused) && refused.Kind == Declined {
			careful := *refused
			careful.Kind = Unknown
			err = &careful
		}
		return result, err
	}
	return Result{}, &Error{Kind: Unknown, Verb: "find", Message: "this gateway cannot be asked"}
}
