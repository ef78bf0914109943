package gateways

import (
	"context"
	"sync"
	"time"
)

// Exchange is one HTTP request and its answer, scrubbed of secrets and full card numbers.
type Exchange struct {
	Verb     string // "refund"
	Method   string
	URL      string
	Request  string // body, scrubbed, at most 64 KiB
	Status   int    // 0 when no answer came
	Answer   string // body, scrubbed, at most 64 KiB
	Err      string
	Started  time.Time
	Duration time.Duration
}

// Trace collects the exchanges of one attempt, for the record people can look at.
type Trace struct {
	mu        sync.Mutex
	exchanges []Exchange
}

// Exchanges are the exchanges so far, in order.
func (t *Trace) Exchanges() []Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Exchange(nil), t.exchanges...)
}

func (t *Trace) add(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exchanges = append(t.exchanges, e)
}

type traceKey struct{}

// WithTrace makes every Client call under ctx leave its exchange in the returned Trace.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	trace := &Trace{}
	return context.WithValue(ctx, traceKey{}, trace), trace
}

func traceOf(ctx context.Context) *Trace {
	trace, _ := ctx.Value(traceKey{}).(*Trace)
	return trace
}
