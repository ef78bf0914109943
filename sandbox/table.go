package sandbox

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// table is a provider's objects of one kind, kept in the journal. All of it is used under the
// sandbox's lock, and a row that leaves the lock is copied first.
type table[T any] struct {
	name    string
	journal *journal
	rows    map[string]*T
	ids     []string                // in the order they were made
	added   func(id string, row *T) // told of every new row, also when the journal is read
}

func newTable[T any](j *journal, name string) *table[T] {
	t := &table[T]{name: name, journal: j, rows: map[string]*T{}}
	j.readers[name] = func(id string, raw json.RawMessage) error {
		row := new(T)
		if err := json.Unmarshal(raw, row); err != nil {
			return fmt.Errorf("%s %s: %w", name, id, err)
		}
		t.keep(id, row)
		return nil
	}
	return t
}

// get is the row called id, or nil.
func (t *table[T]) get(id string) *T { return t.rows[id] }

// put stores a new or changed row.
func (t *table[T]) put(id string, row *T) {
	t.keep(id, row)
	t.journal.write(t.name, id, row)
}

func (t *table[T]) keep(id string, row *T) {
	_, known := t.rows[id]
	t.rows[id] = row
	if known {
		return
	}
	t.ids = append(t.ids, id)
	if t.added != nil {
		t.added(id, row)
	}
}

// newest walks the rows from the youngest to the oldest.
func (t *table[T]) newest() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, id := range slices.Backward(t.ids) {
			if !yield(id, t.rows[id]) {
				return
			}
		}
	}
}

// oldest walks the rows in the order they were made.
func (t *table[T]) oldest() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, id := range t.ids {
			if !yield(id, t.rows[id]) {
				return
			}
		}
	}
}
