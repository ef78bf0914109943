package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"github.com/kartify/kartify/models"
)

// privacyWorker does what is wished for people's data, which may take long.
type privacyWorker struct {
	river.WorkerDefaults[models.PrivacyJob]
	db *models.DB
}

// Timeout is none: whoever fulfils a wish shows all the time that it lives.
func (*privacyWorker) Timeout(*river.Job[models.PrivacyJob]) time.Duration { return -1 }

// Work fulfils one wish.
func (w *privacyWorker) Work(ctx context.Context, job *river.Job[models.PrivacyJob]) error {
	return w.db.RunPrivacy(ctx, job.Args.RequestID) //nolint:wrapcheck // says what it did
}
