// Package jobs runs the work that waits: River workers of one call each, and what runs how often.
// It holds no rules. What people want to see of a job are rows of our own; River only carries it.
package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/kartify/kartify/models"
)

// The queues. Each has workers of its own, so that a slow partner never holds up money.
const (
	money    = "money"
	webhooks = "webhooks"
	partner  = "partner"
	chores   = "chores"
	emails   = "emails"
	exports  = "exports"

	reconciliations = "reconciliations"
	privacy         = "privacy"
)

var queues = map[string]river.QueueConfig{
	money:    {MaxWorkers: 10},
	webhooks: {MaxWorkers: 6},
	partner:  {MaxWorkers: 4},
	chores:   {MaxWorkers: 2},
	emails:   {MaxWorkers: 4},
	exports:  {MaxWorkers: 1}, // each takes two connections and much of a core

	reconciliations: {MaxWorkers: 1}, // likewise
	privacy:         {MaxWorkers: 1}, // goes through every table
}

// queueOf says where a kind of job waits.
var queueOf = map[string]string{
	models.DispatchJob{}.Kind():       money,
	models.StepJob{}.Kind():           money,
	models.StatusActionJob{}.Kind():   money,
	models.ProcessWebhookJob{}.Kind(): webhooks,
	models.PartnerJob{}.Kind():        partner,
	models.ConfirmRunJob{}.Kind():     partner,
	models.RunChoreJob{}.Kind():       chores,
	models.StatusRunJob{}.Kind():      chores,
	models.SendEmailJob{}.Kind():      emails,
	models.ExportJob{}.Kind():         exports,
	models.ReconciliationJob{}.Kind(): reconciliations,
	models.PrivacyJob{}.Kind():        privacy,
}

// tries is how often River repeats a job that broke down. The sweep finds what is still due afterwards.
const tries = 3

// Jobs are the queue and its workers. Until Start it only takes work in, for other processes to do.
type Jobs struct {
	db     *models.DB
	log    *slog.Logger
	client *river.Client[pgx.Tx]
	id     string // of this copy, among the workers
	host   string
	ran    func(models.JobRun) // hears of every run of a chore
	list   func() []chore

	notifier *models.Notifier

	mu     sync.Mutex
	noted  map[string]time.Time // when an idle run of a chore was last recorded
	beatAt time.Time

	halt     chan struct{} // closed to have the chores end after what they are doing
	sweeping context.CancelFunc
	swept    chan struct{}
}

// New joins the queue to db: from now on, changes enqueue their work in their own transaction.
func New(db *models.DB, log *slog.Logger) (*Jobs, error) {
	if log == nil {
		log = slog.Default()
	}
	host, _ := os.Hostname() // for people only
	j := &Jobs{db: db, log: log, id: host + " " + strings.ToLower(rand.Text()[:6]), host: host, noted: map[string]time.Time{}, notifier: db.NewNotifier()}
	j.list = j.chores
	timeout := db.Timings().CallTimeout + 30*time.Second // a call, and what is written before and after it
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues:               queues,
		Workers:              j.workers(),
		Middleware:           []rivertype.Middleware{river.WorkerMiddlewareFunc(asSystem)},
		ErrorHandler:         brokenJobs{log},
		RetryPolicy:          soon{},
		MaxAttempts:          tries,
		JobTimeout:           timeout,
		RescueStuckJobsAfter: 5 * timeout,
		// Work is announced as it is committed. Announcements within the cooldown are folded into one, and one
		// of a transaction that rolls back may be all there was: the poll makes good for those.
		FetchCooldown:               2 * time.Millisecond,
		FetchPollInterval:           500 * time.Millisecond,
		SoftStopTimeout:             softStop,
		CompletedJobRetentionPeriod: time.Hour,
		Logger:                      slog.New(quiet{log.Handler()}),
	})
	if err != nil {
		return nil, fmt.Errorf("job queue: %w", err)
	}
	j.client = client
	db.SetEnqueuer(j)
	return j, nil
}

// Enqueue puts a job into its queue within tx.
func (j *Jobs) Enqueue(ctx context.Context, tx pgx.Tx, job models.Job) error {
	queue, known := queueOf[job.Kind()]
	if !known {
		return fmt.Errorf("no queue takes %s", job.Kind())
	}
	if _, err := j.client.InsertTx(ctx, tx, job, &river.InsertOpts{Queue: queue}); err != nil {
		return fmt.Errorf("queue %s: %w", queue, err)
	}
	return nil
}

// OnRun has every run of a chore told to f, before Start.
func (j *Jobs) OnRun(f func(models.JobRun)) { j.ran = f }

// Start begins to work. It returns at once; Stop ends it.
func (j *Jobs) Start(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // Stop ends it, softly
	if err := j.know(models.AsSystem(ctx)); err != nil {
		return err
	}
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	ctx, j.sweeping = context.WithCancel(models.AsSystem(ctx))
	j.halt, j.swept = make(chan struct{}), make(chan struct{})
	go j.sweep(ctx)
	return nil
}

// How long running jobs may go on after Stop, softly and then cancelled.
const (
	softStop = 12 * time.Second
	hardStop = 18 * time.Second
)

// Stop takes no new work, waits for what is running and then cancels it. It takes 18 s at most, or as long
// as ctx allows. What was cut short is due again and found by the next sweep of any process.
func (j *Jobs) Stop(ctx context.Context) error {
	if j.sweeping == nil {
		return nil // never started
	}
	ctx, cancel := context.WithTimeout(ctx, hardStop)
	defer cancel()
	close(j.halt)
	cutShort := time.AfterFunc(softStop, j.sweeping)
	defer cutShort.Stop()
	err := j.client.Stop(ctx)
	if err != nil {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err = errors.Join(err, j.client.StopAndCancel(stopping))
	}
	select {
	case <-j.swept:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	err = errors.Join(err, j.notifier.Wait(ctx))
	j.sweeping()
	j.sweeping = nil
	if err != nil {
		return fmt.Errorf("stop the jobs: %w", err)
	}
	return nil
}
