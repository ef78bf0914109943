package models

import (
	"slices"
	"strings"
	"time"
)

// fileField is what a column of a gateway's file means.
type fileField string

// The fields. Fees may stand in two columns.
const (
	fileOrder    fileField = "order"    // our order number, with a suffix of the attempt or without
	fileOrder2   fileField = "order2"   // what else names the order, when that is empty
	fileRef      fileField = "ref"      // the gateway's id of the payment
	fileParent   fileField = "parent"   // of a refund: the payment it returns
	fileLine     fileField = "line"     // the gateway's id of this very entry
	fileLine2    fileField = "line2"    // the same for a refund
	fileKind     fileField = "kind"     // payment, refund, fee, in the gateway's words
	fileWord     fileField = "status"   // the gateway's word for the payment
	fileAmount   fileField = "amount"   // what was paid
	fileRefunded fileField = "refunded" // what of it was returned
	fileCurrency fileField = "currency"
	fileFee      fileField = "fee"
	fileFee2     fileField = "fee2"
	fileTax      fileField = "tax"
	fileAt       fileField = "date"
	fileAt2      fileField = "date2"   // when the first is empty
	fileSettled  fileField = "settled" // when the gateway paid it out
	fileThere    fileField = "stands"  // paid, held, pending, failed or void, in a listing of our own
)

// MappingFields are the fields that a mapping of one's own can name, with what they are for people.
var MappingFields = []Choice{
	{Value: "order", Label: "Order number"},
	{Value: "ref", Label: "Payment id at the gateway"},
	{Value: "amount", Label: "Amount"},
	{Value: "currency", Label: "Currency"},
	{Value: "status", Label: "Status"},
	{Value: "refunded", Label: "Refunded amount"},
	{Value: "fee", Label: "Fee"},
	{Value: "tax", Label: "Tax on the fee"},
	{Value: "date", Label: "Date"},
	{Value: "settled", Label: "Settled on"},
}

// fileFormat is a kind of file that is recognised by its headings.
type fileFormat struct {
	code, gateway, name string
	zone                string // in which its times are written, and in which the gateway's days begin
	currency            string // of rows without one; "" for the store's
	needs               []fileField
	headings            map[fileField][]string // reduced to letters and digits, the likeliest first
	words               map[string]string      // word → paid, pending, failed, void; "refunded" is paid and all returned
	kinds               map[string]string      // word → payment, refund, other; nil when every row is a payment
	taxInFee            bool                   // the fee holds the tax on it (Razorpay API docs, payments: fee includes GST)
}

