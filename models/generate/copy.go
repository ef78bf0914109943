package generate

import (
	"encoding/binary"
	"time"
)

// buffer is rows in the binary form of COPY (PostgreSQL documentation, COPY, Binary Format).
type buffer []byte

// begin starts a row of n columns; each is appended by one of the methods below.
func (b *buffer) begin(n int) { *b = binary.BigEndian.AppendUint16(*b, uint16(n)) }

func (b *buffer) null() { *b = binary.BigEndian.AppendUint32(*b, 0xffffffff) }

func (b *buffer) int64(v int64) {
	*b = binary.BigEndian.AppendUint32(*b, 8)
	*b = binary.BigEndian.AppendUint64(*b, uint64(v))
}

func (b *buffer) int32(v int) {
	*b = binary.BigEndian.AppendUint32(*b, 4)
	*b = binary.BigEndian.AppendUint32(*b, uint32(v)) //nolint:gosec // positions, quantities and counts
}

func (b *buffer) bool(v bool) {
	*b = binary.BigEndian.AppendUint32(*b, 1)
	if v {
		*b = append(*b, 1)
	} else {
		*b = append(*b, 0)
	}
}

func (b *buffer) text(v string) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(len(v))) //nolint:gosec // far below 4 GB
	*b = append(*b, v...)
}

// some is a text that is null when empty.
func (b *buffer) some(v string) {
	if v == "" {
		b.null()
		return
	}
	b.text(v)
}

func (b *buffer) bytes(v []byte) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(len(v))) //nolint:gosec // far below 4 GB
	*b = append(*b, v...)
}

// json is a jsonb; its binary form has a version before the text.
func (b *buffer) json(v []byte) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(len(v)+1)) //nolint:gosec // far below 4 GB
	*b = append(*b, 1)
	*b = append(*b, v...)
}

// id is a reference that is null when zero.
func (b *buffer) id(v int64) {
	if v == 0 {
		b.null()
		return
	}
	b.int64(v)
}

// epoch is from when PostgreSQL counts microseconds.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// time is null when zero.
func (b *buffer) time(v time.Time) {
	if v.IsZero() {
		b.null()
		return
	}
	b.int64(v.UnixMicro() - epoch)
}

var copyHead = append([]byte("PGCOPY\n\xff\r\n\x00"), 0, 0, 0, 0, 0, 0, 0, 0)

var copyTail = []byte{0xff, 0xff}
