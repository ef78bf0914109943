package models

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/money"
)

// findPatience is how long the finder may take before it is given up.
const findPatience = 5 * time.Second

// FindRequest is what somebody typed into the finder.
type FindRequest struct {
	Text     string
	Webhooks bool // whether this person may see them
}

// Find looks for a text among everything in the person's stores: whole ids by their indexes first, and only when
// the text is none, its words.
func (db *DB) Find(ctx context.Context, req FindRequest, choices *PaymentChoices) (*Found, error) {
	text := strings.Join(strings.Fields(plain(req.Text)), " ")
	if runes := []rune(text); len(runes) > maxQuery {
		text = string(runes[:maxQuery])
	}
	f := &Found{Sought: text, Now: time.Now().UTC()}
	if text == "" {
		return f, nil
	}
	limited, cancel := context.WithTimeout(ctx, findPatience)
	defer cancel()
	s, kinds := recogniseText(text)
	f.Kinds = kinds
	if err := db.findKeys(limited, f, s, req.Webhooks, choices); err != nil {
		return nil, slow(ctx, fmt.Errorf("find: %w", err))
	}
	if f.Empty() && !s.email {
		if err := db.findWords(limited, f, s, choices); err != nil {
			return nil, slow(ctx, fmt.Errorf("find: %w", err))
		}
	}
	return f, nil
}

const (
	foundOrder = `o.id, o.store_id, coalesce(o.partner_order_id, ''), coalesce(nullif(o.customer_name, ''), nullif(o.company, ''), o.customer_email),
		o.status, o.status_reason, o.total_minor, o.currency, o.date_added`
	foundPayment = `p.id, p.order_id, coalesce(p.ref, ''), p.gateway, p.status, p.amount_minor, p.currency, p.card_first6, p.card_last4, p.created_at`
)

// findKeys looks for the text as a whole id, an e-mail, a phone or a part of a card, all in one round trip. Each
// way is one key of one index.
func (db *DB) findKeys(ctx context.Context, f *Found, s sought, webhooks bool, choices *PaymentChoices) error {
	mine := choices.storeIDs(OrderFilter{})
	forms := []string{s.text, strings.ToUpper(s.text)}
	var batch pgx.Batch
	ask := func(sql string, read func(pgx.Rows) error, args ...any) { // each is a key of an index, whatever its values
		batch.Queue(sql, args...).Query(read)
	}
	if s.id {
		ask(`SELECT `+foundOrder+` FROM orders o WHERE o.id = ANY (ARRAY(
				SELECT id FROM orders WHERE id = $1 UNION SELECT id FROM orders WHERE partner_order_id = ANY ($2) UNION SELECT id FROM orders WHERE affiliate_order_id = ANY ($2)
				UNION SELECT id FROM orders WHERE gid = ANY ($2) UNION SELECT order_id FROM order_events WHERE request_id = ANY ($2) AND request_id <> ''))
			AND o.store_id = ANY ($3) ORDER BY o.date_added DESC, o.id DESC LIMIT $4`, f.readOrders(true), s.number, forms, mine, mostFound+1)
		ask(`SELECT `+foundPayment+` FROM payments p WHERE p.id = ANY (ARRAY(SELECT payment_id FROM payment_search WHERE keys @> ARRAY[kartify_fold($1)] AND store_id = ANY ($2)))
			AND p.store_id = ANY ($2) ORDER BY p.created_at DESC, p.id DESC LIMIT $3`, f.readPayments(true), s.text, mine, mostFound+1)
		ask(`SELECT id, order_id, payment_id, kind, state, amount_minor, currency, ref, reference, created_at FROM operations WHERE id = ANY (ARRAY(
				SELECT id FROM operations WHERE ref = ANY ($1) AND ref <> '' UNION SELECT id FROM operations WHERE reference = ANY ($1) AND reference <> ''
				UNION SELECT id FROM operations WHERE idempotency_key = ANY ($1)))
			AND store_id = ANY ($2) ORDER BY id DESC LIMIT $3`, f.readOperations, forms, mine, mostFound+1)
	}
	if s.email {
		ask(`SELECT o.customer_name, o.customer_email, o.customer_phone, o.date_added FROM orders o WHERE o.id = ANY (ARRAY(SELECT order_id FROM order_search
				WHERE email = kartify_fold($1) AND email <> '' AND store_id = ANY ($2) ORDER BY date_added DESC, order_id DESC LIMIT 200)) AND o.store_id = ANY ($2)
			ORDER BY o.date_added DESC, o.id DESC`, f.readCustomers, s.text, mine)
	}
	if s.phone != "" {
		ask(`SELECT o.customer_name, o.customer_email, o.customer_phone, o.date_added FROM orders o WHERE o.id = ANY (ARRAY(SELECT order_id FROM order_search
				WHERE phone = $1 AND phone <> '' AND store_id = ANY ($2) ORDER BY date_added DESC, order_id DESC LIMIT 200)) AND o.store_id = ANY ($2)
			ORDER BY o.date_added DESC, o.id DESC`, f.readCustomers, s.phone, mine)
	}
	if sql, args := cardSQL(s); sql != "" {
		args = append(args, mine, mostFound+1)
		ask(fmt.Sprintf(`SELECT `+foundPayment+` FROM payments p WHERE %s AND p.store_id = ANY ($%d) ORDER BY p.created_at DESC, p.id DESC LIMIT $%d`, sql, len(args)-1, len(args)),
			f.readPayments(false), args...)
	}
	if s.id && webhooks {
		ask(`SELECT id, source, event, state, coalesce(order_id, 0), received_at FROM webhooks WHERE id = ANY (ARRAY(
				SELECT id FROM webhooks WHERE partner_order_id = ANY ($1) AND partner_order_id <> ''
				UNION SELECT id FROM webhooks WHERE source = ANY ($2) AND store_id = ANY ($3) AND payment_ref = ANY ($1) AND payment_ref <> ''
				UNION SELECT id FROM webhooks WHERE source = ANY ($2) AND store_id = ANY ($3) AND event_id = ANY ($1) AND verdict = 'verified' AND duplicate_of IS NULL AND event_id <> ''))
			AND store_id = ANY ($3) ORDER BY id DESC LIMIT $4`, f.readWebhooks, forms, db.hookSources(), mine, mostFound+1)
	}
	if batch.Len() == 0 {
		return nil
	}
	return db.pool.SendBatch(ctx, &batch).Close() //nolint:wrapcheck // wrapped by the caller
}

