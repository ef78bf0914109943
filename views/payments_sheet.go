package views

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/sheet"
)

// registryColumns are the columns of the table, as the page has them.
var registryColumns = []sheet.Column{
	{Name: "payment_id", Width: 12},
	{Name: "gateway_reference", Width: 26},
	{Name: "order_id", Width: 11},
	{Name: "payer", Width: 26},
	{Name: "amount", Kind: sheet.Amount, Width: 13},
	{Name: "refunded", Kind: sheet.Amount, Width: 13},
	{Name: "currency", Width: 9},
	{Name: "status", Width: 18},
	{Name: "payment_system", Width: 26},
	{Name: "gateway", Width: 12},
	{Name: "store_id", Width: 9},
	{Name: "store_name", Width: 18},
	{Name: "started", Kind: sheet.Date, Width: 20},
	{Name: "obtained", Kind: sheet.Date, Width: 20},
	{Name: "success", Kind: sheet.Date, Width: 20},
	{Name: "time_zone", Width: 16},
}

// detailColumns are what the extended file has besides.
var detailColumns = []sheet.Column{
	{Name: "mode", Width: 7},
	{Name: "gateway_order_reference", Width: 24},
	{Name: "partner_order_id", Width: 24},
	{Name: "gateway_status", Width: 18},
	{Name: "captured", Kind: sheet.Amount, Width: 13},
	{Name: "payer_email", Width: 28},
	{Name: "payer_phone", Width: 17},
	{Name: "card_network", Width: 13},
	{Name: "card_first6", Width: 11},
	{Name: "card_last4", Width: 10},
	{Name: "rrn", Width: 16},
	{Name: "refund_references", Width: 26},
	{Name: "capture_before", Kind: sheet.Date, Width: 20},
	{Name: "refunding_since", Kind: sheet.Date, Width: 20},
}

// PaymentFile writes payments into a workbook.
type PaymentFile struct {
	sheet.Writer
	view     PaymentListView
	extended bool
	rows     int64
}

// NewPaymentFile begins the registry file of a list: the table alone, or extended with what the details have.
func NewPaymentFile(v PaymentListView, extended bool, to io.Writer) *PaymentFile {
	columns := append([]sheet.Column{}, registryColumns...)
	if extended {
		columns = append(columns, detailColumns...)
		for _, field := range models.FiscalFields {
			columns = append(columns, sheet.Column{Name: field.Value, Width: 20})
		}
	}
	return &PaymentFile{Writer: sheet.NewXLSX(to, "Payments", columns), view: v, extended: extended}
}

// Add writes a payment as a row.
func (f *PaymentFile) Add(r *models.PaymentFileRow) error {
	digits, zone := money.Digits(r.Currency), f.view.Choices.Zone(r.StoreID)
	text := func(values ...string) {
		for _, value := range values {
			f.Text([]byte(value))
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	text(number(r.ID), r.Ref, number(r.OrderID), payerOf(&r.PaymentRow))
	f.Amount(r.AmountMinor, digits)
	f.Amount(r.RefundedMinor, digits)
	text(r.Currency, string(r.Status), systemName(context.Background(), f.view.Choices.System(r.System)), r.Gateway, number(r.StoreID), f.view.orders().storeName(r.StoreID))
	moment(f, &r.CreatedAt, zone)
	moment(f, r.ObtainedAt, zone)
	moment(f, r.SuccessAt, zone)
	text(zone.String())
	if f.extended {
		text(r.Mode, r.OrderRef, r.PartnerOrderID, r.ProviderStatus)
		f.Amount(r.CapturedMinor, digits)
		text(r.PayerEmail, r.PayerPhone, r.CardNetwork, r.CardFirst6, r.CardLast4, r.RRN, r.Refunds)
		moment(f, r.CaptureBefore, zone)
		moment(f, r.RefundingSince, zone)
		for _, field := range models.FiscalFields {
			text(r.Fiscal[field.Value])
		}
	}
	f.rows++
	return f.End() //nolint:wrapcheck // says where the file broke off
}

// Finish completes the file with its first page.
func (f *PaymentFile) Finish(at time.Time) error {
	words := []string{}
	for _, chip := range f.view.chips(context.Background()) {
		words = append(words, chip.Label+": "+chip.Value)
	}
	if len(words) == 0 {
		words = append(words, "Every payment")
	}
	return f.Close(sheet.Cover{Title: "Registry of payments, from kartify", Facts: []sheet.Fact{ //nolint:wrapcheck // says where the file broke off
		{Name: "Filter", Value: strings.Join(words, "; ")},
		{Name: "Payments in this file", Value: strconv.FormatInt(f.rows, 10)},
		{Name: "As of", Value: at.UTC().Format(time.RFC3339) + ", one moment for the whole file"},
		{Name: "Made for", Value: f.view.Person.Name},
		{Name: "Dates", Value: "In the zone of each payment's store, which the column time_zone names."},
		{Name: "Amounts", Value: "In the currency beside them."},
	}})
}
