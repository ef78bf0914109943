package models

import (
	"regexp"
	"strconv"
	"time"
)

// DayRange is whole days, both included, each written 2006-01-02 or empty. In which zone they begin
// is the store's affair.
type DayRange struct{ From, To string }

func (r DayRange) empty() bool { return r.From == "" && r.To == "" }

// Bounds are the moments from which and before which something happened on these days in zone. A
// zero time is no bound.
func (r DayRange) Bounds(zone *time.Location) (from, before time.Time) {
	if day, err := time.Parse(time.DateOnly, r.From); err == nil {
		from = dayStart(day, zone)
	}
	if day, err := time.Parse(time.DateOnly, r.To); err == nil {
		before = dayStart(day.AddDate(0, 0, 1), zone)
	}
	return from, before
}

// dayStart is the first moment of a day in zone. That is not always midnight: where clocks are put
// forward at midnight the day starts at one, and where they are put back there are two midnights.
func dayStart(day time.Time, zone *time.Location) time.Time {
	same := func(t time.Time) bool { return t.In(zone).Format(time.DateOnly) == day.Format(time.DateOnly) }
	y, m, d := day.Date()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if !same(t) { // there is no such midnight: the day starts where the clocks were moved
		start, end := t.ZoneBounds()
		if t.Format(time.DateOnly) > day.Format(time.DateOnly) {
			return start.UTC()
		}
		return end.UTC()
	}
	first := t
	for back := 30 * time.Minute; back <= 3*time.Hour; back += 30 * time.Minute {
		if earlier := t.Add(-back); same(earlier) {
			first = earlier
		}
	}
	return first.UTC()
}

var (
	dayFirst  = regexp.MustCompile(`^(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})$`)
	yearFirst = regexp.MustCompile(`^(\d{4})[./ -]?(\d{1,2})[./ -]?(\d{1,2})$`)
)

// likelyDay guesses the day somebody meant by a text that is no date, to show how it is written:
// 31/02/2026 becomes 2026-02-28. A text that means nothing gives the day of now.
func likelyDay(text string, now time.Time) string {
	number := func(s string) int { n, _ := strconv.Atoi(s); return n }
	y, m, d := 0, 0, 0
	if p := dayFirst.FindStringSubmatch(text); p != nil {
		y, m, d = number(p[3]), number(p[2]), number(p[1])
		if m > 12 && d <= 12 {
			m, d = d, m
		}
	} else if p := yearFirst.FindStringSubmatch(text); p != nil {
		y, m, d = number(p[1]), number(p[2]), number(p[3])
	}
	if y < 1970 || m < 1 || m > 12 || d < 1 || d > 31 {
		return now.Format(time.DateOnly)
	}
	last := time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(y, time.Month(m), min(d, last), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// readDay takes 2006-01-02 from 1970 to 9998, and nothing else.
func readDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Year() >= 1970 && day.Year() < 9999
}
