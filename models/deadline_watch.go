package models

import (
	"context"
	"fmt"
	"time"

	"github.com/kartify/kartify/gateways"
)

// lapseBatch is how many holds one run asks about.
const lapseBatch = 50

// WatchDeadlines looks after the ends of holds: it notes those that nobody has said, and asks the providers about
// holds that should have ended. A provider that confirms it has the payment canceled; one that cannot be asked
// changes nothing, and is asked again ever more seldom. It reports how many payments it touched.
func (db *DB) WatchDeadlines(ctx context.Context) (int, error) {
	touched, err := db.FillDeadlines(ctx)
	if err != nil {
		return touched, err
	}
	var ended []Payment
	err = db.in(ctx).Raw(`SELECT p.* FROM stores s CROSS JOIN LATERAL (SELECT p.* FROM payments p LEFT JOIN lapse_checks c ON c.payment_id = p.id
			WHERE p.store_id = s.id AND p.status = 'authorized' AND p.capture_before IS NOT NULL AND p.capture_before <= clock_timestamp()
				AND (c.payment_id IS NULL OR c.next_at <= clock_timestamp()) ORDER BY p.capture_before, p.id LIMIT ?) p LIMIT ?`, lapseBatch, lapseBatch).Scan(&ended).Error
	if err != nil {
		return touched, fmt.Errorf("look for holds that have ended: %w", err)
	}
	for i := range ended {
		mine, err := db.claimLapse(ctx, &ended[i])
		if err != nil {
			return touched, err
		}
		if !mine {
			continue
		}
		if err := db.askLapsed(ctx, &ended[i]); err != nil {
			return touched, err
		}
		touched++
	}
	return touched, nil
}

// claimLapse has this process ask about a hold that should have ended, and no other. The pauses between two
// questions grow from ten minutes to a day.
func (db *DB) claimLapse(ctx context.Context, p *Payment) (bool, error) {
	res := db.in(ctx).Exec(`INSERT INTO lapse_checks (payment_id, store_id, asked_at, next_at) VALUES (?, ?, clock_timestamp(), clock_timestamp() + interval '10 minutes')
		ON CONFLICT (payment_id) DO UPDATE SET asked = lapse_checks.asked + 1, asked_at = excluded.asked_at,
			next_at = clock_timestamp() + LEAST(interval '10 minutes' * power(2, LEAST(lapse_checks.asked, 10)), interval '1 day')
		WHERE lapse_checks.next_at <= clock_timestamp()`, p.ID, p.StoreID)
	if res.Error != nil {
		return false, fmt.Errorf("claim the question about payment %d: %w", p.ID, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// askLapsed asks a provider about a hold that should have ended, and follows what it says.
func (db *DB) askLapsed(ctx context.Context, p *Payment) error {
	found, failure := db.askAndFollow(ctx, p, Actor{Kind: "job", Name: driverName(db.drivers[p.Gateway], p)}, "look-up after the hold's end")
	said := found.said
	switch {
	case failure != nil:
		said = message(failure)
	case said == "":
		said = "The gateway says what is known."
	}
	err := db.in(context.WithoutCancel(ctx)).Exec("UPDATE lapse_checks SET said = ? WHERE payment_id = ?", clip(textOf(said), 500), p.ID).Error
	if err != nil {
		return fmt.Errorf("note what was said of payment %d: %w", p.ID, err)
	}
	return nil
}

// lapseSlack is how much earlier than the end that is known a provider may give a hold back by itself: its clock
// is not ours.
const lapseSlack = 10 * time.Minute

// noteLapse remembers that a hold ran out: nobody here gave it back, and its time was over. It stays on the limbo
// board until somebody has seen it.
func (db *DB) noteLapse(ctx context.Context, p *Payment, op *Operation) error {
	if op.Kind != gateways.Void || op.State != Succeeded || op.Source != FromProvider || p.CapturedMinor > 0 || p.CaptureBefore == nil {
		return nil
	}
	at, err := db.now(ctx)
	if err != nil || p.CaptureBefore.After(at.Add(lapseSlack)) {
		return err
	}
	err = db.in(ctx).Exec(`INSERT INTO lapsed_holds (store_id, order_id, payment_id, minor, currency, since) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (payment_id) DO NOTHING`,
		p.StoreID, p.OrderID, p.ID, op.AmountMinor, p.Currency, *p.CaptureBefore).Error
	if err != nil {
		return fmt.Errorf("note that the hold of payment %d ran out: %w", p.ID, err)
	}
	return db.addHistory(ctx, OrderHistory{
		OrderID: p.OrderID, StoreID: p.StoreID, Kind: "payment",
		Comment: fmt.Sprintf("The authorization of %s ran out without being captured: the money went back to the customer.", op.Amount()),
	}, JobActor)
}
