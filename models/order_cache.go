package models

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"
)

// lists keeps for a moment what nearly every page of the order list asks for and what rarely changes:
// the choices of a person, and the numbers on the tabs.
type lists struct {
	mu      sync.Mutex
	choices map[string]keptChoices
	tabs    map[string]keptTabs
	tallies map[string]keptTally
}

type keptChoices struct {
	OrderChoices
	at time.Time
}

type keptTabs struct {
	counts []int
	at     time.Time
}

type keptTally struct {
	OrderTally
	at time.Time
}

// How long a page may go by what an earlier one read.
const (
	choicesKept = 3 * time.Second
	tabsKept    = time.Second
	manyKept    = 10 * time.Second // more orders than a page counts do not become few so soon
	mostKept    = 1000             // entries; beyond those everything is forgotten
	cheapTabs   = 100              // orders, up to which they are counted anew for every page
)

// ChoicesOf is OrderChoices, kept for a moment. What the person changed themselves shows at once, on
// every copy of kartify: their preferences are part of what it is kept by, and saving a view changes
// them. A store or a status that is new may take three seconds, and so may a view that somebody else
// shares on another copy.
func (db *DB) ChoicesOf(ctx context.Context, user *User) (*OrderChoices, error) {
	key := strconv.FormatInt(user.ID, 10) + " " + ScopeOf(ctx).setting() + " " + string(user.Preferences)
	l := &db.lists
	l.mu.Lock()
	kept, known := l.choices[key]
	l.mu.Unlock()
	if known && time.Since(kept.at) < choicesKept {
		return &kept.OrderChoices, nil
	}
	c, err := db.OrderChoices(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.choices == nil || len(l.choices) >= mostKept {
		l.choices = map[string]keptChoices{}
	}
	l.choices[key] = keptChoices{*c, time.Now()}
	return c, nil
}

// forget has everything read anew.
func (l *lists) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.choices, l.tabs, l.tallies = nil, nil, nil
}

// keptTally is what a page with the same filter and the same stores said a moment ago, or nil.
func (l *lists) keptTally(ctx context.Context, f OrderFilter) *OrderTally {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, known := l.tallies[f.Query().Encode()+" "+ScopeOf(ctx).setting()]
	if !known {
		return nil
	}
	lasts := tabsKept
	if kept.More && kept.Missing == 0 && kept.Done == 0 {
		lasts = manyKept
	}
	if time.Since(kept.at) >= lasts {
		return nil
	}
	return &kept.OrderTally
}

// keepTally keeps a tally that took time to count.
func (l *lists) keepTally(ctx context.Context, f OrderFilter, t OrderTally) {
	if t.Total+t.Missing+t.Done < cheapTabs {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tallies == nil || len(l.tallies) >= mostKept {
		l.tallies = map[string]keptTally{}
	}
	l.tallies[f.Query().Encode()+" "+ScopeOf(ctx).setting()] = keptTally{t, time.Now()}
}

// keptTabs are the numbers of the tabs as somebody with the same stores was shown them a moment ago, or nil.
func (l *lists) keptTabs(ctx context.Context) []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if kept, known := l.tabs[ScopeOf(ctx).setting()]; known && time.Since(kept.at) < tabsKept {
		return slices.Clone(kept.counts)
	}
	return nil
}

// keepTabs keeps numbers that took time to count.
func (l *lists) keepTabs(ctx context.Context, counts []int) {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum < cheapTabs {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tabs == nil || len(l.tabs) >= mostKept {
		l.tabs = map[string]keptTabs{}
	}
	l.tabs[ScopeOf(ctx).setting()] = keptTabs{slices.Clone(counts), time.Now()}
}
