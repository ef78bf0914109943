package bench

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// trace notes the statements that kartify sends while it is on.
type trace struct {
	mu    sync.Mutex
	on    bool
	seen  []*statement
	trips int // round trips: a batch is one
}

type statement struct {
	sql   string
	args  []any
	began time.Time
	took  time.Duration
}

type statementKey struct{}

// record is the statements that do sends.
func (t *trace) record(do func() error) ([]*statement, int, error) {
	t.mu.Lock()
	t.on, t.seen, t.trips = true, nil, 0
	t.mu.Unlock()
	err := do()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = false
	return t.seen, t.trips, err
}

// TraceQueryStart is called by pgx before a statement.
func (t *trace) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.on {
		return ctx
	}
	s := &statement{sql: data.SQL, args: data.Args, began: time.Now()}
	if !strings.Contains(s.sql, "set_config('kartify.stores'") { // once for each change of person on a connection
		t.seen = append(t.seen, s)
		t.trips++
	}
	return context.WithValue(ctx, statementKey{}, s)
}

// TraceQueryEnd is called by pgx when the rows of a statement have been read.
func (t *trace) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if s, ok := ctx.Value(statementKey{}).(*statement); ok {
		t.mu.Lock()
		s.took = time.Since(s.began)
		t.mu.Unlock()
	}
}

// TraceBatchStart is called by pgx before a batch.
func (t *trace) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on {
		t.trips++
		for _, q := range data.Batch.QueuedQueries {
			t.seen = append(t.seen, &statement{sql: q.SQL, args: q.Arguments})
		}
	}
	return ctx
}

// TraceBatchQuery is called by pgx for each statement of a batch.
func (*trace) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd is called by pgx after a batch.
func (*trace) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
