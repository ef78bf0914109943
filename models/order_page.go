package models

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// OrderPage is everything the page of one order shows, as of one moment.
type OrderPage struct {
	Order    *Order
	Store    *Store
	Statuses []OrderStatus
	Items    []OrderItem
	History  []OrderHistory   // newest first
	Events   []OrderEvent     // in the order they arrived
	Payments []OrderPayment   // oldest first
	Updates  []PartnerUpdate  // what Fynd was told, or is about to be
	Webhooks []OrderWebhook   // in the order they arrived
	Mail     OrderMail        // what the customer was sent, or why not
	Planned  []PlannedCapture // oldest first
	Rules    []CaptureRule    // of the store: what is captured by itself
	Lapsed   []LapsedHold     // holds that ran out
	Late     []LateSettlement // payments that were settled late

	Unsettled  []UnsettledPayment // payments that should have been settled by now
	Reconciled []Reconciled       // the comparisons with gateways it was in, the latest first
	Actions    []StatusAction     // what changes of its status started, newest first
	Link       OrderLink          // with which the buyer can pay, and who did
	Now        time.Time          // the database's clock
	Sessions   []FyndSession      // with which Fynd asked for its payment, oldest first

	changes *statusPosition
	told    toldOfOrder
}

// OrderPayment is a payment with its operations, the driver of its gateway, what each action would do to it,
// and in English why a refund is not offered for it ("" when it is).
type OrderPayment struct {
	Payment
	Driver gateways.Driver
	Plans  map[Action]Plan
	Block  string
	Told   *ToldShop // what the shop was told of it

	Elsewhere *OtherAccount // the account it is in, when the settings in force name another one

	at *position
}

// Plan says what an action would do to the payment as the page shows it; an error is a Problem with what was
// asked for.
func (p *OrderPayment) Plan(want Want) (Plan, error) { return p.at.plan(want) }

// PartRefusal says why only the whole can be refunded here, or "".
func (p *OrderPayment) PartRefusal(ctx context.Context) string {
	return p.at.partRefusal(driverName(p.Driver, &p.Payment)).In(ctx)
}

// BlockIn is Block in the language of who asked.
func (p *OrderPayment) BlockIn(ctx context.Context) string { return p.Plans[RefundAction].SkipIn(ctx) }

// OrderWebhook is one webhook that spoke of an order; the Data Log has it in full.
type OrderWebhook struct {
	ID         int64
	Source     string // "razorpay", "gofynd"
	Event      string
	Verdict    string // verified, forged, unreadable
	State      string
	Effect     string // what it changed, or why nothing
	ReceivedAt time.Time
}

// shownTries is how many of an operation's latest attempts the page shows.
const shownTries = 20

