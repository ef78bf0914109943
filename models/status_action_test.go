package models_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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

func TestStatusRulesConflictsAndLoops(t *testing.T) {
	shipped, complete, cancelled, processing := models.StatusShipped, models.StatusComplete, models.StatusCancelled, models.StatusProcessing
	tt := openHold(t, &gatewaytest.Bogus{Class: gateways.ByKey})
	tests := []struct {
		name   string
		groups []models.StatusGroupForm
		want   string
	}{
		{"nothing at all", nil, ""},
		{"one of each", []models.StatusGroupForm{group(models.CaptureAction, complete, "", shipped), group(models.CancelAction, "", "", cancelled), group(models.UpdateAction, "", "", processing)}, ""},
		{"several statuses of a group", []models.StatusGroupForm{group(models.CaptureAction, "", "", shipped, complete)}, ""},
		{"one status of two groups", []models.StatusGroupForm{group(models.CaptureAction, "", "", shipped), group(models.CancelAction, "", "", cancelled, shipped)},
			"Shipped is linked to Activation and to Cancellation. A status can start one action only; take it out of one of them."},
		{"a status twice", []models.StatusGroupForm{group(models.CaptureAction, "", "", shipped, shipped)}, "Shipped is chosen twice under Activation."},
		{"after success the same group again", []models.StatusGroupForm{group(models.CaptureAction, complete, "", shipped, complete)},
			"Complete after success would start Activation again: it is one of the statuses linked to it. Choose a status that starts nothing, or leave it out."},
		{"after success the status itself", []models.StatusGroupForm{group(models.CaptureAction, shipped, "", shipped)},
			"Shipped after success would start Activation again: it is one of the statuses linked to it. Choose a status that starts nothing, or leave it out."},
		{"after failure another action", []models.StatusGroupForm{group(models.CaptureAction, "", cancelled, shipped), group(models.CancelAction, "", "", cancelled)},
			"Cancelled after failure would start Cancellation, so that one action sets off another. Choose a status that starts nothing."},
		{"a round of two", []models.StatusGroupForm{group(models.CaptureAction, processing, "", shipped), group(models.UpdateAction, shipped, "", processing)},
			"Processing after success would start Update, so that one action sets off another. Choose a status that starts nothing. " +
				"Shipped after success would start Activation, so that one action sets off another. Choose a status that starts nothing."},
		{"refunded follows from money", []models.StatusGroupForm{group(models.CancelAction, "", "", models.StatusRefunded)}, "Refunded cannot be linked to an action: no order is given it by hand."},
		{"missing is nobody's wish", []models.StatusGroupForm{group(models.CaptureAction, models.StatusMissing, "", shipped)}, "Choose another status after success; Missing is not given to orders this way."},
		{"an unknown group", []models.StatusGroupForm{group("refund", "", "", shipped)}, `There is no group called "refund".`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := tt.db.SaveStatusRules(tt.ctx, models.StatusRuleForm{StoreID: 41, Gateway: "bogus", Groups: test.groups, By: tt.asha})
			got := ""
			var wrong models.FieldProblems
			if errors.As(err, &wrong) {
				got = wrong.Error()
			} else if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("save says %q, want %q", got, test.want)
			}
		})
	}
	var versions, audited int
	tt.scan(&versions, `SELECT count(*) FROM status_rule_sets`)
	tt.scan(&audited, `SELECT count(*) FROM audit_log WHERE action = 'status_actions.saved'`)
	if versions != 2 || audited != 2 {
		t.Errorf("%d versions and %d rows in the audit log, want 2 and 2: what is refused or the same stores nothing", versions, audited)
	}
	old := 1
	_, err := tt.db.SaveStatusRules(tt.ctx, models.StatusRuleForm{StoreID: 41, Gateway: "bogus", Shown: &old, By: tt.asha})
	if got := problemOf(err); !strings.Contains(got, "changed since the form was shown") {
		t.Errorf("a form of the version before is answered %q", got)
	}
	for _, twice := range []string{
		`INSERT INTO status_rules (set_id, store_id, status, action) SELECT set_id, store_id, status, 'cancel' FROM status_rules WHERE status = 'shipped' LIMIT 1`,
		`UPDATE status_rules SET after_done = status`,
	} {
		if _, err := tt.db.Pool().Exec(tt.ctx, twice); err == nil {
			t.Errorf("the database takes %s", twice)
		}
	}
}

