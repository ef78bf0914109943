package sandbox

import (
	"net/http"
	"time"
)

// klarnaKeyHeader names the operation a request belongs to (Klarna docs, escalation and retry policy).
const klarnaKeyHeader = "Klarna-Idempotency-Key"

// klarnaKeyLife is how long Klarna remembers a key and its first answer.
const klarnaKeyLife = 24 * time.Hour

// klarnaKey is an idempotency key with the answer it got first. The body is not compared.
type klarnaKey struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
	At     time.Time   `json:"at"`
}

// once does what a call asks for, or gives the first answer of its key again. A refusal is remembered
// too, a crash is not. do is called with the lock held.
func (g *klarna) once(c *call, m *merchant, do func() reply) reply {
	id := m.KeyID + "/" + c.Header.Get(klarnaKeyHeader)
	if c.Header.Get(klarnaKeyHeader) == "" || c.plan.duplicates {
		c.accept()
		g.s.mu.Lock()
		defer g.s.mu.Unlock()
		return do()
	}
	g.s.mu.Lock()
	if g.held[id] {
		g.s.mu.Unlock()
		return klarnaRefusal(http.StatusConflict, "CONFLICT")
	}
	if known := g.keys.get(id); known != nil && g.s.clock().Sub(known.At) < klarnaKeyLife {
		g.s.mu.Unlock()
		return reply{known.Status, known.Header.Clone(), known.Body}
	}
	g.held[id] = true
	g.s.mu.Unlock()

	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	delete(g.held, id)
	answer := do()
	if answer.status < http.StatusInternalServerError {
		g.keys.put(id, &klarnaKey{answer.status, answer.header.Clone(), answer.body, g.s.clock()})
	}
	return answer
}