// OrderPage reads an order and everything around it in one round trip, all of it as of the same moment.
func (db *DB) OrderPage(ctx context.Context, id int64) (*OrderPage, error) {
	var (
		page     OrderPage
		payments []Payment
		ops      []Operation
		tries    []OperationAttempt
		settings []GatewaySettings
		rules    []EmailRule
		sets     []StatusRuleSet
		linked   []StatusRule
		links    []PaymentLink
		attempts []Checkout
		batch    pgx.Batch
	)
	scope := ScopeOf(ctx)
	stores := append([]int64{}, scope.Stores...)
	ask := func(sql string, read func(pgx.Rows) error) {
		batch.Queue(sql, id, scope.All, stores).Query(read)
	}
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	const mine = " WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY id"
	ask("SELECT "+columns[Order](db)+" FROM orders WHERE id = $1 AND ($2 OR store_id = ANY($3))", one(&page.Order))
	ask("SELECT "+columns[Store](db)+" FROM stores WHERE id = (SELECT store_id FROM orders WHERE id = $1 AND ($2 OR store_id = ANY($3)))", one(&page.Store))
	ask("SELECT "+columns[OrderStatus](db)+" FROM order_statuses WHERE $1 > 0 AND ($2 OR $3::bigint[] IS NOT NULL) ORDER BY position", all(&page.Statuses))
	ask("SELECT "+columns[OrderItem](db)+" FROM order_items WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY position", all(&page.Items))
	ask("SELECT "+columns[OrderHistory](db)+" FROM order_history WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY id DESC LIMIT 500", all(&page.History))
	ask("SELECT "+columns[OrderEvent](db)+" FROM order_events"+mine, all(&page.Events))
	ask("SELECT "+columns[Payment](db)+" FROM payments"+mine, all(&payments))
	ask("SELECT "+columns[Operation](db)+" FROM operations"+mine, all(&ops))
	ask(`SELECT a.* FROM operations o CROSS JOIN LATERAL (
			SELECT `+columns[OperationAttempt](db)+fmt.Sprintf(` FROM operation_attempts WHERE operation_id = o.id ORDER BY n DESC LIMIT %d) a`, shownTries)+`
		WHERE o.order_id = $1 AND ($2 OR o.store_id = ANY($3)) ORDER BY a.operation_id, a.n DESC`, all(&tries))
	ask("SELECT "+columns[PartnerUpdate](db)+" FROM partner_updates"+mine, all(&page.Updates))
	ask("SELECT id, source, event, verdict, state, effect, received_at FROM webhooks"+mine, all(&page.Webhooks))
	ask(settingsOfOrder, all(&settings))
	ask("SELECT "+columns[PlannedCapture](db)+" FROM planned_captures"+mine, all(&page.Planned))
	ask("SELECT "+columns[CaptureRule](db)+rulesOfStore, all(&page.Rules))
	ask(lapsedOfOrder, all(&page.Lapsed))
	ask(lateOfOrder, all(&page.Late))
	ask(unsettledOfOrder, all(&page.Unsettled))
	ask(reconciledOrder, all(&page.Reconciled))
	ask("SELECT "+columns[NotificationSettings](db)+notifySettingsOfOrder, all(&page.told.settings))
	ask("SELECT "+columns[Notification](db)+noticesOfOrder, all(&page.told.notifications))
	ask("SELECT "+columns[NotificationSeries](db)+noticeSeriesOfOrder, all(&page.told.series))
	ask(noticeTriesOfOrder(columns[NotificationAttempt](db)), all(&page.told.attempts))
	ask(emailsOfOrder, all(&page.Mail.Emails))
	ask(fyndOfOrder, all(&page.Mail.Webhooks))
	ask(rulesOfOrder, all(&rules))
	ask("SELECT "+columns[PaymentLink](db)+linkOfOrder, all(&links))
	ask("SELECT "+columns[Checkout](db)+checkoutsOfOrder, all(&attempts))
	ask("SELECT "+columns[FyndSession](db)+" FROM fynd_sessions WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY created_at, id", all(&page.Sessions))
	ask("SELECT "+columns[StatusAction](db)+" FROM status_actions WHERE order_id = $1 AND ($2 OR store_id = ANY($3)) ORDER BY id DESC LIMIT 100", all(&page.Actions))
	const current = "(SELECT s.id FROM status_rule_sets s JOIN orders o ON o.store_id = s.store_id WHERE s.current AND o.id = $1 AND ($2 OR o.store_id = ANY($3)))"
	ask("SELECT "+columns[StatusRuleSet](db)+" FROM status_rule_sets WHERE id IN "+current, all(&sets))
	ask("SELECT "+columns[StatusRule](db)+" FROM status_rules WHERE set_id IN "+current+" ORDER BY id", all(&linked))
	ask("SELECT clock_timestamp() FROM (VALUES ($1::bigint, $2::boolean, $3::bigint[])) AS asked", func(rows pgx.Rows) error {
		now, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[time.Time])
		page.Now = now.UTC()
		return err
	})
	batch.Queue("COMMIT")
	if err := db.pool.SendBatch(ctx, &batch).Close(); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, ErrNotFound
		}
		return nil, fmt.Errorf("read order %d: %w", id, err)
	}
	page.join(payments, ops, tries, settings, db.drivers)
	page.Mail.Rules = withChoices(rules)
	page.Link = db.orderLink(links, attempts)
	page.changes = page.statusPosition(sets, linked)
	return &page, nil
}

// join puts attempts under their operations and operations under their payments.
func (p *OrderPage) join(payments []Payment, ops []Operation, tries []OperationAttempt, settings []GatewaySettings, drivers map[string]gateways.Driver) {
	for i := range ops {
		for _, try := range tries {
			if try.OperationID == ops[i].ID {
				ops[i].Tries = append(ops[i].Tries, try)
			}
		}
	}
	for _, payment := range payments {
		for _, op := range ops {
			if op.PaymentID == payment.ID {
				payment.Operations = append(payment.Operations, op)
			}
		}
		at := &position{order: p.Order, store: p.Store, items: p.Items, payment: &payment, others: ops, driver: drivers[payment.Gateway], now: p.Now}
		for _, s := range settings {
			if s.Current && s.Gateway == payment.Gateway && s.Mode == payment.Mode {
				at.ready, at.partialHere = true, s.Values[partialCredit] == "here"
			}
		}
		shown := OrderPayment{Payment: payment, Driver: at.driver, Plans: map[Action]Plan{}, Told: p.told.of(&payment), Elsewhere: otherAccount(&payment, at.driver, settings), at: at}
		for _, action := range []Action{CaptureAction, CancelAction, UpdateAction, RefundAction} {
			plan, err := at.plan(Want{Action: action, Amount: at.usual(action), usual: true})
			if err != nil {
				plan.not("", spoken(err))
			}
			shown.Plans[action] = plan
		}
		shown.Block = shown.Plans[RefundAction].Skip
		p.Payments = append(p.Payments, shown)
	}
}

// MailChain answers why the customer got no e-mail, or which one they got.
func (p *OrderPage) MailChain() MailChain { return p.Mail.Chain(p.Order, p.Store, len(p.Events)) }

