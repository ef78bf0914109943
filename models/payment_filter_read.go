package models

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// PaymentSystem is the bank or the scheme that payments of a store went through.
type PaymentSystem struct {
	System string // the provider's id of it, or how it was paid
	Name   string // as the provider describes it; may be empty
}

// PaymentChoices is what a person can choose from when filtering payments.
type PaymentChoices struct {
	*OrderChoices
	Systems []PaymentSystem
}

// mostSystems is how many payment systems are offered.
const mostSystems = 100

// PaymentChoicesOf are the choices of a person: the stores within their scope, and the payment systems of those.
func (db *DB) PaymentChoicesOf(ctx context.Context, user *User) (*PaymentChoices, error) {
	orders, err := db.ChoicesOf(ctx, user)
	if err != nil {
		return nil, err
	}
	rows, err := db.pool.Query(ctx, "SELECT system, max(name) FROM payment_systems WHERE store_id = ANY ($1) GROUP BY system ORDER BY system LIMIT $2",
		orders.storeIDs(OrderFilter{}), mostSystems)
	if err != nil {
		return nil, fmt.Errorf("read the payment systems: %w", err)
	}
	c := &PaymentChoices{OrderChoices: orders}
	if c.Systems, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PaymentSystem]); err != nil {
		return nil, fmt.Errorf("read the payment systems: %w", err)
	}
	return c, nil
}

// System is a payment system by its id; one that is not known has no name.
func (c *PaymentChoices) System(id string) PaymentSystem {
	if i := slices.IndexFunc(c.Systems, func(s PaymentSystem) bool { return s.System == id }); i >= 0 {
		return c.Systems[i]
	}
	return PaymentSystem{System: id}
}

func (c *PaymentChoices) stores(f PaymentFilter) []Store {
	return c.within(OrderFilter{Store: f.Store})
}

func (c *PaymentChoices) ids(f PaymentFilter) []int64 { return c.storeIDs(OrderFilter{Store: f.Store}) }

// ReadPaymentFilter reads a filter from a URL. Nothing in it is ever an error: a value that makes no sense is
// left out, and a sentence says which, why, and what to write instead.
func ReadPaymentFilter(q url.Values, c *PaymentChoices) (PaymentFilter, []FilterNotice) {
	r := &filterReader{values: q, choices: c.OrderChoices}
	f := PaymentFilter{
		Q:        r.words("q", maxQuery),
		Parts:    r.one("parts") == "1",
		Statuses: r.paymentStatuses(),
		Gateway:  r.words("gateway", maxText),
		Store:    r.store(),
		Started:  DayRange{r.startedOn("from"), r.startedOn("to")},
		Open:     r.one("filter") == "open",
		Limit:    r.limit(),
	}
	for _, system := range r.many("ps") {
		f.Systems = append(f.Systems, short(system))
	}
	f.After, f.Before = r.cursors(paymentSort)
	if from, to := f.Started.From, f.Started.To; from != "" && to != "" && from > to {
		r.say("to", "The dates go from %s back to %s, so no payment can match; swap them.", from, to)
	}
	return f, r.notices
}

func (r *filterReader) paymentStatuses() []string {
	var words []string
	for _, value := range r.many("status") {
		word := strings.ToLower(value)
		switch {
		case !slices.Contains(PaymentStatuses, PaymentStatus(word)):
			r.say("status", "“%s” is not a payment status; choose one from the list, such as obtained.", short(value))
		case !slices.Contains(words, word):
			words = append(words, word)
		}
	}
	return words
}

func (r *filterReader) startedOn(name string) string {
	value := r.one(name)
	if value == "" || readDay(value) {
		return value
	}
	r.say(name, "“%s” is not a date; write it as %s.", short(value), likelyDay(value, time.Now()))
	return ""
}
