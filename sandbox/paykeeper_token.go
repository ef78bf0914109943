package sandbox

import (
	"errors"
	"net/http"
	"time"
)

// tokenLife is how long a security token is taken (PayKeeper docs, Токен безопасности: 24 hours).
const tokenLife = 24 * time.Hour

// paykeeperToken is the security token of a user, without which no POST is believed.
type paykeeperToken struct {
	Token string    `json:"token"`
	Since time.Time `json:"since"`
}

// token is a user's token, a new one when the old one has had its day. The caller holds the lock.
func (g *paykeeper) token(m *merchant) string {
	now := g.s.clock()
	t := g.tokens.get(m.KeyID)
	if t == nil || now.Sub(t.Since) >= tokenLife {
		t = &paykeeperToken{Token: randomFrom("0123456789abcdef", 32), Since: now}
		g.tokens.put(m.KeyID, t)
	}
	return t.Token
}

// goodToken says whether a form's token is the one in force. The caller holds the lock.
func (g *paykeeper) goodToken(m *merchant, given string) bool {
	t := g.tokens.get(m.KeyID)
	return t != nil && t.Token == given && g.s.clock().Sub(t.Since) < tokenLife
}

func (g *paykeeper) showToken(_ *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return paykeeperJSON(map[string]string{"token": g.token(m)})
}

// rotateToken answers POST /_sandbox/paykeeper/token: from now on there is another token.
func (g *paykeeper) rotateToken(_ *http.Request, in struct {
	Login string `json:"login"`
},
) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	m := g.s.merchantOf(g.code(), in.Login)
	if m == nil {
		return nil, errors.New("there is no such login")
	}
	g.tokens.put(m.KeyID, &paykeeperToken{Token: randomFrom("0123456789abcdef", 32), Since: g.s.clock()})
	return g.tokens.get(m.KeyID), nil
}
