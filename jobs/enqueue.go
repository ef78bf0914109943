package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/kartify/kartify/models"
)

// EnqueueAll puts jobs into their queues within tx, by one statement.
func (j *Jobs) EnqueueAll(ctx context.Context, tx pgx.Tx, jobs []models.Job) error {
	params := make([]river.InsertManyParams, 0, len(jobs))
	for _, job := range jobs {
		queue, known := queueOf[job.Kind()]
		if !known {
			return fmt.Errorf("no queue takes %s", job.Kind())
		}
		params = append(params, river.InsertManyParams{Args: job, InsertOpts: &river.InsertOpts{Queue: queue}})
	}
	if _, err := j.client.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("queue %d jobs: %w", len(jobs), err)
	}
	return nil
}
