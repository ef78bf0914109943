package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// What a session keeps besides who it belongs to.
const (
	noticeKey  = "notice"
	problemKey = "problem"
	rightsKey  = "rights" // the role and stores it was last seen with
)

// loadSession finds who asks. What the page asks by itself does not keep the session alive.
func (w *Web) loadSession(c echo.Context, s *state) error {
	session, err := w.sessions.Get(c.Request(), w.sessions.cookie)
	if err != nil {
		return err
	}
	row := record(session)
	if row == nil {
		return nil
	}
	s.session = session
	if s.route.Background || c.Request().Header.Get("X-Background") != "" {
		return nil
	}
	if err := w.db.TouchSession(c.Request().Context(), row); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	if now := rights(row.User); session.Values[rightsKey] != now && c.Request().Method == http.MethodGet && !IsHTMX(c) {
		session.Values[rightsKey] = now
		session.ID = "" // other rights, another id
		err := session.Save(c.Request(), c.Response())
		if errors.Is(err, models.ErrNotFound) { // ended or renewed by a request beside this one
			s.session = nil
			return nil
		}
		return err //nolint:wrapcheck // says what it did
	}
	return nil
}

// recognize finds who asks for an address that leads nowhere, so that the page that says so has their menu, their
// finder and their language.
func (w *Web) recognize(c echo.Context) {
	s := &state{web: w, route: Route{Background: true}}
	if err := w.loadSession(c, s); err != nil || s.record() == nil {
		return
	}
	c.Set(stateKey, s)
	s.speak(c)
}

func rights(u *models.User) string {
	words := []string{string(u.Role), strconv.FormatBool(u.AllStores)}
	for _, id := range u.StoreIDs {
		words = append(words, strconv.FormatInt(id, 10))
	}
	return strings.Join(words, " ")
}

// SignIn gives the browser a new session of user, and ends the one it came with.
func SignIn(c echo.Context, user *models.User) error {
	s := stateOf(c)
	if old := s.record(); old != nil {
		if err := s.web.db.EndSession(c.Request().Context(), Actor(c), old); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
	}
	session := s.web.sessions.empty(s.web.sessions.cookie)
	session.Values[rightsKey] = rights(user)
	session.Values[recordKey{}] = &models.Session{User: user, Address: c.RealIP(), Agent: clean(c.Request().UserAgent())}
	s.session = session
	return session.Save(c.Request(), c.Response()) //nolint:wrapcheck // says what it did
}

// SignOut ends the session, and has the browser forget what it kept of it.
func SignOut(c echo.Context) error {
	s := stateOf(c)
	if row := s.record(); row != nil {
		if err := s.web.db.EndSession(c.Request().Context(), Actor(c), row); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
	}
	session := s.web.sessions.empty(s.web.sessions.cookie)
	session.Options.MaxAge = -1
	s.session = nil
	c.Response().Header().Set("Clear-Site-Data", `"cache", "cookies"`) // nothing is kept in the browser's storage but its theme
	return session.Save(c.Request(), c.Response())                     //nolint:wrapcheck // says what it did
}

// Notice has the next page say what was done.
func Notice(c echo.Context, sentence string) error { return say(c, noticeKey, sentence) }

// Problem has the next page say why something was not done.
func Problem(c echo.Context, sentence string) error { return say(c, problemKey, sentence) }

func say(c echo.Context, key, sentence string) error {
	s := stateOf(c)
	if s.record() == nil {
		return nil
	}
	s.session.Values[key] = sentence
	return s.session.Save(c.Request(), c.Response()) //nolint:wrapcheck // says what it did
}

// said takes what was left for this page to say.
func (s *state) said(c echo.Context) (notice, problem string) {
	if s.record() == nil {
		return "", ""
	}
	notice, _ = s.session.Values[noticeKey].(string)
	problem, _ = s.session.Values[problemKey].(string)
	if notice == "" && problem == "" {
		return "", ""
	}
	delete(s.session.Values, noticeKey)
	delete(s.session.Values, problemKey)
	if err := s.session.Save(c.Request(), c.Response()); err != nil {
		s.web.log.ErrorContext(c.Request().Context(), "forget a notice", "error", err)
	}
	return notice, problem
}

// clean takes what is no text out of what a browser says of itself.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
