package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Words are looked for in three ways, the cheapest first:
//
//   - a whole key (an order id, a partner order id, an e-mail, a phone, a payment reference) by its
//     index: a fraction of a millisecond at any size;
//   - at most a thousand matches by the trigram index, all of them in hand to be filtered and sorted;
//   - when there are more, or when no word has three letters, a walk through the newest 20,000 orders
//     from where the page begins. It may end before the page is full and says how far it came.
//
// Each is bounded, whatever the words: left to itself the planner takes from 3 ms to 13 s. A word that
// is in very many orders, by the planner's guess, is walked for at once: the trigram index would gather
// all of them before it gives the first.
const (
	maxFound  = 1000
	maxWalked = 20000
	maxGuess  = 3000 // matches by the planner's guess, beyond which the trigram index is not asked
)

// found is what a search came to. The zero value is a list that is not searched.
type found struct {
	ids   []int64 // every order with these words, or this key; nil when not known
	known bool    // ids is the answer, even if empty
	exact bool    // they have it as their key
	walk  bool    // the orders are walked instead
	edge  place   // the last order of this walk; zero when it goes to the end
}

func (b found) is() bool { return b.known || b.walk }

// scope keeps a statement to what was found.
func (b found) scope(c *clauses, f OrderFilter) {
	switch {
	case b.known:
		c.and("o.id = ANY (?)", b.ids)
	case b.walk:
		// Written as an expression the text cannot be sought by its index, which would lead away from the walk.
		scopeWords(c, "(s.txt || '')", f)
		if !b.edge.At.IsZero() {
			sign := " >= "
			if f.Sort.Oldest != (f.Before != "") {
				sign = " <= "
			}
			c.and("(s.date_added, s.order_id)"+sign+"(?, ?)", b.edge.At, b.edge.ID)
		}
	}
}

// searchOrders finds out how the words of a filter are best looked for.
func (db *DB) searchOrders(ctx context.Context, f OrderFilter, choices *OrderChoices) (found, error) {
	if f.Q == "" && f.Customer == "" {
		return found{}, nil
	}
	if f.Q != "" && !f.Parts {
		ids, err := db.ordersByKey(ctx, f, choices)
		if err != nil || len(ids) > 0 {
			return found{ids: ids, known: true, exact: true}, err
		}
	}
	common, err := db.common(ctx, f)
	if err != nil {
		return found{}, err
	}
	if f.hasTrigrams() && !common {
		ids, err := db.ordersByWords(ctx, f, choices)
		if err != nil || len(ids) <= maxFound {
			return found{ids: ids, known: true}, err
		}
	}
	edge, err := db.walkEdge(ctx, f)
	return found{walk: true, edge: edge}, err
}

// common says whether there are very many orders with the words of a filter, as far as the planner's
// statistics tell.
func (db *DB) common(ctx context.Context, f OrderFilter) (bool, error) {
	c := &clauses{}
	scopeWords(c, "s.txt", f)
	var plan []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	row := db.pool.QueryRow(ctx, "EXPLAIN (FORMAT JSON) SELECT FROM order_search s WHERE "+c.sql(), append([]any{pgx.QueryExecModeExec}, c.args...)...)
	if err := row.Scan(&plan); err != nil {
		return false, fmt.Errorf("search orders: %w", err)
	}
	return len(plan) == 1 && plan[0].Plan.Rows > maxGuess, nil
}

// needle is what one word may look like in the text of an order.
type needle []string

