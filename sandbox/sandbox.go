// Package sandbox plays the other side of every wire: the payment providers and Fynd Platform, as a
// program of its own with its own books. It shares no code with the clients it answers, so that a
// misunderstanding on one side shows on the other.
//
// A provider is a type with a prefix and a table of verbs (see provider.go). What every provider
// gets for nothing is the journal, the ledger of effects, faults, webhooks, a clock that can be
// moved, and pages a person can click.
package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"
)

// Config says where a sandbox keeps its books and how fast its world moves.
type Config struct {
	Dir          string          // where the journal lives; "" keeps everything in memory
	Log          *slog.Logger    // nil logs to slog.Default()
	WebhookDelay time.Duration   // pause between an effect and its webhook; 300 ms when zero
	RefundDelay  time.Duration   // pause before a pending refund is processed; 2 s when zero
	RetryAfter   []time.Duration // pauses between the attempts of a webhook; nil takes a short ladder
}

// retryAfter is Razorpay's measured retry ladder, its long steps shortened: nobody waits 22 hours here.
var retryAfter = []time.Duration{
	230 * time.Millisecond, time.Second, 3 * time.Second, 8 * time.Second, 20 * time.Second,
	45 * time.Second, 90 * time.Second, 3 * time.Minute, 6 * time.Minute, 12 * time.Minute,
}

// Sandbox is the providers' side. It is an http.Handler, safe for any number of callers.
type Sandbox struct {
	cfg       Config
	log       *slog.Logger
	journal   *journal
	timeline  *timeline
	ledger    *ledger
	faults    *faults
	client    *http.Client
	providers []provider
	handler   http.Handler
	ctx       context.Context // ends when the sandbox closes
	cancel    context.CancelFunc
	work      sync.WaitGroup // calls and deliveries under way

	mu        sync.Mutex // guards what follows and every provider's tables; never held while waiting
	closed    bool
	offset    time.Duration // how far the sandbox's clock is ahead
	settings  *table[setting]
	merchants *table[merchant]
	events    *table[event]
	byPayment map[string][]string // event ids of a payment, oldest first
}

// setting is a switch of the sandbox that outlives a restart: a gateway's caps, the clock.
type setting struct {
	Off    bool          `json:"off,omitempty"`
	Offset time.Duration `json:"offset,omitempty"`
}

// New opens a sandbox and reads its journal, so that it goes on where it was stopped.
func New(cfg Config) (*Sandbox, error) {
	cfg.WebhookDelay = cmp.Or(cfg.WebhookDelay, 300*time.Millisecond)
	cfg.RefundDelay = cmp.Or(cfg.RefundDelay, 2*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	if cfg.RetryAfter == nil {
		cfg.RetryAfter = retryAfter
	}
	s := &Sandbox{cfg: cfg, log: cfg.Log, journal: newJournal(), byPayment: map[string][]string{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.client = newHookClient()
	s.settings = newTable[setting](s.journal, "settings")
	s.merchants = newTable[merchant](s.journal, "merchants")
	s.events = newTable[event](s.journal, "events")
	s.events.added = s.indexEvent
	s.ledger = newLedger(s.journal)
	s.faults = newFaults()
	s.timeline = newTimeline(s.now)
	s.providers = s.everyProvider()
	s.handler = s.routes()

	if cfg.Dir != "" {
		path := filepath.Join(cfg.Dir, "journal.jsonl")
		if err := s.journal.open(path); err != nil {
			return nil, fmt.Errorf("read the sandbox's journal %s: %w", path, err)
		}
	}
	if clock := s.settings.get("clock"); clock != nil {
		s.offset = clock.Offset
	}
	for _, p := range s.providers {
		p.resume()
	}
	s.resumeDeliveries()
	go s.timeline.run(s.ctx)
	return s, nil
}

// Handler answers every provider's API, the pages and the control routes.
func (s *Sandbox) Handler() http.Handler { return s }

// ServeHTTP answers one request.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close stops the clock and the deliveries, lets accepted requests finish without their pauses, and
// closes the journal.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
	s.client.CloseIdleConnections()
	return s.journal.close()
}

// begin counts a piece of work that Close has to wait for; false means the sandbox is closing.
func (s *Sandbox) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

// now is the sandbox's time: the machine's, plus what its clock was advanced.
func (s *Sandbox) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock()
}

// clock is now for those who hold the lock.
func (s *Sandbox) clock() time.Time { return time.Now().UTC().Add(s.offset) }

// sleep waits for d of the machine's time, or until the sandbox closes.
func (s *Sandbox) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// capped says whether a gateway refuses to give back or take more than there is.
func (s *Sandbox) capped(gateway string) bool {
	caps := s.settings.get("caps/" + gateway)
	return caps == nil || !caps.Off
}
