package models_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
)

// receive takes a webhook in without acting on it.
func (m *mailroom) receive(ctx context.Context, p parcel) (models.Receipt, error) {
	return m.db.ReceiveWebhook(ctx, models.Delivery{Source: p.source, Header: p.header, Body: p.body, Address: "192.0.2.7"})
}

// Many at once, each of them three times: each is stored and acted upon once, and every answer is true.
func TestWebhooksThatComeTogetherAreStoredOnce(t *testing.T) {
	m := openMailroom(t)
	const different, times = 60, 3
	receipts := make(chan models.Receipt, different*times)
	var wg sync.WaitGroup
	for i := range different * times {
		wg.Go(func() {
			receipt, err := m.receive(m.ctx, told(fmt.Sprintf("e%d", i%different), "SHIPMENT_UPDATED", fmt.Sprintf("FY%d", i%different), map[string]any{"n": i % different}))
			if err != nil {
				t.Error(err)
			}
			receipts <- receipt
		})
	}
	wg.Wait()
	close(receipts)
	ids, first := map[int64]bool{}, 0
	for r := range receipts {
		if ids[r.WebhookID] || r.WebhookID == 0 || r.Verdict != models.Verified {
			t.Errorf("receipt %+v", r)
		}
		ids[r.WebhookID] = true
		if !r.Duplicate {
			first++
		}
	}
	if got := m.text(`SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'duplicate' AND body = ''),
		count(DISTINCT duplicate_of), count(*) FILTER (WHERE effect LIKE 'The same as webhook %')) FROM webhooks`); got != "180 60 120 60 120" || first != different {
		t.Errorf("stored are %s, %d were told they are the first", got, first)
	}
}

// The secret of a moment ago is kept for a moment; a new one counts at once.
func TestNewWebhookSecretCountsAtOnce(t *testing.T) {
	m := openMailroom(t)
	m.send(told("e1", "SHIPMENT_UPDATED", "FY1", nil))
	m.settings(40, "gofynd", "another-"+fyndSecret)
	receipt, err := m.receive(m.ctx, fyndParcel("e2", map[string]any{"event": "SHIPMENT_UPDATED", "gofynd_order_id": "FY1", "store_id": 40}, "another-"+fyndSecret))
	if err != nil || receipt.Verdict != models.Verified {
		t.Errorf("signed with the new secret: %+v, %v", receipt, err)
	}
}

// Whoever hangs up takes nobody's webhook along.
func TestSenderThatLeavesHoldsNothingUp(t *testing.T) {
	m := openMailroom(t)
	leaving, leave := context.WithCancel(m.ctx)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ctx := m.ctx
			if i%2 == 0 {
				ctx = leaving
			}
			_, err := m.receive(ctx, told(fmt.Sprintf("e%d", i), "SHIPMENT_UPDATED", "FY1", map[string]any{"n": i}))
			if err != nil && i%2 == 1 {
				t.Errorf("webhook %d: %v", i, err)
			}
		})
	}
	time.AfterFunc(time.Millisecond, leave)
	wg.Wait()
	if n := m.text("SELECT (count(*) >= 10)::text FROM webhooks WHERE state = 'received'"); n != "true" {
		t.Error("webhooks of those who stayed are not there")
	}
}
