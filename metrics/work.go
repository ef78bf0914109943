package metrics

import (
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kartify/kartify/models"
)

// fresh is how long an answer of the database serves: several who watch cost no more than one.
const fresh = 5 * time.Second

// work is what waits in the database, for all copies together.
type work struct {
	db  *models.DB
	log *slog.Logger

	operations, overdue, oldest, due, parked, up, workers *prometheus.Desc

	mu   sync.Mutex
	last *models.Waiting
	at   time.Time
}

func newWork(db *models.DB, log *slog.Logger) *work {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &work{
		db: db, log: log,
		up:         desc("kartify_database_up", "Whether the database said what waits."),
		operations: desc("kartify_operations_open", "Money operations that are not final, by state.", "state"),
		due:        desc("kartify_due", "What should have been done by now, up to 1000, by kind.", "kind"),
		overdue:    desc("kartify_due_oldest_seconds", "How long the oldest of them has been due; 0 when nothing is. Of webhooks, this is the lag.", "kind"),
		oldest:     desc("kartify_oldest_waiting_seconds", "Age of the oldest that waits: for a person, for its order, or for an answer.", "kind"),
		parked:     desc("kartify_waiting", "What waits for a person or for its order, up to 1000, by kind.", "kind"),
		workers:    desc("kartify_workers", "Copies of kartify that have lately said that they work."),
	}
}

// Describe names the metrics.
func (w *work) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{w.up, w.operations, w.due, w.overdue, w.oldest, w.parked, w.workers} {
		out <- d
	}
}

// Collect asks the database, at most every few seconds.
func (w *work) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	found := w.ask()
	if found == nil {
		gauge(w.up, 0)
		return
	}
	gauge(w.up, 1)
	gauge(w.workers, float64(found.Workers))
	for state, n := range found.Operations {
		gauge(w.operations, float64(n), string(state))
	}
	for kind, q := range found.Due {
		gauge(w.due, float64(q.Count), kind)
		gauge(w.overdue, q.Oldest.Seconds(), kind)
	}
	for kind, q := range found.Waits {
		gauge(w.parked, float64(q.Count), kind)
		gauge(w.oldest, q.Oldest.Seconds(), kind)
	}
}

func (w *work) ask() *models.Waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != nil && time.Since(w.at) < fresh {
		return w.last
	}
	ctx, cancel := system()
	defer cancel()
	found, err := w.db.Waiting(ctx)
	if err != nil {
		w.log.WarnContext(ctx, "what waits could not be counted for the metrics", "error", err)
		w.last = nil
		return nil
	}
	w.last, w.at = found, time.Now()
	return found
}

// pool is the database connections of this copy.
type pool struct {
	pool                             *pgxpool.Pool
	conns, waited, waiting, acquired *prometheus.Desc
}

func newPool(p *pgxpool.Pool) *pool {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &pool{
		pool:     p,
		conns:    desc("kartify_db_connections", "Database connections of this copy, by what they do.", "state"),
		acquired: desc("kartify_db_acquired_total", "How often a connection was taken."),
		waited:   desc("kartify_db_waited_total", "How often one had to be waited for."),
		waiting:  desc("kartify_db_wait_seconds_total", "How long connections were waited for in all."),
	}
}

// Describe names the metrics.
func (p *pool) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.conns, p.acquired, p.waited, p.waiting} {
		out <- d
	}
}

// Collect reads the pool.
func (p *pool) Collect(out chan<- prometheus.Metric) {
	s := p.pool.Stat()
	for state, n := range map[string]int32{"idle": s.IdleConns(), "in use": s.AcquiredConns(), "opening": s.ConstructingConns(), "most": s.MaxConns()} {
		out <- prometheus.MustNewConstMetric(p.conns, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(p.acquired, prometheus.CounterValue, float64(s.AcquireCount()))
	out <- prometheus.MustNewConstMetric(p.waited, prometheus.CounterValue, float64(s.EmptyAcquireCount()))
	out <- prometheus.MustNewConstMetric(p.waiting, prometheus.CounterValue, s.AcquireDuration().Seconds())
}
