package models

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// webhooksOfJob is how many webhooks one job acts upon at most: a row of the queue costs as much as a webhook.
const webhooksOfJob = 8

// queueWebhooks has webhooks that were just stored acted upon. They are due by their own rows, so the sender need not
// wait for their jobs: those only make it quick. What a crash takes along, the sweep finds.
func (db *DB) queueWebhooks(ctx context.Context, together []*arrival) {
	if db.enqueuer == nil {
		return
	}
	in := &db.intake
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, a := range together {
		if !a.duplicate && !a.gone {
			in.fresh = append(in.fresh, a.w.ID)
		}
	}
	if !in.queuing && len(in.fresh) > 0 {
		in.queuing = true
		go db.queueFresh(context.WithoutCancel(ctx))
	}
}

// queueFresh puts jobs for new webhooks into the queue, until there are none. Those that gather meanwhile go together.
func (db *DB) queueFresh(ctx context.Context) {
	in := &db.intake
	for {
		in.mu.Lock()
		fresh := in.fresh
		if in.fresh = nil; len(fresh) == 0 {
			in.queuing = false
			in.mu.Unlock()
			return
		}
		in.mu.Unlock()
		if err := db.enqueueFresh(ctx, fresh); err != nil {
			db.log.WarnContext(ctx, "new webhooks wait for the sweep", "webhooks", len(fresh), "error", err)
		}
	}
}

func (db *DB) enqueueFresh(ctx context.Context, fresh []int64) error {
	ctx, cancel := context.WithTimeout(ctx, intakePatience)
	defer cancel()
	return db.Tx(ctx, func(tx *DB) error {
		var jobs []Job
		for some := range slices.Chunk(fresh, webhooksOfJob) {
			jobs = append(jobs, ProcessWebhookJob{WebhookID: some[0], More: some[1:]})
		}
		return tx.raw(func(conn *pgx.Conn) error { return tx.enqueueAll(ctx, conn, jobs) })
	})
}

// enqueueAll puts jobs into the queue as part of the transaction of conn.
func (db *DB) enqueueAll(ctx context.Context, conn *pgx.Conn, jobs []Job) error {
	if many, ok := db.enqueuer.(interface {
		EnqueueAll(ctx context.Context, tx pgx.Tx, jobs []Job) error
	}); ok {
		return many.EnqueueAll(ctx, ownedTx{conn}, jobs) //nolint:wrapcheck // says what it did
	}
	for _, job := range jobs {
		if err := db.enqueuer.Enqueue(ctx, ownedTx{conn}, job); err != nil {
			return err //nolint:wrapcheck // says what it did
		}
	}
	return nil
}