// Payment is one payment of the order, or nil.
func (p *OrderPage) Payment(id int64) *OrderPayment {
	for i := range p.Payments {
		if p.Payments[i].ID == id {
			return &p.Payments[i]
		}
	}
	return nil
}

// Operations are all operations of the order, oldest first.
func (p *OrderPage) Operations() []Operation {
	var ops []Operation
	for _, payment := range p.Payments {
		ops = append(ops, payment.Operations...)
	}
	slices.SortFunc(ops, func(a, b Operation) int { return int(a.ID - b.ID) })
	return ops
}

// Waiting are the refund requests for which no money has moved yet, oldest first.
func (p *OrderPage) Waiting() []OrderEvent {
	return slices.DeleteFunc(slices.Clone(p.Events), func(e OrderEvent) bool { return e.Event != EventRefundInitiated || !e.Waiting })
}

// Answering is the refund under way for a request, or nil.
func (p *OrderPage) Answering(event int64) *Operation {
	for _, op := range p.Operations() {
		if op.EventID != nil && *op.EventID == event && op.State.Open() {
			return &op
		}
	}
	return nil
}

// Unanswered are the waiting refund requests that no refund under way answers, oldest first.
func (p *OrderPage) Unanswered() []OrderEvent {
	return slices.DeleteFunc(p.Waiting(), func(e OrderEvent) bool { return p.Answering(e.ID) != nil })
}

// Sums are what was paid for an order, in the order's currency: drawn, returned, on its way back, and left.
type Sums struct{ Paid, Refunded, Returning, Left money.Amount }

// Sums adds up the payments of the order. A payment in another currency stands for itself.
func (p *OrderPage) Sums() Sums {
	var paid, refunded, returning int64
	for _, payment := range p.Payments {
		if payment.Currency != p.Order.Currency {
			continue
		}
		paid += payment.CapturedMinor
		refunded += payment.RefundedMinor
		returning += payment.RefundReservedMinor
	}
	amount := p.Order.Amount
	return Sums{amount(paid), amount(refunded), amount(returning), amount(paid - refunded - returning)}
}

// Live says whether something about the order is expected to change by itself soon: money is under way,
// or Fynd is about to hear of it.
func (p *OrderPage) Live() bool {
	telling := func(u PartnerUpdate) bool { return u.State == "queued" && u.Tries == 0 }
	return slices.ContainsFunc(p.Updates, telling) || slices.ContainsFunc(p.Actions, func(a StatusAction) bool { return a.State == ActionWaiting }) || slices.ContainsFunc(p.Operations(), func(op Operation) bool {
		return op.State.Open() && op.State != NeedsReview && op.State != AwaitingApproval
	}) || slices.ContainsFunc(p.Payments, func(payment OrderPayment) bool { return payment.Told.SoonAgain(p.Now) })
}

// Fingerprint changes whenever what the page shows has changed.
func (p *OrderPage) Fingerprint() string {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, p.Order.Version, p.Order.Status, p.Order.DateModified.UnixMicro(), len(p.History), len(p.Webhooks), len(p.Sessions))
	for _, payment := range p.Payments {
		_, _ = fmt.Fprintln(h, payment.ID, payment.Version, payment.Status, payment.Block, payment.Plans[CaptureAction].Skip)
		for _, op := range payment.Operations {
			_, _ = fmt.Fprintln(h, op.ID, op.State, op.UpdatedAt.UnixMicro(), op.Problem, op.Contradiction)
			for _, try := range op.Tries {
				_, _ = fmt.Fprintln(h, try.N, try.Outcome, try.FinishedAt != nil)
			}
		}
	}
	for _, n := range p.told.notifications {
		_, _ = fmt.Fprintln(h, n.ID, n.State, n.Series, n.Tries)
	}
	for _, a := range p.Actions {
		_, _ = fmt.Fprintln(h, a.ID, a.State, a.UpdatedAt.UnixMicro())
	}
	for _, event := range p.Events {
		_, _ = fmt.Fprintln(h, event.ID, event.Waiting)
	}
	for _, update := range p.Updates {
		_, _ = fmt.Fprintln(h, update.ID, update.State, update.Tries)
	}
	for _, email := range p.Mail.Emails {
		_, _ = fmt.Fprintln(h, email.ID, email.State, email.Tries)
	}
	return fmt.Sprintf("%x", h.Sum64())
}

// columns are the columns of a record, as GORM knows them, for queries that GORM does not send.
func columns[T any](db *DB) string {
	record := gorm.Statement{DB: db.gorm}
	if err := record.Parse(new(T)); err != nil {
		panic(err) // a record that GORM cannot read is a mistake of the program
	}
	return strings.Join(record.Schema.DBNames, ", ")
}

// one reads exactly one row.
func one[T any](into **T) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByNameLax[T])
		return err
	}
}

// all reads every row.
func all[T any](into *[]T) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByNameLax[T])
		return err
	}
}
