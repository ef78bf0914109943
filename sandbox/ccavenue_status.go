package sandbox

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ccavenueRow is a transaction as lookups list it (CCAvenue API guide, order lookup). The misspelt name
// is CCAvenue's.
type ccavenueRow struct {
	Reference     json.RawMessage `json:"reference_no"`
	Order         string          `json:"order_no"`
	Currency      string          `json:"order_currncy"`
	Amount        json.RawMessage `json:"order_amt"`
	Gross         json.RawMessage `json:"order_gross_amt"`
	Discount      json.RawMessage `json:"order_discount"`
	Captured      json.RawMessage `json:"order_capt_amt"`
	DateTime      string          `json:"order_date_time"`
	StatusTime    string          `json:"order_status_date_time"`
	BillName      string          `json:"order_bill_name"`
	BillAddress   string          `json:"order_bill_address"`
	BillCity      string          `json:"order_bill_city"`
	BillState     string          `json:"order_bill_state"`
	BillZip       string          `json:"order_bill_zip"`
	BillCountry   string          `json:"order_bill_country"`
	BillTel       string          `json:"order_bill_tel"`
	BillEmail     string          `json:"order_bill_email"`
	ShipName      string          `json:"order_ship_name"`
	ShipAddress   string          `json:"order_ship_address"`
	ShipCity      string          `json:"order_ship_city"`
	ShipState     string          `json:"order_ship_state"`
	ShipZip       string          `json:"order_ship_zip"`
	ShipCountry   string          `json:"order_ship_country"`
	ShipTel       string          `json:"order_ship_tel"`
	Notes         string          `json:"order_notes"`
	IP            string          `json:"order_ip"`
	Status        string          `json:"order_status"`
	FraudStatus   string          `json:"order_fraud_status"`
	CardName      string          `json:"order_card_name"`
	FeePerc       json.RawMessage `json:"order_fee_perc"`
	FeePercValue  json.RawMessage `json:"order_fee_perc_value"`
	FeeFlat       json.RawMessage `json:"order_fee_flat"`
	Tax           json.RawMessage `json:"order_tax"`
	TDS           json.RawMessage `json:"order_TDS"`
	BankRef       string          `json:"order_bank_ref_no"`
	GatewayID     string          `json:"order_gtw_id"`
	BankResponse  string          `json:"order_bank_response"`
	OptionType    string          `json:"order_option_type"`
	DeviceType    string          `json:"order_device_type"`
	TransStatus   string          `json:"order_tran_status,omitempty"`     // pending orders only
	DaysLeft      *int            `json:"days_left,omitempty"`             // pending orders only
	RiskMitigated string          `json:"order_risk_mitigation,omitempty"` // pending orders only
}

// optionTypes are CCAvenue's codes for the ways to pay.
var optionTypes = map[string]string{
	"Credit Card": "OPTCRDC", "Debit Card": "OPTDBCRD", "Net Banking": "OPTNBK", "Unified Payments": "OPTUPI", "Wallet": "OPTWLT",
}

// row is a transaction as a lookup shows it now. The caller holds the lock.
func (g *ccavenue) row(p *ccavenuePayment) ccavenueRow {
	status, captured := g.shown(p)
	number := func(minor int64) json.RawMessage { return ccavenueNumber(minor, p.Currency) }
	f := func(name string) string { return p.Fields[name] }
	fee, tax := ccavenueFee(captured)
	return ccavenueRow{
		Reference: json.RawMessage(p.Ref), Order: p.Order, Currency: p.Currency, Amount: number(p.Amount), Gross: number(p.Amount),
		Discount: number(0), Captured: number(captured), DateTime: ccavenueTime(p.CreatedAt), StatusTime: ccavenueTime(p.StatusAt),
		BillName: f("billing_name"), BillAddress: f("billing_address"), BillCity: f("billing_city"), BillState: f("billing_state"),
		BillZip: f("billing_zip"), BillCountry: f("billing_country"), BillTel: f("billing_tel"), BillEmail: f("billing_email"),
		ShipName: f("delivery_name"), ShipAddress: f("delivery_address"), ShipCity: f("delivery_city"), ShipState: f("delivery_state"),
		ShipZip: f("delivery_zip"), ShipCountry: f("delivery_country"), ShipTel: f("delivery_tel"), Notes: f("billing_notes"),
		IP: "203.0.113.7", Status: status, FraudStatus: p.Fraud, CardName: p.Card, FeePerc: json.RawMessage("2.0"),
		FeePercValue: number(fee), FeeFlat: number(0), Tax: number(tax), TDS: number(0), BankRef: cmp.Or(p.BankRef, "null"),
		GatewayID: "SBX", BankResponse: p.Message, OptionType: optionTypes[p.Mode], DeviceType: "PC",
	}
}

