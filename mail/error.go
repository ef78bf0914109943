package mail

import (
	"errors"
	"fmt"
	"io"
	"net/textproto"
)

// Kind is what may be done about a message that was not accepted.
type Kind int

// The kinds. The zero value is the careful one.
const (
	Unknown  Kind = iota // the server had all of it and did not answer: nobody may send it again by themselves
	Later                // it was certainly not taken; it may be sent again
	Rejected             // the server will not take it, now or later
)

// Error is a message that was not accepted, with what the server said.
type Error struct {
	Kind     Kind
	Sentence string
}

func (e *Error) Error() string { return e.Sentence }

// KindOf is the kind of an error of Send.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unknown
}

// mustSignIn is what a server says to those who write without having signed in (RFC 4954, section 6): the
// settings are wrong, not the message.
const mustSignIn = 530

// before is an error of a step at which the server cannot have had the message. doing says what was being
// done: "greet the mail server".
func before(doing string, err error) *Error {
	var refused *textproto.Error
	switch {
	case !errors.As(err, &refused):
		return &Error{Later, Line(fmt.Sprintf("Could not %s: %v", doing, err), 500)}
	case refused.Code >= 500 && refused.Code != mustSignIn:
		return &Error{Rejected, sentence(refused)}
	}
	return &Error{Later, sentence(refused)}
}

// after is an error at the end of the message, when the server may have taken it.
func after(err error) *Error {
	var refused *textproto.Error
	if errors.As(err, &refused) && refused.Code >= 400 && refused.Code <= 599 {
		return before("", err)
	}
	how := err.Error()
	if errors.Is(err, io.EOF) {
		how = "it closed the line"
	}
	return &Error{Unknown, Line("The mail server had the whole message and did not say whether it takes it: "+how+".", 500)}
}

func sentence(refused *textproto.Error) string {
	return Line(fmt.Sprintf("The mail server said: %d %s", refused.Code, refused.Msg), 500)
}
