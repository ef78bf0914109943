package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// choreState is how a chore stands, in a word.
func choreState(c models.Chore, now time.Time) (ui.Kind, string) {
	switch {
	case c.Failing():
		return ui.Bad, "Failing"
	case c.EndedAt == nil:
		return ui.Neutral, "Not run yet"
	case c.Late(now):
		return ui.Attention, "Late"
	}
	return ui.Good, "On time"
}

// choreName is a chore as people read it: Settle operations.
func choreName(name string) string { return ui.Words(strings.ReplaceAll(name, "-", " ")) }

// queueState is how the jobs of a queue stand, as people read it.
func queueState(state string) string {
	switch state {
	case "available":
		return "Available"
	case "running":
		return "Running"
	case "retryable":
		return "Retryable"
	case "scheduled":
		return "Scheduled"
	case "discarded":
		return "Discarded"
	}
	return ui.Words(state)
}

// every is a pause in words: "10 s", "1 min", "200 ms".
func every(ctx context.Context, d time.Duration) string {
	switch {
	case d < time.Second:
		return lang.T(ctx, "%d ms", d.Milliseconds())
	case d < time.Minute:
		return lang.T(ctx, "%s s", fraction(ctx, d.Seconds()))
	case d < 2*time.Hour && d != time.Hour:
		return lang.T(ctx, "%s min", fraction(ctx, d.Minutes()))
	}
	return lang.T(ctx, "%s h", fraction(ctx, d.Hours()))
}

func fraction(ctx context.Context, n float64) string {
	return lang.Number(ctx, strconv.FormatFloat(n, 'f', -1, 64))
}

// soon is a moment ahead: "in 8 s", or "now" once it has come.
func soon(ctx context.Context, at, now time.Time) string {
	wait := at.Sub(now)
	switch {
	case wait > 2*time.Hour:
		return lang.T(ctx, "in %s", every(ctx, wait.Round(30*time.Minute)))
	case wait > 2*time.Minute:
		return lang.T(ctx, "in %s", every(ctx, wait.Round(time.Minute)))
	case wait > time.Second:
		return lang.T(ctx, "in %s", lang.T(ctx, "%s s", strconv.FormatFloat(wait.Seconds(), 'f', 0, 64)))
	}
	return lang.T(ctx, "now")
}

func took(ctx context.Context, r models.JobRun) string {
	return every(ctx, r.EndedAt.Sub(r.StartedAt).Round(time.Millisecond))
}

func queued(ctx context.Context, n int) string {
	if n > models.MostQueued {
		return lang.Number(ctx, thousands(models.MostQueued)+"+")
	}
	return strconv.Itoa(n)
}

// seconds are those of a time, with a tenth where there are few.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 0, 64)
}
