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
	many    map[string]time.Time // filters that matched more than anybody counts, and when
}

type keptChoices struct {
	OrderChoices
	at time.Time
}

type keptTabs struct {
	counts []int
	at     time.Time
}

// How long a page may go by what an earlier one read.
const (
	choicesKept = 3 * time.Second
	tabsKept    = time.Second
	manyKept    = 10 * time.Second
	mostKept    = 1000 // entries; beyond those everything is forgotten
	cheapTabs   = 100  // orders on the tabs, up to which they are counted anew for every page
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
	l.choices, l.tabs, l.many = nil, nil, nil
}

// knownMany says whether the filter matched more orders than a page counts a moment ago. Those do not
// become few so soon.
func (l *lists) knownMany(ctx context.Context, f OrderFilter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.many[f.Query().Encode()+" "+ScopeOf(ctx).setting()]
	return known && time.Since(at) < manyKept
}

// keepMany remembers that the filter matches more orders than a page counts.
func (l *lists) keepMany(ctx context.Context, f OrderFilter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.many == nil || len(l.many) >= mostKept {
		l.many = map[string]time.Time{}
	}
	l.many[f.Query().Encode()+" "+ScopeOf(ctx).setting()] = time.Now()
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
