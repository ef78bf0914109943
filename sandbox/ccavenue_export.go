package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ccavenueHeader is the first line of an Order Lookup download, as CCAvenue's dashboard writes it.
var ccavenueHeader = strings.Split("CCAvenue Ref#,order type,Order No,Order Datetime,Ship Date Time,order_type,Payment Mode,Card Type,"+
	"Card Name,Currency,Gross Amount,Discount,Order Amount,Fee Perc Value,Fee Flat,Tax,TDS,Bill Name,Bill Address,Bill City,Bill State,"+
	"Bill Zip,Bill Country,Bill Tel,Bill Email,ship Name,Ship Address,Ship City,Ship State,Ship Zip,Ship Country,Ship Tel,Instructions,"+
	"Fraud Status,Refund Amount,Website URL,Order Bank Response,Order Status,Sub Acc Id,Order Bin Country,Order Stlmt Date,Card Enrolled,"+
	"Merchant Param1,Merchant Param2,Merchant Param3,Merchant Param4,Merchant Param5,Device Type,Customer IP,order_bank_ref_no,"+
	"order_bank_arn_no,order_split_payout,emi_issuing_bank,tenure_duration,emi_discount_type,emi discount value,order capt amt,"+
	"Merchant Charge Ref,Order BankQSI,TPV Account No.,order_vpa,Card_Number,NPCI Message,NPCI Code,acquiring Bank,Issuing Bank,Bank Tid,"+
	"Legal Entity Name,Dba Name,Transaction Tid,dispute_status,setting_split_refund,Split_sub_acc_id,alt_id,alt_id_expiry,alt_id_cryptogram,"+
	"order_alt_id_response,is_tokenized,is_corp,order_emi_discount", ",")

// downloadOrders answers GET /_sandbox/ccavenue/export.csv and .xlsx?from=&to=&status=&access_code=: what
// Orders > Order Lookup > Export gives. Days are Indian, dd-mm-yyyy or yyyy-mm-dd; statuses are joined
// with |.
func (g *ccavenue) downloadOrders(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, ok := exportDay(q.Get("from"))
	to, too := exportDay(q.Get("to"))
	g.s.mu.Lock()
	m := g.s.merchantOf(g.code(), q.Get("access_code"))
	var file spreadsheet
	if ok && too && m != nil {
		file = g.orderFile(m, from, to.AddDate(0, 0, 1), q.Get("status"))
	}
	g.s.mu.Unlock()
	switch {
	case !ok || !too || m == nil:
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "from and to are days such as 23-11-2026, access_code is a merchant's"})
	case r.PathValue("file") == "export.csv":
		write(w, file.csv())
	case r.PathValue("file") == "export.xlsx":
		answer, err := file.xlsx()
		if err != nil {
			answer = g.refuse(refusedCrash)
		}
		write(w, answer)
	default:
		http.NotFound(w, r)
	}
}

// exportDay is the moment an Indian day begins.
func exportDay(text string) (time.Time, bool) {
	if day, ok := ccavenueDay(text); ok {
		return day, true
	}
	day, err := time.ParseInLocation(time.DateOnly, text, india)
	return day, err == nil
}

// orderFile is the transactions of some days, oldest first. The caller holds the lock.
func (g *ccavenue) orderFile(m *merchant, from, to time.Time, status string) spreadsheet {
	file := spreadsheet{name: "Orders", sheet: "Order Lookup", header: ccavenueHeader}
	var list []*ccavenuePayment
	for _, p := range g.payments.oldest() {
		if p.Account == m.AccountID && !p.CreatedAt.Before(from) && p.CreatedAt.Before(to) &&
			(status == "" || slices.Contains(strings.Split(status, "|"), p.Status)) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *ccavenuePayment) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, p := range list {
		values := g.orderCells(p)
		row := make([]any, len(ccavenueHeader))
		for i, caption := range ccavenueHeader {
			row[i] = ""
			if value, has := values[caption]; has {
				row[i] = value
			}
		}
		file.rows = append(file.rows, row)
	}
	return file
}

// orderCells are the values of a transaction by caption. The reference is a number. The caller holds the lock.
func (g *ccavenue) orderCells(p *ccavenuePayment) map[string]any {
	ref, _ := strconv.ParseInt(p.Ref, 10, 64) // digits only
	money := func(minor int64) string { return decimal(minor, p.Currency) }
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(india).Format("02/01/2006 15:04:05")
	}
	fee, tax := ccavenueFee(p.Captured)
	f := func(name string) string { return p.Fields[name] }
	values := map[string]any{
		"CCAvenue Ref#": ref, "order type": "ORD", "Order No": p.Order, "Order Datetime": at(p.CreatedAt), "Ship Date Time": at(p.ShippedAt),
		"order_type": "OT-ORD", "Payment Mode": p.Mode, "Card Name": p.Card, "Currency": p.Currency, "Gross Amount": money(p.Amount),
		"Discount": money(0), "Order Amount": money(p.Amount), "Fee Perc Value": money(fee), "Fee Flat": money(0), "Tax": money(tax), "TDS": money(0),
		"Bill Name": f("billing_name"), "Bill Address": f("billing_address"), "Bill City": f("billing_city"), "Bill State": f("billing_state"),
		"Bill Zip": f("billing_zip"), "Bill Country": f("billing_country"), "Bill Tel": f("billing_tel"), "Bill Email": f("billing_email"),
		"ship Name": f("delivery_name"), "Ship Address": f("delivery_address"), "Ship City": f("delivery_city"), "Ship State": f("delivery_state"),
		"Ship Zip": f("delivery_zip"), "Ship Country": f("delivery_country"), "Ship Tel": f("delivery_tel"), "Instructions": f("billing_notes"),
		"Fraud Status": p.Fraud, "Refund Amount": money(g.refunded(p, false)), "Order Bank Response": p.Message, "Order Status": p.Status,
		"Device Type": "PC", "Customer IP": "203.0.113.7", "order_bank_ref_no": p.BankRef, "order capt amt": money(p.Captured),
		"is_tokenized": "N", "is_corp": "N",
	}
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		values["Merchant Param"+n] = f("merchant_param" + n)
	}
	if !p.ShippedAt.IsZero() {
		values["Order Stlmt Date"] = dayOf(p.ShippedAt).AddDate(0, 0, 1).Format("02-01-2006")
	}
	return values
}
