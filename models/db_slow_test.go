package models

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestSlowStatementsAreLogged tells the log of statements, some of which fail.
func TestSlowStatementsAreLogged(t *testing.T) {
	for _, tt := range []struct {
		took time.Duration
		err  error
		want bool
	}{
		{took: 2 * time.Second, want: true},
		{took: 2 * time.Second, err: errors.New("duplicate key"), want: true},
		{took: time.Millisecond, err: errors.New("duplicate key")},
		{took: time.Millisecond},
	} {
		var out bytes.Buffer
		log := newSlowQueries(slog.New(slog.NewTextHandler(&out, nil)))
		statement := func() (string, int64) { return "SELECT 1", 1 }
		log.Trace(t.Context(), time.Now().Add(-tt.took), statement, tt.err)
		if said := out.String(); strings.Contains(said, "SELECT 1") != tt.want || strings.Contains(said, "duplicate") {
			t.Errorf("%s, %v: the log says %q", tt.took, tt.err, said)
		}
	}
	if sql, values := newSlowQueries(slog.Default()).ParamsFilter(t.Context(), "SELECT $1", "a name"); sql != "SELECT $1" || len(values) > 0 {
		t.Errorf("a statement is shown as %s %v", sql, values)
	}
}
