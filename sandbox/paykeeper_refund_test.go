package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const reversePath = "/change/payment/reverse/"

func (b *bench) pkRefunds(id string) []paykeeperRefundRow {
	b.t.Helper()
	var rows []paykeeperRefundRow
	if got := b.pkGet("/info/refunds/bypaymentid/?id=" + id); got.body != "" {
		if err := json.Unmarshal([]byte(got.body), &rows); err != nil {
			b.t.Fatal(err)
		}
	}
	return rows
}

func TestPaykeeperRefundIsDecidedByTheClock(t *testing.T) {
	b := newBench(t)
	id := b.pkPay("success")
	b.pkPost(reversePath, "id", id, "amount", "400.00", "partial", "true", "refund_cart", "[]").succeeds(t)
	if got := b.pkRow(id); got.Status != "refunding" || got.RefundAmount != "0.00" {
		t.Errorf("at once %+v", got)
	}
	b.pkPost(reversePath, "id", id, "amount", "600.00", "partial", "true").fails(t, paykeeperNotRefundable)
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	got := b.pkRefunds(id)
	if len(got) != 1 || got[0].Status != "done" || got[0].Amount != "400.00" || got[0].Remainder != "600.00" || got[0].User != "lavka" || got[0].RefundNumber != "1" {
		t.Errorf("refunds %+v", got)
	}
	if got := b.pkRow(id); got.Status != "partially_refunded" || got.RefundAmount != "400.00" {
		t.Errorf("an hour later %+v", got)
	}
	b.pkPost(reversePath, "id", id, "amount", "600.01", "partial", "true").fails(t, paykeeperTooMuch)
	b.pkPost(reversePath, "id", id, "partial", "false").succeeds(t)
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	if got := b.pkRow(id); got.Status != "refunded" || got.RefundAmount != "1000.00" {
		t.Errorf("in the end %+v", got)
	}
	b.pkPost(reversePath, "id", id, "amount", "1.00", "partial", "true").fails(t, paykeeperNotRefundable)
	b.effects(id, "refund", 2)
}

func TestPaykeeperRefundRules(t *testing.T) {
	b := newBench(t)
	paid, pending := b.pkPay("obtained"), b.pkPay("pending")
	goods := b.pkPay("stuck", obj{"cart": []obj{{"name": "Чай", "price": 1000, "quantity": 1, "sum": 1000, "tax": "vat22"}}})
	refused := b.pkPay("success", obj{"refund_error": "Банк отказал."})
	cart := `[{"name":"Чай","price":"100.50","quantity":2,"sum":201,"tax":"vat22"}]`
	tests := []struct{ payment, amount, partial, cart, want string }{
		{pending, "1.00", "true", "", paykeeperNotRefundable},
		{paid, "0", "true", "", paykeeperBadAmount},
		{paid, "-1.00", "true", "", paykeeperBadAmount},
		{paid, "1,00", "true", "", paykeeperBadAmount},
		{paid, "1.005", "true", "", paykeeperBadAmount},
		{paid, "", "true", "", paykeeperBadAmount},
		{paid, "1000.01", "true", "", paykeeperTooMuch},
		{paid, "999.00", "false", "", paykeeperNotAll},
		{paid, "1.00", "1", "", paykeeperBadPartial},
		{goods, "201.00", "true", "[]", paykeeperNoCart},
		{goods, "202.00", "true", cart, paykeeperBadCart},
		{refused, "1.00", "true", "", "Банк отказал."},
		{"1", "1.00", "true", "", paykeeperNoPayment},
	}
	for _, tt := range tests {
		b.pkPost(reversePath, "id", tt.payment, "amount", tt.amount, "partial", tt.partial, "refund_cart", tt.cart).fails(t, tt.want)
		b.effects(tt.payment, "refund", 0)
	}
	b.pkPost(reversePath, "id", goods, "amount", "201.00", "partial", "true", "refund_cart", cart).succeeds(t)
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "options": obj{"no_refunds": "yes"}}, nil)
	b.pkPost(reversePath, "id", paid, "partial", "false").fails(t, paykeeperNoRight)
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "options": obj{"no_refunds": "", "wrap": "all"}}, nil)
	b.control("PUT", "/caps", obj{"gateway": "paykeeper", "enforce": false}, nil)
	if got := b.pkPost(reversePath, "id", paid, "amount", "1500.00", "partial", "true"); got.body != `[{"result":"success"}]` {
		t.Errorf("without caps %s", got.body)
	}
	b.effects(paid, "refund", 1)
}

func TestPaykeeperHold(t *testing.T) {
	b := newBench(t)
	hold := obj{"hold": true}
	batch := func(id string) string { return b.pkGet("/info/params/byid/?id="+id).text(t, "batch_date") }

	taken := b.pkPay("success", hold)
	b.effects(taken, "capture", 0)
	if day := b.box.now().In(moscow).AddDate(0, 0, 5).Format(time.DateOnly); batch(taken) != day {
		t.Errorf("captured by itself on %q, want %q", batch(taken), day)
	}
	b.pkPost("/change/payment/capture/", "id", taken).succeeds(t)
	if batch(taken) != "" {
		t.Error("it is still reserved")
	}
	b.pkPost("/change/payment/capture/", "id", taken).fails(t, paykeeperNotHeld)
	b.effects(taken, "capture", 1)

	void := b.pkPay("success", hold)
	b.pkPost(reversePath, "id", void, "partial", "false").succeeds(t)
	b.pkPost("/change/payment/capture/", "id", void).fails(t, paykeeperNotHeld)
	b.effects(void, "void", 1)
	b.effects(void, "refund", 0)

	part := b.pkPay("success", hold)
	b.pkPost(reversePath, "id", part, "amount", "300.00", "partial", "true").succeeds(t)
	if got := append(b.ledger(part, "void"), b.ledger(part, "capture")...); len(got) != 2 || got[0].AmountMinor != 30000 || got[1].AmountMinor != 70000 {
		t.Errorf("a partial return has done %+v", got)
	}

	waits := b.pkPay("success", hold)
	b.control("POST", "/clock", obj{"advance_seconds": 6 * 24 * 3600}, nil)
	b.effects(waits, "capture", 1)
	b.effects(void, "capture", 0)
	if got := []string{b.pkRow(void).Status, b.pkRow(part).Status, b.pkRow(waits).Status}; strings.Join(got, " ") != "refunded partially_refunded success" {
		t.Errorf("in the end they are %v", got)
	}
}

