package models

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kartify/kartify/money"
)

// fileRow is a row of a gateway's file as it was understood.
type fileRow struct {
	row                        int64
	kind                       string // payment, refund, other, unreadable
	order, ref, line, word     string
	there                      string // paid, held, pending, failed, void
	orderID                    int64  // a guess by the order's number; 0 for none
	currency                   string
	amount, refunded, fee, tax int64
	at, settled                time.Time
	problem                    string
}

// fileReader understands the rows of a recognised file.
type fileReader struct {
	*recognised
	store   *Store
	zone    *time.Location
	digits  map[string]int
	layout  int              // the date layout that fitted last
	settled int              // the same of the dates of settlement
	sums    map[string]int64 // of Klarna's types, to compare with its totals
	rows    int64

	lastRow, badRow int64 // the last that could be read, and the one that could not; 0 for none
}

func newFileReader(found *recognised, store *Store) *fileReader {
	return &fileReader{recognised: found, store: store, zone: found.format.location(), digits: map[string]int{}, sums: map[string]int64{}}
}

// next reads the next row that says something. io.EOF is the end; a Problem is what is wrong with the file as
// such, after which nothing of it counts.
func (f *fileReader) next(r *fileRow) error {
	for {
		row, cells, err := f.table.next()
		if errors.Is(err, io.EOF) {
			if err := f.checkTotals(); err != nil {
				return err
			}
			return io.EOF
		}
		if err != nil {
			return f.unreadable(err, row)
		}
		f.lastRow = row
		if f.rows++; f.rows > maxFileRows {
			return problemf("The file has more than %d rows; split it.", maxFileRows)
		}
		if blank(cells) {
			continue
		}
		*r = fileRow{row: row}
		f.understand(r, cells)
		return nil
	}
}

// unreadable says which row cannot be read, after which the rest of the file cannot be told apart.
func (f *fileReader) unreadable(err error, row int64) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		f.badRow = int64(parse.StartLine)
		return problemf("Row %d cannot be read: %v. Quotation marks within a cell are doubled, and the cell stands in quotation marks.", parse.StartLine, parse.Err)
	}
	f.badRow = max(row, f.lastRow+1)
	return unreadable(err)
}

