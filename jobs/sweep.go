package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/kartify/kartify/models"
)

// chore is something kartify does again and again. Systems > Jobs shows it, and how it went.
type chore struct {
	name  string // small letters and dashes: it stands in addresses
	about string // a sentence for people: what it does
	every time.Duration
	do    func(context.Context) (int, error) // how many it touched

	// each copy of kartify does it every time: it claims what it touches, row by row. Any other chore is
	// claimed as a whole, and the first copy to come does it.
	each bool
}

func (j *Jobs) chores() []chore {
	sweep := j.db.Timings().Sweep
	return []chore{
		{"settle-operations", "Takes every money operation whose next step is due one step further: sends it, or asks the gateway what became of it.", sweep, j.db.SettleDue, true},
		{"carry-out-status-actions", "Has payment providers do what changes of order status started, where that was left in the middle or is to be tried again.", sweep, j.db.RunDueStatusActions, true},
		{"change-statuses", "Changes the status of many orders at once, when the delay is over in which that can be cancelled.", 2 * time.Second, j.db.RunDueStatusRuns, true},
		{"act-on-webhooks", "Acts on webhooks that are due, such as one whose order has appeared in the meantime.", sweep, j.db.ProcessDueWebhooks, true},
		{"tell-partners", "Tells Fynd what it has not heard yet.", min(sweep, 2*time.Second), j.db.TellDuePartners, true},
		{"subscribe-to-fynd", "Subscribes to the webhooks of companies that installed a Fynd payment extension, where Fynd did not take that at first.", 15 * time.Second, j.db.SubscribeDueFynd, true},
		{"confirm-payments", "Goes on with Confirm Payment where a copy of kartify was stopped in the middle of it.", sweep, j.db.RunDueConfirmations, true},
		{"send-emails", "Sends e-mails that are due, such as one the mail server would not take at first.", sweep, j.db.SendDueEmails, true},
		j.notifying(),
		{"sweep-exports", "Takes up exports whose maker was stopped, and deletes exported files a day after they were made.", sweep, j.db.SweepExports, false},
		{"sweep-reconciliations", "Takes up files whose comparing was stopped, and closes differences that have gone.", sweep, j.db.SweepReconciliations, false},
		{"note-reconciled", "Writes down which orders were in the comparisons that have ended, for the order's page and the list.", sweep, j.db.NoteReconciled, false},
		{"fulfil-privacy-requests", "Goes on with wishes about people's data: those that were cut short, and those that wait for something.", sweep, j.db.RunDuePrivacy, true},
		{"forget-privacy-files", "Deletes people's data that was gathered for them and not taken away within a week.", 10 * time.Minute, j.db.SweepPrivacyFiles, false},
		{"note-refused-webhooks", "Writes down how many forged webhooks were turned away without being stored.", time.Minute, silent(j.db.NoteRefusedWebhooks), true},
		{"look-up-orders", "Asks the payment providers about orders without money: missing, failed and pending. What was debited there surfaces and moves. Each order is asked about every ten minutes at first.", time.Minute, j.db.SweepLookups, false},
		{"look-up-payments", "Reads open payments as their providers show them, and enters what was done in a provider's portal.", 24 * time.Hour, j.db.SweepPayments, false},
		{"look-up-receipts", "Reads payments whose fiscal receipt has its key and is not made yet, in their first half hour.", time.Minute, j.db.SweepReceipts, false},
		{"watch-deadlines", "Notes when authorizations end, and asks the payment providers about those that should have ended.", time.Minute, j.db.WatchDeadlines, false},
		{"capture-as-planned", "Captures what is planned: by people, and by the rules of Systems > Capture deadlines.", sweep, j.db.RunDueCaptures, true},
		{"fold-day-totals", "Adds up the day totals that the dashboard plots.", time.Minute, j.db.FoldDayTotals, false},
		{"note-limbo", "Writes down how much is in limbo today, for the plots of Sales > Limbo.", 15 * time.Minute, j.db.NoteLimbo, false},
		{"send-limbo-alerts", "Tells people by e-mail of what is new in limbo, as often as they chose.", time.Minute, j.db.SendLimboAlerts, false},
		{"note-uptime", "Notes that kartify works in this minute, and how long Fynd waited for answers, for the duties of Fynd payment extensions.", 20 * time.Second, j.db.NoteUptime, true},
		{"tell-reviews", "Tells by e-mail how Fynd's review of a payment extension has ended.", time.Minute, j.db.TellReviews, false},
		{"forget-sign-ins", "Forgets sessions that have ended, old failed sign-ins and links that have run out.", 10 * time.Minute, silent(j.db.SweepSignIns), false},
		{"forget-api-answers", "Forgets what programs were answered a day ago.", time.Hour, j.db.ForgetAPIAnswers, false},
		{"forget-runs", "Forgets runs of these jobs after two weeks, and copies that were killed.", time.Hour, j.db.SweepRuns, false},
	}
}

