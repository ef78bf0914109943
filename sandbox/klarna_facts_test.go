package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The shape of a part-captured order, in the order its members are written.
func TestKlarnaOrderShape(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized", obj{"lines": []obj{
		{"reference": "A1", "name": "Mugg", "quantity": 2, "unit_minor": 10000, "tax_rate": 2500},
		{"reference": "frakt", "type": "shipping_fee", "name": "Frakt", "quantity": 1, "unit_minor": 5000, "tax_rate": 2500},
	}})
	made := b.om("POST", id, "/captures", `{"captured_amount":10000,"reference":"op-1042"}`)
	if made.status != 201 || made.body != "" || made.header.Get("Content-Length") != "0" ||
		made.header.Get("Klarna-Order-Validation") != "Valid" || made.header.Get("Transaction-Id") == "" {
		t.Errorf("capture answered %d %q %v", made.status, made.body, made.header)
	}
	capture := made.header.Get("Capture-Id")
	if at := made.header.Get("Location"); at != b.url+"/klarna/ordermanagement/v1/orders/"+id+"/captures/"+capture {
		t.Errorf("Location %s", at)
	}
	body := b.om("GET", id, "", "").body
	var names []string
	for _, m := range regexp.MustCompile(`[{,]"([a-z_0-9]+)":`).FindAllStringSubmatch(body, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	want := "order_id status fraud_status order_amount original_order_amount captured_amount refunded_amount " +
		"remaining_authorized_amount purchase_currency locale order_lines reference type quantity quantity_unit name total_amount " +
		"unit_price total_discount_amount tax_rate total_tax_amount merchant_reference1 klarna_reference customer"
	if got := strings.Join(names, " "); !strings.HasPrefix(got, want) {
		t.Errorf("members %s", got)
	}
	e := b.klarnaOrder(id)
	if e.Status != "PART_CAPTURED" || e.Captured != 10000 || e.Remaining != 15000 || e.Lines[0].Tax != 4000 || e.Reference1 != "100234" {
		t.Errorf("order %s", body)
	}
	for what, pattern := range map[string]string{
		e.CreatedAt:                           `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$`,
		e.ExpiresAt:                           `^\d{4}-\d\d-\d\dT00:00:00\.000Z$`,
		e.KlarnaReference:                     `^[A-Z0-9]{8}$`,
		e.Captures[0].KlarnaReference:         `^` + e.KlarnaReference + `-1$`,
		string(compact(e.Captures[0].ID)):     `^"` + capture + `"$`,
		string(compact(e.Refunds)):            `^\[\]$`,
		e.Captures[0].Reference:               `^op-1042$`,
		b.om("GET", id, "/captures", "").body: `^\[\{"capture_id":"` + capture + `"`,
	} {
		if !regexp.MustCompile(pattern).MatchString(what) {
			t.Errorf("%q is not like %s", what, pattern)
		}
	}
	if one := b.om("GET", id, "/captures/"+capture, ""); one.text(t, "capture_id") != capture {
		t.Errorf("capture %s", one.body)
	}
}

// What was recorded of cancelled, captured and refunded orders.
func TestKlarnaRecordedFacts(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized")
	b.om("POST", id, "/cancel", "")
	if e := b.klarnaOrder(id); e.Status != "CANCELLED" || e.Remaining != 25000 || e.Captured != 0 || e.Fraud != "ACCEPTED" {
		t.Errorf("cancelled: %+v", e)
	}
	if got := b.ledger(id, "void"); len(got) != 1 || got[0].AmountMinor != 25000 {
		t.Errorf("void effects %v", got)
	}
	if got := b.om("POST", id, "/cancel", ""); got.status != 204 {
		t.Errorf("a second cancel answered %d", got.status)
	}
	b.effects(id, "void", 1)

	cfg := quick()
	cfg.RefundDelay = time.Hour
	b = openBench(t, cfg)
	id = b.klarnaSell("authorized")
	b.om("POST", id, "/captures", `{"captured_amount":25000}`)
	expires := b.klarnaOrder(id).ExpiresAt
	made := b.om("POST", id, "/refunds", `{"refunded_amount":25000,"reference":"op-7"}`)
	e := b.klarnaOrder(id)
	if e.Status != "CAPTURED" || e.Remaining != 0 || e.Refunded != 25000 || e.Captures[0].Refunded != 0 || e.ExpiresAt != expires {
		t.Errorf("refunded: %+v", e)
	}
	one := b.om("GET", id, "/refunds/"+made.header.Get("Refund-Id"), "")
	if one.text(t, "reference") != "op-7" || !strings.HasSuffix(made.header.Get("Location"), "/refunds/"+e.Refunds[0].ID) {
		t.Errorf("refund %s at %s", one.body, made.header.Get("Location"))
	}
	b.control("POST", "/clock", obj{"advance_seconds": 3601}, nil)
	if e := b.klarnaOrder(id); e.Captures[0].Refunded != 25000 {
		t.Errorf("the capture says %d was refunded", e.Captures[0].Refunded)
	}

	b.control("POST", "/merchants", obj{"gateway": "klarna", "key_id": defaultKlarna.KeyID, "flavour": "kustom"}, nil)
	id = b.klarnaSell("captured")
	b.om("POST", id, "/refunds", `{"refunded_amount":25000}`)
	if e := b.klarnaOrder(id); e.Status != "CLOSED" {
		t.Errorf("at Kustom a fully refunded order is %s", e.Status)
	}
	b.om("POST", b.klarnaSell("authorized"), "/extend-authorization-time", "").klarnaSays(t, 403, "NOT_ALLOWED", "Update not allowed.")
}

