package models

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// place is where an order stands in a sorted list: its date and its id. Two orders never share one.
type place struct {
	At time.Time // zero when the list is sorted by id
	ID int64
}

// cursor is a place as the URL carries it. It names its sort, so that one list's cursor is no use in another.
func (p place) cursor(sort OrderSort) string {
	b := []byte{cursorKind(sort)}
	b = binary.BigEndian.AppendUint64(b, uint64(p.micros()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ID))
	return base64.RawURLEncoding.EncodeToString(b)
}

func (p place) micros() int64 {
	if p.At.IsZero() {
		return 0
	}
	return p.At.UnixMicro()
}

// readCursor reads what cursor wrote, and refuses everything else.
func readCursor(text string, sort OrderSort) (place, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 17 || b[0] != cursorKind(sort) {
		return place{}, false
	}
	p := place{At: time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:]))).UTC(), ID: int64(binary.BigEndian.Uint64(b[9:]))}
	if year := p.At.Year(); p.ID <= 0 || year < 1900 || year > 9999 {
		return place{}, false
	}
	return p, base64.RawURLEncoding.EncodeToString(b) == text
}

func cursorKind(sort OrderSort) byte {
	kind := map[string]byte{SortAdded: 'a', SortModified: 'm', SortID: 'i'}[sort.Column]
	if sort.Oldest {
		kind -= 'a' - 'A'
	}
	return kind
}
