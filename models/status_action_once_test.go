package models_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// A change by whoever makes it is one change: the same operations, the same words in the history.
func TestButtonProgramAndStatusGiveTheSameHistory(t *testing.T) {
	history := func(tt *till) string {
		var text string
		tt.scan(&text, `SELECT string_agg(regexp_replace(comment, ' (as|#)\S+', ''), ' | ' ORDER BY id) FROM order_history WHERE order_id = $1 AND kind IN ('operation', 'payment')`, tt.order)
		return text
	}
	ways := map[string]func(*till) error{
		"button": func(tt *till) error {
			_, err := tt.db.CapturePayment(tt.ctx, models.CaptureRequest{Wish: models.Wish{OrderID: tt.order, PaymentID: tt.payment, By: tt.asha, Token: tt.db.FormToken(*tt.asha.UserID, "capture", tt.payment)}})
			return err
		},
		"program": func(tt *till) error {
			_, err := tt.db.CapturePayment(tt.ctx, models.CaptureRequest{Wish: models.Wish{OrderID: tt.order, PaymentID: tt.payment, By: models.Actor{Kind: "api", Name: "ERP"}, Source: models.FromAPI, Key: "token 1 a"}})
			return err
		},
	}
	for _, source := range []string{"staff", "api", "bulk", "webhook"} {
		ways["status from "+source] = func(tt *till) error {
			_, err := tt.db.ChangeStatus(tt.ctx, models.StatusChange{OrderID: tt.order, Status: models.StatusShipped, Source: source, By: tt.asha})
			return err
		}
	}
	seen := map[string]string{}
	for name, way := range ways {
		tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
		tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
		if err := way(tt); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tt.carry()
		seen[name] = history(tt) + " / " + tt.counters() + " / " + tt.moved()
	}
	for name, got := range seen {
		if got != seen["button"] || got == "" {
			t.Errorf("by %s:\n%s\nby button:\n%s", name, got, seen["button"])
		}
	}
}

func TestFlappingFiresOncePerTransition(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			status := []string{models.StatusShipped, models.StatusProcessing}[i%2]
			for range 3 {
				_, err := tt.db.ChangeStatus(tt.ctx, models.StatusChange{OrderID: tt.order, Status: status, Source: "api", By: tt.asha})
				if sentence := problemOf(err); strings.HasPrefix(sentence, "not a Problem") {
					t.Errorf("change to %s: %s", status, sentence)
				}
			}
		})
		wait.Go(func() {
			if _, err := tt.db.RunDueStatusActions(tt.ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	tt.carry()
	var actions, asked, twice int
	tt.scan(&actions, `SELECT count(*) FROM status_actions`)
	tt.scan(&asked, `SELECT count(*) FROM order_history WHERE comment LIKE 'Shipped was asked for%'`)
	tt.scan(&twice, `SELECT count(*) FROM (SELECT history_id FROM status_actions GROUP BY rule_id, history_id HAVING count(*) > 1) d`)
	if actions == 0 || actions != asked || twice != 0 {
		t.Errorf("%d actions for %d changes to shipped, %d of them twice", actions, asked, twice)
	}
	if got := tt.moved(); got != "capture 11875" && got != "" {
		t.Errorf("the provider did %q", got)
	}
	if tt.status() != "shipped" {
		tt.give(models.StatusShipped)
		tt.carry()
	}
	if tt.status() != "shipped" || tt.moved() != "capture 11875" {
		t.Errorf("in the end the order is %s, and the provider did %q", tt.status(), tt.moved())
	}
	tt.sound()
}

func TestCustomerIsToldOnceItIsDone(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	capture := group(models.CaptureAction, "", "", models.StatusShipped)
	capture.Notify = true
	tt.link(capture)
	tt.exec(`UPDATE orders SET customer_email = 'ingrid@buyer.example' WHERE id = $1`, tt.order)
	tt.bogus.Next(gatewaytest.Decline)
	action := tt.give(models.StatusShipped).Actions[0]
	tt.carry()
	var emails string
	const written = `SELECT coalesce(string_agg(event || ' ' || state || ' ' || recipient, ', '), '') FROM emails`
	if tt.scan(&emails, written); emails != "" {
		t.Errorf("of a failed action the customer is told %s", emails)
	}
	if err := tt.db.RetryStatusAction(tt.ctx, tt.order, action.ID, tt.asha); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	if tt.scan(&emails, written); emails != "PAYMENT_CAPTURED queued ingrid@buyer.example" {
		t.Errorf("the customer is told %q", emails)
	}
}
