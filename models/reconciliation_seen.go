package models

import "time"

// fileSeen is what is noted of a file while its rows are read, so that the database need not go through them
// all once more: which orders may have several rows, from when to when, and what the rows add up to.
type fileSeen struct {
	bits        []uint64
	again       map[int64]bool // orders that may have more than one row; all that have are among them
	first, last time.Time
	returned    bool // it tells of refunds
	sums        map[string]*ReconciliationSum
	rows        int64
	others      int64 // of them, fees and the like
}

// seenBits is how many places the orders of a file are noted in: 16 MB, in which five million orders
// hardly ever meet.
const seenBits = 1 << 27

func newFileSeen() *fileSeen {
	return &fileSeen{bits: make([]uint64, seenBits/64), again: map[int64]bool{}, sums: map[string]*ReconciliationSum{}}
}

// note takes a row in.
func (s *fileSeen) note(r *fileRow) {
	s.rows++
	if r.currency != "" && r.kind != "unreadable" {
		sum := s.sums[r.currency]
		if sum == nil {
			sum = &ReconciliationSum{Currency: r.currency}
			s.sums[r.currency] = sum
		}
		sum.Rows++
		sum.Fees += r.fee
		sum.Taxes += r.tax
		switch {
		case r.kind == "payment" && r.there == "paid":
			sum.Paid += r.amount
		case r.kind == "refund":
			sum.Refunded += r.amount
		}
		if r.kind != "refund" && r.refunded > 0 {
			sum.Refunded += r.refunded
		}
	}
	if r.kind == "other" {
		s.others++
	}
	if r.kind != "payment" && r.kind != "refund" {
		return
	}
	s.returned = s.returned || r.kind == "refund" || r.refunded != 0
	if !r.at.IsZero() {
		if s.first.IsZero() || r.at.Before(s.first) {
			s.first = r.at
		}
		if r.at.After(s.last) {
			s.last = r.at
		}
	}
	if r.orderID == 0 {
		return
	}
	at := uint64(r.orderID) * 0x9E3779B97F4A7C15 >> 37 // 27 bits
	if s.bits[at/64]&(1<<(at%64)) != 0 {
		s.again[r.orderID] = true
	}
	s.bits[at/64] |= 1 << (at % 64)
}
