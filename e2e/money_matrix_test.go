package e2e

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
)

var wholeMatrix = flag.Bool("matrix", false, "put every action of every gateway through every fault")

// trouble is one way in which a provider goes wrong, and how far it lets an operation get.
type trouble struct {
	name   string
	faults []map[string]any
	lost   bool // nothing reached the provider, and nobody can tell
	fails  bool // taken on, and then not carried out, by providers that do so
}

var troubles = []trouble{
	{name: "none"},
	{name: "drop_before", faults: []map[string]any{{"mode": "drop_before"}}, lost: true},
	{name: "drop_after", faults: []map[string]any{{"mode": "drop_after"}}},
	{name: "500_before", faults: []map[string]any{{"mode": "500_before"}}, lost: true},
	{name: "500_after", faults: []map[string]any{{"mode": "500_after"}}},
	{name: "429", faults: []map[string]any{{"mode": "429"}}},
	{name: "garbage_after", faults: []map[string]any{{"mode": "garbage_after"}}},
	{name: "wrong_amount_after", faults: []map[string]any{{"mode": "wrong_amount_after"}}},
	{name: "late_commit", faults: []map[string]any{{"mode": "late_commit", "delay_ms": 900}}},
	{name: "hidden_from_lookup", faults: []map[string]any{{"mode": "hidden_from_lookup", "delay_ms": 1500}}},
	{name: "hidden, and the answer lost", faults: []map[string]any{{"mode": "hidden_from_lookup", "delay_ms": 1500}, {"mode": "drop_after"}}},
	{name: "pending_then_failed", faults: []map[string]any{{"mode": "pending_then_failed", "delay_ms": 400}}, fails: true},
}

// cell is one stand in one trouble, and what came of it.
type cell struct {
	stand
	trouble
	order             int64
	ref, op           string
	state             string
	attempts, lookups int
	ledger            []effect
	person            bool // somebody had to decide
}

func (c *cell) name() string { return c.stand.String() + ", " + c.trouble.name }

// ends is the state in which the operation must come to rest by itself.
func (c *cell) ends() string {
	switch {
	case c.trouble.lost && c.class != gateways.ByKey:
		return "needs_review" // not sent again, as nothing promises that it would be done once
	case c.trouble.fails && c.stand.fails:
		return "failed"
	}
	return "succeeded"
}

// chosen are the cells to run: all of them, or for each action some troubles, so that each gateway has all.
func chosen(all bool) []*cell {
	var cells []*cell
	turn := map[string]int{}
	for _, s := range stands {
		for i, tr := range troubles {
			if all || (i-turn[s.gateway])%4 == 0 || tr.fails && s.fails && s.drawn {
				cells = append(cells, &cell{stand: s, trouble: tr, order: int64(6001 + len(cells))})
			}
		}
		turn[s.gateway]++
	}
	return cells
}

// TestMoneyMatrix presses every button of every gateway while the provider misbehaves: what the ledger shows is
// what is booked, nothing happened twice or is lost, the page says so, and a person is asked only where nobody
// can know. With -matrix, or KARTIFY_CHAOS=long, all troubles are tried with each.
func TestMoneyMatrix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "KARTIFY_CALL_TIMEOUT=3s", "KARTIFY_LEASE=4s", "KARTIFY_SESSION_IDLE=8h")
	w.creditHere()
	cells := chosen(*wholeMatrix || os.Getenv("KARTIFY_CHAOS") == "long")
	for code := range homes {
		w.sandbox(http.MethodPut, "/_sandbox/caps", map[string]any{"gateway": code, "enforce": false}, nil)
	}
	for _, c := range cells {
		c.ref = w.put(c.order, c.stand)
		for _, fault := range c.faults {
			f := maps.Clone(fault)
			f["gateway"], f["verb"], f["payment"], f["times"] = c.gateway, c.verb, c.ref, 1
			w.sandbox(http.MethodPut, "/_sandbox/faults", f, nil)
		}
	}
	ravi := w.signIn("owner@ruosh.example")
	w.pressAll(ravi, cells)
	w.rest(cells, 60*time.Second)
	var unused []map[string]any
	w.sandbox(http.MethodGet, "/_sandbox/faults", nil, &unused)
	for _, fault := range unused {
		t.Errorf("a fault has hit nothing: %v", fault)
	}
	for _, c := range cells {
		w.judge(ravi, c)
	}
	for _, c := range cells {
		if c.state == "needs_review" {
			w.decide(ravi, c)
		}
	}
	for _, c := range cells {
		c.ledger = w.ledger(c.gateway, c.ref)
		if here, there := w.booked(c.order), added(c.ledger); here != there {
			t.Errorf("%s: order %d: booked %+v, the ledger says %+v", c.name(), c.order, here, there)
		}
	}
	w.sound(t)
	report(t, cells)
}

// pressAll presses the button of each cell, some at a time.
func (w *world) pressAll(p *person, cells []*cell) {
	w.t.Helper()
	var wait sync.WaitGroup
	slots := make(chan struct{}, 6)
	for _, c := range cells {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			action, form, err := p.form(c.order, c.stand)
			if err != nil {
				w.t.Errorf("%s: %v", c.name(), err)
				return
			}
			r, err := p.try(http.MethodPost, action, form)
			if err != nil {
				w.t.Errorf("%s: %v", c.name(), err)
				return
			}
			if c.op = operationOf(r); c.op == "" {
				said := strings.Join(strings.Fields(r.page().Find(".problem, [role=alert]").Text()), " ")
				w.t.Errorf("%s: %d %s", c.name(), r.StatusCode, said)
			}
		})
	}
	wait.Wait()
}

