package models

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kartify/kartify/money"
)

// ImportProblem is one thing that is wrong with a file.
type ImportProblem struct {
	Row      int    // of the file, the heading being 1; 0 for the file as a whole
	Column   string // its heading, when it is about one cell
	Sentence string
}

// importOrder is an order of a file, with the rows it was read from.
type importOrder struct {
	rows     []int
	cells    []string // of its first row, to compare the others with
	order    Order
	items    []OrderItem
	ref      string
	paid     int64
	problems []ImportProblem
}

// importFile reads orders from rows of text.
type importFile struct {
	stores    []Store
	store     int64 // for files without a column for it
	statuses  []string
	at        map[importColumn]int
	heads     []string
	encoding  string
	delimiter rune
	rows      int
	orders    []*importOrder
	byID      map[string]*importOrder
}

// readImport reads the whole file. What is wrong with the file as such ends it; what is wrong with an
// order stands beside the order.
func (f *importFile) readImport(file io.ReadSeeker, encoding string) ([]ImportProblem, error) {
	text, name, err := importText(file, encoding)
	if err != nil {
		return nil, err
	}
	f.encoding, f.byID = name, map[string]*importOrder{}
	var head []byte
	if peek, ok := text.(interface{ Peek(int) ([]byte, error) }); ok {
		head, _ = peek.Peek(16 << 10) // a shorter file has a shorter head
	}
	f.delimiter = delimiter(head)
	r := csv.NewReader(&rowGuard{from: text, comma: byte(f.delimiter), row: 1})
	r.Comma, r.FieldsPerRecord = f.delimiter, -1
	if f.heads, err = r.Read(); err != nil {
		return nil, unreadable(err)
	}
	var problems []ImportProblem
	if f.at, problems = importHeader(f.heads); len(problems) > 0 {
		return problems, nil
	}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		row, _ := r.FieldPos(0)
		if f.rows++; f.rows > maxImportRows {
			return nil, problemf("The file has more than %d rows; split it.", maxImportRows)
		}
		if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			continue
		}
		f.row(row, cells)
	}
	if len(f.orders) == 0 {
		return nil, problemf("The file has a heading and no orders.")
	}
	for _, o := range f.orders {
		f.total(o)
	}
	return nil, nil
}

func unreadable(err error) error {
	var problem *Problem
	var parse *csv.ParseError
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &parse):
		return problemf("Row %d cannot be read: %v. Quotation marks within a cell are doubled, and the cell stands in quotation marks.", parse.Line, parse.Err)
	case errors.Is(err, io.EOF):
		return problemf("The file is empty.")
	}
	return fmt.Errorf("read the file: %w", err)
}

// delimiter is what separates the headings: a comma, a semicolon or a tab.
func delimiter(head []byte) rune {
	line, _, _ := strings.Cut(string(head), "\n")
	best, most := ',', 0
	for _, sign := range []rune{',', ';', '\t'} {
		if n := strings.Count(line, string(sign)); n > most {
			best, most = sign, n
		}
	}
	return best
}

// row reads one row: a line of an order that is new, or of one that was there before.
func (f *importFile) row(n int, cells []string) {
	r := &importRow{file: f, n: n, cells: cells}
	if len(cells) != len(f.heads) {
		r.say("", "It has %d cells, the heading has %d.", len(cells), len(f.heads))
	}
	for i, cell := range cells {
		if len(cell) > maxImportCell || !utf8.ValidString(cell) || strings.ContainsRune(cell, 0) {
			r.say(f.headOf(i), "This cell is longer than %d bytes, or is no text.", maxImportCell)
			cells[i] = ""
		}
	}
	key := strings.Join([]string{r.text(colStore), r.text(colOrderID), r.text(colPartner), r.text(colAffiliate)}, "\x00")
	if r.text(colOrderID)+r.text(colPartner)+r.text(colAffiliate) == "" {
		r.say("", "It has no number of an order.")
		key = fmt.Sprintf("row %d", n)
	}
	o, again := f.byID[key]
	if !again {
		o = &importOrder{cells: cells}
		f.byID[key] = o
		f.orders = append(f.orders, o)
		r.order(o)
	} else {
		r.same(o)
	}
	o.rows = append(o.rows, n)
	r.line(o)
	o.problems = append(o.problems, r.problems...)
}

func (f *importFile) headOf(i int) string {
	if i < len(f.heads) {
		return f.heads[i]
	}
	return ""
}

