package models

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/kartify/kartify/gateways"
)

// pace waits until the next question may be put to a gateway of a store. All copies of kartify take their turns
// from the same row, so that a provider hears no more of them together than Timings.LookupRate per second.
func (db *DB) pace(ctx context.Context, at origin) error {
	step := 1 / db.timings.LookupRate
	var wait float64
	err := db.in(ctx).Raw(`INSERT INTO lookup_paces AS l (store_id, gateway, next_at) VALUES (?, ?, clock_timestamp() + make_interval(secs => ?))
		ON CONFLICT (store_id, gateway) DO UPDATE SET next_at = greatest(l.next_at, clock_timestamp()) + make_interval(secs => ?)
		RETURNING extract(epoch FROM l.next_at - clock_timestamp())::float8 - ?::float8`, at.store, at.gateway, step, step, step).Scan(&wait).Error
	if err != nil {
		return fmt.Errorf("wait for a turn to ask %s: %w", at.gateway, err)
	}
	if wait <= 0 {
		return nil
	}
	turn := time.NewTimer(time.Duration(wait * float64(time.Second)))
	defer turn.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // told to stop
	case <-turn.C:
		return nil
	}
}

// askInTurn asks a gateway when it is this question's turn.
func (db *DB) askInTurn(ctx context.Context, at origin, q *question) answer {
	if err := db.pace(ctx, at); err != nil {
		return answer{err: err}
	}
	return db.ask(ctx, q)
}

// forgetTime is how old a payment page must be that its provider does not know any more to have been forgotten
// because nothing was paid on it. Klarna forgets one 48 h after the buyer's last step (Checkout API v3).
const forgetTime = 72 * time.Hour

// forgotten is a payment that was begun here long ago, never heard of again, and that its provider does not know
// any more: the buyer turned back. It was asked in the account in which the page was begun; where settings name no
// account, those that were changed since may be of another one, and nothing is concluded from what that does not know.
func (db *DB) forgotten(ctx context.Context, order int64, ref string, refusal error) ([]gateways.Payment, error) {
	var e *gateways.Error
	if !errors.As(refusal, &e) || e.Status != http.StatusNotFound {
		return nil, nil
	}
	var begun []struct {
		OrderRef   string
		SettingsID int64
		Current    bool
	}
	err := db.in(ctx).Raw(`SELECT p.order_ref, s.id AS settings_id, s.current FROM payments p JOIN checkouts c ON c.payment_id = p.id JOIN gateway_settings s ON s.id = c.settings_id
		WHERE p.order_id = ? AND p.ref = ? AND p.status = ? AND p.authorized_minor = 0 AND p.doubt = '' AND c.created_at < clock_timestamp() - make_interval(secs => ?)`,
		order, ref, PaymentPending, forgetTime.Seconds()).Scan(&begun).Error
	if err != nil || len(begun) != 1 {
		return nil, err
	}
	if !begun[0].Current {
		if _, named, err := db.newestLike(ctx, begun[0].SettingsID); err != nil || !named {
			return nil, err
		}
	}
	return []gateways.Payment{{Ref: ref, OrderRef: begun[0].OrderRef, Canceled: true, Reason: "The provider does not know this payment page any more; nothing was paid on it."}}, nil
}

// sighting is what was seen with one version of settings.
type sighting struct {
	with     origin
	payments []gateways.Payment
}

// shows says whether a payment is among what was seen, by the provider's id.
func (s sighting) shows(ref string) bool {
	return slices.ContainsFunc(s.payments, func(p gateways.Payment) bool { return p.Ref == ref })
}

// saw adds payments to what was seen with the same settings.
func saw(seen []sighting, with origin, payments ...gateways.Payment) []sighting {
	if len(payments) == 0 {
		return seen
	}
	for i := range seen {
		if seen[i].with == with {
			seen[i].payments = append(seen[i].payments, payments...)
			return seen
		}
	}
	return append(seen, sighting{with, payments})
}