// rest waits until nothing moves any more. Where nobody can know, the quiet time is made to pass: the sends
// become more than a day older than they are.
func (w *world) rest(cells []*cell, within time.Duration) {
	w.t.Helper()
	aged := map[string]bool{}
	for deadline := time.Now().Add(within); ; time.Sleep(100 * time.Millisecond) {
		open := 0
		for _, c := range cells {
			if c.op == "" || slices.Contains([]string{"succeeded", "failed", "cancelled", "needs_review"}, c.state) {
				continue
			}
			err := w.db.Pool().QueryRow(w.ctx, `SELECT state, attempts, lookups FROM operations WHERE id = $1::bigint`, c.op).Scan(&c.state, &c.attempts, &c.lookups)
			if err != nil {
				w.t.Fatal(err)
			}
			open++
			if c.state == "unknown" && c.ends() == "needs_review" && c.lookups > 1 && !aged[c.op] {
				aged[c.op] = true
				_, err := w.db.Pool().Exec(w.ctx, `UPDATE operations SET first_sent_at = first_sent_at - interval '25 hours', before_at = before_at - interval '25 hours', next_at = now() WHERE id = $1::bigint`, c.op)
				if err != nil {
					w.t.Fatal(err)
				}
			}
		}
		if open == 0 || time.Now().After(deadline) {
			return
		}
	}
}

// judge compares a cell with what had to come of it, with the ledger and with the page.
func (w *world) judge(p *person, c *cell) {
	w.t.Helper()
	c.ledger = w.ledger(c.gateway, c.ref)
	if c.op == "" {
		return // it was said why
	}
	done := 0
	for _, e := range c.ledger[1:] { // the first one is the payment itself
		if e.Verb == c.verb && e.AmountMinor == c.minor {
			done++
		}
	}
	if c.drawn && c.verb == "capture" {
		done--
	}
	want := map[bool]int{false: 1}[c.trouble.lost && c.class != gateways.ByKey]
	if c.state == "failed" && done == 0 {
		want = 0 // some providers write down what they took on, others what they did
	}
	if done != want {
		w.t.Errorf("%s: it happened %d times at the provider, want %d: %+v", c.name(), done, want, c.ledger)
	}
	if c.state != c.ends() {
		var problem, tries string
		w.scan(&problem, `SELECT problem FROM operations WHERE id = $1::bigint`, c.op)
		w.scan(&tries, `SELECT string_agg(kind || ' ' || outcome || ' ' || detail, ' | ' ORDER BY n) FROM operation_attempts WHERE operation_id = $1::bigint`, c.op)
		w.t.Errorf("%s: operation %s of order %d is %s, want %s: %s\n\t%s", c.name(), c.op, c.order, c.state, c.ends(), problem, tail(tries, 900))
	}
	page := p.get(fmt.Sprintf("/sales/orders/%d", c.order)).page().Find("#operation-" + c.op)
	if page.AttrOr("data-state", "") != c.state {
		w.t.Errorf("%s: the page says %q", c.name(), strings.Join(strings.Fields(page.Text()), " "))
	}
}

// decide has somebody look at an operation that nobody can know about, and say that it did not happen.
func (w *world) decide(p *person, c *cell) {
	w.t.Helper()
	c.person = true
	shown := p.get("/operations/" + c.op + "/review")
	if shown.StatusCode != http.StatusOK {
		w.t.Errorf("%s: the review answers %d", c.name(), shown.StatusCode)
		return
	}
	if r := p.post("/operations/"+c.op+"/decision", url.Values{"decision": {"yes"}, "reason": {"a guess"}}); c.trouble.lost && r.StatusCode == http.StatusSeeOther {
		w.t.Errorf("%s: it could be decided that it happened, though the provider shows that it did not", c.name())
		return
	}
	r := p.post("/operations/"+c.op+"/decision", url.Values{"decision": {"no"}, "reason": {"Not in the portal."}})
	if r.StatusCode != http.StatusSeeOther {
		w.t.Errorf("%s: the decision answers %d: %s", c.name(), r.StatusCode, strings.Join(strings.Fields(r.page().Find(".problem").Text()), " "))
	}
	w.scan(&c.state, `SELECT state FROM operations WHERE id = $1::bigint`, c.op)
}

// report prints what was done, gateway by gateway.
func report(t *testing.T, cells []*cell) {
	t.Helper()
	type figures struct{ ops, effects, sends, lookups, done, failed, persons int }
	sums := map[string]*figures{}
	for _, c := range cells {
		f := sums[c.gateway]
		if f == nil {
			f = &figures{}
			sums[c.gateway] = f
		}
		f.ops, f.sends, f.lookups = f.ops+1, f.sends+c.attempts, f.lookups+c.lookups
		for _, e := range c.ledger[1:] {
			if e.Verb == c.verb && !(c.drawn && e.Verb == "capture") {
				f.effects++
			}
		}
		switch {
		case c.person:
			f.persons++
		case c.state == "succeeded":
			f.done++
		case c.state == "failed":
			f.failed++
		}
	}
	for _, code := range slices.Sorted(maps.Keys(sums)) {
		f := sums[code]
		t.Logf("%-9s %3d operations, %3d effects, %3d sends, %3d look-ups: %3d done, %2d failed at the provider, %2d decided by a person", code, f.ops, f.effects, f.sends, f.lookups, f.done, f.failed, f.persons)
	}
}
