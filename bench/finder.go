package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// findable is one kind of id: how one is chosen, and the bare query that knows it by its index.
type findable struct{ name, value, raw string }

// findables are the twelve kinds of ids. Each raw query is what the finder's index alone takes.
var findables = []findable{
	{"order id", "SELECT order_id::text FROM payments WHERE id = $1", "SELECT * FROM orders WHERE id = $1::bigint"},
	{"partner order id", "SELECT o.partner_order_id FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.id = $1", "SELECT * FROM orders WHERE partner_order_id = $1"},
	{"gid", "SELECT o.gid FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.id = $1", "SELECT * FROM orders WHERE gid = $1"},
	{"request id", "SELECT request_id FROM order_events WHERE request_id <> '' AND $1::bigint > 0 ORDER BY id LIMIT 1", "SELECT * FROM order_events WHERE request_id = $1 AND request_id <> ''"},
	{"payment id", "SELECT ref FROM payments WHERE id = $1", "SELECT * FROM payments WHERE ref = $1"},
	{"RRN", "SELECT rrn FROM payments WHERE id = $1", "SELECT * FROM payments WHERE rrn = $1 AND rrn <> ''"},
	{"UTR", "SELECT params->>'utr' FROM payments WHERE id = $1", "SELECT * FROM payment_search WHERE keys @> ARRAY[lower($1)]"},
	{"fiscal sign", "SELECT fiscal->>'fop_fpd' FROM payments WHERE id = $1", "SELECT * FROM payment_search WHERE keys @> ARRAY[lower($1)]"},
	{"e-mail", "SELECT s.email FROM order_search s JOIN payments p ON p.order_id = s.order_id WHERE p.id = $1", "SELECT * FROM order_search WHERE email = $1 AND email <> '' ORDER BY date_added DESC, order_id DESC LIMIT 200"},
	{"phone", "SELECT s.phone FROM order_search s JOIN payments p ON p.order_id = s.order_id WHERE p.id = $1", "SELECT * FROM order_search WHERE phone = $1 AND phone <> '' ORDER BY date_added DESC, order_id DESC LIMIT 200"},
	{"part of a card number", "SELECT card_last4 FROM payments WHERE card_last4 <> '' AND $1::bigint > 0 ORDER BY id DESC LIMIT 1", "SELECT * FROM payments WHERE card_last4 = $1 AND card_last4 <> '' ORDER BY created_at DESC, id DESC LIMIT 11"},
	{"name", "SELECT o.customer_name FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.id = $1", ""},
}

// finder looks for an order by each of twelve kinds of ids through the box on every page, and by the bare query.
func (b *bench) finder(ctx context.Context) error {
	s, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	var payment int64
	err = s.db.Pool().QueryRow(s.ctx, `SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id
		WHERE p.rrn <> '' AND p.ref IS NOT NULL AND o.partner_order_id IS NOT NULL AND o.gid IS NOT NULL AND p.order_id > (SELECT (min(id) + max(id)) / 2 FROM orders) ORDER BY p.order_id LIMIT 1`).Scan(&payment)
	if err != nil {
		return fmt.Errorf("find a payment with every id: %w", err)
	}
	_, err = s.db.Pool().Exec(s.ctx, `UPDATE payments SET params = params || '{"utr":"HDFC0123456789"}', fiscal = fiscal || '{"fop_fpd":"3512313478"}' WHERE id = $1`, payment)
	if err != nil {
		return fmt.Errorf("give a payment a receipt: %w", err)
	}
	for _, kind := range findables {
		value, err := s.text(kind.value, payment)
		if err != nil {
			return fmt.Errorf("choose a %s: %w", kind.name, err)
		}
		sides := []side{{"finder", s.finds(value)}}
		if kind.raw != "" {
			sides = append(sides, side{"raw", s.sends(&statement{sql: kind.raw, args: []any{value}})})
		}
		r, err := b.turns(ctx, 1, sides...)
		if err != nil {
			return err
		}
		both := "p99 " + ms(r.all[0].at(0.99))
		gate, stretch := 300.0, 100.0 // words
		if kind.raw != "" {
			both += fmt.Sprintf(", raw query %s, ratio %.1f", ms(r.all[1].median()), r.ratio(0, 1, times.median))
			gate, stretch = 10, 5
		}
		b.add(figure{"find", "finder by " + kind.name + " over HTTP, median", milli(r.all[0].median()), "ms", gate, stretch, false, both})
	}
	return b.registry(ctx, s)
}

// registry times the registry of payments: its first page, its largest, and its filters.
func (b *bench) registry(ctx context.Context, s *site) error {
	for _, page := range []struct{ name, query string }{
		{"50 rows", ""}, {"500 rows", "limit=500"}, {"three statuses", "status=pending&status=failed&status=stuck"}, {"a search of two words", "q=sharma+card"}, {"part of an RRN", "q=41234"},
	} {
		r, err := b.turns(ctx, 1, side{page.name, s.asks("/sales/payments?" + page.query)})
		if err != nil {
			return err
		}
		b.add(figure{"find", "registry of payments, " + page.name + ", median", milli(r.all[0].median()), "ms", 300, 100, false, "p99 " + ms(r.all[0].at(0.99))})
	}
	return nil
}

// finds asks the finder, and takes its page as well as the way it leads.
func (s *site) finds(text string) func(context.Context, int) error {
	address := s.base + "/find?" + url.Values{"q": {text}}.Encode()
	return func(ctx context.Context, _ int) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return fmt.Errorf("find %s: %w", text, err)
		}
		r.Header.Set("Cookie", s.cookie)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err := s.http.Do(r)
		if err != nil {
			return fmt.Errorf("find %s: %w", text, err)
		}
		defer answer.Body.Close() //nolint:errcheck // read to its end
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return fmt.Errorf("find %s: %w", text, err)
		}
		led := answer.StatusCode == http.StatusSeeOther && strings.HasPrefix(answer.Header.Get("Location"), "/sales/")
		if !led && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `class="open"`)) {
			return fmt.Errorf("%s is not found: %d", text, answer.StatusCode)
		}
		return nil
	}
}
