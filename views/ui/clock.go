package ui

import (
	"context"
	"time"

	"github.com/kartify/kartify/lang"
)

func in(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone)
}

// machine is t as the datetime attribute wants it.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// day is the date of t by the clocks of zone, as the datetime attribute wants it.
func day(t time.Time, zone *time.Location) string { return in(t, zone).Format(time.DateOnly) }

// brief is t to the minute: "22 Nov 2026, 14:03", or "22 Nov 2026, 14:03 UTC" where no store's clock is meant.
func brief(ctx context.Context, t time.Time, zone *time.Location) string {
	return clocked(ctx, t, zone, "2 Jan 2006, 15:04")
}

// exact is t to the second: "22 Nov 2026, 14:03:09".
func exact(ctx context.Context, t time.Time, zone *time.Location) string {
	return clocked(ctx, t, zone, "2 Jan 2006, 15:04:05")
}

func clocked(ctx context.Context, t time.Time, zone *time.Location, layout string) string {
	text := lang.Format(ctx, in(t, zone), layout)
	if zone == nil || zone == time.UTC {
		text += " UTC"
	}
	return text
}

// full is t with its seconds and the name of its zone: "22 Nov 2026, 14:03:09 IST (UTC+05:30)".
func full(ctx context.Context, t time.Time, zone *time.Location) string {
	local := in(t, zone)
	name, offset := local.Zone()
	if offset == 0 {
		return lang.Format(ctx, local, "2 Jan 2006, 15:04:05 ") + "UTC"
	}
	utc := "UTC" + local.Format("-07:00")
	if name == "" || name[0] == '+' || name[0] == '-' { // a zone without letters of its own
		return lang.Format(ctx, local, "2 Jan 2006, 15:04:05 ") + utc
	}
	return lang.Format(ctx, local, "2 Jan 2006, 15:04:05 ") + name + " (" + utc + ")"
}

// distance says how long ago something was, and gives the date once that is clearer.
func distance(ctx context.Context, since time.Duration, local time.Time) string {
	switch {
	case since < 0:
		return lang.Format(ctx, local, "2 Jan 2006, 15:04")
	case since < time.Minute:
		return lang.T(ctx, "just now")
	case since < time.Hour:
		return lang.T(ctx, "%d min ago", since/time.Minute)
	case since < 24*time.Hour:
		return lang.T(ctx, "%d h ago", since/time.Hour)
	case since < 7*24*time.Hour:
		return lang.T(ctx, "%d d ago", since/(24*time.Hour))
	}
	return lang.Format(ctx, local, "2 Jan 2006")
}