// fileFormats are the files that are recognised.
//
// CCAvenue's is the download of Dashboard > Orders > Order Lookup (Merchant Integration API guide, order statuses;
// Shipped is confirmed money there, not a parcel). Razorpay's are the settlement recon report (API docs,
// settlements/fetch-recon) and the payments report (docs, dashboard/reports/data-schema). Klarna's is the
// settlement report (docs, settlement reports), which every merchant can arrange otherwise. PayKeeper's is
// the payment registry (docs, platezhi), in either language.
var fileFormats = []fileFormat{
	{
		code: "ccavenue", gateway: "ccavenue", name: "CCAvenue, Order Lookup", zone: "Asia/Kolkata", currency: "INR",
		needs: []fileField{fileRef, fileOrder, fileAmount, fileWord},
		headings: map[fileField][]string{
			fileRef:      {"ccavenueref", "ccavenuerefno", "ccavenuereference", "ccavenuereferenceno", "ccavenuerefnumber"},
			fileOrder:    {"orderno", "ordernumber", "orderid"},
			fileAmount:   {"orderamount", "orderamt"},
			fileWord:     {"orderstatus"},
			fileRefunded: {"refundamount", "refundamt"},
			fileCurrency: {"currency", "ordercurrency", "ordercurr"},
			fileFee:      {"feepercvalue", "orderfeepercvalue"},
			fileFee2:     {"feeflat", "orderfeeflat"},
			fileTax:      {"tax", "ordertax"},
			fileAt:       {"orderdatetime", "orderdate"},
		},
		words: map[string]string{
			"shipped": "paid", "successful": "paid", "success": "paid", "refunded": "partly", "systemrefund": "refunded", "chargeback": "refunded",
			"initiated": "pending", "awaited": "pending", "unsuccessful": "failed", "failure": "failed", "aborted": "failed", "invalid": "failed",
			"timeout": "failed", "fraud": "failed", "cancelled": "void", "autocancelled": "void", "autoreversed": "void",
		},
	},
	{
		code: "razorpay", gateway: "razorpay", name: "Razorpay, settlement report", zone: "Asia/Kolkata", currency: "INR",
		needs: []fileField{fileLine, fileKind, fileAmount},
		headings: map[fileField][]string{
			fileLine:     {"entityid", "transactionentity"},
			fileKind:     {"type"},
			fileAmount:   {"amount"},
			fileCurrency: {"currency"},
			fileFee:      {"fee", "fees"},
			fileTax:      {"tax"},
			fileParent:   {"paymentid"},
			fileOrder:    {"orderreceipt"},
			fileOrder2:   {"orderid"},
			fileAt:       {"createdat", "entitycreatedat"},
			fileSettled:  {"settledat"},
		},
		kinds:    map[string]string{"payment": "payment", "refund": "refund", "transfer": "other", "adjustment": "other"},
		taxInFee: true,
	},
	{
		code: "razorpay-payments", gateway: "razorpay", name: "Razorpay, payments report", zone: "Asia/Kolkata", currency: "INR",
		needs: []fileField{fileRef, fileAmount, fileWord, fileRefunded},
		headings: map[fileField][]string{
			fileRef: {"paymentid", "id"}, fileOrder: {"orderreceipt"}, fileOrder2: {"orderid"}, fileAmount: {"amount"}, fileWord: {"status"},
			fileRefunded: {"amountrefunded"}, fileCurrency: {"currency"}, fileFee: {"fee", "fees"}, fileTax: {"tax"}, fileAt: {"createdat"},
		},
		words:    map[string]string{"captured": "paid", "refunded": "paid", "authorized": "held", "created": "pending", "failed": "failed"},
		taxInFee: true,
	},
	{
		code: "klarna", gateway: "klarna", name: "Klarna, settlement report", zone: "Europe/Stockholm",
		needs: []fileField{fileKind, fileAmount, fileRef},
		headings: map[fileField][]string{
			fileKind:     {"type", "transactiontype"},
			fileAmount:   {"amount", "transactionamount"},
			fileRef:      {"orderid", "klarnaorderid"},
			fileLine:     {"captureid"},
			fileLine2:    {"refundid"},
			fileOrder:    {"merchantreference1", "merchantreference", "merchantorderreference"},
			fileCurrency: {"currencycode", "currency"},
			fileAt:       {"capturedate", "transactiondate"},
			fileAt2:      {"saledate"},
		},
		kinds: map[string]string{
			"sale": "payment", "return": "refund", "reversal": "refund", "fee": "fee", "feerefund": "fee-", "tax": "tax", "taxrefund": "tax-", "commission": "fee",
			"correction": "other", "charge": "other", "credit": "other", "holdback": "other", "release": "other", "reversalmerchantprotection": "other",
		},
	},
	{
		code: "paykeeper", gateway: "paykeeper", name: "PayKeeper, payment registry", zone: "Europe/Moscow", currency: "RUB",
		needs: []fileField{fileRef, fileOrder, fileAmount, fileWord},
		headings: map[fileField][]string{
			fileRef:      {"id", "номерплатежа", "paymentid", "идентификаторплатежа"},
			fileOrder:    {"orderid", "номерзаказа", "заказ"},
			fileAmount:   {"payamount", "суммаплатежа", "сумма"},
			fileWord:     {"status", "статус"},
			fileRefunded: {"refundamount", "суммавозврата"},
			fileAt:       {"obtaindatetime", "датаоплаты", "pendingdatetime", "датасоздания", "дата"},
			fileAt2:      {"pendingdatetime", "датасоздания"},
		},
		words: map[string]string{
			"success": "paid", "obtained": "paid", "stuck": "paid", "refunding": "paid", "refunded": "refunded", "partiallyrefunded": "partly",
			"pending": "pending", "canceled": "failed", "failed": "failed",
			"совершён": "paid", "совершен": "paid", "получен": "paid", "совершёнбезоповещения": "paid", "совершенбезоповещения": "paid", "превышеночислоповторов": "paid",
			"инициированвозврат": "paid", "возвращёнклиенту": "refunded", "возвращенклиенту": "refunded", "частичновозвращёнклиенту": "partly", "частичновозвращенклиенту": "partly",
			"ожидаетоплаты": "pending", "отменен": "failed", "отменён": "failed", "несостоялся": "failed",
		},
	},
}

// ReconciliationFormats are the files that are recognised, as choices.
func ReconciliationFormats() []Choice {
	var list []Choice
	for _, f := range fileFormats {
		list = append(list, Choice{f.code, f.name})
	}
	return list
}

// format is a mapping of somebody's own as a format.
func (m *ReconciliationMapping) format() *fileFormat {
	f := &fileFormat{code: "mapping", gateway: m.Gateway, name: m.Name, zone: m.Zone, currency: m.Currency, headings: map[fileField][]string{}}
	for field, head := range m.Columns {
		if head = heading(head); head != "" {
			f.headings[fileField(field)] = []string{head}
			f.needs = append(f.needs, fileField(field))
		}
	}
	slices.Sort(f.needs)
	if len(f.headings[fileWord]) > 0 && strings.TrimSpace(m.Paid+m.Refunded) != "" {
		f.words = map[string]string{}
		for word := range strings.SplitSeq(m.Paid, ",") {
			f.words[heading(word)] = "paid"
		}
		for word := range strings.SplitSeq(m.Refunded, ",") {
			if word = heading(word); word != "" {
				f.words[word] = "refunded"
			}
		}
	}
	return f
}

func (f *fileFormat) location() *time.Location {
	store := Store{TimeZone: f.zone}
	return store.Zone()
}

// find says where the fields stand in a row of headings; nil when this row is not the heading of such a file.
// A field with two columns is a problem.
func (f *fileFormat) find(cells []string) (map[fileField]int, error) {
	where := map[string]int{}
	twice := map[string]bool{}
	for i, cell := range cells {
		name := heading(cell)
		if name == "" {
			continue
		}
		if _, there := where[name]; there {
			twice[name] = true
			continue
		}
		where[name] = i
	}
	at := map[fileField]int{}
	var doubled []string
	for field, names := range f.headings {
		for _, name := range names {
			if i, there := where[name]; there {
				at[field] = i
				if twice[name] {
					doubled = append(doubled, strings.TrimSpace(cells[i]))
				}
				break
			}
		}
	}
	for _, field := range f.needs {
		if _, there := at[field]; !there {
			return nil, nil
		}
	}
	if len(doubled) > 0 {
		slices.Sort(doubled)
		return nil, problemf("There are two columns called %q. Take one of them out of the file.", doubled[0])
	}
	return at, nil
}
