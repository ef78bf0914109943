package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/kartify/kartify/models"
)

// reconcileWorker compares the files of gateways with what is known here, which may take long.
type reconcileWorker struct {
	river.WorkerDefaults[models.ReconciliationJob]
	db *models.DB
}

// Timeout is none: whoever compares a file shows every second that it lives.
func (*reconcileWorker) Timeout(*river.Job[models.ReconciliationJob]) time.Duration { return -1 }

// Work compares one file.
func (w *reconcileWorker) Work(ctx context.Context, job *river.Job[models.ReconciliationJob]) error {
	return w.db.RunReconciliation(ctx, job.Args.ReconciliationID) //nolint:wrapcheck // says what it did
}
