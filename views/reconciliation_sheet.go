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

var reconciliationColumns = []sheet.Column{
	{Name: "row", Width: 8},
	{Name: "class", Width: 22},
	{Name: "state", Width: 10},
	{Name: "order_in_file", Width: 16},
	{Name: "order_id", Width: 12},
	{Name: "partner_order_id", Width: 24},
	{Name: "payment_ref", Width: 24},
	{Name: "entry_ref", Width: 24},
	{Name: "gateway_status", Width: 16},
	{Name: "order_status", Width: 16},
	{Name: "order_status_now", Width: 16},
	{Name: "amount", Kind: sheet.Amount, Width: 14},
	{Name: "currency", Width: 8},
	{Name: "order_amount", Kind: sheet.Amount, Width: 14},
	{Name: "order_currency", Width: 8},
	{Name: "refunded_there", Kind: sheet.Amount, Width: 14},
	{Name: "refunded_here", Kind: sheet.Amount, Width: 14},
	{Name: "fee", Kind: sheet.Amount, Width: 12},
	{Name: "tax", Kind: sheet.Amount, Width: 12},
	{Name: "date", Kind: sheet.Date, Width: 20},
	{Name: "differs", Width: 50},
	{Name: "owner", Width: 18},
	{Name: "action", Width: 12},
	{Name: "comment", Width: 40},
	{Name: "resolved_by", Width: 18},
	{Name: "resolved_at", Kind: sheet.Date, Width: 20},
}

// NewReconciliationFile begins a file of rows, "csv" or "xlsx".
func NewReconciliationFile(format string, to io.Writer) sheet.Writer {
	if format == models.ExportXLSX {
		return sheet.NewXLSX(to, "Rows", reconciliationColumns)
	}
	return sheet.NewCSV(to, reconciliationColumns)
}

// AddReconciliationRow writes one row.
func AddReconciliationRow(w sheet.Writer, v *models.Reconciliation, r *models.ReconciliationRow) error {
	zone := zoneOf(v)
	text := func(values ...string) {
		for _, value := range values {
			w.Text([]byte(value))
		}
	}
	order := ""
	if r.OrderID != nil {
		order = strconv.FormatInt(*r.OrderID, 10)
	}
	var differs []string
	for _, f := range r.Fields() {
		differs = append(differs, strings.TrimSpace(f.Name.String()+": "+f.There.String()+" there, "+f.Here.String()+" here"))
	}
	there, here := money.Digits(r.Currency), money.Digits(r.HereCurrency)
	text(strconv.FormatInt(r.Row, 10), string(r.Class), r.State, r.OrderText, order, r.PartnerOrderID, r.Ref, r.LineRef, r.Word, r.HereStatus, r.Status)
	w.Amount(r.AmountMinor, there)
	text(r.Currency)
	w.Amount(r.HereMinor, here)
	text(r.HereCurrency)
	w.Amount(max(r.RefundedMinor, 0), there)
	w.Amount(r.HereRefundedMinor, here)
	w.Amount(r.FeeMinor, there)
	w.Amount(r.TaxMinor, there)
	moment(w, r.At, zone)
	text(strings.Join(differs, "; "), r.OwnerName, r.Action, r.Comment, r.ResolvedBy)
	moment(w, r.ResolvedAt, zone)
	return w.End() //nolint:wrapcheck // says where the file broke off
}

// ReconciliationCover says what is in a file of rows.
func ReconciliationCover(r *models.Reconciliation) sheet.Cover {
	ctx := context.Background() // files are in English
	return sheet.Cover{Title: "Reconciliation " + strconv.FormatInt(r.ID, 10), Facts: []sheet.Fact{
		{Name: "File", Value: r.FileName},
		{Name: "SHA-256 of the file", Value: hexOf(r.SHA256)},
		{Name: "Kind", Value: formatWord(ctx, r)},
		{Name: "Uploaded by", Value: r.UserName},
		{Name: "Days", Value: period(ctx, r) + ", " + whoseDays(ctx, r)},
		{Name: "Rows compared", Value: grouped(r.Rows())},
		{Name: "Differences", Value: grouped(r.Differences())},
		{Name: "Missing orders", Value: "Compared too"},
	}}
}

func moment(w sheet.Writer, at *time.Time, zone *time.Location) {
	if at == nil {
		w.Time(time.Time{})
		return
	}
	w.Time(at.In(zone))
}
