package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/lang"
)

// PaymentDetail is everything the registry tells of one payment.
type PaymentDetail struct {
	*OrderPage
	Payment    *OrderPayment
	System     PaymentSystem
	Attempt    int // the how manieth of its order
	Fiscal     map[string]string
	ObtainedAt *time.Time
	SuccessAt  *time.Time
	Receipt    string       // the address of the fiscal receipt; "" without a key of one
	Fee        *ExpectedFee // the transaction fee; nil when it did not come through a Fynd extension
}

// FiscalFields are the values of a fiscal receipt (Federal Law 54-FZ), in their order.
var FiscalFields = []Choice{
	{Value: "fop_receipt_key", Label: "Receipt key"},
	{Value: "fop_uuid", Label: "Request to the operator"},
	{Value: "fop_fpd", Label: "Fiscal sign"},
	{Value: "fop_fnd", Label: "Fiscal document number"},
	{Value: "fop_receipt_number", Label: "Number in the shift"},
	{Value: "fop_fn", Label: "Fiscal drive"},
	{Value: "fop_rnkkt", Label: "Cash register"},
}

// NamedValue is one value that the provider or the bank wrote down.
type NamedValue struct{ Name, Value string }

// Requested are the values that the provider and the bank assigned to the request, by name. Card numbers were
// taken out before they were kept.
func (d *PaymentDetail) Requested() []NamedValue {
	var list []NamedValue
	for _, name := range slices.Sorted(maps.Keys(d.Payment.Params)) {
		value, text := d.Payment.Params[name].(string)
		if !text {
			encoded, err := json.Marshal(d.Payment.Params[name])
			if err != nil {
				continue // was read from JSON, so it can be written as such
			}
			value = string(encoded)
		}
		list = append(list, NamedValue{name, string(withoutCards([]byte(value), deref(d.Payment.Ref), d.Payment.OrderRef, d.Payment.RRN))})
	}
	return list
}

// Buttons are the payment's buttons with what its gateway and its settings allow.
func (d *PaymentDetail) Buttons() PaymentButtons {
	b := d.Payment.Payment.Buttons(d.Now)
	if b.Refund.Enabled() {
		b.Refund.Why = d.Payment.Plans[RefundAction].why()
	}
	if b.Capture.Enabled() {
		b.Capture.Why = d.Payment.Plans[CaptureAction].why()
	}
	return b
}

// why is why the plan does nothing; no text when it does something.
func (p Plan) why() lang.Text {
	if p.Text.Format == "" {
		return lang.Text{Format: p.Skip}
	}
	return p.Text
}

// SlowRefund is after how long a refund on its way is one to ask the provider about.
const SlowRefund = time.Hour

// slowRefund says whether a refund has been on its way for longer than it should.
func (p *Payment) slowRefund(now time.Time) bool {
	return p.Status == PaymentRefunding && p.RefundingSince != nil && now.Sub(*p.RefundingSince) > SlowRefund
}

// SlowRefund says whether a refund of the payment has been on its way for longer than an hour.
func (d *PaymentDetail) SlowRefund() bool { return d.Payment.slowRefund(d.Now) }

// PaymentDetail reads a payment and everything around it.
func (db *DB) PaymentDetail(ctx context.Context, id int64) (*PaymentDetail, error) {
	scope := ScopeOf(ctx)
	var (
		d      PaymentDetail
		order  int64
		fiscal []byte
		server string
	)
	err := db.pool.QueryRow(ctx, `SELECT p.order_id, p.fiscal, p.obtained_at, p.success_at, coalesce(s.system, p.method), coalesce(y.name, ''),
			(SELECT count(*) FROM payments e WHERE e.order_id = p.order_id AND e.id <= p.id),
			coalesce((SELECT g.values->>'server' FROM gateway_settings g WHERE g.id = p.settings_id),
				(SELECT g.values->>'server' FROM gateway_settings g WHERE g.store_id = p.store_id AND g.gateway = p.gateway AND g.mode = p.mode AND g.current), '')
		FROM payments p LEFT JOIN payment_search s ON s.payment_id = p.id LEFT JOIN payment_systems y ON y.store_id = p.store_id AND y.system = s.system
		WHERE p.id = $1 AND ($2 OR p.store_id = ANY ($3))`, id, scope.All, append([]int64{}, scope.Stores...)).
		Scan(&order, &fiscal, &d.ObtainedAt, &d.SuccessAt, &d.System.System, &d.System.Name, &d.Attempt, &server)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal(fiscal, &d.Fiscal)
	}
	if err != nil {
		return nil, fmt.Errorf("read payment %d: %w", id, err)
	}
	if d.OrderPage, err = db.OrderPage(ctx, order); err != nil {
		return nil, err
	}
	if d.Payment = d.OrderPage.Payment(id); d.Payment == nil {
		return nil, ErrNotFound
	}
	if d.Fee, err = db.ExpectedFee(ctx, &d.Payment.Payment); err != nil {
		return nil, err
	}
	d.Receipt = receiptAddress(server, d.Fiscal["fop_receipt_key"])
	return &d, nil
}

// receiptAddress is where the receipt of a key can be read: at the store's own server of the provider, from the
// moment the key is known and before the receipt is made out (PayKeeper API, receipts).
func receiptAddress(server, key string) string {
	at, err := url.Parse(server)
	if key == "" || err != nil || at.Scheme != "https" || at.Host == "" {
		return ""
	}
	return at.Scheme + "://" + at.Host + "/receipt/" + url.PathEscape(key) + "/"
}

// Row is the payment as the registry lists it.
func (d *PaymentDetail) Row() PaymentRow {
	p, o := &d.Payment.Payment, d.Order
	payer := o.CustomerName
	if payer == "" {
		payer = o.Company
	}
	return PaymentRow{
		ID: p.ID, OrderID: p.OrderID, StoreID: p.StoreID, Gateway: p.Gateway, Mode: p.Mode, Ref: deref(p.Ref), Status: p.Status, ProviderStatus: p.ProviderStatus,
		System: d.System.System, Method: p.Method, Currency: p.Currency, AmountMinor: p.AmountMinor, CapturedMinor: p.CapturedMinor, RefundedMinor: p.RefundedMinor,
		Payer: payer, PayerEmail: o.CustomerEmail, CardFirst6: p.CardFirst6, CardLast4: p.CardLast4, RRN: p.RRN,
		CreatedAt: p.CreatedAt, ObtainedAt: d.ObtainedAt, SuccessAt: d.SuccessAt, RefundingSince: p.RefundingSince, CaptureBefore: p.CaptureBefore, WaitsFor: p.WaitsFor,
	}
}
