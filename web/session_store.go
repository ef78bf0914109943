package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gorilla/sessions"

	"github.com/kartify/kartify/models"
)

// sessionStore keeps sessions in PostgreSQL. A session's values are texts; the cookie holds its id and nothing else.
type sessionStore struct {
	db     *models.DB
	cookie string
	secure bool
}

var _ sessions.Store = (*sessionStore)(nil)

func newSessionStore(db *models.DB, secure bool) *sessionStore {
	s := &sessionStore{db: db, cookie: "kartify", secure: secure}
	if secure {
		s.cookie = "__Host-kartify" // bound to this very host and to TLS by the browser
	}
	return s
}

// recordKey finds the row of a session among its values; it is never stored.
type recordKey struct{}

func record(s *sessions.Session) *models.Session {
	r, _ := s.Values[recordKey{}].(*models.Session)
	return r
}

// Get is the session of a request, read once.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	session, err := sessions.GetRegistry(r).Get(s, name)
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	return session, nil
}

// New reads the session that the cookie names. Without one that lives, the session is new.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := s.empty(name)
	cookie, err := r.Cookie(name)
	if err != nil || cookie.Value == "" {
		return session, nil //nolint:nilerr // no cookie is no session
	}
	row, err := s.db.SessionByID(r.Context(), cookie.Value)
	if errors.Is(err, models.ErrNotFound) {
		return session, nil
	}
	if err != nil {
		return session, err //nolint:wrapcheck // says what it did; gorilla wants a session even so
	}
	values := map[string]string{}
	if err := json.Unmarshal(row.Data, &values); err != nil {
		return session, fmt.Errorf("read the session's values: %w", err)
	}
	for key, value := range values {
		session.Values[key] = value
	}
	session.ID, session.IsNew = cookie.Value, false
	session.Values[recordKey{}] = row
	return session, nil
}

// Save writes the values of a session. An empty ID asks for a new one, MaxAge below zero ends the session's cookie.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	row := record(session)
	if row == nil {
		return errors.New("a session belongs to somebody")
	}
	values := map[string]string{}
	for key, value := range session.Values {
		name, isText := key.(string)
		text, ok := value.(string)
		if isText && ok {
			values[name] = text
		}
	}
	data, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("write the session's values: %w", err)
	}
	row.Data = data
	switch {
	case row.IDHash == nil:
		session.ID, row, err = s.db.StartSession(r.Context(), row.User, row.Address, row.Agent, data)
		session.Values[recordKey{}] = row
	case session.ID == "":
		session.ID, err = s.db.RotateSession(r.Context(), row)
	default:
		return s.db.SaveSession(r.Context(), row) //nolint:wrapcheck // says what it did
	}
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	return nil
}

func (s *sessionStore) empty(name string) *sessions.Session {
	session := sessions.NewSession(s, name)
	session.IsNew = true
	session.Options = &sessions.Options{Path: "/", Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return session
}