// cardSQL is the condition for the known parts of a card number. Six digits alone begin one, four end one.
func cardSQL(s sought) (string, []any) {
	switch {
	case s.first6 != "" && s.last4 != "":
		return "p.card_last4 = $1 AND p.card_last4 <> '' AND p.card_first6 = $2", []any{s.last4, s.first6}
	case s.last4 != "":
		return "p.card_last4 = $1 AND p.card_last4 <> ''", []any{s.last4}
	case s.first6 != "":
		return "p.card_first6 = $1 AND p.card_first6 <> ''", []any{s.first6}
	}
	return "", nil
}

// hookSources are where webhooks come from.
func (db *DB) hookSources() []string {
	sources := []string{"gofynd"}
	for code := range db.drivers {
		if !slices.Contains(sources, code) {
			sources = append(sources, code)
		}
	}
	slices.Sort(sources)
	return sources
}

// findWords looks for the words of a text among orders, customers and payments: the newest that have them.
func (db *DB) findWords(ctx context.Context, f *Found, s sought, choices *PaymentChoices) error {
	orders := OrderFilter{Q: s.text, Parts: true, Limit: MinOrderLimit, Statuses: everyStatus(choices.OrderChoices)}
	list, err := db.Orders(ctx, orders, choices.OrderChoices)
	if err != nil {
		return err
	}
	for i := range list.Rows {
		r := &list.Rows[i]
		f.Orders = append(f.Orders, FoundOrder{
			ID: r.ID, StoreID: r.StoreID, PartnerOrderID: r.PartnerOrderID, Customer: r.CustomerName, Status: r.Status, StatusReason: r.StatusReason,
			Total: r.Total(), DateAdded: r.DateAdded,
		})
	}
	if list.Next != "" && len(f.Orders) == mostFound {
		f.Orders = append(f.Orders, FoundOrder{}) // there are more
	}
	if s.words {
		for i := range list.Rows {
			r := &list.Rows[i]
			if holdsWords(r.CustomerName+" "+r.Company+" "+r.CustomerEmail, s.text) {
				f.addCustomer(FoundCustomer{Name: r.CustomerName, Email: r.CustomerEmail, Last: r.DateAdded})
			}
		}
	}
	payments, err := db.Payments(ctx, PaymentFilter{Q: s.text, Parts: true, Limit: MinOrderLimit}, choices)
	if err != nil {
		return err
	}
	for i := range payments.Rows {
		r := &payments.Rows[i]
		f.Payments = append(f.Payments, FoundPayment{
			ID: r.ID, OrderID: r.OrderID, Ref: r.Ref, Gateway: r.Gateway, Status: r.Status, Amount: r.Amount(r.AmountMinor), Card: cardText(r.CardFirst6, r.CardLast4), CreatedAt: r.CreatedAt,
		})
	}
	if payments.Next != "" && len(f.Payments) == mostFound {
		f.Payments = append(f.Payments, FoundPayment{})
	}
	return nil
}

