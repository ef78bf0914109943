package sandbox

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// sveaWindow is how far a request's Timestamp may be from now.
const sveaWindow = 5 * time.Minute

// sveaTimes are the shapes of the Timestamp header: the documented one, and the one several clients send.
var sveaTimes = []string{"2006-01-02 15:04:05", "2006-01-02 15:04"}

// sveaHash is what a token holds: hex SHA-512 of the body's bytes, the secret and the Timestamp header
// as it is written (Svea docs, authentication and authorization).
func sveaHash(body []byte, secret, timestamp string) string {
	h := sha512.New()
	h.Write(body)
	h.Write([]byte(secret + timestamp))
	return hex.EncodeToString(h.Sum(nil))
}

// timely says whether a timestamp is in one of the two shapes and near now, of the machine's time.
func timely(timestamp string) bool {
	for _, shape := range sveaTimes {
		if at, err := time.Parse(shape, timestamp); err == nil {
			return time.Since(at).Abs() <= sveaWindow
		}
	}
	return false
}

// as answers a call of a merchant whose token fits the bytes that came.
func (g *svea) as(do func(*call, *merchant) reply) func(*call) reply {
	return func(c *call) reply {
		timestamp := c.Header.Get("Timestamp")
		token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Svea ")
		raw, err := base64.StdEncoding.DecodeString(token)
		id, hash, found := strings.Cut(string(raw), ":")
		g.s.mu.Lock()
		m := g.s.merchants.get(g.code() + "/" + id)
		g.s.mu.Unlock()
		if !ok || err != nil || !found || m == nil || !timely(timestamp) ||
			subtle.ConstantTimeCompare([]byte(strings.ToLower(hash)), []byte(sveaHash(c.body, m.KeySecret, timestamp))) == 0 {
			return sveaBare(http.StatusUnauthorized)
		}
		return do(c, m)
	}
}