// importRow is a row as it is being read.
type importRow struct {
	file     *importFile
	n        int
	cells    []string
	problems []ImportProblem
}

func (r *importRow) say(column, format string, args ...any) {
	r.problems = append(r.problems, ImportProblem{Row: r.n, Column: column, Sentence: fmt.Sprintf(format, args...)})
}

func (r *importRow) complain(column importColumn, format string, args ...any) {
	r.say(r.file.headOf(r.file.at[column]), format, args...)
}

// text is a cell without the spaces around it; "" for a column the file does not have. A cell that
// begins like a formula is text like any other.
func (r *importRow) text(column importColumn) string {
	i, there := r.file.at[column]
	if !there || i >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

var zeroAmount = regexp.MustCompile(`^0+(\.0+)?$`)

// amount is a cell in minor units; an empty one, and nought, is 0.
func (r *importRow) amount(column importColumn, currency string) int64 {
	text := r.text(column)
	if text == "" || zeroAmount.MatchString(text) {
		return 0
	}
	amount, err := money.Parse(text, currency)
	if err != nil {
		r.complain(column, "%v", err)
		return 0
	}
	return amount.Minor
}

// order reads what a row tells of its order as a whole.
func (r *importRow) order(o *importOrder) {
	store := r.store()
	o.order = Order{
		StoreID: store.ID, CustomerName: r.text(colName), CustomerEmail: r.text(colEmail), CustomerPhone: r.text(colPhone), Company: r.text(colCompany),
		Status: strings.ToLower(r.text(colStatus)), StatusReason: strings.ToLower(r.text(colReason)),
		PaymentMethod: r.text(colMethod), Gateway: strings.ToLower(r.text(colGateway)), Currency: strings.ToUpper(r.text(colCurrency)),
	}
	o.order.Status = strings.ReplaceAll(o.order.Status, " ", "_")
	if o.order.Currency == "" {
		o.order.Currency = store.Currency
	}
	if id := r.text(colOrderID); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 || n > 999_999_999_999 || strconv.FormatInt(n, 10) != id {
			r.complain(colOrderID, "An order ID here is a number of at most 12 digits; put %q into a column affiliate_order_id.", id)
		}
		o.order.ID = n
	}
	for column, field := range map[importColumn]**string{colPartner: &o.order.PartnerOrderID, colAffiliate: &o.order.AffiliateOrderID} {
		if text := r.text(column); text != "" {
			*field = &text
		}
	}
	if !money.Known(o.order.Currency) {
		r.complain(colCurrency, "%q is not a currency; use a three-letter code such as INR.", o.order.Currency)
	}
	if !slices.Contains(r.file.statuses, o.order.Status) {
		r.complain(colStatus, "%q is not an order status; use one of %s.", r.text(colStatus), strings.Join(r.file.statuses, ", "))
	}
	if missing := o.order.Status == StatusMissing; missing != slices.Contains([]string{"debited", "unknown", "abandoned"}, o.order.StatusReason) {
		r.complain(colReason, "A missing order has the reason debited, unknown or abandoned, and no other order has one of them.")
	}
	o.order.DateAdded = r.date(store.Zone())
	o.order.ShippingMinor = r.amount(colShipping, o.order.Currency)
	o.order.ShippingTaxMinor = r.amount(colShippingTax, o.order.Currency)
	o.order.TotalMinor = r.amount(colTotal, o.order.Currency)
	o.ref, o.paid = r.text(colRef), r.amount(colPaid, o.order.Currency)
	if (o.ref != "" || o.paid > 0) && (o.order.Gateway == "" || o.ref == "") {
		r.complain(colRef, "A payment needs both its gateway and its id at the gateway.")
	}
	if o.paid > o.order.TotalMinor {
		r.complain(colPaid, "More was paid than the order comes to.")
	}
	o.order.ShippingAddress = Address{
		Name: o.order.CustomerName, Company: o.order.Company, Line1: r.text(colAddress), City: r.text(colCity), Postcode: r.text(colPostcode),
		Country: r.text(colCountry), Phone: o.order.CustomerPhone,
	}
	o.order.BillingAddress = o.order.ShippingAddress
}