// everyStatus is all statuses, missing among them, so that nothing is left out.
func everyStatus(c *OrderChoices) []string {
	var codes []string
	for _, s := range c.Statuses {
		codes = append(codes, s.Code)
	}
	return codes
}

func holdsWords(text, words string) bool {
	text = strings.ToLower(text)
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// addCustomer counts an order for its customer: the same e-mail, or the same name where there is none.
func (f *Found) addCustomer(c FoundCustomer) {
	same := func(have FoundCustomer) bool {
		if c.Email != "" || have.Email != "" {
			return strings.EqualFold(have.Email, c.Email)
		}
		return strings.EqualFold(have.Name, c.Name)
	}
	if i := slices.IndexFunc(f.Customers, same); i >= 0 {
		f.Customers[i].Orders++
		return
	}
	if len(f.Customers) <= mostFound {
		c.Orders = 1
		f.Customers = append(f.Customers, c)
	}
}

func (f *Found) readOrders(exact bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var err error
		f.Orders, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (FoundOrder, error) {
			o := FoundOrder{Exact: exact}
			var minor int64
			var currency string
			err := row.Scan(&o.ID, &o.StoreID, &o.PartnerOrderID, &o.Customer, &o.Status, &o.StatusReason, &minor, &currency, &o.DateAdded)
			o.Total = money.New(minor, currency)
			return o, err //nolint:wrapcheck // wrapped by the caller
		})
		return err //nolint:wrapcheck // wrapped by the caller
	}
}

func (f *Found) readPayments(exact bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (FoundPayment, error) {
			p := FoundPayment{Exact: exact}
			var minor int64
			var currency, first, last string
			err := row.Scan(&p.ID, &p.OrderID, &p.Ref, &p.Gateway, &p.Status, &minor, &currency, &first, &last, &p.CreatedAt)
			p.Amount, p.Card = money.New(minor, currency), cardText(first, last)
			return p, err //nolint:wrapcheck // wrapped by the caller
		})
		for _, p := range list {
			if !slices.ContainsFunc(f.Payments, func(have FoundPayment) bool { return have.ID == p.ID }) {
				f.Payments = append(f.Payments, p)
			}
		}
		return err //nolint:wrapcheck // wrapped by the caller
	}
}

func (f *Found) readOperations(rows pgx.Rows) error {
	var err error
	f.Operations, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (FoundOperation, error) {
		var op FoundOperation
		var minor int64
		var currency string
		err := row.Scan(&op.ID, &op.OrderID, &op.PaymentID, &op.Kind, &op.State, &minor, &currency, &op.Ref, &op.Reference, &op.CreatedAt)
		op.Amount = money.New(minor, currency)
		return op, err //nolint:wrapcheck // wrapped by the caller
	})
	return err //nolint:wrapcheck // wrapped by the caller
}

func (f *Found) readCustomers(rows pgx.Rows) error {
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c FoundCustomer, err error) {
		return c, row.Scan(&c.Name, &c.Email, &c.Phone, &c.Last) //nolint:wrapcheck // wrapped by the caller
	})
	for _, c := range list {
		f.addCustomer(c)
	}
	return err //nolint:wrapcheck // wrapped by the caller
}

func (f *Found) readWebhooks(rows pgx.Rows) error {
	var err error
	f.Webhooks, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (w FoundWebhook, err error) {
		return w, row.Scan(&w.ID, &w.Source, &w.Event, &w.State, &w.OrderID, &w.ReceivedAt) //nolint:wrapcheck // wrapped by the caller
	})
	return err //nolint:wrapcheck // wrapped by the caller
}

// cardText is what is kept of a card number.
func cardText(first6, last4 string) string {
	if first6 == "" && last4 == "" {
		return ""
	}
	return strings.TrimSpace(first6 + " •••• " + last4)
}
