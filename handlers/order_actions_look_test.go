package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	eyes "github.com/kartify/kartify/e2e/browser"
	"github.com/kartify/kartify/gateways/gatewaytest"
	"github.com/kartify/kartify/models"
)

// TestActionsLook looks at the forms of the money actions, and takes one held payment through them in a browser.
func TestActionsLook(t *testing.T) {
	chromium := eyes.Start(t)
	if chromium == nil {
		return
	}
	o := openOffice(t)
	order, payment := o.held()
	tab := o.enterBrowser(chromium, "finance")
	path := fmt.Sprintf("%s/sales/orders/%d", o.url, order)
	for _, what := range []string{"captures", "amount-updates", "cancellations"} {
		tab.Open(o.url + actions(order, payment, what) + "/new")
		o.look(tab, "action-"+what)
	}
	tab.Size(1440, 900)

	tab.Open(path)
	o.look(tab, "action-held")
	tab.Size(1440, 900)
	tab.Click(fmt.Sprintf(`[data-dialog="capture-%d"]`, payment))
	dialog := fmt.Sprintf("#capture-%d ", payment)
	tab.Click(dialog + `[value="partial"]`)
	tab.Fill(dialog+"[name=amount]", "900.00")
	tab.WaitUntil(fmt.Sprintf(`document.querySelector('%s.will')?.textContent.includes('Capture 900.00 INR')`, dialog))
	tab.Click(dialog + "button.go")
	tab.WaitFor(".operation[data-state=queued]")
	o.settle()
	tab.WaitFor(".operation[data-state=succeeded]")
	o.look(tab, "action-captured")
	tab.Size(1440, 900)

	o.bogus.Next(gatewaytest.DropBefore)
	op := o.decidable()
	tab.Open(fmt.Sprintf("%s/operations/%d/review", o.url, op))
	o.look(tab, "action-review")
	tab.Size(1440, 900)
	tab.Fill("[name=reason]", "The portal shows nothing.")
	tab.Click(`button[value="no"]`)
	tab.WaitFor(fmt.Sprintf("#operation-%d[data-state=failed]", op))
	if complaints := tab.Complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(complaints, "; "))
	}
}

// decidable is a capture that a person must decide about.
func (o *office) decidable() int64 {
	o.Helper()
	order, payment := o.held()
	var farah int64
	o.scan(&farah, `SELECT id FROM users WHERE email = 'finance@ruosh.example'`)
	op, err := o.db.CapturePayment(o.ctx, models.CaptureRequest{Wish: models.Wish{
		OrderID: order, PaymentID: payment, By: models.Actor{Kind: "user", UserID: &farah, Name: "Farah Khan"}, Token: o.db.FormToken(farah, "capture", payment),
	}})
	if err != nil {
		o.Fatal(err)
	}
	if err := o.db.DispatchOperation(o.ctx, op.ID); err != nil {
		o.Fatal(err)
	}
	o.exec(`UPDATE operations SET state = 'needs_review', next_at = NULL, problem = 'The gateway does not know this operation.' WHERE id = $1`, op.ID)
	return op.ID
}
