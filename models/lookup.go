package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

// LookupSweep is one run of the look-ups, as Systems > Jobs shows it.
type LookupSweep struct {
	ID        int64
	Kind      string // orders, or payments
	StartedAt time.Time
	EndedAt   time.Time
	Checked   int64
	Moved     int64  // something is different now
	Unknown   int64  // the provider knows nothing, or nobody knows whether the money was taken
	Errors    int64  // the provider could not be asked; that says nothing about the money
	Problem   string // the first of the errors
}

// waitingOrder is an order that waits for its money.
type waitingOrder struct {
	ID               int64
	StoreID          int64
	Places           string // where it may be paid, as gateway and mode: "ccavenue test,paykeeper live"
	AffiliateOrderID *string
	Status           string
	Mine             bool // nobody else was quicker
}

// origins are the gateways at which the order may be paid.
func (o *waitingOrder) origins() (list []origin) {
	for place := range strings.SplitSeq(o.Places, ",") {
		gateway, mode, _ := strings.Cut(place, " ")
		list = append(list, origin{store: o.StoreID, gateway: gateway, mode: mode})
	}
	return list
}

// SweepLookups asks the providers about orders that wait for their money: missing, failed and pending ones that
// are not older than Timings.LookupWindow. What was debited there surfaces here and moves. An order whose
// provider cannot be asked stays as it is. It reports how many orders it asked about; several processes may run
// it at once and ask about different ones.
func (db *DB) SweepLookups(ctx context.Context) (int, error) {
	sweep := &LookupSweep{Kind: "orders", StartedAt: now()}
	err := db.sweepOrders(ctx, sweep)
	return int(sweep.Checked), db.endSweep(ctx, sweep, err)
}

// sweepTime is how long one run of the look-ups takes at most, and lookupBatch how many orders it takes at a time.
const (
	sweepTime   = 35 * time.Second
	lookupBatch = 25
)

