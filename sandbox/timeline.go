package sandbox

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// timeline runs things when the sandbox's clock reaches them: a refund that gets processed, an
// authorization that expires, the next attempt of a webhook.
type timeline struct {
	now  func() time.Time
	wake chan struct{}

	running sync.Mutex // one run at a time, so that advance returns after everything due has happened

	mu    sync.Mutex
	queue appointments
	count int
}

// appointment is one thing to do at a time. Equal times keep the order they were made in.
type appointment struct {
	at time.Time
	n  int
	do func()
}

func newTimeline(now func() time.Time) *timeline {
	return &timeline{now: now, wake: make(chan struct{}, 1)}
}

// at asks for do to run at the sandbox's time t. It must be quick and must not expect the lock held.
func (t *timeline) at(when time.Time, do func()) {
	t.mu.Lock()
	t.count++
	heap.Push(&t.queue, appointment{when, t.count, do})
	t.mu.Unlock()
	t.nudge()
}

func (t *timeline) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// advance does everything that is due by now, and what that makes due.
func (t *timeline) advance() {
	t.running.Lock()
	defer t.running.Unlock()
	for {
		do := t.due()
		if do == nil {
			return
		}
		do()
	}
}

func (t *timeline) due() func() {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 || t.queue[0].at.After(now) {
		return nil
	}
	return heap.Pop(&t.queue).(appointment).do
}

// wait is how long nothing is due.
func (t *timeline) wait() time.Duration {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return time.Hour
	}
	return t.queue[0].at.Sub(now)
}

// run keeps the timeline going until ctx ends.
func (t *timeline) run(ctx context.Context) {
	for {
		t.advance()
		timer := time.NewTimer(t.wait())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-t.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// appointments is a heap with the next one first.
type appointments []appointment

func (a appointments) Len() int      { return len(a) }
func (a appointments) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a appointments) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].n < a[j].n
	}
	return a[i].at.Before(a[j].at)
}

// Push adds an appointment; container/heap calls it.
func (a *appointments) Push(x any) { *a = append(*a, x.(appointment)) }

// Pop takes the last appointment; container/heap calls it.
func (a *appointments) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = appointment{}
	*a = old[:len(old)-1]
	return last
}
