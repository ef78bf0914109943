package models

import (
	"strconv"
	"time"
)

// copyRows writes rows into the partition, which has no wall for COPY to stop at; the job sees every store.
const copyRows = `COPY reconciliation_rows_all (reconciliation_id, row, store_id, kind, order_text, order_id, ref, line_ref, word, there, currency,
	amount_minor, refunded_minor, fee_minor, tax_minor, at, settled_at, problem, class, state, opened_at) FROM STDIN`

// appendTo writes the row as COPY takes it: tabs between, \N for nothing.
func (f *fileRow) appendTo(to []byte, r *Reconciliation, opened time.Time) []byte {
	number := func(n int64) {
		to = append(strconv.AppendInt(to, n, 10), '\t')
	}
	text := func(s string) {
		to = append(appendCopyText(to, s), '\t')
	}
	number(r.ID)
	number(f.row)
	number(r.StoreID)
	text(f.kind)
	text(f.order)
	if f.orderID > 0 {
		number(f.orderID)
	} else {
		to = append(to, '\\', 'N', '\t')
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
	for _, at := range []time.Time{f.at, f.settled} {
		if at.IsZero() {
			to = append(to, '\\', 'N')
		} else {
			to = at.UTC().AppendFormat(to, "2006-01-02 15:04:05.999999Z")
		}
		to = append(to, '\t')
	}
	text(f.problem)
	switch f.kind {
	case "unreadable":
		to = append(to, "unreadable\topen\t"...)
		to = opened.AppendFormat(to, "2006-01-02 15:04:05.999999Z")
	case "other":
		to = append(to, "other\tclean\t\\N"...)
	default:
		to = append(to, "agree\tclean\t\\N"...)
	}
	return append(to, '\n')
}

// appendCopyText escapes what means something to COPY.
func appendCopyText(to []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '\\':
			to = append(to, '\\', '\\')
		case '\t':
			to = append(to, '\\', 't')
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		default:
			to = append(to, c)
		}
	}
	return to
}
