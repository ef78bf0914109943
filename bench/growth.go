package bench

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// growth compares pages of the large database with the same of the small one, in turn, and the deepest
// page of the large one with its first.
func (b *bench) growth(ctx context.Context) error {
	small, err := b.site(ctx, b.small())
	if err != nil {
		return err
	}
	large, err := b.site(ctx, b.large())
	if err != nil {
		return err
	}
	days := until.AddDate(0, 0, -90).Format(time.DateOnly)
	for _, page := range []struct {
		name          string
		path          func(*site) (string, error)
		gate, stretch float64
	}{
		{"list", fixed(orders()), 1.2, 1.05},
		{"status complete + 90 days", fixed(orders("status", "complete", "added_from", days)), 1.2, 1.05},
		{"four statuses + store + 90 days", fixed(orders("status", "complete", "status", "shipped", "status", "processed", "status", "refunded", "store", "40", "added_from", days)), 1.2, 1.05},
		{"event DELIVERY_DONE", fixed(orders("event", "DELIVERY_DONE")), 1.2, 1.05},
		{"event REFUND_INITIATED, waiting", fixed(orders("event", "REFUND_INITIATED")), 1.2, 1.05},
		{"rare status missing + 90 days", fixed(orders("status", "missing", "added_from", days)), 1.4, 1.15},
		{"order page", anOrder, 1.2, 1.05},
	} {
		var paths [2]string
		for i, s := range []*site{large, small} {
			if paths[i], err = page.path(s); err != nil {
				return err
			}
		}
		r, err := b.turns(ctx, 1, side{"large", large.asks(paths[0])}, side{"small", small.asks(paths[1])})
		if err != nil {
			return err
		}
		b.add(figure{
			"P2", fmt.Sprintf("%s at %d ÷ at %d", page.name, b.large(), b.small()), r.ratio(0, 1, times.median), "×", page.gate, page.stretch, false,
			ms(r.all[0].median()) + " / " + ms(r.all[1].median()),
		})
	}
	deep, err := deepest(large)
	if err != nil {
		return err
	}
	r, err := b.turns(ctx, 1, side{"deepest", large.asks(deep)}, side{"first", large.asks(orders())})
	if err != nil {
		return err
	}
	b.add(figure{"P3", "deepest page ÷ first page", r.ratio(0, 1, times.median), "×", 1.3, 1.1, false, ms(r.all[0].median()) + " / " + ms(r.all[1].median())})
	return nil
}

func fixed(path string) func(*site) (string, error) {
	return func(*site) (string, error) { return path, nil }
}

// anOrder is the page of an order with two payments and a refund.
func anOrder(s *site) (string, error) {
	id, err := s.text(`SELECT o.order_id::text FROM operations o WHERE (SELECT count(*) FROM payments p WHERE p.order_id = o.order_id) = 2 ORDER BY o.id DESC LIMIT 1`)
	return "/sales/orders/" + id, err
}

// deepest is the page that ends a hundred orders before the oldest.
func deepest(s *site) (string, error) {
	var at time.Time
	var id int64
	if err := s.db.Pool().QueryRow(s.ctx, "SELECT date_added, id FROM orders ORDER BY date_added, id OFFSET 150 LIMIT 1").Scan(&at, &id); err != nil {
		return "", fmt.Errorf("find the oldest orders: %w", err)
	}
	cursor := binary.BigEndian.AppendUint64([]byte{'a'}, uint64(at.UnixMicro())) //nolint:gosec // after 1970
	cursor = binary.BigEndian.AppendUint64(cursor, uint64(id))                   //nolint:gosec // above zero
	return orders("after", base64.RawURLEncoding.EncodeToString(cursor), "limit", strconv.Itoa(50)), nil
}