var (
	phoneLike = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{5,}$`)
	notDigit  = regexp.MustCompile(`[^0-9]`)
)

// needles are what must be in an order's text, all of them. A phone number is one needle, which may
// stand there as it was typed, as digits alone, or without the zero of calls within the country.
func needles(text string) []needle {
	if digits := notDigit.ReplaceAllString(text, ""); phoneLike.MatchString(text) && len(digits) >= 7 {
		n := needle{text}
		for _, other := range []string{digits, strings.TrimPrefix(digits, "0")} {
			if !slices.Contains(n, other) {
				n = append(n, other)
			}
		}
		return []needle{n}
	}
	var all []needle
	for _, word := range strings.Fields(text) {
		all = append(all, needle{word})
	}
	return all
}

func (f OrderFilter) needles() []needle { return append(needles(f.Q), needles(f.Customer)...) }

// hasTrigrams says whether the trigram index can help: it knows nothing of words under three letters.
func (f OrderFilter) hasTrigrams() bool {
	for _, n := range f.needles() {
		if utf8.RuneCountInString(n[len(n)-1]) >= 3 {
			return true
		}
	}
	return false
}

// scopeWords wants every needle in column.
func scopeWords(c *clauses, column string, f OrderFilter) {
	for _, n := range f.needles() {
		c.and(n.in(c, column))
	}
}

// in is the condition that the needle is part of column, whatever its case.
func (n needle) in(c *clauses, column string) string {
	var ways []string
	for _, text := range n {
		ways = append(ways, column+" LIKE kartify_fold("+c.arg(literal(text))+")")
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

// ordersByKey are the orders that have the search as their id, e-mail, phone or payment reference.
func (db *DB) ordersByKey(ctx context.Context, f OrderFilter, choices *OrderChoices) ([]int64, error) {
	phone := phoneLike.MatchString(f.Q)
	if strings.Contains(f.Q, " ") && !phone {
		return nil, nil
	}
	c := &clauses{}
	forms := c.arg([]string{f.Q, strings.ToUpper(f.Q)}) // ids are printed in capitals and typed in small letters
	ways := []string{
		"SELECT id FROM orders WHERE partner_order_id = ANY (" + forms + ")",
		"SELECT id FROM orders WHERE affiliate_order_id = ANY (" + forms + ")",
		"SELECT id FROM orders WHERE gid = ANY (" + forms + ")",
		"SELECT order_id FROM payments WHERE ref = ANY (" + forms + ")",
		"SELECT order_id FROM payments WHERE order_ref = ANY (" + forms + ") AND order_ref <> ''",
		"SELECT order_id FROM payments WHERE rrn = ANY (" + forms + ") AND rrn <> ''",
	}
	if id, err := strconv.ParseInt(strings.TrimPrefix(f.Q, "#"), 10, 64); err == nil && id > 0 {
		ways = append(ways, "SELECT id FROM orders WHERE id = "+c.arg(id))
	}
	mine := func() string { // order_search has no wall of its own
		return " AND store_id = ANY (" + c.arg(choices.storeIDs(f)) + ")"
	}
	if strings.Contains(f.Q, "@") {
		ways = append(ways, "SELECT order_id FROM order_search WHERE email = kartify_fold("+c.arg(f.Q)+") AND email <> ''"+mine())
	}
	if digits := notDigit.ReplaceAllString(f.Q, ""); phone && len(digits) >= 7 && len(digits) <= 15 {
		ways = append(ways, "SELECT order_id FROM order_search WHERE phone = "+c.arg(digits[max(0, len(digits)-10):])+" AND phone <> ''"+mine())
	}
	return db.orderIDs(ctx, strings.Join(ways, " UNION ")+" LIMIT "+strconv.Itoa(maxFound), c.args) // each way is one key of one index: any plan will do
}

// ordersByWords are the orders of the person's stores with these words, at most one more than maxFound of them.
func (db *DB) ordersByWords(ctx context.Context, f OrderFilter, choices *OrderChoices) ([]int64, error) {
	c := &clauses{}
	scopeWords(c, "s.txt", f)
	if f.Store != 0 || !ScopeOf(ctx).All {
		c.and("s.store_id = ANY (?)", choices.storeIDs(f))
	}
	return db.orderIDs(ctx, "SELECT s.order_id FROM order_search s WHERE "+c.sql()+" LIMIT "+strconv.Itoa(maxFound+1), planned(c.args))
}

func (db *DB) orderIDs(ctx context.Context, sql string, args []any) ([]int64, error) {
	rows, err := db.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("search orders: %w", err)
	}
	return ids, nil
}

// walkEdge is the last order that a walk from the beginning of the page comes to, or zero when it
// comes to the end of the list.
func (db *DB) walkEdge(ctx context.Context, f OrderFilter) (place, error) {
	f.Sort.Column = SortAdded
	c := &clauses{}
	key := []string{"s.date_added", "s.order_id"}
	if cursor, after := cmpText(f); cursor != "" {
		if at, ok := readCursor(cursor, f.Sort); ok {
			f.pass(c, key, after, at)
		}
	}
	rows, err := db.pool.Query(ctx, "SELECT s.date_added, s.order_id FROM order_search s WHERE "+c.sql()+f.order(key)+
		" OFFSET "+strconv.Itoa(maxWalked-1)+" LIMIT 1", planned(c.args)...)
	if err != nil {
		return place{}, fmt.Errorf("search orders: %w", err)
	}
	edges, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil || len(edges) == 0 {
		return place{}, err
	}
	return edges[0], nil
}