func TestOnlyInstalledGatewaysThatCanAreOffered(t *testing.T) {
	tt := openHold(t, &gatewaytest.Bogus{}, func(d *gateways.Driver) { d.Can.ByStatus = false })
	page, err := tt.db.StatusActionsPage(tt.ctx, 41)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Chosen()) != 0 || !strings.HasPrefix(page.Gateways[0].Why, "Bogus is not fully integrated") || page.NoneInstalled() == "" {
		t.Errorf("a gateway that is not fully integrated is offered: %+v, %q", page.Gateways[0], page.NoneInstalled())
	}
	_, err = tt.db.SaveStatusRules(tt.ctx, models.StatusRuleForm{StoreID: 41, Gateway: "bogus", Groups: models.SuggestedStatuses, By: tt.asha})
	if got := problemOf(err); !strings.HasPrefix(got, "Bogus is not fully integrated") {
		t.Errorf("saving for it is answered %q", got)
	}

	tt = openHold(t, &gatewaytest.Bogus{})
	tt.exec(`UPDATE gateway_settings SET current = false, retired_at = now()`)
	if page, err = tt.db.StatusActionsPage(tt.ctx, 41); err != nil {
		t.Fatal(err)
	}
	if got := page.NoneInstalled(); got != "Order status actions need Bogus in Nordisk, and neither is set up there. Enter its settings under Extensions > Extensions > Payment first." {
		t.Errorf("without settings the page says %q", got)
	}
	if suggested := models.SuggestedStatuses[0]; suggested.Action != models.CaptureAction || !slices.Equal(suggested.Statuses, []string{models.StatusShipped}) {
		t.Errorf("%v is suggested", suggested)
	}
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
		{"a status that is linked to nothing", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)}, nil,
			[]string{models.StatusProcessing}, "processing", "", ""},
		{"capture", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)}, nil,
			[]string{models.StatusShipped}, "shipped", "capture shipped done", "capture 11875"},
		{"another status after success", []models.StatusGroupForm{group(models.CaptureAction, models.StatusComplete, "", models.StatusShipped)}, nil,
			[]string{models.StatusShipped}, "complete", "capture shipped done", "capture 11875"},
		{"from one status of a group to the next", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped, models.StatusComplete)}, nil,
			[]string{models.StatusShipped, models.StatusComplete}, "complete", "capture shipped done", "capture 11875"},
		{"captured already", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)}, func(t *till) { t.done(t.capture(0)) },
			[]string{models.StatusShipped}, "shipped", "capture shipped done", "capture 11875"},
		{"cancel before the capture", []models.StatusGroupForm{group(models.CancelAction, "", "", models.StatusCancelled)}, nil,
			[]string{models.StatusCancelled}, "cancelled", "cancel cancelled done", "void 11875"},
		{"the same after it is a credit", []models.StatusGroupForm{group(models.CancelAction, "", "", models.StatusCancelled)}, func(t *till) { t.done(t.capture(0)) },
			[]string{models.StatusCancelled}, "cancelled", "cancel cancelled done", "capture 11875, refund 11875"},
		{"update to what the order comes to", []models.StatusGroupForm{group(models.UpdateAction, "", "", models.StatusProcessed)},
			func(t *till) {
				t.exec(`UPDATE orders SET shipping_minor = 0, shipping_tax_minor = 0, total_minor = 9375 WHERE id = $1`, t.order)
			}, []string{models.StatusProcessed}, "processed", "amount_update processed done", "amount_update 9375"},
		{"an update that changes nothing", []models.StatusGroupForm{group(models.UpdateAction, "", "", models.StatusProcessed)}, nil,
			[]string{models.StatusProcessed}, "processed", "amount_update processed done", ""},
		{"the provider declines", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)}, func(t *till) { t.bogus.Next(gatewaytest.Decline) },
			[]string{models.StatusShipped}, "pending", "capture shipped failed", ""},
		{"it declines, with a status for that", []models.StatusGroupForm{group(models.CaptureAction, "", models.StatusProcessing, models.StatusShipped)}, func(t *till) { t.bogus.Next(gatewaytest.Decline) },
			[]string{models.StatusShipped}, "processing", "capture shipped failed", ""},
		{"the hold ran out", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) { t.exec(`UPDATE payments SET capture_before = now() - interval '1 day'`) },
			[]string{models.StatusShipped}, "pending", "capture shipped failed", ""},
		{"nobody paid", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)},
			func(t *till) {
				t.exec(`UPDATE payments SET status = 'pending', authorized_minor = 0, ref = NULL`)
			},
			[]string{models.StatusShipped}, "pending", "capture shipped failed", ""},
		{"the answer gets lost and is looked up", []models.StatusGroupForm{group(models.CaptureAction, "", "", models.StatusShipped)}, func(t *till) { t.bogus.Next(gatewaytest.DropAfter) },
			[]string{models.StatusShipped}, "shipped", "capture shipped done", "capture 11875"},
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
	if err != nil || len(board.Rows) != 1 || !strings.HasPrefix(board.Rows[0].Why, "The change of status to shipped failed.") || board.Rows[0].Amount != sek(11875) {
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
