// Package metrics tells Prometheus how kartify does: requests, work that waits, chores, connections.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kartify/kartify/models"
)

// Metrics gathers what one copy of kartify knows of itself and of the work that waits.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	runs     *prometheus.CounterVec
	touched  *prometheus.CounterVec
	lastRun  *prometheus.GaugeVec
}

// New gathers for a database. Labels are words of our own: routes, states, names of chores.
func New(db *models.DB, log *slog.Logger) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kartify_http_request_seconds", Help: "How long requests took, by method, route and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kartify_chore_runs_total", Help: "Runs of what this copy does again and again, by how they went.",
		}, []string{"chore", "result"}),
		touched: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kartify_chore_touched_total", Help: "How many things those runs touched.",
		}, []string{"chore"}),
		lastRun: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kartify_chore_last_success_timestamp_seconds", Help: "When this copy last did it without trouble.",
		}, []string{"chore"}),
	}
	m.registry.MustRegister(m.requests, m.runs, m.touched, m.lastRun, newWork(db, log), newPool(db.Pool()),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// Request hears of a request. A path that leads nowhere is one label for all of them.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	if method != http.MethodGet && method != http.MethodPost && method != http.MethodHead {
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Run hears of a run of a chore.
func (m *Metrics) Run(run models.JobRun) {
	result := "ok"
	if run.Problem != "" {
		result = "failed"
	} else {
		m.lastRun.WithLabelValues(run.Chore).Set(float64(run.EndedAt.Unix()))
	}
	m.runs.WithLabelValues(run.Chore, result).Inc()
	m.touched.WithLabelValues(run.Chore).Add(float64(run.Touched))
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, Timeout: 5 * time.Second, MaxRequestsInFlight: 4})
}

// asked is how long the database may take to say what waits.
const asked = 2 * time.Second

func system() (context.Context, context.CancelFunc) {
	return context.WithTimeout(models.AsSystem(context.Background()), asked)
}
