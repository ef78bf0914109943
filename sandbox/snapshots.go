package sandbox

import (
	"encoding/json"
	"fmt"
	"time"
)

// snapshots are what reads of some records show instead of the truth: how a record was before an
// effect that is hidden, or the truth with an amount that is wrong. They are part of a test, so a
// restart forgets them. All of it is used under the sandbox's lock.
type snapshots[T any] struct {
	hidden map[string]snapshot[T]
	wrong  map[string]string // the verb whose amount the next read gets wrong
}

type snapshot[T any] struct {
	row   *T
	until time.Time // of the machine's time; zero is until the faults are deleted
}

func newSnapshots[T any]() *snapshots[T] {
	return &snapshots[T]{hidden: map[string]snapshot[T]{}, wrong: map[string]string{}}
}

// note keeps what a call's faults want of the reads that follow it; before is the record as it was.
func (h *snapshots[T]) note(id, verb string, before *T, p plan) {
	if _, held := h.hidden[id]; p.hidden && !held {
		until := time.Time{}
		if p.hiddenFor > 0 {
			until = time.Now().Add(p.hiddenFor)
		}
		h.hidden[id] = snapshot[T]{before, until}
	}
	if p.ending == modeWrongAmount {
		h.wrong[id] = verb
	}
}

// seen is a copy of a record as it is now, or as it was before what is hidden.
func (h *snapshots[T]) seen(id string, now *T) *T {
	held, hidden := h.hidden[id]
	switch {
	case !hidden:
	case held.until.IsZero() || time.Now().Before(held.until):
		return clone(held.row)
	default:
		delete(h.hidden, id)
	}
	return clone(now)
}

// misread is the verb whose amount this read gets wrong, once, or "".
func (h *snapshots[T]) misread(id string) string {
	verb := h.wrong[id]
	delete(h.wrong, id)
	return verb
}

func (h *snapshots[T]) unhide() {
	clear(h.hidden)
	clear(h.wrong)
}

// clone is a deep copy of a record.
func clone[T any](row *T) *T {
	out := new(T)
	if err := json.Unmarshal(compact(row), out); err != nil {
		panic(fmt.Sprintf("sandbox: copy %T: %v", row, err)) // what the journal does all the time
	}
	return out
}

// randomUUID is a random identifier as RFC 9562 writes version 4.
func randomUUID() string {
	hex := randomFrom("0123456789abcdef", 30)
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[12:15] + "-" + randomFrom("89ab", 1) + hex[15:18] + "-" + hex[18:30]
}