// trackStatus is orderStatusTracker: by reference, or the youngest attempt of an order number.
func (g *ccavenue) trackStatus(_ *call, m *merchant, in ccavenueInput) any {
	problem := func(code, text string) any {
		return struct {
			Desc   string `json:"error_desc"`
			Code   string `json:"error_code"`
			Status int    `json:"status"`
		}{text, code, 1}
	}
	ref, order := in.text("reference_no"), in.text("order_no")
	switch {
	case ref == "" && order == "":
		return problem("51004", "Providing Reference_No/Order No is mandatory")
	case ref != "" && !isNumber.MatchString(ref):
		return problem("51002", "Reference number: Invalid Parameter")
	case len(ref) > 25:
		return problem("51003", "Reference number: Invalid Parameter")
	case order != "" && !orderNumber.MatchString(order):
		return problem("51017", "Order number: Invalid Parameter")
	}
	p := g.latest(m, order)
	if ref != "" {
		p = g.payment(m, ref)
	}
	if p == nil || order != "" && p.Order != order {
		return problem("51313", "Order List: Invalid Parameter")
	}
	row := g.row(p)
	row.Reference = compact(p.Ref)
	out := struct {
		ccavenueRow
		Delivery string `json:"order_delivery_details"`
		Param1   string `json:"param_value1"`
		Param2   string `json:"param_value2"`
		Param3   string `json:"param_value3"`
		Param4   string `json:"param_value4"`
		Param5   string `json:"param_value5"`
		Status   int    `json:"status"`
		Desc     string `json:"error_desc"`
		Code     string `json:"error_code"`
	}{
		ccavenueRow: row, Param1: p.Fields["merchant_param1"], Param2: p.Fields["merchant_param2"],
		Param3: p.Fields["merchant_param3"], Param4: p.Fields["merchant_param4"], Param5: p.Fields["merchant_param5"],
	}
	if g.misread[p.Ref] {
		delete(g.misread, p.Ref)
		return json.RawMessage(misreportCCAvenue(compact(out)))
	}
	return out
}

// What CCAvenue takes for a reference and an order number (CCAvenue integration document).
var (
	isNumber    = regexp.MustCompile(`^[0-9]+$`)
	orderNumber = regexp.MustCompile(`^[A-Za-z0-9_/-]{1,40}$`)
)

// ccavenueList is a page of transactions.
type ccavenueList struct {
	Rows    []ccavenueRow `json:"order_Status_List,omitempty"`
	Pending []ccavenueRow `json:"pending_Orders,omitempty"`
	Pages   int           `json:"page_count"`
	Total   int           `json:"total_records"`
	Desc    string        `json:"error_desc"`
	Code    string        `json:"error_code"`
}

// lookUpOrders is orderLookup: the transactions of some days, youngest first, in pages.
func (g *ccavenue) lookUpOrders(_ *call, m *merchant, in ccavenueInput) any {
	from, bad := readLookup(in)
	if bad != nil {
		return bad
	}
	page, total, pages := g.pageOf(m, in, from, func(p *ccavenuePayment) bool { return p.Status != "" })
	if len(page) == 0 {
		return ccavenueList{Desc: "Order List: Invalid Parameter", Code: "51313"}
	}
	list := ccavenueList{Pages: pages, Total: total}
	for _, p := range page {
		list.Rows = append(list.Rows, g.row(p))
	}
	return list
}

