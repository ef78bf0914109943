package views

import (
	"context"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/sheet"
)

// orderColumns are the columns of an exported order, in the order of Add. Their names stay: people join
// them with the files of their gateways.
var orderColumns = []sheet.Column{
	{Name: "order_id", Kind: sheet.Text, Width: 11},
	{Name: "partner_order_id", Kind: sheet.Text, Width: 24},
	{Name: "store_id", Kind: sheet.Text, Width: 9},
	{Name: "store_name", Kind: sheet.Text, Width: 18},
	{Name: "gateway_reference", Kind: sheet.Text, Width: 24},
	{Name: "gateway_order_reference", Kind: sheet.Text, Width: 24},
	{Name: "bank_reference", Kind: sheet.Text, Width: 16},
	{Name: "gid", Kind: sheet.Text, Width: 24},
	{Name: "amount", Kind: sheet.Amount, Width: 12},
	{Name: "currency", Kind: sheet.Text, Width: 9},
	{Name: "status", Kind: sheet.Text, Width: 16},
	{Name: "missing_reason", Kind: sheet.Text, Width: 15},
	{Name: "payment_status", Kind: sheet.Text, Width: 16},
	{Name: "gateway", Kind: sheet.Text, Width: 12},
	{Name: "payment_method", Kind: sheet.Text, Width: 20},
	{Name: "captured", Kind: sheet.Amount, Width: 12},
	{Name: "refunded", Kind: sheet.Amount, Width: 12},
	{Name: "last_event", Kind: sheet.Text, Width: 22},
	{Name: "customer_name", Kind: sheet.Text, Width: 24},
	{Name: "company", Kind: sheet.Text, Width: 20},
	{Name: "customer_email", Kind: sheet.Text, Width: 28},
	{Name: "customer_phone", Kind: sheet.Text, Width: 17},
	{Name: "shipping_address", Kind: sheet.Text, Width: 36},
	{Name: "date_added", Kind: sheet.Date, Width: 20},
	{Name: "date_modified", Kind: sheet.Date, Width: 20},
	{Name: "time_zone", Kind: sheet.Text, Width: 16},
	{Name: "affiliate_order_id", Kind: sheet.Text, Width: 18},
	{Name: "affiliate_id", Kind: sheet.Text, Width: 26},
	{Name: "reconciled", Kind: sheet.Text, Width: 12},
	{Name: "reconciled_at", Kind: sheet.Date, Width: 20},
	{Name: "reconciliation_class", Kind: sheet.Text, Width: 20},
}

// orderFile writes orders into a sheet.
type orderFile struct {
	sheet.Writer
	plan   *models.ExportPlan
	stores map[int64]*fileStore
	digits map[string]int
	number []byte
}

// fileStore is what a file says of a store, made once.
type fileStore struct {
	id, name, zone, affiliate []byte
	clock                     *time.Location
}

// OrderFile begins the file of an export, in its format.
func OrderFile(p *models.ExportPlan, to io.Writer) models.OrderFile {
	f := &orderFile{plan: p, stores: map[int64]*fileStore{}, digits: map[string]int{}}
	for i := range p.Choices.Stores {
		s := &p.Choices.Stores[i]
		zone := s.Zone()
		f.stores[s.ID] = &fileStore{
			id: strconv.AppendInt(nil, s.ID, 10), name: []byte(s.Name), zone: []byte(zone.String()),
			affiliate: []byte(p.Affiliates[s.ID]), clock: zone,
		}
	}
	if p.Export.Format == models.ExportXLSX {
		f.Writer = sheet.NewXLSX(to, "Orders", orderColumns)
	} else {
		f.Writer = sheet.NewCSV(to, orderColumns)
	}
	return f
}

