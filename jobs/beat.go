package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// beat is how often a copy that works says so; silence is how long it may be quiet.
const (
	beat    = 5 * time.Second
	silence = 30 * time.Second
)

// keepBeating writes into the list of workers that this copy works, until it is told to stop.
func (j *Jobs) keepBeating(ctx context.Context) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		writing, cancel := context.WithTimeout(ctx, beat)
		err := j.db.Beat(writing, j.id, j.host)
		cancel()
		if err != nil && ctx.Err() == nil {
			j.log.WarnContext(ctx, "this copy could not say that it works", "error", err)
		}
		j.mu.Lock()
		j.beatAt = time.Now() // heard or not: whether the database answers is asked elsewhere
		j.mu.Unlock()
		select {
		case <-j.halt:
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := j.db.Leave(leaving, j.id); err != nil {
				j.log.WarnContext(ctx, "this copy could not take itself off the list", "error", err)
			}
			return
		case <-ticker.C:
		}
	}
}

// Working says why this copy does no work, or nil while it does.
func (j *Jobs) Working() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.beatAt.IsZero():
		return errors.New("the workers have not started")
	case time.Since(j.beatAt) > silence:
		return fmt.Errorf("the workers have been silent for %s", time.Since(j.beatAt).Round(time.Second))
	}
	return nil
}
