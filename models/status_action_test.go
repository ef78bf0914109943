package models_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// group is one group of the settings form.
func group(action models.Action, afterDone, afterFail string, statuses ...string) models.StatusGroupForm {
	return models.StatusGroupForm{Action: action, Statuses: statuses, AfterDone: afterDone, AfterFail: afterFail}
}

// link stores what a store links to its statuses for Bogus.
func (t *till) link(groups ...models.StatusGroupForm) {
	t.Helper()
	_, err := t.db.SaveStatusRules(t.ctx, models.StatusRuleForm{StoreID: 41, Gateway: "bogus", Groups: groups, By: t.asha})
	if err != nil {
		t.Fatal(err)
	}
}

// give changes the order's status by hand.
func (t *till) give(status string) *models.StatusChanged {
	t.Helper()
	done, err := t.db.ChangeStatus(t.ctx, models.StatusChange{OrderID: t.order, Status: status, By: t.asha})
	if err != nil {
		t.Fatalf("change to %s: %v", status, err)
	}
	return done
}

// carry has everything done that is due, until nothing is.
func (t *till) carry() {
	t.Helper()
	for range 400 {
		n, err := t.db.RunDueStatusActions(t.ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, err := t.db.SettleDue(t.ctx)
		if err != nil {
			t.Fatal(err)
		}
		var left int
		t.scan(&left, `SELECT (SELECT count(*) FROM status_actions WHERE state IN ('waiting', 'sent')) + (SELECT count(*) FROM operations WHERE state IN ('queued', 'dispatching', 'unknown', 'pending'))`)
		if n+m+left == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatal("it does not come to an end")
}

func (t *till) status() string {
	t.Helper()
	var status string
	t.scan(&status, `SELECT status FROM orders WHERE id = $1`, t.order)
	return status
}

// actions are the order's status actions, as one line.
func (t *till) actions() string {
	t.Helper()
	var text string
	t.scan(&text, `SELECT coalesce(string_agg(action || ' ' || to_status || ' ' || state, ', ' ORDER BY id), '') FROM status_actions WHERE order_id = $1`, t.order)
	return text
}

// moved are the calls that had an effect, in their order.
func (t *till) moved() string {
	var list []string
	for _, e := range t.bogus.Effects() {
		list = append(list, fmt.Sprintf("%s %d", e.Verb, e.Amount.Minor))
	}
	return strings.Join(list, ", ")
}

func TestStatusStartsItsAction(t *testing.T) {
	tests := []struct {
		name    string
		groups  []models.StatusGroupForm
		before  func(*till)
		give    []string
		status  string
		actions string
		moved   string
	}{
		{
			"a status that is linked to nothing",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			nil,
			[]string{models.StatusProcessing},
			"processing", "", "",
		},
		{
			"capture",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			nil,
			[]string{models.StatusShipped},
			"shipped", "capture shipped done", "capture 11875",
		},
		{
			"another status after success",
			[]models.StatusGroupForm{group(models.CaptureAction, models.StatusComplete, "", models.StatusShipped)},
			nil,
			[]string{models.StatusShipped},
			"complete", "capture shipped done", "capture 11875",
		},
		{
			"from one status of a group to the next",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped, models.StatusComplete)},
			nil,
			[]string{models.StatusShipped, models.StatusComplete},
			"complete", "capture shipped done", "capture 11875",
		},
		{
			"captured already",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) { t.done(t.capture(0)) },
			[]string{models.StatusShipped},
			"shipped", "capture shipped done", "capture 11875",
		},
		{
			"cancel before the capture",
			[]models.StatusGroupForm{group(models.CancelAction, "", "", models.StatusCancelled)},
			nil,
			[]string{models.StatusCancelled},
			"cancelled", "cancel cancelled done", "void 11875",
		},
		{
			"the same after it is a credit",
			[]models.StatusGroupForm{group(models.CancelAction, "", "", models.StatusCancelled)},
			func(t *till) { t.done(t.capture(0)) },
			[]string{models.StatusCancelled},
			"cancelled", "cancel cancelled done", "capture 11875, refund 11875",
		},
		{
			"update to what the order comes to",
			[]models.StatusGroupForm{group(models.UpdateAction, "", "", models.StatusProcessed)},
			func(t *till) {
				t.exec(`UPDATE orders SET shipping_minor = 0, shipping_tax_minor = 0, total_minor = 9375 WHERE id = $1`, t.order)
			},
			[]string{models.StatusProcessed},
			"processed", "amount_update processed done", "amount_update 9375",
		},
		{
			"an update that changes nothing",
			[]models.StatusGroupForm{group(models.UpdateAction, "", "", models.StatusProcessed)},
			nil,
			[]string{models.StatusProcessed},
			"processed", "amount_update processed done", "",
		},
		{
			"the provider declines",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) { t.bogus.Next(gatewaytest.Decline) },
			[]string{models.StatusShipped},
			"pending", "capture shipped failed", "",
		},
		{
			"it declines, with a status for that",
			[]models.StatusGroupForm{group(models.CaptureAction, "", models.StatusProcessing, models.StatusShipped)},
			func(t *till) { t.bogus.Next(gatewaytest.Decline) },
			[]string{models.StatusShipped},
			"processing", "capture shipped failed", "",
		},
		{
			"the hold ran out",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) { t.exec(`UPDATE payments SET capture_before = now() - interval '1 day'`) },
			[]string{models.StatusShipped},
			"pending", "capture shipped failed", "",
		},
		{
			"nobody paid",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) {
				t.exec(`UPDATE payments SET status = 'pending', authorized_minor = 0, ref = NULL`)
			},
			[]string{models.StatusShipped},
			"pending", "capture shipped failed", "",
		},
		{
			"the answer gets lost and is looked up",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) { t.bogus.Next(gatewaytest.DropAfter) },
			[]string{models.StatusShipped},
			"shipped", "capture shipped done", "capture 11875",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour})
			tt.link(test.groups...)
			if test.before != nil {
				test.before(tt)
			}
			for _, status := range test.give {
				was := tt.status()
				done := tt.give(status)
				if done.Waits && tt.status() != was {
					t.Errorf("the order is %s before anything was called", tt.status())
				}
				tt.carry()
			}
			if got := tt.status(); got != test.status {
				t.Errorf("the order is %s, want %s", got, test.status)
			}
			if got := tt.actions(); got != test.actions {
				t.Errorf("actions: %s, want %s", got, test.actions)
			}
			if got := tt.moved(); got != test.moved {
				t.Errorf("the provider did %q, want %q", got, test.moved)
			}
			tt.sound()
		})
	}
}