// pendingOrders is getPendingOrders: what waits for a confirmation, and how many days it has left.
func (g *ccavenue) pendingOrders(_ *call, m *merchant, in ccavenueInput) any {
	if in["from_date"] == nil {
		in["from_date"] = json.RawMessage(`"01-01-2000"`)
	}
	from, bad := readLookup(in)
	if bad != nil {
		return bad
	}
	page, total, pages := g.pageOf(m, in, from, func(p *ccavenuePayment) bool {
		status, _ := g.shown(p)
		return status == "Successful" || status == "Awaited"
	})
	if len(page) == 0 {
		return ccavenueList{Desc: "Order List: Invalid Parameter", Code: "51313"}
	}
	list := ccavenueList{Pages: pages, Total: total}
	for _, p := range page {
		row := g.row(p)
		left := max(0, int(p.CreatedAt.Add(ccavenueConfirms).Sub(g.s.clock())/(24*time.Hour)))
		row.TransStatus, row.DaysLeft, row.RiskMitigated = p.Tran, &left, "N"
		if p.Fraud == "High" {
			row.RiskMitigated = "Y"
		}
		list.Pending = append(list.Pending, row)
	}
	return list
}

// readLookup checks what a list needs and says from when it is, or what is wrong.
func readLookup(in ccavenueInput) (time.Time, any) {
	problem := func(code, text string) (time.Time, any) { return time.Time{}, ccavenueList{Desc: text, Code: code} }
	from, ok := ccavenueDay(in.text("from_date"))
	_, to := ccavenueDay(in.text("to_date"))
	page, err := strconv.Atoi(in.text("page_number"))
	switch {
	case in.text("from_date") == "":
		return problem("51006", "From date: Required parameter missing")
	case !ok:
		return problem("51007", "From date: Invalid Parameter")
	case in.text("to_date") != "" && !to:
		return problem("51008", "To date: Invalid Parameter")
	case in.text("page_number") == "":
		return problem("51023", "Page number: Required parameter missing")
	case err != nil || page < 1:
		return problem("51024", "Page number: Invalid Parameter")
	}
	for name, code := range map[string]string{"order_min_amount": "51020", "order_max_amount": "51022"} {
		if text := in.text(name); text != "" && !isDecimal.MatchString(text) {
			return problem(code, name+": Invalid Parameter")
		}
	}
	return from, nil
}

// pageOf is a page of the transactions that fit, with how many there are. The caller holds the lock.
func (g *ccavenue) pageOf(m *merchant, in ccavenueInput, from time.Time, also func(*ccavenuePayment) bool) (page []*ccavenuePayment, total, pages int) {
	to := g.s.clock().AddDate(1, 0, 0)
	if day, ok := ccavenueDay(in.text("to_date")); ok {
		to = day.AddDate(0, 0, 1)
	}
	var all []*ccavenuePayment
	for _, p := range g.payments.newest() {
		if p.Account == m.AccountID && g.visible(p.Ref) && !p.CreatedAt.Before(from) && p.CreatedAt.Before(to) &&
			g.fits(p, in) && also(p) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *ccavenuePayment) int { return b.CreatedAt.Compare(a.CreatedAt) })
	size, err := strconv.Atoi(in.text("no_of_records"))
	if err != nil || size < 1 {
		size = 100
	}
	number, _ := strconv.Atoi(in.text("page_number")) // readLookup has read it
	start := min((number-1)*size, len(all))
	return all[start:min(start+size, len(all))], len(all), (len(all) + size - 1) / size
}

// fits says whether a transaction passes the filters of a list. The caller holds the lock.
func (g *ccavenue) fits(p *ccavenuePayment, in ccavenueInput) bool {
	status, _ := g.shown(p)
	given := func(name string, values ...string) bool {
		asked := in.text(name)
		return asked == "" || slices.ContainsFunc(strings.Split(asked, "|"), func(one string) bool { return slices.Contains(values, one) })
	}
	least, above := minorUnits(in.text("order_min_amount"), p.Currency)
	most, below := minorUnits(in.text("order_max_amount"), p.Currency)
	return given("order_status", status) && given("order_no", p.Order) && given("reference_no", p.Ref) &&
		given("order_name", p.Fields["billing_name"]) && given("order_email", p.Fields["billing_email"]) &&
		given("order_bill_tel", p.Fields["billing_tel"]) && given("order_country", p.Fields["billing_country"]) &&
		given("order_fraud_status", p.Fraud) && given("order_currency", p.Currency) && given("order_type", "OT-ORD") &&
		given("order_payment_type", strings.TrimPrefix(optionTypes[p.Mode], "OPT")) &&
		(!above || p.Amount >= least) && (!below || p.Amount <= most)
}
