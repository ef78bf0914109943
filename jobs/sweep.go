package jobs

import (
	"context"
	"fmt"
	"time"
)

// chore is something every process does again and again. Claims in the database keep two processes from
// doing the same thing twice, so nobody needs to lead.
type chore struct {
	name  string
	every time.Duration // 0: at every sweep
	do    func(context.Context) error
}

func (j *Jobs) chores() []chore {
	return []chore{
		{"settle operations", 0, counted(j.db.SettleDue)},
		{"act on webhooks", 0, counted(j.db.ProcessDueWebhooks)},
		{"tell partners", 0, counted(j.db.TellDuePartners)},
		{"send e-mails", 0, counted(j.db.SendDueEmails)},
		{"note refused webhooks", time.Minute, j.db.NoteRefusedWebhooks},
		{"forget old sign-ins", 10 * time.Minute, j.db.SweepSignIns},
	}
}

// counted is a chore that also says how much it found, which nobody asks here.
func counted(do func(context.Context) (int, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := do(ctx)
		return err
	}
}

// sweep finds what is due, at once and then every Timings.Sweep: work whose job got lost, whose time has
// come, or that a process left behind. Each chore runs beside the others and never twice at a time.
func (j *Jobs) sweep(ctx context.Context) {
	defer close(j.swept)
	pause := j.db.Timings().Sweep
	done := make(chan struct{})
	chores := j.chores()
	for _, c := range chores {
		go func() {
			j.repeat(ctx, c, max(pause, c.every))
			done <- struct{}{}
		}()
	}
	for range chores {
		<-done
	}
}

func (j *Jobs) repeat(ctx context.Context, c chore, pause time.Duration) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := j.attempt(ctx, c); err != nil && ctx.Err() == nil {
			j.log.ErrorContext(ctx, "a sweep failed", "chore", c.name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// attempt runs a chore once. A panic is an error like others: the next sweep tries again.
func (j *Jobs) attempt(ctx context.Context, c chore) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s broke down: %v", c.name, cause)
		}
	}()
	return c.do(ctx)
}
