package models

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// uptimeKept is how long minutes of work and times of answers are kept.
const uptimeKept = 100 * 24 * time.Hour

// waited is the times that Fynd waited for answers of this process, since they were last written down.
type waited struct {
	mu            sync.Mutex
	count, broken int64
	slowest       time.Duration
}

// NoteFyndAnswer says how long Fynd waited for an answer, and whether it was an error of ours.
func (db *DB) NoteFyndAnswer(took time.Duration, broken bool) {
	a := &db.waited
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	if broken {
		a.broken++
	}
	a.slowest = max(a.slowest, took)
}

// NoteUptime writes down that kartify works in this minute, and how long Fynd waited for answers since the last time. It
// reports how many answers those were.
func (db *DB) NoteUptime(ctx context.Context) (int, error) {
	if err := db.in(ctx).Exec("INSERT INTO uptime_minutes (minute) VALUES (date_trunc('minute', clock_timestamp(), 'UTC')) ON CONFLICT DO NOTHING").Error; err != nil {
		return 0, fmt.Errorf("note that kartify works: %w", err)
	}
	a := &db.waited
	a.mu.Lock()
	count, broken, slowest := a.count, a.broken, a.slowest
	a.count, a.broken, a.slowest = 0, 0, 0
	a.mu.Unlock()
	if count > 0 {
		err := db.in(ctx).Exec(`INSERT INTO fynd_answer_days (day, answers, broken, slowest_ms) VALUES ((clock_timestamp() AT TIME ZONE 'UTC')::date, ?, ?, ?)
			ON CONFLICT (day) DO UPDATE SET answers = fynd_answer_days.answers + excluded.answers, broken = fynd_answer_days.broken + excluded.broken,
				slowest_ms = greatest(fynd_answer_days.slowest_ms, excluded.slowest_ms)`, count, broken, slowest.Milliseconds()).Error
		if err != nil {
			return 0, fmt.Errorf("note how long Fynd waited: %w", err)
		}
	}
	for _, sql := range []string{
		"DELETE FROM uptime_minutes WHERE minute < clock_timestamp() - make_interval(secs => ?)", "DELETE FROM fynd_answer_days WHERE day < clock_timestamp() - make_interval(secs => ?)",
	} {
		if err := db.in(ctx).Exec(sql, uptimeKept.Seconds()).Error; err != nil {
			return int(count), fmt.Errorf("forget old minutes: %w", err)
		}
	}
	return int(count), nil
}

// Uptime is how much of a time kartify worked.
type Uptime struct {
	Since   time.Time // the first minute looked at
	Minutes int64     // since then, up to the last full one
	Worked  int64
}

// NeededUptime is what Fynd asks for, in hundredths of a percent: 99.95 %.
const NeededUptime = 9995

// Hundredths is the uptime in hundredths of a percent, rounded down.
func (u *Uptime) Hundredths() int64 {
	if u.Minutes == 0 {
		return 10000
	}
	return u.Worked * 10000 / u.Minutes
}

// Text is the uptime as people read it: 99.98 %.
func (u *Uptime) Text() string { return percentText(u.Hundredths()) + " %" }

// Enough says whether it is what Fynd asks for.
func (u *Uptime) Enough() bool { return u.Hundredths() >= NeededUptime }

// Uptime is how much kartify worked in the last days, or since it first noted so. The minute that is running does not
// count, nor does the one before, which may not have been noted yet.
func (db *DB) Uptime(ctx context.Context, days int) (*Uptime, error) {
	u := &Uptime{}
	var since *time.Time
	err := db.pool.QueryRow(ctx, `WITH span AS (SELECT CASE WHEN min(minute) IS NOT NULL THEN greatest(min(minute), date_trunc('minute', clock_timestamp(), 'UTC') - make_interval(days => $1)) END AS since,
			date_trunc('minute', clock_timestamp(), 'UTC') - interval '1 minute' AS until FROM uptime_minutes)
		SELECT since, coalesce(greatest(extract(epoch FROM until - since)::bigint / 60, 0), 0), (SELECT count(*) FROM uptime_minutes m WHERE m.minute >= since AND m.minute < until) FROM span`, days).
		Scan(&since, &u.Minutes, &u.Worked)
	if err != nil {
		return nil, fmt.Errorf("count the minutes that kartify worked: %w", err)
	}
	if since != nil {
		u.Since = since.UTC()
	}
	return u, nil
}
