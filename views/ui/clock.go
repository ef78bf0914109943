package ui

import (
	"fmt"
	"time"
)

func in(t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone)
}

// machine is t as the datetime attribute wants it.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// full is t with its seconds and the name of its zone: "22 Nov 2026, 14:03:09 IST (UTC+05:30)".
func full(t time.Time, zone *time.Location) string {
	local := in(t, zone)
	name, offset := local.Zone()
	if offset == 0 {
		return local.Format("2 Jan 2006, 15:04:05 ") + "UTC"
	}
	utc := "UTC" + local.Format("-07:00")
	if name == "" || name[0] == '+' || name[0] == '-' { // a zone without letters of its own
		return local.Format("2 Jan 2006, 15:04:05 ") + utc
	}
	return local.Format("2 Jan 2006, 15:04:05 ") + name + " (" + utc + ")"
}

// distance says how long ago something was, and gives the date once that is clearer.
func distance(since time.Duration, local time.Time) string {
	switch {
	case since < 0:
		return local.Format("2 Jan 2006, 15:04")
	case since < time.Minute:
		return "just now"
	case since < time.Hour:
		return fmt.Sprintf("%d min ago", since/time.Minute)
	case since < 24*time.Hour:
		return fmt.Sprintf("%d h ago", since/time.Hour)
	case since < 7*24*time.Hour:
		return fmt.Sprintf("%d d ago", since/(24*time.Hour))
	}
	return local.Format("2 Jan 2006")
}
