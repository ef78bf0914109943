package gateways

import (
	"context"
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
	}
	return Result{}, &Error{Kind: Declined, Verb: string(req.Verb), Message: "this gateway cannot do that"}
}

// Find looks an operation up. A gateway without look-up answers Unknown.
func Find(ctx context.Context, gateway Gateway, req Request) (result Result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Kind: Unknown, Verb: "find", Message: fmt.Sprintf("the driver broke down: %v", cause)}
		}
	}()
	if g, ok := gateway.(Finder); ok {
		return g.Find(ctx, req)
	}
	return Result{}, &Error{Kind: Unknown, Verb: "find", Message: "this gateway cannot be asked"}
}