// Add writes an order as a row.
func (f *orderFile) Add(o *models.ExportedOrder) error {
	store, known := f.stores[o.StoreID]
	if !known {
		store = &fileStore{id: strconv.AppendInt(nil, o.StoreID, 10), clock: time.UTC}
		f.stores[o.StoreID] = store
	}
	digits, known := f.digits[string(o.Currency)]
	if !known {
		digits = money.Digits(string(o.Currency))
		f.digits[string(o.Currency)] = digits
	}
	f.number = strconv.AppendInt(f.number[:0], o.ID, 10)
	f.Text(f.number)
	f.Text(o.PartnerOrderID)
	f.Text(store.id)
	f.Text(store.name)
	f.Text(o.PaymentRefs)
	f.Text(o.PaymentOrderRefs)
	f.Text(o.BankRefs)
	f.Text(o.GID)
	f.Amount(o.TotalMinor, digits)
	f.Text(o.Currency)
	f.Text(o.Status)
	f.Text(o.StatusReason)
	f.Text(o.PaymentStatuses)
	f.Text(o.Gateway)
	f.Text(o.PaymentMethod)
	f.Amount(o.CapturedMinor, digits)
	f.Amount(o.RefundedMinor, digits)
	f.Text(o.LastEvent)
	f.Text(o.CustomerName)
	f.Text(o.Company)
	f.Text(o.CustomerEmail)
	f.Text(o.CustomerPhone)
	f.Text(o.ShippingAddress)
	f.Time(o.DateAdded.In(store.clock))
	f.Time(o.DateModified.In(store.clock))
	f.Text(store.zone)
	f.Text(o.AffiliateOrderID)
	f.Text(store.affiliate)
	f.Text([]byte(o.Reconciled.Word))
	f.Time(o.Reconciled.At.In(store.clock))
	f.Text([]byte(o.Reconciled.Class))
	return f.End() //nolint:wrapcheck // says where the file broke off
}

// Close completes the file.
func (f *orderFile) Close(e *models.Export) error {
	return f.Writer.Close(orderCover(e, f.plan)) //nolint:wrapcheck // says where the file broke off
}

// orderCover says what is in a file of orders, as of when, and how to check that it is all there.
func orderCover(e *models.Export, p *models.ExportPlan) sheet.Cover {
	promised, snapshot := "", ""
	if e.Promised != nil {
		promised = strconv.FormatInt(*e.Promised, 10)
	}
	if e.SnapshotAt != nil {
		snapshot = e.SnapshotAt.UTC().Format(time.RFC3339)
	}
	cover := sheet.Cover{Title: "Orders, exported from kartify", Warning: e.Problem, Facts: []sheet.Fact{
		{Name: "Filter", Value: filterWords(context.Background(), p.Filter, p.Choices)},
		{Name: "Missing orders", Value: missingWords(p.Filter, p.Choices)},
		{Name: "Days begin in", Value: e.Zone},
		{Name: "Orders promised", Value: promised},
		{Name: "Orders in this file", Value: strconv.FormatInt(e.Written, 10)},
		{Name: "As of", Value: snapshot + ", one moment for the whole file"},
		{Name: "Exported by", Value: e.UserName},
		{Name: "Export", Value: e.ID},
		{Name: "Address of the list", Value: withRawQuery("/sales/orders", e.Query)},
		{Name: "SHA-256 of the rows", Value: hex.EncodeToString(e.RowsSHA256) + " (that of the CSV file with the same orders)"},
		{Name: "Dates", Value: "In the zone of each order's own store, which the column time_zone names."},
		{Name: "Amounts", Value: "In the currency beside them. Captured and refunded are of the payments in the order's currency."},
		{Name: "Reconciled", Value: "Whether the order was compared with its gateway: no, agrees, differs, or resolved, when that was, and what it came to."},
		{Name: "Texts", Value: "Ids and phones are text. A text that a spreadsheet would take for a formula has an apostrophe before it."},
	}}
	return cover
}

func withRawQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// filterWords is a filter as people read it.
func filterWords(ctx context.Context, f models.OrderFilter, c *models.OrderChoices) string {
	all := f.Everything(c)
	if all {
		f.Statuses = nil
	}
	var parts []string
	v := OrderListView{Filter: f, Choices: c}
	for _, chip := range v.chips(ctx) {
		parts = append(parts, lang.T(ctx, chip.Label)+": "+chip.Shown(ctx))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case all:
		return lang.T(ctx, "Every order")
	}
	return lang.T(ctx, "Every order but the missing ones")
}

// missingWords says whether missing orders are among those of a filter.
func missingWords(f models.OrderFilter, c *models.OrderChoices) string {
	switch {
	case f.Everything(c), f.WithMissing() && len(f.Statuses) > 1:
		return "Included"
	case f.WithMissing():
		return "Nothing but missing orders"
	}
	return "Not included"
}
