package models

import (
	"context"
	"fmt"
	"time"
)

// JobsPage is the work that waits and the work that comes again: Systems > Jobs.
type JobsPage struct {
	Now     time.Time // by the database's clock
	Chores  []Chore
	Runs    []JobRun // the last ones worth telling of, newest first
	Workers []Worker
	Queues  []QueueDepth
	Stuck   []StuckJob
	Sweeps  []LookupSweep // the last look-ups at the providers, newest first
	Replica *ReplicaState // that reports and exports are read from; nil when there is none
}

// QueueDepth is how many jobs of a queue are in one state, up to MostQueued.
type QueueDepth struct {
	Queue  string
	State  string    // available, running, retryable, scheduled
	Count  int       // up to MostQueued
	Oldest time.Time // when the first of them was due
}

// MostQueued is how far jobs are counted.
const MostQueued = 1000

// StuckJob is a job that was given up, or that has been running for longer than any job may. What it was to do
// is found by the sweep in any case.
type StuckJob struct {
	ID      int64
	Kind    string
	Queue   string
	State   string
	Attempt int
	Since   time.Time
	Problem string // what went wrong last
}

// stuckAfter is how long no job runs.
const stuckAfter = 10 * time.Minute

// JobsPage reads how the work stands. It asks the same few things however much work there is.
func (db *DB) JobsPage(ctx context.Context) (*JobsPage, error) {
	p := &JobsPage{Replica: db.Replica(ctx)}
	var err error
	if p.Now, err = db.now(ctx); err != nil {
		return nil, err
	}
	g := db.in(ctx)
	if err := g.Order("every_seconds, name").Find(&p.Chores).Error; err != nil {
		return nil, fmt.Errorf("read the chores: %w", err)
	}
	if err := g.Order("id DESC").Limit(25).Find(&p.Runs).Error; err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	if err := g.Order("started_at").Limit(50).Find(&p.Workers).Error; err != nil {
		return nil, fmt.Errorf("read the workers: %w", err)
	}
	if p.Queues, err = db.QueueDepths(ctx); err != nil {
		return nil, err
	}
	if p.Sweeps, err = db.LookupSweeps(ctx, 10); err != nil {
		return nil, err
	}
	err = g.Raw(`(SELECT id, kind, queue, state::text AS state, attempt, coalesce(finalized_at, attempted_at) AS since, coalesce(errors[array_upper(errors, 1)]->>'error', '') AS problem
			FROM river_job WHERE state = 'discarded' ORDER BY id DESC LIMIT 20)
		UNION ALL
		(SELECT id, kind, queue, state::text, attempt, attempted_at, coalesce(errors[array_upper(errors, 1)]->>'error', '')
			FROM river_job WHERE state = 'running' AND attempted_at < ? ORDER BY attempted_at LIMIT 20)`, p.Now.Add(-stuckAfter)).Scan(&p.Stuck).Error
	if err != nil {
		return nil, fmt.Errorf("look for stuck jobs: %w", err)
	}
	return p, nil
}

// QueueDepths is how many jobs wait and run in each queue.
func (db *DB) QueueDepths(ctx context.Context) ([]QueueDepth, error) {
	var depths []QueueDepth
	err := db.in(ctx).Raw(`SELECT q.name AS queue, s.state, count(*) AS count, min(scheduled_at) AS oldest
		FROM river_queue q CROSS JOIN unnest(ARRAY['available', 'running', 'retryable', 'scheduled']) AS s(state)
		CROSS JOIN LATERAL (SELECT scheduled_at FROM river_job j WHERE j.state = s.state::river_job_state AND j.queue = q.name ORDER BY priority, scheduled_at LIMIT ?) j
		GROUP BY 1, 2 ORDER BY 1, 2`, MostQueued+1).Scan(&depths).Error
	if err != nil {
		return nil, fmt.Errorf("count the jobs: %w", err)
	}
	return depths, nil
}
