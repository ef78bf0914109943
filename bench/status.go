package bench

import (
	"context"
	"fmt"
	"time"
)

// status changes orders with and without the index that searches their text, in turn. It uses the small
// database, for the index is built again for every turn.
func (b *bench) status(ctx context.Context) error {
	s, err := b.site(ctx, b.small())
	if err != nil {
		return err
	}
	var first, last int64
	if err := s.db.Pool().QueryRow(s.ctx, "SELECT min(id), max(id) FROM orders WHERE status <> 'missing'").Scan(&first, &last); err != nil {
		return fmt.Errorf("find orders: %w", err)
	}
	const build = "CREATE INDEX IF NOT EXISTS order_search_txt ON order_search USING gin (txt gin_trgm_ops)"
	defer s.db.Pool().Exec(context.WithoutCancel(s.ctx), build) //nolint:errcheck // a build that failed before fails again
	change := side{"change", func(_ context.Context, n int) error {
		id := first + (int64(n)*7919+time.Now().UnixNano()%1000)%(last-first)
		_, err := s.db.Pool().Exec(s.ctx, `UPDATE orders SET status = CASE status WHEN 'shipped' THEN 'complete' ELSE 'shipped' END, status_reason = '',
			last_event = 'DELIVERY_DONE', last_event_at = now(), date_modified = now() WHERE id = $1`, id)
		if err != nil {
			return fmt.Errorf("change the status of order %d: %w", id, err)
		}
		return nil
	}}
	var rates, ratios []float64
	for round := range b.Rounds + 1 {
		var rate [2]float64
		for i, sql := range []string{build, "DROP INDEX order_search_txt"} {
			for _, sql := range []string{sql, "VACUUM (ANALYZE) orders", "CHECKPOINT"} {
				if _, err := s.db.Pool().Exec(s.ctx, sql); err != nil && sql != "CHECKPOINT" { // needs a right of its own
					return fmt.Errorf("%s: %w", sql, err)
				}
			}
			began := time.Now()
			if _, err := run(ctx, change, 10*b.Requests, 8); err != nil {
				return err
			}
			rate[i] = float64(10*b.Requests) / time.Since(began).Seconds()
		}
		if round > 0 {
			rates, ratios = append(rates, rate[0]), append(ratios, rate[0]/rate[1])
		}
	}
	b.add(figure{"P16", "status changes with the search index ÷ without, 8 at once", middle(ratios), "×", 0.85, 0.95, true, fmt.Sprintf("%.0f a second with it", middle(rates))})
	return nil
}