func TestPaykeeperFaults(t *testing.T) {
	b := newBench(t)
	fault := func(verb, mode string, more ...obj) {
		b.fault(verb, mode, append(more, obj{"gateway": "paykeeper", "times": 1})...)
	}
	for _, tt := range []struct {
		mode            string
		status, effects int
	}{
		{modeDropBefore, 0, 0},
		{modeDropAfter, 0, 1},
		{mode500Before, 500, 0},
		{mode500After, 502, 1},
		{mode429, 429, 0},
		{modeBusy, 200, 0},
		{modeGarbage, 200, 1},
		{modeEmpty, 200, 1},
		{modeWrongAmount, 200, 1},
	} {
		id := b.pkPay("success")
		fault("refund", tt.mode, obj{"payment": id})
		if got := b.pkPost(reversePath, "id", id, "amount", "100.00", "partial", "true"); got.status != tt.status {
			t.Errorf("%s answered %d %s", tt.mode, got.status, got.body)
		}
		b.effects(id, "refund", tt.effects)
		if tt.mode == modeWrongAmount && b.pkRefunds(id)[0].Amount != "101.00" {
			t.Error("the next look shows the right amount")
		}
		if got := b.pkRefunds(id); len(got) != tt.effects || tt.effects > 0 && got[0].Amount != "100.00" {
			t.Errorf("after %s the refunds are %+v", tt.mode, got)
		}
	}

	hidden := b.pkPay("success")
	fault("refund", modeHidden)
	b.pkPost(reversePath, "id", hidden, "amount", "100.00", "partial", "true").succeeds(t)
	if got := b.pkRow(hidden); got.Status != "success" || len(b.pkRefunds(hidden)) != 0 {
		t.Errorf("the refund shows: %+v", got)
	}
	b.control("DELETE", "/faults", nil, nil)
	if got := b.pkRow(hidden); got.Status != "refunding" || len(b.pkRefunds(hidden)) != 1 {
		t.Errorf("the refund stays hidden: %+v", got)
	}

	failing := b.pkPay("success")
	fault("refund", modePendingFails, obj{"delay_ms": 10})
	b.pkPost(reversePath, "id", failing, "partial", "false").succeeds(t)
	eventually(t, "it fails", func() bool { return b.pkRefunds(failing)[0].Status == "failed" })
	if got := b.pkRow(failing); got.Status != "refunding" {
		t.Errorf("a failed refund leaves %+v", got)
	}
	b.effects(failing, "refund_failed", 1)

	twice := b.pkPay("success")
	b.fault("refund", modeDuplicates, obj{"gateway": "paykeeper"})
	for range 2 {
		b.pkPost(reversePath, "id", twice, "amount", "100.00", "partial", "true").succeeds(t)
	}
	b.effects(twice, "refund", 2)

	held := b.pkPay("success", obj{"hold": true})
	fault("void", modeDropAfter)
	fault("capture", modeLateCommit, obj{"delay_ms": 30})
	if got := b.pkPost("/change/payment/capture/", "id", held); got.status != 0 {
		t.Errorf("a late capture answered %d", got.status)
	}
	eventually(t, "it is captured late", func() bool { return len(b.ledger(held, "capture")) == 1 })
	other := b.pkPay("success", obj{"hold": true})
	if got := b.pkPost(reversePath, "id", other, "partial", "false"); got.status != 0 {
		t.Errorf("a void answered %d %s", got.status, got.body)
	}
	b.effects(other, "void", 1)
}

func TestPaykeeperStuckRefundNeedsSupport(t *testing.T) {
	b := newBench(t)
	b.control("POST", "/merchants", obj{"gateway": "paykeeper", "options": obj{"bank": "stuck"}}, nil)
	id := b.pkPay("success")
	b.pkPost(reversePath, "id", id, "partial", "false").succeeds(t)
	b.control("POST", "/clock", obj{"advance_seconds": 7200}, nil)
	if got := b.pkRow(id); got.Status != "refunding" {
		t.Errorf("after two hours it is %s", got.Status)
	}
	b.control("POST", "/refunds/"+b.pkRefunds(id)[0].ID+"/state", obj{"state": "processed"}, nil)
	if got := b.pkRow(id); got.Status != "refunded" {
		t.Errorf("support made it %s", got.Status)
	}
}

func TestPaykeeperRefundingWaitsForSomebody(t *testing.T) {
	b := newBench(t)
	id := b.pkPay("refunding")
	b.control("POST", "/clock", obj{"advance_seconds": 7200}, nil)
	if got := b.pkRow(id); got.Status != "refunding" {
		t.Errorf("after two hours it is %s", got.Status)
	}
	b.control("POST", "/refunds/"+b.pkRefunds(id)[0].ID+"/state", obj{"state": "processed"}, nil)
	if got := b.pkRow(id); got.Status != "refunded" {
		t.Errorf("somebody made it %s", got.Status)
	}
}