// silent is a chore that does not count what it touches.
func silent(do func(context.Context) error) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return 0, do(ctx) }
}

// know writes down which chores there are, for the page.
func (j *Jobs) know(ctx context.Context) error {
	var list []models.Chore
	for _, c := range j.list() {
		list = append(list, models.Chore{Name: c.name, About: c.about, EverySeconds: c.every.Seconds(), InEach: c.each})
	}
	return j.db.KnowChores(ctx, list) //nolint:wrapcheck // says what it did
}

// sweep does every chore, at once and then in its time: work whose job got lost, whose time has come, or that
// a process left behind. Each chore runs beside the others and never twice at a time.
func (j *Jobs) sweep(ctx context.Context) {
	defer close(j.swept)
	done := make(chan struct{})
	chores := j.list()
	for _, c := range chores {
		go func() {
			j.repeat(ctx, c)
			done <- struct{}{}
		}()
	}
	go func() {
		j.keepBeating(ctx)
		done <- struct{}{}
	}()
	for range len(chores) + 1 {
		<-done
	}
}

func (j *Jobs) repeat(ctx context.Context, c chore) {
	pause := c.every
	if !c.each {
		pause /= 6 // looks whether it is anybody's turn
	}
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := j.turn(ctx, c); err != nil && ctx.Err() == nil {
			j.log.ErrorContext(ctx, "a job that comes again could not be recorded", "chore", c.name, "error", err)
		}
		select {
		case <-j.halt:
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// turn does a chore when it is this copy's turn.
func (j *Jobs) turn(ctx context.Context, c chore) error {
	if !c.each {
		if mine, err := j.db.ClaimChore(ctx, c.name); err != nil || !mine {
			return err //nolint:wrapcheck // says what it did
		}
	}
	return j.run(ctx, c, "")
}

// idle is how often a run that touched nothing is recorded.
const idle = 5 * time.Second

// run does a chore once and records how it went. A panic is an error like others: the next turn tries again.
func (j *Jobs) run(ctx context.Context, c chore, requester string) error {
	run := models.JobRun{Chore: c.name, Worker: j.id, Requester: requester, StartedAt: time.Now().UTC()}
	n, err := attempt(ctx, c)
	run.EndedAt, run.Touched = time.Now().UTC(), int64(n)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // told to stop; what is left is due again
	}
	if err != nil {
		run.Problem = err.Error()
		j.log.ErrorContext(ctx, "a job that comes again went wrong", "chore", c.name, "error", err)
	}
	if j.ran != nil {
		j.ran(run)
	}
	if n == 0 && err == nil && requester == "" && !j.worthNoting(c, run.EndedAt) {
		return nil
	}
	return j.db.RecordRun(ctx, run) //nolint:wrapcheck // says what it did
}

func attempt(ctx context.Context, c chore) (n int, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s broke down: %v", c.name, cause)
		}
	}()
	return c.do(ctx)
}

// worthNoting says whether an idle run is to be recorded: the first one, and one every few seconds.
func (j *Jobs) worthNoting(c chore, at time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at.Sub(j.noted[c.name]) < idle {
		return false
	}
	j.noted[c.name] = at
	return true
}

// runAsked does a chore because somebody asked for it.
func (j *Jobs) runAsked(ctx context.Context, name, requester string) error {
	for _, c := range j.list() {
		if c.name == name {
			return j.run(models.AskedFor(ctx), c, requester)
		}
	}
	return fmt.Errorf("no chore is called %s here; an older copy of kartify took this up", name)
}
