package handlers_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/metrics"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/web"
)

func TestMetricsAnswerThisMachineOnly(t *testing.T) {
	db := modelstest.DB(t)
	log := slog.New(slog.DiscardHandler)
	m := metrics.New(db, log)
	site, err := handlers.New(handlers.Options{DB: db, Metrics: m.Handler(), Web: web.Config{Log: log, Observe: m.Request}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(from string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		r.RemoteAddr = from
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w
	}
	for _, tt := range []struct {
		name, from string
		headers    []string
		want       int
	}{
		{"this machine", "127.0.0.1:4000", nil, http.StatusOK},
		{"this machine over IPv6", "[::1]:4000", nil, http.StatusOK},
		{"another machine", "192.0.2.7:4000", nil, http.StatusNotFound},
		{"a proxy on this machine", "127.0.0.1:4000", []string{"X-Forwarded-For: 192.0.2.7"}, http.StatusNotFound},
		{"a proxy that only says so", "127.0.0.1:4000", []string{"Via: 1.1 nginx"}, http.StatusNotFound},
	} {
		if got := ask(tt.from, tt.headers...); got.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got.Code, tt.want)
		}
	}
	text := ask("127.0.0.1:4000").Body.String()
	for _, want := range []string{
		`kartify_http_request_seconds_count{method="GET",route="/metrics",status="200"}`, `kartify_operations_open{state="unknown"} 0`,
		`kartify_due_oldest_seconds{kind="webhooks"} 0`, `kartify_db_connections{state="most"}`, "kartify_database_up 1", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestReadySaysWhetherToSendRequests(t *testing.T) {
	db := modelstest.DB(t)
	var why error
	var log strings.Builder
	site, err := handlers.New(handlers.Options{DB: db, Ready: func(context.Context) error { return why }, Web: web.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w
	}
	if got := ask(); got.Code != http.StatusOK {
		t.Errorf("ready: %d", got.Code)
	}
	why = errors.New("this copy is about to stop")
	if got := ask(); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), "not ready") || strings.Contains(got.Body.String(), "about to stop") {
		t.Errorf("not ready: %d, Retry-After %q, %q", got.Code, got.Header().Get("Retry-After"), got.Body.String())
	}
	if text := log.String(); !strings.Contains(text, "about to stop") || strings.Contains(text, "ERROR") {
		t.Errorf("the log does not say why, or says it as a fault: %s", text)
	}
	why = nil
	closed := modelstest.DB(t)
	closed.Pool().Close()
	if models.Unavailable(closed.Ping(t.Context())) {
		t.Error("a pool that was closed is no outage of the database")
	}
}
