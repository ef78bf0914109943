package models

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slowQueries logs statements that take longer than a second, without their values. One that fails has no line of
// its own: whoever asked answers with a sentence or logs it once, with the request's id.
type slowQueries struct{ logger.Interface }

func newSlowQueries(log *slog.Logger) slowQueries {
	return slowQueries{logger.NewSlogLogger(log, logger.Config{SlowThreshold: time.Second, LogLevel: logger.Warn, ParameterizedQueries: true})}
}

// LogMode is for sessions that want to hear more or less.
func (l slowQueries) LogMode(level logger.LogLevel) logger.Interface {
	return slowQueries{l.Interface.LogMode(level)}
}

// Trace hears of every statement.
func (l slowQueries) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	l.Interface.Trace(ctx, begin, statement, nil)
}

// ParamsFilter leaves the values out of what is logged.
func (l slowQueries) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}
