package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/kartify/kartify/gateways"
)

var (
	first6 = regexp.MustCompile(`^[0-9]{6}$`)
	last4  = regexp.MustCompile(`^[0-9]{4}$`)
)

// noteFacts fills in what the gateway says about a payment besides its state. What is known stays, but for
// what may change: its word, when the hold ends, and the parameters it keeps.
func (db *DB) noteFacts(ctx context.Context, p *Payment, seen *gateways.Payment) error {
	facts := map[string]any{}
	fill := func(column string, have *string, said string) {
		if *have == "" && said != "" {
			*have = idOf(said)
			facts[column] = *have
		}
	}
	fill("method", &p.Method, seen.Method)
	fill("rrn", &p.RRN, seen.RRN)
	fill("order_ref", &p.OrderRef, seen.OrderRef)
	if first6.MatchString(seen.CardFirst6) {
		fill("card_first6", &p.CardFirst6, seen.CardFirst6)
	}
	if last4.MatchString(seen.CardLast4) {
		fill("card_last4", &p.CardLast4, seen.CardLast4)
	}
	newer := db.newerWord(p, seen.Word)
	if newer {
		p.ProviderStatus = idOf(seen.Word)
		facts["provider_status"] = p.ProviderStatus
	}
	if (newer || db.hints(p.Gateway)) && p.WaitsFor != seen.Waits {
		p.WaitsFor = seen.Waits
		facts["waits_for"] = p.WaitsFor
	}
	before := seen.CaptureBefore.UTC()
	if before.IsZero() {
		before = db.holdEnd(p, seen)
	}
	if !before.IsZero() && (p.CaptureBefore == nil || !p.CaptureBefore.Equal(before)) {
		p.CaptureBefore = &before
		facts["capture_before"] = before
	}
	for column, values := range map[string]map[string]string{"params": seen.Params, "fiscal": seen.Fiscal} {
		if len(values) == 0 {
			continue
		}
		if err := db.noteParams(ctx, p, column, values); err != nil {
			return err
		}
	}
	if len(facts) == 0 {
		return nil
	}
	if err := db.in(ctx).Model(&Payment{}).Where("id = ?", p.ID).Updates(facts).Error; err != nil {
		return fmt.Errorf("note what is known of payment %d: %w", p.ID, err)
	}
	return nil
}

// newerWord says whether a provider's word is later than the one known. What a provider says when it is asked
// is always later; signed webhooks come in any order.
func (db *DB) newerWord(p *Payment, word string) bool {
	if word == "" || word == p.ProviderStatus {
		return false
	}
	if db.hints(p.Gateway) {
		return true
	}
	have, ranked := wordRanks[p.ProviderStatus]
	return !ranked || wordRanks[word] > have
}

// longestParam is how much is kept of one parameter, in bytes.
const longestParam = 500

// noteParams adds what the provider and the bank wrote down about a payment to what is kept of it, without
// card numbers.
func (db *DB) noteParams(ctx context.Context, p *Payment, column string, values map[string]string) error {
	kept := map[string]string{}
	for name, value := range values {
		if len(kept) < 60 && value != "" {
			kept[clip(textOf(name), 60)] = clip(textOf(string(withoutCards([]byte(value), deref(p.Ref), p.OrderRef, p.RRN))), longestParam)
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("write the parameters of payment %d: %w", p.ID, err)
	}
	err = db.in(ctx).Exec("UPDATE payments SET "+column+" = "+column+" || ?::jsonb WHERE id = ? AND NOT "+column+" @> ?::jsonb", string(text), p.ID, string(text)).Error
	if err != nil {
		return fmt.Errorf("keep the parameters of payment %d: %w", p.ID, err)
	}
	return nil
}

// successStatus is the status of an order whose payment succeeded, where the store has chosen it for this
// gateway, and "" where it has not.
func (db *DB) successStatus(ctx context.Context, p *Payment) (string, error) {
	var chosen string
	err := db.in(ctx).Raw(`SELECT coalesce(max(values->>'paid_status'), '') FROM gateway_settings WHERE store_id = ? AND gateway = ? AND mode = ? AND current`,
		p.StoreID, p.Gateway, p.Mode).Scan(&chosen).Error
	if err != nil {
		return "", fmt.Errorf("read which status a paid order gets: %w", err)
	}
	for _, field := range db.drivers[p.Gateway].Fields {
		if field.Slug == "paid_status" {
			return cmp.Or(chosen, field.Default, StatusProcessing), nil
		}
	}
	return "", nil
}