// store is the store of a row, which the file names by id or code unless it is all for one.
func (r *importRow) store() Store {
	text := r.text(colStore)
	for _, s := range r.file.stores {
		if id := strconv.FormatInt(s.ID, 10); (text == "" && s.ID == r.file.store) || text == id || strings.EqualFold(text, s.Code) {
			if text != "" && r.file.store != 0 && s.ID != r.file.store {
				r.complain(colStore, "This row is for another store than %d.", r.file.store)
			}
			return s
		}
	}
	if text == "" {
		r.say("store", "The row names no store. Give the file a column store, or name one for all of it with --store.")
	} else {
		r.complain(colStore, "There is no store %q.", text)
	}
	return Store{Currency: "INR", TimeZone: "UTC"}
}

// date reads a time with its zone, or one by the clock of the store.
func (r *importRow) date(zone *time.Location) time.Time {
	text := r.text(colAdded)
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "T", 1))
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if err == nil {
			break
		}
		clock := strings.Replace(text, " ", "T", 1)
		if at, err = time.ParseInLocation(layout, clock, zone); err == nil && at.Format(layout) != clock {
			r.complain(colAdded, "There was no %s in %s: the clocks were put forward. Write it with its offset, such as 2026-03-29T02:30:00+01:00.", text, zone)
			return at.UTC()
		}
	}
	if err != nil || at.Year() < 1990 || at.After(time.Now().AddDate(0, 0, 1)) {
		r.complain(colAdded, "%q is not a date of the past; write it as 2026-01-31 14:05 (the store's clock) or 2026-01-31T14:05:00+05:30.", text)
		return time.Time{}
	}
	return at.UTC()
}

// same checks that a further row of an order says the same of the order as its first.
func (r *importRow) same(o *importOrder) {
	for column, i := range r.file.at {
		if slices.Contains(lineColumns, column) || i >= len(r.cells) || i >= len(o.cells) {
			continue
		}
		if r.cells[i] != o.cells[i] && strings.TrimSpace(r.cells[i]) != "" {
			r.complain(column, "It says otherwise than row %d of the same order.", o.rows[0])
		}
	}
}

// line reads the line a row tells. An order whose file has no lines gets one for the whole of it.
func (r *importRow) line(o *importOrder) {
	if r.text(colItem)+r.text(colSKU)+r.text(colUnit)+r.text(colQuantity) == "" {
		if len(o.rows) > 1 {
			r.say("", "It repeats the order of row %d and adds no line to it.", o.rows[0])
		}
		return
	}
	item := OrderItem{Position: len(o.items) + 1, SKU: r.text(colSKU), Name: r.text(colItem), Quantity: 1}
	if item.Name == "" {
		item.Name = item.SKU
	}
	if text := r.text(colQuantity); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 || n > 100_000 {
			r.complain(colQuantity, "%q is not a whole number from 1 to 100000.", text)
			n = 1
		}
		item.Quantity = n
	}
	if item.Name == "" {
		r.say("item", "The line has neither a name nor a code.")
	}
	item.UnitMinor = r.amount(colUnit, o.order.Currency)
	item.DiscountMinor, item.TaxMinor = r.amount(colDiscount, o.order.Currency), r.amount(colTax, o.order.Currency)
	if item.UnitMinor > mostMinor/item.Quantity {
		r.complain(colUnit, "The line is larger than any order; check the digits.")
		item.UnitMinor = 0
	}
	item.TotalMinor = item.Quantity*item.UnitMinor - item.DiscountMinor + item.TaxMinor
	if item.TotalMinor < 0 {
		r.complain(colDiscount, "The discount is more than the line comes to.")
	}
	o.items = append(o.items, item)
}

// total checks that an order adds up, once all its rows are read.
func (f *importFile) total(o *importOrder) {
	if len(o.items) == 0 {
		whole := o.order.TotalMinor - o.order.ShippingMinor - o.order.ShippingTaxMinor
		o.items = []OrderItem{{Position: 1, Name: "Order total", Quantity: 1, UnitMinor: max(whole, 0), TotalMinor: max(whole, 0)}}
	}
	sum := o.order.ShippingMinor + o.order.ShippingTaxMinor
	for _, item := range o.items {
		o.order.ItemsMinor += item.Quantity * item.UnitMinor
		o.order.DiscountMinor += item.DiscountMinor
		o.order.TaxMinor += item.TaxMinor
		sum += item.TotalMinor
	}
	if sum != o.order.TotalMinor && len(o.problems) == 0 {
		o.problems = append(o.problems, ImportProblem{Row: o.rows[0], Column: f.headOf(f.at[colTotal]), Sentence: fmt.Sprintf(
			"The total is %s, but its lines and shipping come to %s.", o.order.Total(), o.order.Amount(sum))})
	}
}
