package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a provider can be told to do wrong. "Before" means without an effect, "after" means with it.
const (
	modeDelay        = "delay"               // waits, then works as usual; goes with any other mode
	modeDropBefore   = "drop_before"         // closes the connection, nothing happened
	modeDropAfter    = "drop_after"          // closes the connection, the effect happened
	mode500Before    = "500_before"          // the provider's own 500, nothing happened
	mode500After     = "500_after"           // a proxy's 502 page in HTML, the effect happened
	mode429          = "429"                 // too many requests, with Retry-After
	modeBusy         = "busy"                // another operation is in progress, nothing happened
	modeGarbage      = "garbage_after"       // half an answer, the effect happened
	modeEmpty        = "empty_after"         // 200 and not one byte, the effect happened
	modeWrongAmount  = "wrong_amount_after"  // an answer about another amount, the effect happened
	modeLateCommit   = "late_commit"         // closes the connection, the effect happens delay_ms later
	modeDuplicates   = "duplicate_accepting" // forgets idempotency keys and receipts
	modeHidden       = "hidden_from_lookup"  // the effect cannot be looked up for delay_ms, or until the faults are deleted
	modePendingFails = "pending_then_failed" // accepted as pending, fails delay_ms later
)

// endings are the modes that decide how a call ends; the first one that matches is used.
var endings = []string{
	modeDropBefore, modeDropAfter, mode500Before, mode500After, mode429, modeBusy,
	modeGarbage, modeEmpty, modeWrongAmount, modeLateCommit,
}

// modes are all of them.
var modes = append([]string{modeDelay, modeDuplicates, modeHidden, modePendingFails}, endings...)

// fault is one thing a provider was told to do wrong.
type fault struct {
	Gateway string `json:"gateway"`
	Verb    string `json:"verb"`              // "" is every verb
	Payment string `json:"payment,omitempty"` // "" is every payment
	Mode    string `json:"mode"`
	DelayMS int64  `json:"delay_ms,omitempty"`
	Times   int    `json:"times,omitempty"` // how often; 0 is until the faults are deleted
}

func (f *fault) matches(gateway, verb, payment string) bool {
	return f.Gateway == gateway && (f.Verb == "" || f.Verb == verb) && (f.Payment == "" || f.Payment == payment)
}

// plan is what the matching faults make of one call.
type plan struct {
	ending     string        // one of endings, or ""
	endDelay   time.Duration // the delay_ms of that ending
	delay      time.Duration // of modeDelay
	duplicates bool
	hidden     bool
	hiddenFor  time.Duration // 0 is until the faults are deleted
	fails      bool
	failsAfter time.Duration // 0 is as long as a refund usually takes
}

// faults are those in force. They are part of a test, not of the books: a restart forgets them.
type faults struct {
	mu   sync.Mutex
	list []*fault
}

func newFaults() *faults { return &faults{list: []*fault{}} }

// put adds a fault, or replaces the one of the same gateway, verb, payment and mode.
func (fs *faults) put(f fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, old := range fs.list {
		if old.Gateway == f.Gateway && old.Verb == f.Verb && old.Payment == f.Payment && old.Mode == f.Mode {
			*old = f
			return
		}
	}
	fs.list = append(fs.list, &f)
}

// all is a copy of the faults in force.
func (fs *faults) all() []fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := []fault{}
	for _, f := range fs.list {
		list = append(list, *f)
	}
	return list
}

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = []*fault{}
}

// take plans one call and counts down the faults it uses.
func (fs *faults) take(gateway, verb, payment string) plan {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var p plan
	used := func(f *fault) bool {
		if !f.matches(gateway, verb, payment) {
			return false
		}
		delay := time.Duration(f.DelayMS) * time.Millisecond
		switch f.Mode {
		case modeDelay:
			p.delay += delay
		case modeDuplicates:
			p.duplicates = true
		case modeHidden:
			p.hidden, p.hiddenFor = true, delay
		case modePendingFails:
			p.fails, p.failsAfter = true, delay
		default:
			if p.ending != "" {
				return false // waits for the next call
			}
			p.ending, p.endDelay = f.Mode, delay
		}
		return true
	}
	fs.list = slices.DeleteFunc(fs.list, func(f *fault) bool {
		if !used(f) || f.Times == 0 {
			return false
		}
		f.Times--
		return f.Times == 0
	})
	return p
}

// check says what is wrong with a fault somebody asks for, or nil.
func (s *Sandbox) checkFault(f fault) error {
	p := s.provider(f.Gateway)
	if p == nil {
		return fmt.Errorf("there is no gateway %q here", f.Gateway)
	}
	if !slices.Contains(modes, f.Mode) {
		return fmt.Errorf("there is no mode %q; there are %s", f.Mode, strings.Join(modes, ", "))
	}
	if verbs := verbsOf(p); f.Verb != "" && !slices.Contains(verbs, f.Verb) {
		return fmt.Errorf("%s has no verb %q; it has %s", f.Gateway, f.Verb, strings.Join(verbs, ", "))
	}
	if f.DelayMS < 0 || f.Times < 0 {
		return fmt.Errorf("delay_ms and times cannot be negative")
	}
	return nil
}