// listed is how many orders the list has with this filter.
func (t *till) listed(action string) int {
	t.Helper()
	choices, err := t.db.OrderChoices(t.ctx, *t.asha.UserID)
	if err != nil {
		t.Fatal(err)
	}
	list, err := t.db.Orders(t.ctx, models.OrderFilter{Action: action, Limit: 10}, choices)
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Rows)
}

func TestFailedStatusAction(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey, KeyLifetime: time.Hour})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	tt.bogus.Next(gatewaytest.Decline, gatewaytest.Decline)
	action := tt.give(models.StatusShipped).Actions[0]
	tt.carry()
	var note string
	tt.scan(&note, `SELECT comment FROM order_history WHERE kind = 'note' AND actor = 'job' ORDER BY id DESC LIMIT 1`)
	if !strings.HasPrefix(note, "Bogus could not capture the payment, so the order is not shipped.") {
		t.Errorf("the history says %q", note)
	}
	if failed, all := tt.listed("failed"), tt.listed(""); failed != 1 || all != 1 {
		t.Errorf("the list shows %d failed of %d orders, want the one", failed, all)
	}
	board, err := tt.db.Limbo(tt.ctx, models.LimboFilter{Kind: models.NeedAction})
	if err != nil || len(board.Rows) != 1 || board.Rows[0].State != "shipped" || board.Rows[0].Problem == "" || board.Rows[0].Amount != sek(11875) {
		t.Errorf("the limbo board shows %+v, %v", board, err)
	}
	if err := tt.db.RetryStatusAction(tt.ctx, tt.order, action.ID, tt.asha); err != nil {
		t.Fatal(err)
	}
	tt.carry()
	if tt.status() != "pending" || tt.actions() != "capture shipped failed" {
		t.Errorf("after a second refusal the order is %s, %s", tt.status(), tt.actions())
	}
	err = tt.db.PassStatusAction(tt.ctx, tt.order, action.ID, " ", tt.asha)
	if got := problemOf(err); got != "Say in at most 500 characters why the order goes on without Bogus." {
		t.Errorf("going on without a reason is answered %q", got)
	}
	if err := tt.db.PassStatusAction(tt.ctx, tt.order, action.ID, "Paid in the shop.", tt.asha); err != nil {
		t.Fatal(err)
	}
	if n := tt.listed("failed"); n != 0 {
		t.Errorf("after that the list still shows %d failed actions", n)
	}
	if tt.status() != "shipped" || tt.moved() != "" {
		t.Errorf("after going on without the provider the order is %s, and %q was called", tt.status(), tt.moved())
	}
	var audited string
	tt.scan(&audited, `SELECT string_agg(action, ' ' ORDER BY seq) FROM audit_log WHERE action LIKE 'status_action.%'`)
	if audited != "status_action.failed status_action.retried status_action.failed status_action.passed" {
		t.Errorf("the audit log has %q", audited)
	}
	if err := tt.db.RetryStatusAction(tt.ctx, tt.order, action.ID, tt.asha); problemOf(err) == "" {
		t.Error("an action that was passed over is tried again")
	}
	if err := tt.db.RetryStatusAction(tt.ctx, tt.order+1, action.ID, tt.asha); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("under another order the action is answered %v", err)
	}
}

func TestStatusIsTakenBackInTime(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tt.link(group(models.CaptureAction, "", "", models.StatusShipped))
	tt.give(models.StatusShipped)
	tt.give(models.StatusPending)
	tt.carry()
	if tt.status() != "pending" || tt.moved() != "" || tt.actions() != "capture shipped dropped" {
		t.Errorf("the order is %s, the provider did %q, %s", tt.status(), tt.moved(), tt.actions())
	}
}
