package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// Entry is one effect that really happened at a provider. A refused, lost or repeated call that
// changed nothing has none.
type Entry struct {
	Seq            int64     `json:"seq"`
	Gateway        string    `json:"gateway"`
	Verb           string    `json:"verb"`         // payment, capture, refund, refund_failed, confirm, refund_session …
	Payment        string    `json:"payment"`      // the provider's id of the payment; Fynd's gid or order id
	AmountMinor    int64     `json:"amount_minor"` // whole minor units of Currency
	Currency       string    `json:"currency"`
	Ref            string    `json:"ref"`             // the provider's id of the effect
	IdempotencyKey string    `json:"idempotency_key"` // "" when the effect did not come through the API with one
	State          string    `json:"state,omitempty"` // the word Fynd was told, where there is one
	At             time.Time `json:"at"`
}

// ledger is the list of effects. It only grows.
type ledger struct {
	rows *table[Entry]
	list []Entry
}

func newLedger(j *journal) *ledger {
	l := &ledger{rows: newTable[Entry](j, "ledger")}
	l.rows.added = func(_ string, e *Entry) { l.list = append(l.list, *e) }
	return l
}

// record writes an effect down. The caller holds the lock.
func (s *Sandbox) record(e Entry) {
	e.Seq = int64(len(s.ledger.list)) + 1
	e.At = s.clock()
	s.ledger.rows.put(strconv.FormatInt(e.Seq, 10), &e)
}

// entries is a copy of the effects that match, in the order they happened.
func (s *Sandbox) entries(match func(*Entry) bool) []Entry {
	s.mu.Lock()
	all := s.ledger.list // never changed in place, only grown
	s.mu.Unlock()
	found := []Entry{}
	for i := range all {
		if match(&all[i]) {
			found = append(found, all[i])
		}
	}
	return found
}

// showLedger answers GET /_sandbox/ledger with an array of entries.
func (s *Sandbox) showLedger(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	given := func(name, value string) bool { return q.Get(name) == "" || q.Get(name) == value }
	writeJSON(w, http.StatusOK, s.entries(func(e *Entry) bool {
		return given("gateway", e.Gateway) && given("payment", e.Payment) && given("verb", e.Verb) && given("ref", e.Ref)
	}))
}
