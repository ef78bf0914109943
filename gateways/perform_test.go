package gateways

import (
	"context"
	"errors"
	"strings"
	"testing"
)

type clumsy struct{}

func (clumsy) Check(context.Context) error                         { return nil }
func (clumsy) Refund(context.Context, Request) (Result, error)     { panic("no such field") }
func (clumsy) Find(_ context.Context, req Request) (Result, error) { return Result{}, answer(req) }

func answer(req Request) error {
	switch req.PaymentRef {
	case "absent":
		return ErrAbsent
	case "declined":
		return &Error{Kind: Declined, Verb: "find", Message: "No."}
	}
	panic("no such payment")
}

func TestPerform(t *testing.T) {
	if _, err := Perform(t.Context(), clumsy{}, Request{Verb: Refund}); KindOf(err) != Unknown || !strings.Contains(err.Error(), "broke down") {
		t.Errorf("a panic is %v", err)
	}
	for _, verb := range []Verb{Capture, Void, "", "charge"} {
		if _, err := Perform(t.Context(), clumsy{}, Request{Verb: verb}); KindOf(err) != Declined || err == nil {
			t.Errorf("%q is %v", verb, err)
		}
	}
}

func TestFind(t *testing.T) {
	if _, err := Find(t.Context(), clumsy{}, Request{PaymentRef: "absent"}); !errors.Is(err, ErrAbsent) {
		t.Errorf("absent is %v", err)
	}
	for _, ref := range []string{"declined", "panic"} {
		if _, err := Find(t.Context(), clumsy{}, Request{PaymentRef: ref}); err == nil || KindOf(err) != Unknown {
			t.Errorf("%s is %v", ref, err)
		}
	}
}

func TestClassOf(t *testing.T) {
	d := Driver{Class: ByKey, Classes: map[Verb]Class{Capture: Once}}
	if d.ClassOf(Refund) != ByKey || d.ClassOf(Capture) != Once {
		t.Error("a verb is of another class")
	}
}
