package models_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

func values(t *testing.T, query string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// Missing orders are never part of all, and never hidden without a word.
func TestMissingRule(t *testing.T) {
	s := newShelf(t)
	s.put(
		book{ID: 1, Name: "Neha Rao"}, book{ID: 2, Status: "failed"}, book{ID: 3, Status: "missing", Reason: "debited", Name: "Neha Rao", Partner: "FY0003"},
		book{ID: 4, Status: "pending"}, book{ID: 5, Status: "missing", Reason: "abandoned"},
	)
	tests := []struct {
		query   string
		ids     []int64
		missing int
	}{
		{"", []int64{4, 2, 1}, 2},
		{"status=missing", []int64{5, 3}, 0},
		{"status=missing&status=failed", []int64{5, 3, 2}, 0},
		{"status=failed&status=pending", []int64{4, 2}, 0},
		{"order_id=3", []int64{}, 1},
		{"order_id=1", []int64{1}, 0},
		{"order_id=99", []int64{}, 0},
		{"order_id=16916747740991418099", []int64{}, 0},
		{"order_id=3&status=failed", []int64{}, 1},
		{"partner_order_id=FY0003", []int64{}, 1},
		{"q=neha", []int64{1}, 1},
		{"q=fy0003", []int64{}, 1},
		{"customer=rao&status=failed", []int64{}, 1},
		{"sort=date_added", []int64{1, 2, 4}, 2},
		{"sort=-id&status=missing&status=pending", []int64{5, 4, 3}, 0},
		{"sort=date_modified&status=missing&status=pending", []int64{3, 4, 5}, 0},
	}
	for _, tt := range tests {
		ids, _, _ := s.list(tt.query)
		tally := s.tally(tt.query)
		if !slices.Equal(ids, tt.ids) || tally.Total != len(tt.ids) || tally.Missing != tt.missing {
			t.Errorf("%s: %v, %d in all, %d missing; want %v and %d missing", tt.query, ids, tally.Total, tally.Missing, tt.ids, tt.missing)
		}
	}
}

func TestEventFilter(t *testing.T) {
	s := newShelf(t)
	refund := models.EventRefundInitiated
	s.put(
		book{ID: 1, Events: []string{refund}}, book{ID: 2, Events: []string{"BAG_PICKED"}},
		book{ID: 3, Events: []string{refund, "BAG_PICKED"}}, book{ID: 4}, book{ID: 5, Events: []string{refund}}, book{ID: 6, Status: "missing", Events: []string{refund}},
	)
	s.exec(`UPDATE order_events SET waiting = false WHERE order_id = 5`)
	tests := []struct {
		query         string
		ids           []int64
		done, missing int
	}{
		{"event=REFUND_INITIATED", []int64{3, 1}, 1, 1},
		{"event=REFUND_INITIATED&sort=date_added", []int64{1, 3}, 1, 1},
		{"event=REFUND_INITIATED&waiting=all", []int64{5, 3, 1}, 0, 1},
		{"event=REFUND_INITIATED&waiting=done", []int64{5}, 0, 0},
		{"event=BAG_PICKED", []int64{3, 2}, 0, 0},
		{"event=BAG_PICKED&event=REFUND_INITIATED", []int64{3, 2, 1}, 1, 1},
		{"event=BAG_PICKED&order_id=2", []int64{2}, 0, 0},
		{"event=NEVER_SEEN", []int64{}, 0, 0},
		{"event=REFUND_INITIATED&status=processed&status=failed", []int64{3, 1}, 1, 0},
	}
	for _, tt := range tests {
		ids, _, _ := s.list(tt.query)
		tally := s.tally(tt.query)
		if !slices.Equal(ids, tt.ids) || tally.Done != tt.done || tally.Missing != tt.missing || tally.Total != len(ids) {
			t.Errorf("%s: %v, %+v; want %v, %d done, %d missing", tt.query, ids, *tally, tt.ids, tt.done, tt.missing)
		}
	}
	_, list, _ := s.list("order_id=3")
	if row := list.Rows[0]; row.LastEvent != "BAG_PICKED" || !row.Waiting {
		t.Errorf("a later event hides the refund that waits: %+v", row)
	}
	c, err := s.db.OrderChoices(s.ctx, 0)
	if err != nil || !slices.Equal(c.Events, []string{"BAG_PICKED", refund}) {
		t.Errorf("the events to choose from are %v (%v)", c.Events, err)
	}
	if got := s.tally(""); !slices.Equal(got.Tabs, []int{0, 1, 2, 0}) {
		t.Errorf("the tabs count %v", got.Tabs)
	}
}

// Days are those of each order's own store, and both ends are included.
func TestDaysOfTheStore(t *testing.T) {
	s := newShelf(t)
	s.put(
		book{ID: 1, Added: "2026-11-21T18:29:59Z"}, // Kolkata 23:59:59 on the 21st
		book{ID: 2, Added: "2026-11-21T18:30:00Z"}, // Kolkata 00:00:00 on the 22nd
		book{ID: 3, Added: "2026-11-22T18:29:59Z"}, // Kolkata 23:59:59 on the 22nd
		book{ID: 4, Added: "2026-11-22T18:30:00Z"}, // Kolkata 00:00:00 on the 23rd
		book{ID: 5, Store: 41, Added: "2026-11-21T22:59:59Z"},
		book{ID: 6, Store: 41, Added: "2026-11-21T23:00:00Z"},
		book{ID: 7, Store: 41, Added: "2026-11-22T22:59:59Z"},
		book{ID: 8, Store: 41, Added: "2026-11-22T23:00:00Z"},
		book{ID: 9, Store: 41, Added: "2026-10-24T22:00:00Z"},  // Stockholm 00:00 on the day clocks go back
		book{ID: 10, Store: 41, Added: "2026-10-25T22:59:59Z"}, // and its last second, 25 hours later
		book{ID: 11, Store: 41, Added: "2026-10-25T23:00:00Z"},
	)
	tests := []struct {
		query string
		ids   []int64
	}{
		{"added_from=2026-11-22&added_to=2026-11-22", []int64{2, 3, 6, 7}},
		{"added_from=2026-11-22&added_to=2026-11-22&store=40", []int64{2, 3}},
		{"added_from=2026-11-22&added_to=2026-11-22&store=41", []int64{6, 7}},
		{"modified_from=2026-11-22&modified_to=2026-11-22", []int64{2, 3, 6, 7}},
		{"added_from=2026-11-23", []int64{4, 8}},
		{"added_to=2026-11-21&added_from=2026-11-01", []int64{1, 5}},
		{"added_from=2026-10-25&added_to=2026-10-25", []int64{9, 10}},
		{"added_from=2026-11-23&added_to=2026-11-22", []int64{}},
	}
	for _, tt := range tests {
		ids, _, _ := s.list(tt.query)
		slices.Sort(ids)
		if !slices.Equal(ids, tt.ids) {
			t.Errorf("%s: %v, want %v", tt.query, ids, tt.ids)
		}
	}
}

func TestAmountFilterGoesByCurrency(t *testing.T) {
	s := newShelf(t)
	s.put(
		book{ID: 1, Total: 9999}, book{ID: 2, Total: 10000}, book{ID: 3, Total: 10050},
		book{ID: 4, Currency: "JPY", Total: 99}, book{ID: 5, Currency: "JPY", Total: 100}, book{ID: 6, Currency: "JPY", Total: 101},
		book{ID: 7, Currency: "KWD", Total: 99999}, book{ID: 8, Currency: "KWD", Total: 100000}, book{ID: 9, Currency: "KWD", Total: 100501},
	)
	for query, want := range map[string][]int64{
		"amount_from=100":                     {2, 3, 5, 6, 8, 9},
		"amount_to=100":                       {1, 2, 4, 5, 7, 8},
		"amount_from=100&amount_to=100":       {2, 5, 8},
		"amount_from=100.5":                   {3, 6, 9},
		"amount_to=100.50&amount_from=100.01": {3},
	} {
		ids, _, _ := s.list(query)
		slices.Sort(ids)
		if !slices.Equal(ids, want) {
			t.Errorf("%s: %v, want %v", query, ids, want)
		}
	}
}

// Whoever sees one store finds nothing of another, by any field.
func TestListStaysInItsStores(t *testing.T) {
	s := newShelf(t)
	s.put(
		book{ID: 1, Name: "Neha Rao", Email: "neha@ruosh.example"},
		book{ID: 2, Store: 41, Name: "Neha Berg", Email: "neha@fjord.example", Phone: "+46 70 123 45 67", Partner: "FY41", Ref: "pay_41", RRN: "412345678901", Events: []string{"BAG_PICKED"}},
	)
	asha := models.WithScope(t.Context(), models.Scope{Stores: []int64{40}})
	for _, query := range []string{
		"order_id=2", "store=41&order_id=2", "partner_order_id=FY41", "q=FY41", "q=pay_41", "q=412345678901", "q=neha@fjord.example", "q=berg",
		"q=0701234567", "q=%2B46+70+123+45+67", "customer=berg", "event=BAG_PICKED", "parts=1&q=neha@fjord.example",
	} {
		if ids, list, _ := s.listAs(asha, query); len(ids) != 0 || list.Exact {
			t.Errorf("%s shows %v (exact: %t) of another store", query, ids, list.Exact)
		}
		if ids, _, _ := s.list(query); len(ids) == 0 {
			t.Errorf("%s shows nothing to those who see the store", query)
		}
	}
	if ids, _, _ := s.listAs(t.Context(), ""); len(ids) != 0 {
		t.Errorf("without any scope the list shows %v", ids)
	}
}

// Walking all pages shows every order that was there at the start exactly once, in order, while others come in.
func TestPagingUnderInserts(t *testing.T) {
	s := newShelf(t)
	random := rand.New(rand.NewPCG(1, 2))
	var books []book
	for i := range 157 {
		at := time.Date(2026, 11, 1, 0, 0, random.IntN(60), 0, time.UTC) // many of the same second
		books = append(books, book{
			ID: int64(i + 1), Store: 40 + int64(random.IntN(2)), Added: at.Format(time.RFC3339), Name: "Rao",
			Status: []string{"processed", "failed", "pending"}[random.IntN(3)], Events: []string{"BAG_PICKED"},
		})
	}
	s.put(books...)
	next := int64(1000)
	for _, query := range []string{
		"", "sort=date_added", "sort=id", "sort=-id", "sort=date_modified", "sort=-date_modified", "event=BAG_PICKED", "event=BAG_PICKED&sort=date_added",
		"status=processed&status=failed&status=pending", "status=processed&status=failed&status=pending&sort=-date_modified", "q=rao", "customer=ra", "q=ra",
	} {
		seen, turns := map[int64]int{}, 0
		var forth []int64
		for cursor := ""; ; turns++ {
			ids, list, _ := s.list(query + "&limit=10" + cursor)
			for _, id := range ids {
				seen[id]++
			}
			forth = append(forth, ids...)
			s.put(book{ID: next, Added: time.Date(2026, 11, 1, 0, 0, random.IntN(60), 0, time.UTC).Format(time.RFC3339), Name: "Rao", Events: []string{"BAG_PICKED"}})
			next++
			if list.Next == "" || turns > 100 {
				break
			}
			cursor = "&after=" + list.Next
		}
		for id := int64(1); id <= 157; id++ {
			if seen[id] != 1 {
				t.Errorf("%q shows order %d %d times", query, id, seen[id])
			}
		}
		// And back again from the last page, nothing lost.
		last, list, _ := s.list(query + "&limit=10")
		for list.Next != "" {
			last, list, _ = s.list(query + "&limit=10&after=" + list.Next)
		}
		back := slices.Clone(last)
		for list.Prev != "" {
			var ids []int64
			ids, list, _ = s.list(query + "&limit=10&before=" + list.Prev)
			back = append(slices.Clone(ids), back...)
		}
		if len(back) < len(forth) || len(slices.Compact(slices.Sorted(slices.Values(back)))) != len(back) {
			t.Errorf("%q: %d orders forth and %d back", query, len(forth), len(back))
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("YQAAAAAAAAAAAAAAAAAAAAE", "")
	f.Add("", "-id")
	c := choices()
	f.Fuzz(func(t *testing.T, cursor, sort string) {
		filter, notices := models.ReadOrderFilter(url.Values{"after": {cursor}, "sort": {sort}}, c)
		if filter.After == "" && strings.TrimSpace(cursor) != "" && len(notices) == 0 && strings.ContainsAny(cursor, "abcdefghijklmnopqrstuvwxyz0123456789") {
			t.Errorf("the cursor %q was dropped without a word", cursor)
		}
		if filter.After != "" && filter.After != strings.TrimSpace(cursor) {
			t.Errorf("the cursor %q became %q", cursor, filter.After)
		}
	})
}

// A list that takes too long is stopped at the database too, and says what to do.
func TestSlowListIsStopped(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 1})
	conn, err := s.db.Pool().Acquire(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tx, err := conn.Begin(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(s.ctx, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	c := choices()
	_, err = s.db.TallyOrders(s.ctx, models.OrderFilter{Limit: 10}, c, nil, 100*time.Millisecond)
	var problem *models.Problem
	if !errors.As(err, &problem) || !strings.Contains(problem.Sentence, "Narrow it down") {
		t.Errorf("a slow count says %v", err)
	}
	waiting := 1
	for range 50 {
		time.Sleep(20 * time.Millisecond)
		if err := tx.QueryRow(s.ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if waiting == 0 {
			break
		}
	}
	if waiting != 0 {
		t.Errorf("%d statements go on after their asker gave up", waiting)
	}
	if err := tx.Rollback(s.ctx); err != nil {
		t.Fatal(err)
	}
	left, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, err := s.db.Orders(left, models.OrderFilter{Limit: 10}, c); errors.As(err, &problem) {
		t.Errorf("somebody who left is told %v", err)
	}
}

func TestOrderColumnsAreKept(t *testing.T) {
	s := newShelf(t)
	s.exec(`INSERT INTO users (email, name, role) VALUES ('asha@ruosh.example', 'Asha', 'support')`)
	for _, tt := range []struct{ set, want string }{
		{"store total", "store total"},
		{"total store", "store total"},
		{"password store", "store"},
		{"", ""},
		{strings.Join(models.UsualColumns, " "), ""},
		{strings.Join(models.OrderColumns, " "), strings.Join(models.OrderColumns, " ")},
	} {
		if err := s.db.SetOrderColumns(s.ctx, 1, strings.Fields(tt.set)); err != nil {
			t.Fatal(err)
		}
		c, err := s.db.OrderChoices(s.ctx, 1)
		if err != nil || fmt.Sprint(c.Columns) != "["+tt.want+"]" {
			t.Errorf("%q is kept as %v (%v)", tt.set, c.Columns, err)
		}
	}
}
