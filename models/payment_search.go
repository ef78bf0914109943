package models

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// maskedCard is a card number, whole or with its middle hidden, as it is printed on receipts: 411111******1111,
// 4111 11•• •••• 1111, **** 1111.
var maskedCard = regexp.MustCompile(`^([0-9]{4} ?[0-9]{2})?([0-9xX*•·. -]{2,12}?)([0-9]{4})$`)

// CardParts are the first six and the last four digits that a text says of a card number. Four or six digits
// alone may be either end of one. "" is not said; ok is false for what is no part of a card number.
func CardParts(text string) (first6, last4 string, ok bool) {
	bare := strings.NewReplacer(" ", "", "-", "").Replace(text)
	if digitsOnly.MatchString(bare) {
		switch {
		case len(bare) == 4:
			return "", bare, true
		case len(bare) == 6:
			return bare, "", true
		case len(bare) >= 13 && len(bare) <= 19 && luhn(bare):
			return bare[:6], bare[len(bare)-4:], true
		}
		return "", "", false
	}
	if parts := maskedCard.FindStringSubmatch(text); parts != nil && strings.ContainsAny(parts[2], "xX*•·") {
		return strings.ReplaceAll(parts[1], " ", ""), parts[3], true
	}
	return "", "", false
}

// luhn says whether the last digit is the check digit of the others (ISO/IEC 7812-1).
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// paymentNeedles are what must be in a payment's text, all of them. A whole card number is looked for by the
// ends of it that are kept.
func paymentNeedles(text string) []needle {
	if first, last, ok := CardParts(text); ok && len(text) > 6 {
		if first == "" {
			return []needle{{"******" + last}}
		}
		return []needle{{first + "******" + last}}
	}
	return needles(text)
}

// searchPayments finds out how the words of a filter are best looked for: as a whole id, by the text index, or
// by a walk through the newest payments. See searchOrders, which has the same three ways for the same reasons.
func (db *DB) searchPayments(ctx context.Context, f PaymentFilter, choices *PaymentChoices) (found, error) {
	if f.Q == "" {
		return found{}, nil
	}
	if !f.Parts {
		ids, err := db.paymentsByKey(ctx, f, choices)
		if err != nil || len(ids) > 0 {
			return found{ids: ids, known: true, exact: true}, err
		}
	}
	trigrams := false
	for _, n := range paymentNeedles(f.Q) {
		trigrams = trigrams || utf8.RuneCountInString(n[len(n)-1]) >= 3
	}
	if trigrams {
		common, err := db.commonPayments(ctx, f)
		if err != nil {
			return found{}, err
		}
		if !common {
			c := &clauses{}
			f.scopeWords(c, "s.txt")
			c.and("s.store_id = ANY (?)", choices.ids(f))
			ids, err := db.orderIDs(ctx, "SELECT s.payment_id FROM payment_search s WHERE "+c.sql()+" LIMIT "+strconv.Itoa(maxFound+1), planned(c.args))
			if err != nil || len(ids) <= maxFound {
				return found{ids: ids, known: true}, err
			}
		}
	}
	edge, err := db.paymentWalkEdge(ctx, f)
	return found{walk: true, edge: edge}, err
}

// paymentsByKey are the payments that have the search as an id of theirs, of their order or of their buyer.
func (db *DB) paymentsByKey(ctx context.Context, f PaymentFilter, choices *PaymentChoices) ([]int64, error) {
	phone := phoneLike.MatchString(f.Q)
	if strings.Contains(f.Q, " ") && !phone {
		return nil, nil
	}
	c := &clauses{}
	mine, forms := c.arg(choices.ids(f)), c.arg([]string{f.Q, strings.ToUpper(f.Q)})
	orders := []string{
		"SELECT id FROM orders WHERE partner_order_id = ANY (" + forms + ")",
		"SELECT id FROM orders WHERE affiliate_order_id = ANY (" + forms + ")",
		"SELECT id FROM orders WHERE gid = ANY (" + forms + ")",
	}
	if id, err := strconv.ParseInt(strings.TrimPrefix(f.Q, "#"), 10, 64); err == nil && id > 0 {
		orders = append(orders, "SELECT id FROM orders WHERE id = "+c.arg(id))
	}
	if strings.Contains(f.Q, "@") {
		orders = append(orders, "SELECT order_id FROM order_search WHERE email = kartify_fold("+c.arg(f.Q)+") AND email <> '' AND store_id = ANY ("+mine+")")
	}
	if digits := notDigit.ReplaceAllString(f.Q, ""); phone && len(digits) >= 7 && len(digits) <= 15 {
		orders = append(orders, "SELECT order_id FROM order_search WHERE phone = "+c.arg(digits[max(0, len(digits)-10):])+" AND phone <> '' AND store_id = ANY ("+mine+")")
	}
	most := strconv.Itoa(maxFound)
	return db.orderIDs(ctx, "WITH o AS MATERIALIZED (("+strings.Join(orders, " UNION ")+") LIMIT "+most+"), k AS MATERIALIZED (SELECT payment_id FROM payment_search s WHERE s.keys @> ARRAY[kartify_fold("+c.arg(f.Q)+
		")] AND s.store_id = ANY ("+mine+") LIMIT "+most+") SELECT id FROM payments p WHERE (p.order_id = ANY (ARRAY(SELECT id FROM o)) OR p.id = ANY (ARRAY(SELECT payment_id FROM k))) AND p.store_id = ANY ("+mine+") LIMIT "+most, planned(c.args))
}

// commonPayments says whether there are very many payments with the words of a filter, as far as the planner's
// statistics tell.
func (db *DB) commonPayments(ctx context.Context, f PaymentFilter) (bool, error) {
	c := &clauses{}
	f.scopeWords(c, "s.txt")
	var plan []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	row := db.pool.QueryRow(ctx, "EXPLAIN (FORMAT JSON) SELECT FROM payment_search s WHERE "+c.sql(), append([]any{pgx.QueryExecModeExec}, c.args...)...)
	if err := row.Scan(&plan); err != nil {
		return false, fmt.Errorf("search payments: %w", err)
	}
	return len(plan) == 1 && plan[0].Plan.Rows > maxGuess, nil
}

// paymentWalkEdge is the last payment that a walk from the beginning of the page comes to, or zero when it comes
// to the end of the list.
func (db *DB) paymentWalkEdge(ctx context.Context, f PaymentFilter) (place, error) {
	c := &clauses{}
	dir, sign := " DESC", " < "
	if f.Before != "" {
		dir, sign = "", " > "
	}
	if at, _, is := f.cursor(); is {
		c.and("(s.created_at, s.payment_id)"+sign+"(?, ?)", at.At, at.ID)
	}
	rows, err := db.pool.Query(ctx, "SELECT s.created_at, s.payment_id FROM payment_search s WHERE "+c.sql()+" ORDER BY s.created_at"+dir+", s.payment_id"+dir+
		" OFFSET "+strconv.Itoa(maxWalked-1)+" LIMIT 1", planned(c.args)...)
	if err != nil {
		return place{}, fmt.Errorf("search payments: %w", err)
	}
	edges, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil || len(edges) == 0 {
		return place{}, err
	}
	return edges[0], nil
}
