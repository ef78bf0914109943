package bench

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// list compares the order list, as it comes over HTTP to somebody signed in, with its own SELECT.
func (b *bench) list(ctx context.Context) error {
	s, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	path := orders()
	seen, _, err := s.record(ctx, path)
	if err != nil {
		return err
	}
	query := listQuery(seen)
	if query == nil {
		return fmt.Errorf("%s sends no SELECT of orders", path)
	}
	sides := []side{{"page", s.asks(path)}, {"raw", s.sends(query)}}
	for _, atOnce := range []int{1, 8} {
		r, err := b.turns(ctx, atOnce, sides...)
		if err != nil {
			return err
		}
		both := fmt.Sprintf("%s / %s, p95 %s / %s", ms(r.all[0].median()), ms(r.all[1].median()), ms(r.all[0].p95()), ms(r.all[1].p95()))
		b.add(figure{"P1", fmt.Sprintf("list ÷ its SELECT, median, %d at once", atOnce), r.ratio(0, 1, times.median), "×", 5, 3, false, both})
		b.add(figure{"P1", fmt.Sprintf("list ÷ its SELECT, p95, %d at once", atOnce), r.ratio(0, 1, times.p95), "×", 6, 4, false, both})
	}
	if err := b.total(ctx, s); err != nil {
		return err
	}
	if err := b.sizes(ctx, s); err != nil {
		return err
	}
	return b.statements(ctx, s)
}

// record is what kartify asks the database for a page. The page is warm: what is kept for a moment
// between pages has been read before. It is the shortest of three, lest that moment ends just then.
func (s *site) record(ctx context.Context, path string) (best []*statement, trips int, err error) {
	for range 3 {
		if _, err := s.get(ctx, path); err != nil {
			return nil, 0, err
		}
		seen, n, err := s.trace.record(func() error {
			_, err := s.get(ctx, path)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		if best == nil || len(seen) < len(best) {
			best, trips = seen, n
		}
	}
	return best, trips, nil
}

// listQuery is the statement that reads the rows of a list.
func listQuery(seen []*statement) *statement {
	for _, q := range seen {
		if strings.HasPrefix(q.sql, "SELECT o.id, o.store_id") || strings.HasPrefix(q.sql, "SELECT * FROM ((SELECT o.id, o.store_id") {
			return q
		}
	}
	return nil
}

// asks is a side that asks for a page.
func (s *site) asks(path string) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		_, err := s.get(ctx, path)
		return err
	}
}

// sends is a side that sends a statement through pgx, from the same pool, and reads the rows without
// decoding them.
func (s *site) sends(q *statement) func(context.Context, int) error {
	return func(context.Context, int) error {
		rows, err := s.db.Pool().Query(s.ctx, q.sql, q.args...)
		if err != nil {
			return fmt.Errorf("send %s: %w", q.sql, err)
		}
		for rows.Next() {
			_ = rows.RawValues()
		}
		rows.Close()
		return rows.Err()
	}
}

// total finds what the count costs a page.
func (b *bench) total(ctx context.Context, s *site) error {
	path := orders("status", "complete", "added_from", until.AddDate(0, 0, -90).Format(time.DateOnly))
	for _, path := range []string{orders(), path} {
		var with, without times
		for range b.Rounds * b.Requests / 4 {
			began := time.Now()
			seen, _, err := s.trace.record(func() error { _, err := s.get(ctx, path); return err })
			if err != nil {
				return err
			}
			took := time.Since(began)
			with = append(with, took)
			for _, q := range seen {
				if strings.HasPrefix(q.sql, "SELECT (SELECT count(*)") {
					took -= q.took
				}
			}
			without = append(without, took)
		}
		ratio := float64(with.median()) / float64(without.median())
		b.add(figure{"P4", path + " with its count ÷ without", ratio, "×", 1.5, 1.2, false, ms(with.median()) + " / " + ms(without.median())})
	}
	return nil
}

var linked = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// sizes weighs the page, and what a first visit loads besides.
func (b *bench) sizes(ctx context.Context, s *site) error {
	page, err := s.get(ctx, orders())
	if err != nil {
		return err
	}
	b.add(figure{"P17", "list of 50 orders, gzip", float64(packed(page)) / 1000, "kB", 8, 6, false, fmt.Sprintf("%.1f kB plain", float64(len(page))/1000)})
	whole, parts := packed(page), 0
	for _, match := range linked.FindAllSubmatch(page, -1) {
		if name := string(match[1]); strings.Contains(name, ".css") || strings.Contains(name, ".js") {
			part, err := s.get(ctx, name)
			if err != nil {
				return err
			}
			whole, parts = whole+packed(part), parts+1
		}
	}
	b.add(figure{"P17", "first visit with scripts and styles, gzip", float64(whole) / 1000, "kB", 60, 40, false, fmt.Sprintf("%d files besides", parts)})

	swap, err := s.get(ctx, orders(), "HX-Request", "true", "HX-Trigger", "order-filter")
	if err != nil {
		return err
	}
	r, err := b.turns(ctx, 1, side{"swap", func(ctx context.Context, _ int) error {
		_, err := s.get(ctx, orders(), "HX-Request", "true", "HX-Trigger", "order-filter")
		return err
	}}, side{"page", s.asks(orders())})
	if err != nil {
		return err
	}
	b.add(figure{"P18", "htmx swap ÷ full page, bytes", float64(len(swap)) / float64(len(page)), "×", 0.97, 0.9, false, fmt.Sprintf("%d / %d", len(swap), len(page))})
	b.add(figure{"P18", "htmx swap ÷ full page, time", r.ratio(0, 1, times.median), "×", 0.97, 0.9, false, ms(r.all[0].median()) + " / " + ms(r.all[1].median())})
	return nil
}

// statements counts what pages ask the database.
func (b *bench) statements(ctx context.Context, s *site) error {
	days := until.AddDate(0, 0, -90).Format(time.DateOnly)
	for _, path := range []string{orders(), orders("limit", "500"), orders("status", "complete", "added_from", days), orders("event", "REFUND_INITIATED")} {
		seen, _, err := s.record(ctx, path)
		if err != nil {
			return err
		}
		b.add(figure{"P20", path + ", statements", float64(len(seen)), "", 3, 3, false, "session included"})
	}
	order, err := s.text("SELECT order_id::text FROM payments GROUP BY order_id ORDER BY count(*) DESC, order_id DESC LIMIT 1")
	if err != nil {
		return err
	}
	seen, trips, err := s.record(ctx, "/sales/orders/"+order)
	if err != nil {
		return err
	}
	b.add(figure{"P20", "order page, round trips", float64(trips), "", 2, 2, false, fmt.Sprintf("%d statements, session included", len(seen))})
	return nil
}

var _ pgx.QueryTracer = (*trace)(nil)