func (db *DB) sweepOrders(ctx context.Context, sweep *LookupSweep) error {
	askable := db.orderReaders()
	if len(askable) == 0 {
		return nil
	}
	for sweep.Checked < int64(db.timings.LookupPage) {
		orders, more, err := db.claimLookups(ctx, askable, sweep.StartedAt, min(lookupBatch, db.timings.LookupPage-int(sweep.Checked)))
		if err != nil || !more {
			return err
		}
		for i := range orders {
			if ctx.Err() != nil || time.Since(sweep.StartedAt) > sweepTime {
				return ctx.Err() //nolint:wrapcheck // told to stop; the rest is due again
			}
			found, err := db.lookUpOrder(ctx, &orders[i])
			sweep.count(found, err)
			if err := db.noteLookup(ctx, &orders[i], found, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// orderReaders are the gateways that are asked about orders: those whose webhooks prove nothing, and those that
// read orders as far as that can be told. Whether a driver really reads orders is known once it is opened.
func (db *DB) orderReaders() []string {
	var codes []string
	for code, driver := range db.drivers {
		if driver.Open != nil && !driver.Partner && driver.Trust == gateways.Hinted {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

type askedForKey struct{}

// AskedFor says that somebody asked for a run: look-ups that were made a moment ago are made again.
func AskedFor(ctx context.Context) context.Context {
	return context.WithValue(ctx, askedForKey{}, true)
}

// claimLookups takes the next orders that are due, for this process alone: those of a gateway that can be asked, and
// those of which a payment was begun at one. The longest unasked come first. Until
// the answer is written nobody else asks: a process that dies leaves the order to a later run. It also says whether
// there was anything to take, for another process may have been quicker.
func (db *DB) claimLookups(ctx context.Context, askable []string, since time.Time, n int) ([]waitingOrder, bool, error) {
	askedFor := ctx.Value(askedForKey{}) != nil
	var due []waitingOrder
	err := db.in(ctx).Raw(`WITH due AS MATERIALIZED (
			SELECT o.id, o.store_id, at.places, o.affiliate_order_id, o.status
			FROM orders o JOIN stores s ON s.id = o.store_id LEFT JOIN order_lookups l ON l.order_id = o.id
			CROSS JOIN LATERAL (SELECT string_agg(g.gateway || ' ' || g.mode, ',') AS places FROM (SELECT p.gateway, p.mode FROM payments p WHERE p.order_id = o.id
				UNION SELECT o.gateway, s.mode WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.gateway = o.gateway)) g WHERE g.gateway IN ?) at
			WHERE o.status IN (?, ?, ?) AND at.places IS NOT NULL AND o.date_added > now() - make_interval(secs => ?)
				AND (l.order_id IS NULL OR l.asked_at < ? AND (l.next_at <= clock_timestamp() OR ? AND l.outcome <> 'asking'))
			ORDER BY l.asked_at NULLS FIRST, o.date_added DESC LIMIT ? FOR UPDATE OF o SKIP LOCKED
		), mine AS (
			INSERT INTO order_lookups AS l (order_id, store_id, asked_at, next_at, outcome)
			SELECT id, store_id, clock_timestamp(), clock_timestamp() + make_interval(secs => ?), 'asking' FROM due
			ON CONFLICT (order_id) DO UPDATE SET asked_at = excluded.asked_at, next_at = excluded.next_at, asked = l.asked + 1, outcome = 'asking'
				WHERE l.asked_at < ? AND (l.next_at <= clock_timestamp() OR ? AND l.outcome <> 'asking')
			RETURNING order_id
		) SELECT due.*, mine.order_id IS NOT NULL AS mine FROM due LEFT JOIN mine ON mine.order_id = due.id`,
		askable, StatusMissing, StatusFailed, StatusPending, db.timings.LookupWindow.Seconds(), since, askedFor, n,
		(sweepTime + db.timings.CallTimeout).Seconds(), since, askedFor).Scan(&due).Error
	if err != nil {
		return nil, false, fmt.Errorf("claim orders that wait for their money: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(due), func(o waitingOrder) bool { return !o.Mine }), len(due) > 0, nil
}

// lookUpOrder asks every gateway at which an order may be paid, and follows what that shows. Where one cannot be
// asked, what the others show is followed all the same.
func (db *DB) lookUpOrder(ctx context.Context, order *waitingOrder) (asking, error) {
	var found asking
	var failed error
	for _, at := range order.origins() {
		more, err := db.lookUpAt(ctx, order, at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		found = found.and(more)
	}
	return found, failed
}

// lookUpAt asks a gateway about an order by every reference under which it may know it.
func (db *DB) lookUpAt(ctx context.Context, order *waitingOrder, at origin) (asking, error) {
	refs, payments, err := db.refsOf(ctx, order, at)
	if err != nil {
		return asking{}, err
	}
	var seen []sighting
	for _, ref := range refs {
		said := db.askInTurn(ctx, at, &question{order: &orderAt{at.store, at.gateway, at.mode, ref}})
		if said.err != nil && !isNoOrders(said.err) {
			return asking{}, said.err // of the others nothing is concluded either: it is asked again as a whole
		}
		seen = saw(seen, said.with, said.payments...)
	}
	for _, ref := range payments {
		if slices.ContainsFunc(seen, func(s sighting) bool { return s.shows(ref) }) {
			continue
		}
		said := db.askInTurn(ctx, at, &question{payment: &paymentAt{at.store, at.gateway, at.mode, ref}})
		switch {
		case said.err == nil:
			seen = saw(seen, said.with, said.payment)
		case passing(said.err):
			return asking{}, said.err
		default:
			gone, err := db.forgotten(ctx, order.ID, ref, said.err)
			if err != nil {
				return asking{}, err
			}
			seen = saw(seen, said.with, gone...)
		}
	}
	var found asking
	for _, s := range seen {
		more, err := db.followAll(ctx, s.with, s.payments, Actor{Kind: "job", Name: db.drivers[at.gateway].Name}, "order look-up")
		if err != nil {
			return asking{}, err
		}
		found = found.and(more)
	}
	return found, nil
}

// isNoOrders says whether a gateway cannot be asked about orders at all.
func isNoOrders(err error) bool { return err == error(errNoOrders) } //nolint:errorlint // it is that very value

// refsOf are the references of an order at a provider, the latest attempts first, and the provider's own ids
// of its payments.
func (db *DB) refsOf(ctx context.Context, order *waitingOrder, at origin) (refs, payments []string, err error) {
	var rows []Payment
	err = db.in(ctx).Select("ref", "order_ref").Where("order_id = ? AND gateway = ?", order.ID, at.gateway).Order("id DESC").Limit(20).Find(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read the payments of order %d: %w", order.ID, err)
	}
	var sent []string
	err = db.in(ctx).Model(&Checkout{}).Where("order_id = ? AND gateway = ?", order.ID, at.gateway).Order("id DESC").Limit(20).Pluck("order_ref", &sent).Error
	if err != nil {
		return nil, nil, fmt.Errorf("read the checkouts of order %d: %w", order.ID, err)
	}
	add := func(list *[]string, ref string) {
		if ref = strings.TrimSpace(ref); ref != "" && !slices.Contains(*list, ref) {
			*list = append(*list, ref)
		}
	}
	for _, ref := range sent {
		add(&refs, ref)
	}
	for _, p := range rows {
		add(&refs, p.OrderRef)
		add(&payments, deref(p.Ref))
	}
	add(&refs, strconv.FormatInt(order.ID, 10))
	add(&refs, deref(order.AffiliateOrderID))
	return refs, payments, nil
}

// count adds what came of asking about one order or payment.
func (s *LookupSweep) count(found asking, err error) {
	s.Checked++
	switch {
	case err != nil:
		s.Errors++
		if s.Problem == "" {
			s.Problem = clip(textOf(message(err)), 300)
		}
	case found.changed:
		s.Moved++
	case !found.known || found.doubt:
		s.Unknown++
	}
}

// noteLookup writes what came of asking about an order, and when it is asked about again: ever more seldom.
func (db *DB) noteLookup(ctx context.Context, order *waitingOrder, found asking, failure error) error {
	outcome, said := "same", found.said
	switch {
	case failure != nil:
		outcome, said = "error", message(failure)
	case found.changed:
		outcome = "moved"
	case !found.known || found.doubt:
		outcome = "unknown"
	}
	err := db.in(context.WithoutCancel(ctx)).Exec(`UPDATE order_lookups SET outcome = ?, said = ?,
		next_at = clock_timestamp() + LEAST(make_interval(mins => 10 * ((asked + 5) / 6)), interval '3 hours') - interval '30 seconds' WHERE order_id = ?`, outcome, clip(textOf(said), 1000), order.ID).Error
	if err != nil {
		return fmt.Errorf("record what was learnt of order %d: %w", order.ID, err)
	}
	return nil
}

// endSweep writes a run down, when it did anything.
func (db *DB) endSweep(ctx context.Context, sweep *LookupSweep, failure error) error {
	sweep.EndedAt = now()
	if sweep.Checked == 0 {
		return failure
	}
	if err := db.in(context.WithoutCancel(ctx)).Create(sweep).Error; err != nil {
		return fmt.Errorf("write a run of look-ups down: %w", err)
	}
	if failure == nil && sweep.Errors > 0 {
		failure = fmt.Errorf("%d of %d could not be asked about: %s", sweep.Errors, sweep.Checked, sweep.Problem)
	}
	return failure
}

// LookupSweeps are the last runs of the look-ups that asked about anything, newest first.
func (db *DB) LookupSweeps(ctx context.Context, limit int) ([]LookupSweep, error) {
	var sweeps []LookupSweep
	if err := db.in(ctx).Order("id DESC").Limit(limit).Find(&sweeps).Error; err != nil {
		return nil, fmt.Errorf("read the runs of look-ups: %w", err)
	}
	return sweeps, nil
}
