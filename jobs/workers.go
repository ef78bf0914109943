package jobs

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/kartify/kartify/models"
)

// workers are all kinds of jobs. Each is one call.
func (j *Jobs) workers() *river.Workers {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.DispatchJob]) error {
		return j.db.DispatchOperation(ctx, job.Args.OperationID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.StepJob]) error {
		return j.db.StepOperation(ctx, job.Args.OperationID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.ProcessWebhookJob]) error {
		return j.db.ProcessWebhooks(ctx, append([]int64{job.Args.WebhookID}, job.Args.More...))
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.PartnerJob]) error {
		return j.db.TellPartner(ctx, job.Args.UpdateID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.SendEmailJob]) error {
		return j.db.SendEmail(ctx, job.Args.EmailID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.RunChoreJob]) error {
		return j.runAsked(ctx, job.Args.Name, job.Args.Requester)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.ConfirmRunJob]) error {
		return j.db.RunConfirmations(ctx, job.Args.RunID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.StatusActionJob]) error {
		return j.db.RunStatusAction(ctx, job.Args.ActionID)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[models.StatusRunJob]) error {
		return j.db.RunStatusRun(ctx, job.Args.RunID)
	}))
	river.AddWorker(workers, &exportWorker{db: j.db})
	river.AddWorker(workers, &reconcileWorker{db: j.db})
	river.AddWorker(workers, &privacyWorker{db: j.db})
	return workers
}

// exportWorker makes files of orders, which may take longer than any other job.
type exportWorker struct {
	river.WorkerDefaults[models.ExportJob]
	db *models.DB
}

// Timeout is none: whoever makes a file shows every second that it lives.
func (*exportWorker) Timeout(*river.Job[models.ExportJob]) time.Duration { return -1 }

// Work makes one file.
func (w *exportWorker) Work(ctx context.Context, job *river.Job[models.ExportJob]) error {
	return w.db.RunExport(ctx, job.Args.ExportID) //nolint:wrapcheck // says what it did
}

// asSystem lets a job see every store.
func asSystem(ctx context.Context, _ *rivertype.JobRow, work func(context.Context) error) error {
	return work(models.AsSystem(ctx))
}

// soon repeats a broken job after 1 s and then 2 s, a little apart from others that broke with it.
type soon struct{}

func (soon) NextRetry(job *rivertype.JobRow) time.Time {
	wait := time.Second << min(max(len(job.Errors), 0), 4)
	return time.Now().Add(wait + rand.N(wait/4)) //nolint:gosec // only to spread the load
}

// brokenJobs writes what went wrong in a job into the log of the process.
type brokenJobs struct{ log *slog.Logger }

func (b brokenJobs) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	b.log.ErrorContext(ctx, "a job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "error", err)
	return nil
}

func (b brokenJobs) HandlePanic(ctx context.Context, job *rivertype.JobRow, cause any, trace string) *river.ErrorHandlerResult {
	b.log.ErrorContext(ctx, "a job broke down", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "cause", cause, "trace", trace)
	return nil
}

// quiet keeps River's own notes at the level of warnings and above.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
