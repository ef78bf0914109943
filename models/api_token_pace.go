package models

import (
	"context"
	"fmt"
	"time"
)

// Pace is how much a program may still ask in the minute that runs.
type Pace struct {
	Limit int           // requests a minute
	Left  int           // never below 0
	Reset time.Duration // until the next minute, at least a second
	Over  bool          // this request was one too many
}

// TakePace counts one request of a token. Every copy of kartify counts together, by the database's clock. An error
// is no permission: whoever cannot be counted is not served.
func (db *DB) TakePace(ctx context.Context, t *APIToken) (Pace, error) {
	var used int
	var seconds float64
	err := db.pool.QueryRow(ctx, `INSERT INTO api_paces AS p (token_id, minute, used) VALUES ($1, date_trunc('minute', clock_timestamp()), 1)
		ON CONFLICT (token_id) DO UPDATE SET minute = greatest(p.minute, excluded.minute),
			used = CASE WHEN p.minute >= excluded.minute THEN least(p.used + 1, 1000000) ELSE 1 END
		RETURNING used, extract(epoch FROM minute + interval '1 minute' - clock_timestamp())`, t.ID).Scan(&used, &seconds)
	if err != nil {
		return Pace{}, fmt.Errorf("count a request of API token %d: %w", t.ID, err)
	}
	reset := max(time.Duration(seconds*float64(time.Second)), 0).Truncate(time.Second) + time.Second
	return Pace{Limit: t.PerMinute, Left: max(t.PerMinute-used, 0), Reset: reset, Over: used > t.PerMinute}, nil
}
