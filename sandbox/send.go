package sandbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
)

// sealer is the headers of an event's body, signed as its provider signs it; wrong signs with a
// secret the shop does not have.
type sealer func(e *event, body []byte, wrong bool) map[string]string

// source is where the messages somebody asks for come from.
type source struct {
	payment string
	name    string
	fresh   func() (*event, error) // the event from what is true now
	other   func() (*event, error) // another event about the same payment
	history func() []*event        // every event so far, oldest first
	seal    sealer

	forgeries map[string]func(*event) (message, error) // the provider's own, besides those of forge
}

// notifier is a provider that sends webhooks about payments.
type notifier interface {
	// source is what an event of a payment is made of; refund may name one of several.
	// The caller holds the lock.
	source(name, payment, refund string) source
}

// sending is how somebody wants messages to go out.
type sending struct {
	To       string `json:"to"`
	Times    int    `json:"times"`    // the same bytes and event id that often; once when 0
	Shuffle  bool   `json:"shuffle"`  // the payment's whole history in random order
	Parallel bool   `json:"parallel"` // all at once instead of one after the other
	Forge    string `json:"forge"`
}

// sent is what came of it: the shop's statuses in the order the messages were sent, 0 for none.
type sent struct {
	Statuses   []int     `json:"statuses"`
	Deliveries []outcome `json:"deliveries"`
}

type outcome struct {
	message
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
	Answer string `json:"answer,omitempty"`
}

// sendWebhooks answers POST /_sandbox/webhooks.
func (s *Sandbox) sendWebhooks(_ *http.Request, in struct {
	Gateway string `json:"gateway"`
	Event   string `json:"event"`
	Payment string `json:"payment"`
	Refund  string `json:"refund"`
	sending
},
) (any, error) {
	n, ok := s.provider(in.Gateway).(notifier)
	if !ok {
		return nil, fmt.Errorf("%q sends no webhooks about a payment", in.Gateway)
	}
	s.mu.Lock()
	messages, to, err := s.prepare(n.source(in.Event, in.Payment, in.Refund), in.sending)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	in.sending.To = to
	return s.send(messages, in.sending), nil
}

// prepare makes the messages somebody asks for and says where they go. The caller holds the lock.
func (s *Sandbox) prepare(src source, how sending) ([]message, string, error) {
	if how.Shuffle {
		events := src.history()
		if len(events) == 0 {
			return nil, "", fmt.Errorf("%q has no events yet", src.payment)
		}
		return s.messages(src, events, how)
	}
	fresh, err := src.fresh()
	if err != nil {
		return nil, "", err
	}
	switch how.Forge {
	case "":
		s.keep(fresh)
	case forgeReplay, forgeOtherBytes:
		return s.repeat(src, fresh, how)
	}
	return s.messages(src, []*event{fresh}, how)
}

// repeat makes a message out of an event that was sent before: its body under a new id, or its id
// over another body. When none was sent yet, the genuine one goes first.
func (s *Sandbox) repeat(src source, fresh *event, how sending) ([]message, string, error) {
	var events []*event
	known := s.lastEvent(src.payment, src.name)
	if known == nil {
		s.keep(fresh)
		known = fresh
		events = append(events, fresh)
	}
	replay := *known
	replay.ID = newID("")
	if how.Forge == forgeOtherBytes {
		other, err := src.other()
		if err != nil {
			return nil, "", err
		}
		replay = *other
		replay.ID = known.ID
	}
	replay.Header = merge(replay.Header, src.seal(&replay, []byte(replay.Body), false))
	how.Forge = ""
	return s.messages(src, append(events, &replay), how)
}

// messages turns events into what goes over the wire, and says where to. The caller holds the lock.
func (s *Sandbox) messages(src source, events []*event, how sending) ([]message, string, error) {
	to := how.To
	if to == "" {
		to = s.endpoint(events[0])
	}
	if to == "" {
		return nil, "", errors.New(`there is nowhere to send it: give "to", or the merchant a webhook_url`)
	}
	var list []message
	for _, e := range events {
		own := src.forgeries[how.Forge]
		if own == nil {
			own = func(e *event) (message, error) { return forge(how.Forge, e, src.seal) }
		}
		m, err := own(e)
		if err != nil {
			return nil, "", err
		}
		list = append(list, m)
	}
	return list, to, nil
}

// lastEvent is the youngest event of a payment with that name, or nil. The caller holds the lock.
func (s *Sandbox) lastEvent(payment, name string) *event {
	var last *event
	for _, e := range s.eventsOf(payment) {
		if e.Name == name {
			last = e
		}
	}
	return last
}

// eventsOf is every event of a payment, oldest first. The caller holds the lock.
func (s *Sandbox) eventsOf(payment string) []*event {
	var list []*event
	for _, id := range s.byPayment[payment] {
		list = append(list, s.events.get(id))
	}
	return list
}

// send delivers messages now, each as often as asked, and says what the shop answered.
func (s *Sandbox) send(messages []message, how sending) sent {
	var queue []message
	for _, m := range messages {
		for range max(1, how.Times) {
			queue = append(queue, m)
		}
	}
	if how.Shuffle {
		rand.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	}
	result := sent{Statuses: make([]int, len(queue)), Deliveries: make([]outcome, len(queue))}
	deliver := func(i int) {
		got := s.post(how.To, queue[i])
		result.Statuses[i] = got.Status
		result.Deliveries[i] = outcome{queue[i], got.Status, got.Error, got.Answer}
	}
	var all sync.WaitGroup
	for i := range queue {
		if how.Parallel {
			all.Go(func() { deliver(i) })
		} else {
			deliver(i)
		}
	}
	all.Wait()
	return result
}
