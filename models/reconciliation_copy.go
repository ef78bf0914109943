package models

import (
	"encoding/binary"
	"time"
)

// copyRows writes rows into the partition, which has no wall for COPY to stop at; the job sees every store.
const copyRows = `COPY reconciliation_rows_all (reconciliation_id, row, store_id, kind, order_text, order_id, ref, line_ref, word, there, currency,
	amount_minor, refunded_minor, fee_minor, tax_minor, at, problem, class, state, opened_at, settled_at) FROM STDIN (FORMAT binary)`

// What stands before and behind the rows, and how many columns each has (PostgreSQL manual, COPY, binary format).
const (
	copyHead    = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyTail    = "\xff\xff"
	copyColumns = 21
)

// postgresEpoch is when PostgreSQL's clocks begin, in microseconds since 1970.
const postgresEpoch = 946_684_800_000_000

// appendTo writes the row as COPY takes it: each value behind its length, -1 for nothing.
func (f *fileRow) appendTo(to []byte, r *Reconciliation, opened time.Time) []byte {
	to = binary.BigEndian.AppendUint16(to, copyColumns)
	number := func(n int64) {
		to = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(to, 8), uint64(n))
	}
	text := func(s string) {
		to = append(binary.BigEndian.AppendUint32(to, uint32(len(s))), s...)
	}
	moment := func(at time.Time) {
		if at.IsZero() {
			to = append(to, 0xff, 0xff, 0xff, 0xff)
			return
		}
		number(at.UnixMicro() - postgresEpoch)
	}
	number(r.ID)
	number(f.row)
	number(r.StoreID)
	text(f.kind)
	text(f.order)
	if f.orderID > 0 {
		number(f.orderID)
	} else {
		to = append(to, 0xff, 0xff, 0xff, 0xff)
	}
	text(f.ref)
	text(f.line)
	text(f.word)
	text(f.there)
	text(f.currency)
	number(f.amount)
	number(f.refunded)
	number(f.fee)
	number(f.tax)
	moment(f.at)
	text(f.problem)
	switch f.kind {
	case "unreadable":
		text("unreadable")
		text("open")
		moment(opened)
	case "other":
		text("other")
		text("clean")
		moment(time.Time{})
	default:
		text("agree")
		text("clean")
		moment(time.Time{})
	}
	moment(f.settled)
	return to
}
