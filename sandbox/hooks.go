package sandbox

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// hookTimeout is how long a provider waits for a shop to take a webhook (Razorpay docs, webhooks:
// no answer in 5 s is a failure).
const hookTimeout = 5 * time.Second

// event is a webhook of a provider: what it says, fixed and signed when it happened, and every
// attempt to deliver it.
type event struct {
	ID        string            `json:"id"`
	Gateway   string            `json:"gateway"`
	Merchant  string            `json:"merchant,omitempty"` // whose webhook URL it goes to
	URL       string            `json:"url,omitempty"`      // or this one
	Payment   string            `json:"payment"`
	Name      string            `json:"event"`
	Header    map[string]string `json:"header"`
	Body      string            `json:"body"`
	CreatedAt time.Time         `json:"created_at"`
	Once      bool              `json:"once,omitempty"`     // one attempt; its provider sends the next one itself
	Done      bool              `json:"done"`               // delivered, given up, or meant for nobody
	Want      string            `json:"want,omitempty"`     // the only answer that counts; any 2xx when ""
	Attempts  int               `json:"attempts,omitempty"` // how often it is tried; the sandbox's ladder when 0
	Every     time.Duration     `json:"every,omitempty"`    // the pause between attempts, with Attempts
	Tries     []try             `json:"tries,omitempty"`
}

// try is one attempt to deliver an event.
type try struct {
	At     time.Time `json:"at"`
	URL    string    `json:"url"`
	Status int       `json:"status"` // 0 when no answer came
	Error  string    `json:"error,omitempty"`
	Answer string    `json:"answer,omitempty"` // the beginning of what the shop said
	TookMS int64     `json:"took_ms"`
}

// postman is a provider that goes by what becomes of its webhooks.
type postman interface {
	// posted is told of every attempt, and whether the shop has taken it. The caller holds the lock.
	posted(e *event, taken bool)
}

// took says whether an attempt delivered the event.
func (e *event) took(t try) bool {
	if e.Want != "" {
		return t.Status == http.StatusOK && t.Answer == e.Want
	}
	return t.Status/100 == 2
}

// pause is how long after the nth attempt the next one is; false when there is none.
func (s *Sandbox) pause(e *event, n int) (time.Duration, bool) {
	switch {
	case e.Attempts > 0:
		return e.Every, n < e.Attempts
	case n > len(s.cfg.RetryAfter):
		return 0, false
	}
	return s.cfg.RetryAfter[n-1], true
}

// tried writes an attempt down and tells the provider. The caller holds the lock.
func (s *Sandbox) tried(e *event, result try) (taken bool) {
	e.Tries = append(e.Tries, result)
	taken = e.took(result)
	if p, ok := s.provider(e.Gateway).(postman); ok {
		p.posted(e, taken)
	}
	return taken
}

// message is the event as it goes over the wire.
func (e *event) message() message {
	return message{ID: e.ID, Event: e.Name, header: maps.Clone(e.Header), body: []byte(e.Body)}
}

// newHookClient follows no redirects, as a provider does not.
func newHookClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxConnsPerHost = 32
	return &http.Client{
		Timeout:       hookTimeout,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *Sandbox) indexEvent(id string, e *event) {
	s.byPayment[e.Payment] = append(s.byPayment[e.Payment], id)
}

// emit keeps an event and sends it after the usual pause. The caller holds the lock.
func (s *Sandbox) emit(e *event) { s.emitAfter(e, s.cfg.WebhookDelay) }

// emitAfter keeps an event and sends it after a pause. The caller holds the lock.
func (s *Sandbox) emitAfter(e *event, pause time.Duration) {
	e.CreatedAt = s.clock()
	s.events.put(e.ID, e)
	id := e.ID
	s.timeline.at(e.CreatedAt.Add(pause), func() { s.startDelivery(id) })
}

// keep records an event that somebody sends by hand, so that its history shows it and a replay
// finds its bytes. The caller holds the lock.
func (s *Sandbox) keep(e *event) {
	e.CreatedAt = s.clock()
	e.Done = true
	s.events.put(e.ID, e)
}

// resumeDeliveries takes up the events that were not delivered when the sandbox stopped.
func (s *Sandbox) resumeDeliveries() {
	for id, e := range s.events.oldest() {
		if !e.Done {
			s.timeline.at(s.clock().Add(s.cfg.WebhookDelay), func() { s.startDelivery(id) })
		}
	}
}

// startDelivery makes one attempt of an event in the background.
func (s *Sandbox) startDelivery(id string) {
	if !s.begin() {
		return
	}
	go func() {
		defer s.work.Done()
		s.deliver(id)
	}()
}

// deliver makes one attempt of an event and plans the next one if it failed.
func (s *Sandbox) deliver(id string) {
	s.mu.Lock()
	e := s.events.get(id)
	to := s.endpoint(e)
	if to == "" {
		e.Done = true
		s.events.put(id, e)
		s.mu.Unlock()
		return
	}
	m := e.message()
	s.mu.Unlock()

	result := s.post(to, m)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil && result.Status == 0 {
		return // cut short by closing; the next start takes it up
	}
	taken := s.tried(e, result)
	pause, again := s.pause(e, len(e.Tries))
	e.Done = e.Once || taken || !again
	s.events.put(id, e)
	if !e.Done {
		s.timeline.at(s.clock().Add(pause), func() { s.startDelivery(id) })
	}
}

// endpoint is where an event goes. The caller holds the lock.
func (s *Sandbox) endpoint(e *event) string {
	if e.URL != "" {
		return e.URL
	}
	if m := s.merchants.get(e.Merchant); m != nil {
		return m.WebhookURL
	}
	return ""
}

// post sends one message once.
func (s *Sandbox) post(to string, m message) try {
	started := time.Now()
	result := try{At: s.now(), URL: to}
	ctx, cancel := context.WithTimeout(s.ctx, hookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		result.Error = err.Error()
		return result
	}
	for name, value := range m.header {
		req.Header.Set(name, value)
	}
	answer, err := s.client.Do(req)
	result.TookMS = time.Since(started).Milliseconds()
	if err != nil {
		var failed *url.Error // says the address again, which try has
		if errors.As(err, &failed) {
			err = failed.Err
		}
		result.Error = err.Error()
		return result
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 200))         // what is cut off shows as another answer
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // lets the connection be used again
	_ = answer.Body.Close()
	result.Answer = strings.ToValidUTF8(string(said), "?")
	result.Status = answer.StatusCode
	return result
}
