package models

import (
	"context"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
)

// doubt is what is known of a payment that is not paid and may have taken the buyer's money all the same.
type doubt struct {
	Doubt      gateways.Doubt
	DoubtWord  string     // of the provider, when it calls the payment failed
	DoubtSince *time.Time // since when it has said so
	DoubtEnded string     // the word that stood so long that it is believed
}

// next is the doubt after a provider was asked, and whether it ended just now for the provider's word has stood
// for patience. What was once known as debited is not called less certain, and ends only when the provider says
// that it ended.
func (d doubt) next(seen *gateways.Payment, over bool, at time.Time, patience time.Duration) (doubt, bool) {
	now := d
	now.Doubt = seen.Doubt
	if over {
		now.Doubt = gateways.NoDoubt
	}
	failed := (seen.Failed || seen.Canceled) && seen.Word != ""
	switch {
	case now.Doubt == gateways.Unclear && d.Doubt == gateways.Debited:
		now.Doubt = gateways.Debited
		return now, false
	case now.Doubt != gateways.Unclear || !failed:
		now.DoubtWord, now.DoubtSince, now.DoubtEnded = "", nil, ""
		return now, false
	case d.DoubtEnded == seen.Word:
		now.Doubt = gateways.NoDoubt
		return now, false
	case d.DoubtWord != seen.Word || d.DoubtSince == nil:
		now.DoubtWord, now.DoubtSince, now.DoubtEnded = seen.Word, &at, ""
		return now, false
	case at.Sub(*d.DoubtSince) >= patience:
		now.Doubt, now.DoubtEnded = gateways.NoDoubt, seen.Word
		return now, true
	}
	return now, false
}

// noteDoubt keeps why a payment that is not paid may have taken the buyer's money all the same, and reports
// whether that is news. A payment that a bank has numbered is doubted until its provider has called it failed for
// Timings.DeclineAfter; the order's history keeps why that is believed. Only a provider that was asked can say so.
func (db *DB) noteDoubt(ctx context.Context, p *Payment, seen *gateways.Payment, by Actor) (bool, error) {
	var was doubt
	if err := db.in(ctx).Raw("SELECT doubt, doubt_word, doubt_since, doubt_ended FROM payments WHERE id = ?", p.ID).Scan(&was).Error; err != nil {
		return false, fmt.Errorf("read the doubt about payment %d: %w", p.ID, err)
	}
	said := *seen
	said.Word = idOf(seen.Word)
	at, err := db.now(ctx)
	if err != nil {
		return false, err
	}
	is, ended := was.next(&said, p.rank() >= 2 || rankOf(seen) >= 2, at, db.timings.DeclineAfter)
	if is == was {
		return false, nil
	}
	err = db.in(ctx).Exec("UPDATE payments SET doubt = ?, doubt_word = ?, doubt_since = ?, doubt_ended = ? WHERE id = ?", is.Doubt, is.DoubtWord, is.DoubtSince, is.DoubtEnded, p.ID).Error
	if err != nil {
		return false, fmt.Errorf("note the doubt about payment %d: %w", p.ID, err)
	}
	if ended {
		why := fmt.Sprintf("%s has said %s of payment %s since %s, so it counts as not debited.", db.drivers[p.Gateway].Name, textOf(said.Word), deref(p.Ref), was.DoubtSince.UTC().Format("2 Jan 2006 15:04 UTC"))
		if seen.RRN != "" {
			why += " The bank's reference is " + textOf(seen.RRN) + "."
		}
		err = db.addHistory(ctx, OrderHistory{OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment", Comment: clip(why, 500)}, by)
	}
	return is.Doubt != was.Doubt, err
}

// doubts are the doubts about the payments of an order, by payment.
func (db *DB) doubts(ctx context.Context, order int64) (map[int64]gateways.Doubt, error) {
	var rows []struct {
		ID    int64
		Doubt gateways.Doubt
	}
	if err := db.in(ctx).Raw("SELECT id, doubt FROM payments WHERE order_id = ? AND doubt <> ''", order).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the doubts about order %d: %w", order, err)
	}
	doubts := map[int64]gateways.Doubt{}
	for _, row := range rows {
		doubts[row.ID] = row.Doubt
	}
	return doubts, nil
}
