package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// names are the texts that name whoever bought orders: those that name them wherever they stand, and those that only
// mean them beside the orders themselves, such as a city or a first name.
type names struct{ anywhere, beside []string }

func (n names) all() []string { return slices.Concat(n.anywhere, n.beside) }

// tidied has every text once.
func (n names) tidied() names {
	return names{slices.Compact(slices.Sorted(slices.Values(n.anywhere))), slices.Compact(slices.Sorted(slices.Values(n.beside)))}
}

// of all orders together.
func together(orders map[int64]names) names {
	var sum names
	for _, n := range orders {
		sum.anywhere, sum.beside = append(sum.anywhere, n.anywhere...), append(sum.beside, n.beside...)
	}
	return sum.tidied()
}

// mostNames is how many texts of an order are looked for; a message that has more is no customer's.
const mostNames = 5000

// namesOf are the texts that name whoever bought each of some orders. Erased orders name nobody.
func (db *DB) namesOf(ctx context.Context, ids []int64) (map[int64]names, error) {
	rows, err := db.pool.Query(ctx, `
		SELECT o.id, found.key, found.word FROM orders o CROSS JOIN LATERAL (
			SELECT DISTINCT w.key, w.word FROM (
				SELECT jsonb_build_object('customer', jsonb_build_object('name', o.customer_name, 'email', o.customer_email, 'phone', o.customer_phone, 'company', o.company),
					'billing_address', o.billing_address, 'shipping_address', o.shipping_address) AS doc
				UNION ALL SELECT body FROM fynd_sessions WHERE order_id = o.id
				UNION ALL SELECT params FROM payments WHERE order_id = o.id
				UNION ALL SELECT fiscal FROM payments WHERE order_id = o.id
				UNION ALL SELECT jsonb_build_object('customer_email', recipient) FROM emails WHERE order_id = o.id AND audience = 'customer' AND recipient NOT IN ('', 'erased')
			) AS docs CROSS JOIN LATERAL privacy_words(doc) w WHERE length(w.word) BETWEEN 3 AND 300 ORDER BY 1, 2 LIMIT $2
		) AS found WHERE o.id = ANY ($1) AND o.erased_at IS NULL`, ids, mostNames)
	if err != nil {
		return nil, fmt.Errorf("look for what names the person: %w", err)
	}
	found := map[int64]names{}
	var (
		id        int64
		key, word string
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &key, &word}, func() error {
		n := found[id]
		n.add(key, strings.TrimSpace(word))
		found[id] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for what names the person: %w", err)
	}
	for id, n := range found {
		found[id] = n.tidied()
	}
	return found, nil
}

// add takes a value of a document in by the name it stands under.
func (n *names) add(key, word string) {
	plain := plainKey(key)
	switch {
	case slices.Contains(shared, strings.ToLower(word)) || len(word) < 3:
	case strings.HasSuffix(plain, "id"):
		if len(word) >= 8 && !onlyNumber(word) && slices.Contains([]string{"guserid", "userid", "customerid"}, plain) {
			n.anywhere = append(n.anywhere, word)
		}
	case personalKinds(key, word):
		n.anywhere = append(n.anywhere, word)
		if strings.HasSuffix(plain, "name") {
			for _, part := range strings.Fields(word) {
				if len([]rune(part)) >= 3 {
					n.beside = append(n.beside, part)
				}
			}
		}
	case !onlyNumber(word):
		n.beside = append(n.beside, word)
	}
}

// personalKinds tells which values of a document name a person anywhere, and which only beside their own orders.
func personalKinds(key, word string) (anywhere bool) {
	plain := plainKey(key)
	switch {
	case strings.Contains(word, "@"), looksLikePhone(word) && contains(plain, append(phoneParts, "contact", "tel")):
		return true
	case slices.Contains([]string{"line1", "line2", "address", "address1", "address2", "street", "landmark", "name", "customername", "fullname", "company"}, plain), strings.HasSuffix(plain, "name"), strings.HasSuffix(plain, "address"):
		return len(strings.Fields(word)) >= 2 && len([]rune(word)) >= 7
	}
	return false
}

// shared are values under personal names that name nobody.
var shared = []string{"erased", "home", "work", "office", "other", "india", "null", "none", "n/a", "card", "upi", "cash", "inr", "test", "live", "true", "false"}

func onlyNumber(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}
