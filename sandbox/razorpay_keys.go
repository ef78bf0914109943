package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// idempotencyHeader is Razorpay's only idempotency header; it is for refunds alone.
const idempotencyHeader = "X-Refund-Idempotency"

// razorpayKey is an idempotency key that has made a refund.
type razorpayKey struct {
	Digest string `json:"digest"` // of the path and the body it was used with
	Refund string `json:"refund"`
}

// hold claims the idempotency key of a call until release. It returns the refund the key has made
// already, or refuses, in Razorpay's words (Razorpay API docs, normal-refunds-idempotent).
func (g *razorpay) hold(c *call, m *merchant) (known string, release func(), bad *reply) {
	release = func() {}
	values, given := c.Header[idempotencyHeader]
	if !given || c.plan.duplicates {
		return "", release, nil
	}
	refuse := func(status int, text string) (string, func(), *reply) {
		answer := razorpayRefusal(status, text)
		return "", release, &answer
	}
	key := values[0]
	switch {
	case len(key) < 10:
		return refuse(http.StatusBadRequest, "The idempotency key must be at least 10 characters long.")
	case strings.Trim(key, base62+"_-") != "":
		return refuse(http.StatusBadRequest, "The idempotency key must only contain alphanumeric characters, underscores and hyphens.")
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	id := m.KeyID + "/" + key
	if made := g.keys.get(id); made != nil {
		if made.Digest != digest(c) {
			return refuse(http.StatusConflict, "Different request with the same idempotency key has already been processed.")
		}
		return made.Refund, release, nil
	}
	if g.held[id] {
		return refuse(http.StatusConflict, "Another request with the same idempotency key is still in progress.")
	}
	g.held[id] = true
	release = func() {
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		delete(g.held, id)
	}
	return "", release, nil
}

// remember ties a call's idempotency key to the refund it made. The caller holds the lock.
func (g *razorpay) remember(c *call, m *merchant, refund string) {
	if key := c.Header.Get(idempotencyHeader); key != "" {
		g.keys.put(m.KeyID+"/"+key, &razorpayKey{digest(c), refund})
	}
}

// digest is the same for requests that are the same byte by byte.
func digest(c *call) string {
	sum := sha256.Sum256([]byte(strings.TrimPrefix(c.URL.Path, "/razorpay") + "\n" + string(c.body)))
	return hex.EncodeToString(sum[:])
}
