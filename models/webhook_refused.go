package models

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// refusedPerHour is how many refused webhooks of a source and store one process stores in an hour.
const refusedPerHour = 200

// refusals count what is refused, so that a flood of forged webhooks fills no disk.
type refusals struct {
	mu    sync.Mutex
	hours map[refusedFrom]*refusedHour
}

// refusedFrom is where refused webhooks were sent to.
type refusedFrom struct {
	source string
	store  int64
}

type refusedHour struct {
	mu      sync.Mutex
	since   time.Time
	taken   int
	last    int64 // the row that speaks for those not stored
	counted int64 // of those not stored
	noted   int64 // of those, how many the row speaks of already
}

// take says whether another refused webhook may be stored in this hour, and counts it when not.
func (r *refusals) take(d Delivery) (*refusedHour, bool) {
	r.mu.Lock()
	from := refusedFrom{d.Source, d.StoreID}
	if r.hours == nil || len(r.hours) > 10_000 {
		r.hours = map[refusedFrom]*refusedHour{}
	}
	hour := r.hours[from]
	if hour == nil || time.Since(hour.since) > time.Hour {
		hour = &refusedHour{since: time.Now()}
		r.hours[from] = hour
	}
	r.mu.Unlock()

	hour.mu.Lock()
	defer hour.mu.Unlock()
	if hour.taken >= refusedPerHour {
		hour.counted++
		return hour, false
	}
	hour.taken++
	return hour, true
}

func (h *refusedHour) stored(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last, id)
}

// unnoted is the row to speak for those not stored, and their number; 0 when it says so already.
func (h *refusedHour) unnoted() (row, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counted == h.noted {
		return 0, 0
	}
	h.noted = h.counted
	return h.last, h.counted
}

// NoteRefusedWebhooks writes how many refused webhooks were not stored into the last row that was.
func (db *DB) NoteRefusedWebhooks(ctx context.Context) error {
	db.refused.mu.Lock()
	var hours []*refusedHour
	for _, hour := range db.refused.hours {
		hours = append(hours, hour)
	}
	db.refused.mu.Unlock()
	for _, hour := range hours {
		row, n := hour.unnoted()
		if row == 0 {
			continue
		}
		effect := fmt.Sprintf("Refused, as were %d more like it within the hour, which were not stored.", n)
		if err := db.in(ctx).Model(&Webhook{}).Where("id = ?", row).Update("effect", effect).Error; err != nil {
			return fmt.Errorf("note refused webhooks: %w", err)
		}
		db.log.WarnContext(ctx, "webhooks were refused and not stored", "count", n, "webhook", row)
	}
	return nil
}
