package sandbox

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// ccavenueFee is 2 % of an amount, and 18 % tax on that.
func ccavenueFee(amount int64) (fee, tax int64) {
	fee = (amount*2 + 50) / 100
	return fee, (fee*18 + 50) / 100
}

// ccavenueLine is a line of a payout (CCAvenue API guide, pay id details).
type ccavenueLine struct {
	Reference  string          `json:"ccavenue_ref_no"`
	Order      string          `json:"order_no"`
	Amount     json.RawMessage `json:"amount"`
	Payable    json.RawMessage `json:"amt_payable"`
	Fees       json.RawMessage `json:"fees"`
	Tax        json.RawMessage `json:"tax"`
	BankRef    string          `json:"bank_ref_no"`
	DateTime   string          `json:"date_time"`
	Type       string          `json:"txn_type"`
	OptionType string          `json:"order_option_type"`
	Currency   string          `json:"currency"`
	BillName   string          `json:"bill_name"`
	BillEmail  string          `json:"bill_email"`
	SubAccount string          `json:"sub_acc_id"`

	payable int64
	day     time.Time
	payID   string
}

// payoutTypes are CCAvenue's words for the effects that are settled.
var payoutTypes = map[string]string{"capture": "Shipped", "refund": "Refunded", "refund_failed": "MISC", "chargeback": "Chargeback"}

// payoutLines is every line of an account's payouts by now, oldest first. What happens on an Indian day is
// paid out the next day. The caller holds the lock.
func (g *ccavenue) payoutLines(m *merchant) []ccavenueLine {
	var lines []ccavenueLine
	for i := range g.s.ledger.list {
		e := &g.s.ledger.list[i]
		kind := payoutTypes[e.Verb]
		if e.Gateway != g.code() || kind == "" {
			continue
		}
		p := g.payments.get(e.Payment)
		day := dayOf(e.At).AddDate(0, 0, 1)
		if p.Account != m.AccountID || day.After(g.s.clock()) {
			continue
		}
		fee, tax := int64(0), int64(0)
		payable := e.AmountMinor
		switch e.Verb {
		case "capture":
			fee, tax = ccavenueFee(e.AmountMinor)
			payable -= fee + tax
		case "refund", "chargeback":
			payable = -payable
		}
		number := func(minor int64) json.RawMessage { return ccavenueNumber(minor, e.Currency) }
		lines = append(lines, ccavenueLine{
			Reference: p.Ref, Order: p.Order, Amount: number(e.AmountMinor), Payable: number(payable), Fees: number(fee), Tax: number(tax),
			BankRef: p.BankRef, DateTime: ccavenueTime(e.At), Type: kind, OptionType: optionTypes[p.Mode], Currency: e.Currency,
			BillName: p.Fields["billing_name"], BillEmail: p.Fields["billing_email"], SubAccount: "null",
			payable: payable, day: day, payID: payIDOf(m.AccountID+" "+e.Currency, day),
		})
	}
	return lines
}

// payIDOf is the number of a day's payout. It follows from the account, the currency and the day.
func payIDOf(account string, day time.Time) string {
	sum := sha256.Sum256([]byte(account + day.Format(time.DateOnly)))
	return strconv.FormatUint(100000000+uint64(binary.BigEndian.Uint32(sum[:4]))%900000000, 10)
}

// ccavenuePayout is one transfer to the merchant's bank (CCAvenue API guide, payout summary).
type ccavenuePayout struct {
	PayID         json.RawMessage `json:"pay_Id"`
	Amount        json.RawMessage `json:"pay_amount"`
	Date          string          `json:"settlement_date"`
	Bank          string          `json:"settlement_bank"`
	Currency      string          `json:"settlement_currency"`
	TransCurrency string          `json:"trans_currency"`
	SubAccount    string          `json:"sub_acc_Id"`
	UTR           string          `json:"utr_no"`
}

// payoutSummary is the command of that name: the payouts of a day. The misspelt names are CCAvenue's.
func (g *ccavenue) payoutSummary(_ *call, m *merchant, in ccavenueInput) any {
	answer := func(list []ccavenuePayout, desc, code string) any {
		return map[string]any{"Payout_Summary_Result": map[string]any{
			"pauyout_summary_list": map[string]any{"pauyout_summary_details": list}, "error_desc": desc, "error_code": code,
		}}
	}
	day, ok := ccavenueDay(in.text("settlement_date"))
	if !ok {
		return answer([]ccavenuePayout{}, "Settlement date: Required parameter missing", "52014")
	}
	sums, currencies := map[string]int64{}, []string{}
	for _, line := range g.payoutLines(m) {
		if line.day.Equal(day) {
			if !slices.Contains(currencies, line.Currency) {
				currencies = append(currencies, line.Currency)
			}
			sums[line.Currency] += line.payable
		}
	}
	list := []ccavenuePayout{}
	for _, currency := range currencies {
		id := payIDOf(m.AccountID+" "+currency, day)
		list = append(list, ccavenuePayout{
			json.RawMessage(id), ccavenueNumber(sums[currency], currency), day.Format("02-01-2006"), "Sandbox Bank", currency, currency, "null", utrOf(id, day),
		})
	}
	if len(list) == 0 {
		return answer(list, "Enc_request: No record found for given criteria.", "51419")
	}
	return answer(list, "", "")
}

func utrOf(payID string, day time.Time) string { return "SBX" + day.Format("060102") + payID }

// payIDDetails is payIdDetails: the lines of a payout, in pages of 100.
func (g *ccavenue) payIDDetails(_ *call, m *merchant, in ccavenueInput) any {
	answer := func(list []ccavenueLine, total int, desc, code string) any {
		return map[string]any{"pay_id_details_Result": map[string]any{
			"pay_id_txn_details_list": map[string]any{"pay_id_txn_details": list},
			"page_count":              (total + 99) / 100, "total_records": total, "error_desc": desc, "error_code": code,
		}}
	}
	lines := slices.DeleteFunc(g.payoutLines(m), func(line ccavenueLine) bool { return line.payID != in.text("pay_id") })
	page, err := strconv.Atoi(in.text("page_number"))
	if err != nil || page < 1 {
		return answer([]ccavenueLine{}, 0, "Page number: Invalid Parameter", "51024")
	}
	start := min((page-1)*100, len(lines))
	shown := lines[start:min(start+100, len(lines))]
	if len(shown) == 0 {
		return answer([]ccavenueLine{}, 0, "Enc_request: No record found for given criteria.", "51419")
	}
	return answer(shown, len(lines), "", "")
}

// settlementDetails is getSettlementDetails: the payout a transaction was settled in.
func (g *ccavenue) settlementDetails(_ *call, m *merchant, in ccavenueInput) any {
	type settled struct {
		PayID string `json:"pay_Id"`
		UTR   string `json:"utr_no"`
		Date  string `json:"settlement_date"`
		Desc  string `json:"error_desc"`
		Code  string `json:"error_code"`
	}
	for _, line := range g.payoutLines(m) {
		if line.Reference == in.text("reference_no") && line.Type == "Shipped" {
			return settled{line.payID, utrOf(line.payID, line.day), line.day.Format(time.DateOnly), "", ""}
		}
	}
	return settled{Desc: "Enc_request: No record found for given criteria.", Code: "51419"}
}
