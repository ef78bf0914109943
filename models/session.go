package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Session is one browser that somebody has signed in with. The id in its cookie is not kept, only its hash.
type Session struct {
	IDHash     []byte `gorm:"primaryKey"`
	UserID     *int64
	Data       json.RawMessage `gorm:"type:jsonb"`
	Address    string
	Agent      string // the User-Agent header
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time // however busy it is

	User *User `gorm:"-"`
}

// touchEvery is how exactly last_seen_at is kept.
const touchEvery = time.Minute

// SessionByID is the live session with this id and the person it belongs to, as they are now; ErrNotFound when
// it has ended, idled too long, or its person was disabled. One query, which leaves the password hash where it is.
func (db *DB) SessionByID(ctx context.Context, id string) (*Session, error) {
	t := now()
	s := Session{User: &User{}}
	u := s.User
	err := db.pool.QueryRow(ctx, `SELECT s.id_hash, s.user_id, s.data, s.address, s.agent, s.created_at, s.last_seen_at, s.expires_at,
			u.id, u.email, u.name, u.role, u.all_stores, u.preferences,
			ARRAY(SELECT store_id FROM user_stores WHERE user_id = u.id ORDER BY store_id)
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND u.disabled_at IS NULL`,
		sessionHash(id), t, t.Add(-db.timings.SessionIdle)).Scan(
		&s.IDHash, &s.UserID, &s.Data, &s.Address, &s.Agent, &s.CreatedAt, &s.LastSeenAt, &s.ExpiresAt,
		&u.ID, &u.Email, &u.Name, &u.Role, &u.AllStores, &u.Preferences, &u.StoreIDs)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a session: %w", err)
	}
	return &s, nil
}

// TouchSession notes that the person did something, at most once a minute.
func (db *DB) TouchSession(ctx context.Context, s *Session) error {
	t := now()
	if t.Sub(s.LastSeenAt) < min(touchEvery, db.timings.SessionIdle/4) {
		return nil
	}
	err := db.in(ctx).Exec("UPDATE sessions SET last_seen_at = ? WHERE id_hash = ?", t, s.IDHash).Error
	if err != nil {
		return fmt.Errorf("touch a session: %w", err)
	}
	s.LastSeenAt = t
	return nil
}

// StartSession signs user in and gives back the id for the cookie, which exists nowhere else.
func (db *DB) StartSession(ctx context.Context, user *User, address, agent string, data []byte) (string, *Session, error) {
	id := randomToken()
	t := now()
	if len(data) == 0 {
		data = []byte("{}")
	}
	s := &Session{
		IDHash: sessionHash(id), UserID: &user.ID, Data: data, Address: address, Agent: clip(agent, 300),
		CreatedAt: t, LastSeenAt: t, ExpiresAt: t.Add(db.timings.SessionAbsolute), User: user,
	}
	if err := db.in(ctx).Omit("User").Create(s).Error; err != nil {
		return "", nil, fmt.Errorf("start a session of user %d: %w", user.ID, err)
	}
	return id, s, nil
}

// RotateSession gives a session a new id; the old one is dead. Its end does not move.
func (db *DB) RotateSession(ctx context.Context, s *Session) (string, error) {
	id := randomToken()
	hash := sessionHash(id)
	done := db.in(ctx).Exec("UPDATE sessions SET id_hash = ?, data = ? WHERE id_hash = ?", hash, string(s.Data), s.IDHash)
	if done.Error != nil {
		return "", fmt.Errorf("rotate a session: %w", done.Error)
	}
	if done.RowsAffected == 0 {
		return "", ErrNotFound
	}
	s.IDHash = hash
	return id, nil
}

// SaveSession keeps the data of a session.
func (db *DB) SaveSession(ctx context.Context, s *Session) error {
	err := db.in(ctx).Exec("UPDATE sessions SET data = ? WHERE id_hash = ?", string(s.Data), s.IDHash).Error
	if err != nil {
		return fmt.Errorf("save a session: %w", err)
	}
	return nil
}

