package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"

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

// every is a pause in words: "10 s", "1 min", "200 ms".
func every(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%g s", d.Seconds())
	case d < 2*time.Hour && d != time.Hour:
		return fmt.Sprintf("%g min", d.Minutes())
	}
	return fmt.Sprintf("%g h", d.Hours())
}

// soon is a moment ahead: "in 8 s", or "now" once it has come.
func soon(at, now time.Time) string {
	wait := at.Sub(now)
	switch {
	case wait > 2*time.Minute:
		return "in " + every(wait.Round(time.Minute))
	case wait > time.Second:
		return "in " + fmt.Sprintf("%.0f s", wait.Seconds())
	}
	return "now"
}

func took(r models.JobRun) string {
	return every(r.EndedAt.Sub(r.StartedAt).Round(time.Millisecond))
}

func queued(n int) string {
	if n > models.MostQueued {
		return thousands(models.MostQueued) + "+"
	}
	return strconv.Itoa(n)
}
