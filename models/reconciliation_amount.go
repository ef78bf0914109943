package models

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// fileAmountOf reads an amount as machines and people write it: 1,499.00 and 1.499,00 and 1 499,00. The last
// sign is the decimal one, unless it sets thousands apart.
func fileAmountOf(text string, digits int) (int64, bool) {
	negative, decimals, seen := false, -1, false
	last := strings.LastIndexAny(text, ".,")
	if last >= 0 {
		sign, tail := text[last], len(text)-last-1
		many := strings.Count(text, string(sign)) > 1
		if many || sign == ',' && tail == 3 && digits != 3 && !strings.ContainsRune(text, '.') {
			last = len(text) // it sets thousands apart
		}
	} else {
		last = len(text)
	}
	var minor int64
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			seen = true
			if decimals >= 0 {
				if decimals++; decimals > digits {
					if decimals > digits+6 { // a machine's fraction: rounded
						return withSign(rounded(minor, text[last+1+digits:]), negative), true
					}
					if c != '0' && len(text)-last-1 <= digits+6 {
						return 0, false
					}
					continue
				}
			}
			if minor > (math.MaxInt64-9)/10 {
				return 0, false
			}
			minor = minor*10 + int64(c-'0')
		case i == last:
			decimals = 0
		case c == '-' || c == '−':
			negative = true
		case c == '.' || c == ',' || c == ' ' || c == '\'' || c == '\u00a0' || c == '\u202f' || c == '+' || c == '₹' || c == '₽':
		default:
			return 0, false
		}
	}
	for d := max(decimals, 0); d < digits; d++ {
		if minor > math.MaxInt64/10 {
			return 0, false
		}
		minor *= 10
	}
	return withSign(minor, negative), seen && minor < 1e15
}

func withSign(minor int64, negative bool) int64 {
	if negative {
		return -minor
	}
	return minor
}

// rounded rounds up when the digits that are left out are five or more.
func rounded(minor int64, rest string) int64 {
	if rest != "" && rest[0] >= '5' {
		return minor + 1
	}
	return minor
}

var fileDates = []string{
	"2006-01-02 15:04:05", "02-01-2006 15:04:05", "02/01/2006 15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02", "02/01/2006", "02-01-2006", "02.01.2006 15:04:05",
	"02.01.2006", "02-Jan-2006 15:04:05", "02 Jan 2006 15:04:05", "Jan 2, 2006 15:04:05", "2006-01-02 15:04", "02-01-2006 15:04", "02/01/2006 15:04", "02.01.2006 15:04", "20060102",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "02-Jan-06", "02-Jan-2006", "2006-01-02 15:04:05 -0700", "2006-01-0215:04:05",
}

// moment reads a time by the gateway's clock. Numbers are seconds since 1970, or days as spreadsheets count them.
func (f *fileReader) moment(text string) (time.Time, bool) {
	fits := func(at time.Time, err error) bool { return err == nil && at.Year() >= 2000 && at.Year() < 2200 }
	if number, err := strconv.ParseFloat(text, 64); err == nil && len(text) != 8 {
		switch {
		case number > 20_000 && number < 110_000: // a spreadsheet's days since 30 December 1899
			day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(number*86400)) * time.Second)
			return time.Date(day.Year(), day.Month(), day.Day(), day.Hour(), day.Minute(), day.Second(), 0, f.zone), true
		case number > 946_684_800 && number < 7_258_118_400:
			return time.Unix(int64(number), 0), true
		}
		return time.Time{}, false
	}
	if at, err := time.ParseInLocation(fileDates[f.layout], text, f.zone); fits(at, err) {
		return at, true
	}
	for i, layout := range fileDates {
		if at, err := time.ParseInLocation(layout, text, f.zone); fits(at, err) {
			f.layout = i
			return at, true
		}
	}
	return time.Time{}, false
}