// EndSession signs one browser out.
func (db *DB) EndSession(ctx context.Context, by Actor, s *Session) error {
	return db.Tx(ctx, func(tx *DB) error {
		done := tx.in(ctx).Exec("DELETE FROM sessions WHERE id_hash = ?", s.IDHash)
		if done.Error != nil {
			return fmt.Errorf("end a session: %w", done.Error)
		}
		if done.RowsAffected == 0 || s.UserID == nil {
			return nil
		}
		return tx.audit(ctx, 0, by, "session.ended", fmt.Sprintf("user %d", *s.UserID), nil, nil)
	})
}

// EndSessions signs a person out everywhere, but for the session keep, if any.
func (db *DB) EndSessions(ctx context.Context, by Actor, user int64, keep *Session) error {
	return db.Tx(ctx, func(tx *DB) error {
		if err := tx.dropSessions(ctx, user, keep); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "sessions.ended", fmt.Sprintf("user %d", user), nil, nil)
	})
}

func (db *DB) dropSessions(ctx context.Context, user int64, keep *Session) error {
	g := db.in(ctx).Where("user_id = ?", user)
	if keep != nil {
		g = g.Where("id_hash <> ?", keep.IDHash)
	}
	if err := g.Delete(&Session{}).Error; err != nil {
		return fmt.Errorf("end the sessions of user %d: %w", user, err)
	}
	return nil
}

// Sessions are where a person is signed in, the one used last first.
func (db *DB) Sessions(ctx context.Context, user int64) ([]Session, error) {
	var sessions []Session
	err := db.in(ctx).Scopes(db.live).Where("user_id = ?", user).Order("last_seen_at DESC").Find(&sessions).Error
	if err != nil {
		return nil, fmt.Errorf("list the sessions of user %d: %w", user, err)
	}
	return sessions, nil
}

// SessionCounts is how many sessions each person has.
func (db *DB) SessionCounts(ctx context.Context) (map[int64]int, error) {
	var rows []struct {
		UserID int64
		N      int
	}
	err := db.in(ctx).Model(&Session{}).Scopes(db.live).Select("user_id, count(*) AS n").Group("user_id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count sessions: %w", err)
	}
	counts := map[int64]int{}
	for _, row := range rows {
		counts[row.UserID] = row.N
	}
	return counts, nil
}

func (db *DB) live(g *gorm.DB) *gorm.DB {
	t := now()
	return g.Where("user_id IS NOT NULL AND expires_at > ? AND last_seen_at > ?", t, t.Add(-db.timings.SessionIdle))
}

// SweepSignIns forgets sessions that have ended, sign-ins that failed long ago and links nobody can use.
func (db *DB) SweepSignIns(ctx context.Context) error {
	t := now()
	for _, sweep := range []struct {
		sql   string
		until time.Time
	}{
		{"DELETE FROM sessions WHERE expires_at < ?", t},
		{"DELETE FROM sessions WHERE last_seen_at < ?", t.Add(-db.timings.SessionIdle)},
		{"DELETE FROM login_failures WHERE at < ?", t.Add(-24 * time.Hour)},
		{"DELETE FROM login_links WHERE expires_at < ?", t.Add(-7 * 24 * time.Hour)},
		{"DELETE FROM login_places WHERE last_at < ?", t.Add(-90 * 24 * time.Hour)},
	} {
		if err := db.in(ctx).Exec(sweep.sql, sweep.until).Error; err != nil {
			return fmt.Errorf("forget old sign-ins: %w", err)
		}
	}
	return nil
}

// SessionToken is what forms of a session carry in the field csrf.
func (db *DB) SessionToken(s *Session) string {
	return base64.RawURLEncoding.EncodeToString(db.keys.MAC("session form", s.IDHash))
}

// CheckSessionToken says whether token was made for this session.
func (db *DB) CheckSessionToken(s *Session, token string) bool {
	mac, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && db.keys.CheckMAC("session form", s.IDHash, mac)
}

// randomToken is 256 random bits as text for cookies and links.
func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func sessionHash(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}

// clip keeps at most n bytes of text, cut between characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return text[:n]
}
