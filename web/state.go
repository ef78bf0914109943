package web

import (
	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// state is what web knows of a request under way.
type state struct {
	web     *Web
	route   Route
	session *sessions.Session // nil when signed out
	token   *models.APIToken  // of a program, nil for people
}

const stateKey = "kartify"

// stateOf is nil where no route was found.
func stateOf(c echo.Context) *state {
	s, _ := c.Get(stateKey).(*state)
	return s
}

// record is the row behind the session, nil when signed out.
func (s *state) record() *models.Session {
	if s == nil || s.session == nil {
		return nil
	}
	return record(s.session)
}

func (s *state) user() *models.User {
	if r := s.record(); r != nil {
		return r.User
	}
	return nil
}

// User is who is signed in, nil when nobody is.
func User(c echo.Context) *models.User { return stateOf(c).user() }

// Session is the session of the request, nil when nobody is signed in.
func Session(c echo.Context) *models.Session { return stateOf(c).record() }

// Actor is who is signed in, or the program that calls, as the audit log and the history know them.
func Actor(c echo.Context) models.Actor {
	if token := Token(c); token != nil {
		return token.Actor(c.RealIP())
	}
	if user := User(c); user != nil {
		return user.Actor(c.RealIP())
	}
	return models.Actor{Kind: "user", Name: "nobody", Address: c.RealIP()}
}