func blank(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// text is a cell without the spaces around it and the apostrophe that keeps spreadsheets from calculating.
func (f *fileReader) text(cells []string, field fileField) string {
	i, there := f.at[field]
	if !there || i >= len(cells) {
		return ""
	}
	text := strings.TrimSpace(cells[i])
	if len(text) > 1 && text[0] == '\'' {
		text = text[1:]
	}
	return text
}

// maxFileText is how long an id or a word of a file may be, in bytes.
const maxFileText = 200

func (f *fileReader) understand(r *fileRow, cells []string) {
	fail := func(format string, args ...any) {
		if r.problem == "" {
			r.kind, r.problem = "unreadable", fmt.Sprintf(format, args...)
		}
	}
	defer func() {
		for _, text := range []*string{&r.order, &r.ref, &r.line, &r.word, &r.currency, &r.problem} {
			if !utf8.ValidString(*text) || strings.IndexByte(*text, 0) >= 0 {
				*text = textOf(strings.ToValidUTF8(*text, "?"))
				fail("It holds bytes that are no text.")
			}
		}
	}()
	r.order = cmp.Or(f.text(cells, fileOrder), f.text(cells, fileOrder2))
	r.ref, r.line = wholeNumber(f.text(cells, fileRef)), wholeNumber(cmp.Or(f.text(cells, fileLine), f.text(cells, fileLine2)))
	r.word = f.text(cells, fileWord)
	for _, text := range []*string{&r.order, &r.ref, &r.line, &r.word} {
		if len(*text) > maxFileText {
			fail("It has an id or a word of more than %d bytes.", maxFileText)
			*text = clip(*text, maxFileText)
		}
	}
	r.currency = strings.ToUpper(cmp.Or(f.text(cells, fileCurrency), f.format.currency, f.store.Currency))
	digits, known := f.digits[r.currency]
	if !known {
		if !money.Known(r.currency) {
			fail("%q is no currency.", clip(r.currency, 20))
			r.currency = ""
			return
		}
		digits = money.Digits(r.currency)
		f.digits[r.currency] = digits
	}
	amount := func(field fileField) int64 {
		text := f.text(cells, field)
		if text == "" {
			return 0
		}
		minor, ok := fileAmountOf(text, digits)
		if !ok {
			fail("%q is no amount of %s.", clip(text, 40), r.currency)
		}
		return minor
	}
	if f.text(cells, fileAmount) == "" && r.ref+r.order+r.line == "" {
		r.kind, r.there = "other", "" // a line of totals at the end, or a remark
		return
	}
	r.amount, r.refunded, r.fee, r.tax = amount(fileAmount), amount(fileRefunded), amount(fileFee)+amount(fileFee2), amount(fileTax)
	if f.format.taxInFee {
		r.fee -= r.tax
	}
	if text := cmp.Or(f.text(cells, fileAt), f.text(cells, fileAt2)); text != "" {
		var ok bool
		if r.at, ok = f.moment(text); !ok {
			fail("%q is no date.", clip(text, 40))
		}
	}
	if text := f.text(cells, fileSettled); text != "" {
		f.layout, f.settled = f.settled, f.layout // its dates are written in a way of their own
		r.settled, _ = f.moment(text)             // what is no date here says nothing of the payment
		f.layout, f.settled = f.settled, f.layout
	}
	f.sort(r, cells, fail)
	r.orderID = orderNumber(r.order)
	if (r.kind == "payment" || r.kind == "refund") && r.order == "" && r.ref == "" && r.line == "" {
		fail("It names neither an order nor a payment.")
	}
	if r.kind == "payment" && r.amount < 0 {
		fail("A payment below zero cannot be compared.")
	}
}

// sort says what kind of row it is and what it says of the payment.
func (f *fileReader) sort(r *fileRow, cells []string, fail func(string, ...any)) {
	kind := "payment"
	if f.format.kinds != nil {
		word := f.text(cells, fileKind)
		kind = cmp.Or(f.format.kinds[heading(word)], "other")
		r.word = cmp.Or(r.word, word)
		f.sums[heading(word)] += r.amount
	}
	if r.problem != "" {
		return
	}
	r.kind, r.there = kind, "paid"
	switch kind {
	case "refund":
		r.amount = absOf(r.amount)
		r.ref = cmp.Or(f.text(cells, fileParent), r.ref)
		return
	case "fee", "fee-", "tax", "tax-":
		r.kind, r.there = "other", ""
		booked := absOf(r.amount)
		if strings.HasSuffix(kind, "-") {
			booked = -booked
		}
		if strings.HasPrefix(kind, "fee") {
			r.fee, r.amount = booked, 0
		} else {
			r.tax, r.amount = booked, 0
		}
		return
	case "other":
		r.there = ""
		return
	}
	if f.format.code == "razorpay" {
		r.ref = cmp.Or(r.ref, r.line) // the entity of a payment is the payment
	}
	if f.format.code == listingFormat {
		if r.there = f.text(cells, fileThere); r.refunded > r.amount {
			fail("More was returned than was paid.")
		}
		return
	}
	if f.format.words == nil {
		return
	}
	word, known := f.format.words[heading(r.word)]
	switch {
	case !known && f.format.code == "mapping":
		r.there = "failed" // the mapping names the words for paid
	case !known:
		r.there = "pending" // a word nobody knows is never paid
	case word == "refunded":
		if r.refunded == 0 {
			r.refunded = r.amount
		}
	case word == "partly":
		if r.refunded == 0 {
			r.refunded = -1
		}
	default:
		r.there = word
	}
	if r.refunded > r.amount {
		fail("More was returned than was paid.")
	}
}

// checkTotals compares the totals that a Klarna report has above its rows with what the rows add up to.
func (f *fileReader) checkTotals() error {
	if f.format.code != "klarna" {
		return nil
	}
	digits := money.Digits(f.store.Currency)
	for word, total := range map[string]string{"sale": "totalsaleamount", "return": "totalreturnamount", "fee": "totalfeeamount"} {
		text := f.totals[total]
		if text == "" {
			continue
		}
		said, ok := fileAmountOf(text, digits)
		if ok && absOf(said) != absOf(f.sums[word]) {
			return problemf("The file says that its %s rows come to %s, but they add up to %s. Rows are missing; download it again.",
				word, money.New(absOf(said), f.store.Currency).Decimal(), money.New(absOf(f.sums[word]), f.store.Currency).Decimal())
		}
	}
	return nil
}

func absOf(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// wholeNumber undoes what spreadsheets do to long ids: 1.12013E+11 is 112013000000.
func wholeNumber(text string) string {
	if len(text) < 5 || text[0] < '0' || text[0] > '9' || !strings.ContainsAny(text, "eE") {
		return text
	}
	number, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	if err != nil || number != math.Trunc(number) || number > 1e15 {
		return text
	}
	return strconv.FormatFloat(number, 'f', -1, 64)
}

// orderNumber is the number of an order of ours that a text may be: 1001, 1001-2, KF-1001, KF-1001-2. The
// number behind it is an attempt's.
func orderNumber(text string) int64 {
	if strings.HasPrefix(text, "order_") {
		return 0 // Razorpay's own
	}
	for len(text) > 0 && (text[0] < '0' || text[0] > '9') {
		text = text[1:]
	}
	n, i := int64(0), 0
	for ; i < len(text) && i < 18 && text[i] >= '0' && text[i] <= '9'; i++ {
		n = n*10 + int64(text[i]-'0')
	}
	rest := text[i:]
	if rest == "" {
		return n
	}
	if !strings.ContainsRune("-_/.aA#", rune(rest[0])) || len(rest) > 4 {
		return 0
	}
	for _, c := range rest[1:] {
		if c < '0' || c > '9' {
			return 0
		}
	}
	return n
}
