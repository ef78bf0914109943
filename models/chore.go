package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Chore is something kartify does again and again, and how it went. It belongs to no store.
type Chore struct {
	Name         string  `gorm:"primaryKey"`
	About        string  // a sentence: what it does
	EverySeconds float64 // between two runs
	InEach       bool    // every copy of kartify does it; otherwise the first to come does
	StartedAt    *time.Time
	EndedAt      *time.Time
	Touched      int64      // by the last run
	Problem      string     // of the last run that went wrong
	ProblemAt    *time.Time // when that was
	NextAt       *time.Time
	Runs         int64
	TotalTouched int64
}

// Every is the time between two runs.
func (c *Chore) Every() time.Duration { return time.Duration(c.EverySeconds * float64(time.Second)) }

// Failing says whether the last run went wrong.
func (c *Chore) Failing() bool {
	return c.ProblemAt != nil && c.EndedAt != nil && !c.ProblemAt.Before(*c.EndedAt)
}

// Late says whether the chore should have run by now and has not, by a good measure.
func (c *Chore) Late(now time.Time) bool {
	return c.NextAt != nil && now.Sub(*c.NextAt) > 2*c.Every()+30*time.Second
}

// JobRun is one run of a chore that touched something, went wrong, or was asked for.
type JobRun struct {
	ID        int64
	Chore     string
	Worker    string // which copy of kartify
	Requester string // who asked for it; empty when it was time
	StartedAt time.Time
	EndedAt   time.Time
	Touched   int64
	Problem   string
}

// RunChoreJob asks for a run of a chore because somebody wants it now.
type RunChoreJob struct {
	Name      string `json:"name"`
	Requester string `json:"requester"`
}

// Kind names the job.
func (RunChoreJob) Kind() string { return "run_chore" }

// keptRuns is how long a run is told of.
const keptRuns = 14 * 24 * time.Hour

// KnowChores writes down which chores there are. What is known of their runs stays.
func (db *DB) KnowChores(ctx context.Context, chores []Chore) error {
	if len(chores) == 0 {
		return nil
	}
	err := db.in(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"about", "every_seconds", "in_each"}),
	}).Create(&chores).Error
	if err != nil {
		return fmt.Errorf("write down the chores: %w", err)
	}
	return nil
}

// ClaimChore says whether it is this copy's turn at a chore that only one does, and puts the next turn off.
func (db *DB) ClaimChore(ctx context.Context, name string) (bool, error) {
	claimed := db.in(ctx).Exec(`UPDATE chores SET started_at = clock_timestamp(), next_at = clock_timestamp() + make_interval(secs => every_seconds)
		WHERE name = ? AND (next_at IS NULL OR next_at <= clock_timestamp())`, name)
	if claimed.Error != nil {
		return false, fmt.Errorf("claim the chore %s: %w", name, claimed.Error)
	}
	return claimed.RowsAffected == 1, nil
}

// RecordRun writes down how a run went. Of runs that were not worth telling only the times are kept.
func (db *DB) RecordRun(ctx context.Context, run JobRun) error {
	run.Problem = clip(textOf(run.Problem), 2000)
	return db.Tx(ctx, func(tx *DB) error {
		err := tx.in(ctx).Exec(`UPDATE chores SET started_at = ?, ended_at = ?, touched = ?, runs = runs + 1, total_touched = total_touched + ?,
				problem = CASE WHEN ? <> '' THEN ? ELSE problem END, problem_at = CASE WHEN ? <> '' THEN ? ELSE problem_at END,
				next_at = CASE WHEN in_each THEN ?::timestamptz + make_interval(secs => every_seconds) ELSE next_at END
			WHERE name = ?`, run.StartedAt, run.EndedAt, run.Touched, run.Touched, run.Problem, run.Problem, run.Problem, run.EndedAt, run.StartedAt, run.Chore).Error
		if err == nil && (run.Touched > 0 || run.Problem != "" || run.Requester != "") {
			err = tx.in(ctx).Create(&run).Error
		}
		if err != nil {
			return fmt.Errorf("record a run of %s: %w", run.Chore, err)
		}
		return nil
	})
}

// RunChore asks for a run of a chore now. A copy that works takes it up at once.
func (db *DB) RunChore(ctx context.Context, name string, by Actor) error {
	return db.Tx(ctx, func(tx *DB) error {
		var chore Chore
		err := tx.in(ctx).First(&chore, "name = ?", name).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read the chore %s: %w", name, err)
		}
		if err := tx.enqueue(ctx, RunChoreJob{Name: name, Requester: by.Name}); err != nil {
			return err
		}
		return tx.audit(ctx, 0, by, "job.started", "job "+name, nil, nil)
	})
}

// Worker is a copy of kartify that works.
type Worker struct {
	ID        string
	Host      string
	StartedAt time.Time
	BeatAt    time.Time // when it last said that it works
}

// Alive says whether the worker has been heard of lately.
func (w *Worker) Alive(now time.Time) bool { return now.Sub(w.BeatAt) < time.Minute }

// Beat says that a worker works, and forgets those that are long gone and runs that are old.
func (db *DB) Beat(ctx context.Context, id, host string) error {
	err := db.in(ctx).Exec(`INSERT INTO workers (id, host, beat_at) VALUES (?, ?, clock_timestamp())
		ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at`, id, host).Error
	if err != nil {
		return fmt.Errorf("say that this worker works: %w", err)
	}
	return nil
}

// Leave says that a worker has stopped.
func (db *DB) Leave(ctx context.Context, id string) error {
	if err := db.in(ctx).Exec("DELETE FROM workers WHERE id = ?", id).Error; err != nil {
		return fmt.Errorf("take a worker off the list: %w", err)
	}
	return nil
}

// SweepRuns forgets old runs of chores and workers that were killed, and reports how many.
func (db *DB) SweepRuns(ctx context.Context) (int, error) {
	runs := db.in(ctx).Exec("DELETE FROM job_runs WHERE started_at < ?", now().Add(-keptRuns))
	if runs.Error != nil {
		return 0, fmt.Errorf("forget old runs: %w", runs.Error)
	}
	gone := db.in(ctx).Exec("DELETE FROM workers WHERE beat_at < ?", now().Add(-time.Hour))
	if gone.Error != nil {
		return 0, fmt.Errorf("forget workers that are gone: %w", gone.Error)
	}
	return int(runs.RowsAffected + gone.RowsAffected), nil
}