func TestKlarnaAuthorization(t *testing.T) {
	b := newBench(t)
	id := b.klarnaSell("authorized")
	if got := b.om("PATCH", id, "/authorization", `{"order_amount":20000}`); got.status != 204 {
		t.Fatalf("update answered %d %s", got.status, got.body)
	}
	e := b.klarnaOrder(id)
	if e.Amount != 20000 || e.OriginalAmount != 25000 || e.Remaining != 20000 || len(e.Lines) != 0 {
		t.Errorf("without lines they are gone: %+v", e)
	}
	b.om("PATCH", id, "/authorization", `{"order_amount":30000,"order_lines":[{"name":"Mugg","quantity":1,"unit_price":30000,"total_amount":30000}]}`)
	b.om("POST", id, "/captures", `{"captured_amount":12000}`)
	b.om("POST", id, "/release-remaining-authorization", "", klarnaKeyHeader, "k1")
	if e := b.klarnaOrder(id); e.Status != "CAPTURED" || e.Remaining != 0 || e.Captured != 12000 || len(e.Lines) != 1 {
		t.Errorf("released: %+v", e)
	}
	if got := b.ledger(id, "void"); len(got) != 1 || got[0].AmountMinor != 18000 || got[0].IdempotencyKey != "k1" {
		t.Errorf("void effects %v", got)
	}
	if got := b.ledger(id, "amount_update"); len(got) != 2 || got[1].AmountMinor != 30000 {
		t.Errorf("update effects %v", got)
	}
	b.om("PATCH", id, "/merchant-references", `{"merchant_reference2":"x"}`)
	b.om("PATCH", id, "/merchant-references", `{"merchant_reference1":""}`)
	if e := b.klarnaOrder(id); e.Reference1 != "" || e.Reference2 != "x" {
		t.Errorf("references %q %q", e.Reference1, e.Reference2)
	}
}

func TestKlarnaExpiry(t *testing.T) {
	b := newBench(t)
	old := b.klarnaSell("authorized", obj{"created_at": time.Now().AddDate(0, 0, -27).Unix()})
	gone := b.klarnaSell("authorized", obj{"created_at": time.Now().AddDate(0, 0, -29).Unix()})
	eventually(t, "an order of 29 days ago is over", func() bool { return b.klarnaOrder(gone).Status == "EXPIRED" })
	if e := b.klarnaOrder(old); e.Status != "AUTHORIZED" || e.ExpiresAt != time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1).Format(klarnaTime) {
		t.Errorf("an order of 27 days ago is %s until %s", e.Status, e.ExpiresAt)
	}
	id, later := b.klarnaSell("authorized"), b.klarnaSell("authorized")
	day := 24 * time.Hour
	today := time.Now().UTC().Truncate(day)
	if e := b.klarnaOrder(id); e.ExpiresAt != today.AddDate(0, 0, 28).Format(klarnaTime) {
		t.Errorf("expires %s", e.ExpiresAt)
	}
	b.om("POST", later, "/extend-authorization-time", "")
	b.om("POST", later, "/extend-authorization-time", "")
	if e := b.klarnaOrder(later); e.ExpiresAt != today.AddDate(0, 0, 29).Format(klarnaTime) {
		t.Errorf("extended to %s", e.ExpiresAt)
	}
	b.control("POST", "/clock", obj{"advance_seconds": int(28 * day / time.Second)}, nil)
	if e, l := b.klarnaOrder(id), b.klarnaOrder(later); e.Status != "EXPIRED" || l.Status != "AUTHORIZED" {
		t.Errorf("after 28 days %s and %s", e.Status, l.Status)
	}
}
