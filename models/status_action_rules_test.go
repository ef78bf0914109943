package models_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

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
		{
			"one status of two groups",
			[]models.StatusGroupForm{group(models.CaptureAction, "", "", shipped), group(models.CancelAction, "", "", cancelled, shipped)},
			"Shipped is linked to Activation and to Cancellation. A status can start one action only; take it out of one of them.",
		},
		{"a status twice", []models.StatusGroupForm{group(models.CaptureAction, "", "", shipped, shipped)}, "Shipped is chosen twice under Activation."},
		{
			"after success the same group again",
			[]models.StatusGroupForm{group(models.CaptureAction, complete, "", shipped, complete)},
			"Complete after success would start Activation again: it is one of the statuses linked to it. Choose a status that starts nothing, or leave it out.",
		},
		{
			"after success the status itself",
			[]models.StatusGroupForm{group(models.CaptureAction, shipped, "", shipped)},
			"Shipped after success would start Activation again: it is one of the statuses linked to it. Choose a status that starts nothing, or leave it out.",
		},
		{
			"after failure another action",
			[]models.StatusGroupForm{group(models.CaptureAction, "", cancelled, shipped), group(models.CancelAction, "", "", cancelled)},
			"Cancelled after failure would start Cancellation, so that one action sets off another. Choose a status that starts nothing.",
		},
		{
			"a round of two",
			[]models.StatusGroupForm{group(models.CaptureAction, processing, "", shipped), group(models.UpdateAction, shipped, "", processing)},
			"Processing after success would start Update, so that one action sets off another. Choose a status that starts nothing. " +
				"Shipped after success would start Activation, so that one action sets off another. Choose a status that starts nothing.",
		},
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
	if len(page.Chosen()) != 0 || !strings.HasPrefix(page.Gateways[0].Why.String(), "Bogus is not fully integrated") || page.NoneInstalled(t.Context()) == "" {
		t.Errorf("a gateway that is not fully integrated is offered: %+v, %q", page.Gateways[0], page.NoneInstalled(t.Context()))
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
	if got := page.NoneInstalled(t.Context()); got != "Order status actions need Bogus in Nordisk, and neither is set up there. Enter its settings under Extensions > Extensions > Payment first." {
		t.Errorf("without settings the page says %q", got)
	}
	if suggested := models.SuggestedStatuses[0]; suggested.Action != models.CaptureAction || !slices.Equal(suggested.Statuses, []string{models.StatusShipped}) {
		t.Errorf("%v is suggested", suggested)
	}
}
