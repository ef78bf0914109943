package callbacks

import (
	"sync"
	"time"
)

// How many hints are taken in from one address for one store: a burst, and then so many per second. Each of
// them may have a provider asked.
const (
	paceBurst = 120
	paceRate  = 2.0
	paceRooms = 20_000 // addresses remembered at a time
)

// pace keeps one address from having providers asked without end.
type pace struct {
	mu    sync.Mutex
	rooms map[paceKey]*room
}

type paceKey struct {
	source  string
	store   int64
	address string
}

// room is how many more hints an address may bring, as of a moment.
type room struct {
	left float64
	at   time.Time
}

// wait takes one hint of an address, or says how long to wait before the next.
func (p *pace) wait(source string, store int64, address string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rooms == nil || len(p.rooms) > paceRooms {
		p.rooms = map[paceKey]*room{}
	}
	now, key := time.Now(), paceKey{source, store, address}
	r := p.rooms[key]
	if r == nil {
		r = &room{left: paceBurst, at: now}
		p.rooms[key] = r
	}
	r.left, r.at = min(paceBurst, r.left+now.Sub(r.at).Seconds()*paceRate), now
	if r.left < 1 {
		return time.Duration((1 - r.left) / paceRate * float64(time.Second))
	}
	r.left--
	return 0
}
