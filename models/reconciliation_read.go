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
	there                      string // paid, pending, failed, void
	orderID                    int64  // a guess by the order's number; 0 for none
	currency                   string
	amount, refunded, fee, tax int64
	at                         time.Time
	problem                    string
}

// fileReader understands the rows of a recognised file.
type fileReader struct {
	*recognised
	store  *Store
	zone   *time.Location
	digits map[string]int
	layout int              // the date layout that fitted last
	sums   map[string]int64 // of Klarna's types, to compare with its totals
	rows   int64

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
	if text := cmp.Or(f.text(cells, fileAt), f.text(cells, fileAt2)); text != "" {
		var ok bool
		if r.at, ok = f.moment(text); !ok {
			fail("%q is no date.", clip(text, 40))
		}
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

// fileAmountOf reads an amount as machines and people write it: 1,499.00 and 1.499,00 and 1 499,00. The last
// sign is the decimal one, unless it sets thousands apart.
func fileAmountOf(text string, digits int) (int64, bool) {
	negative, decimals, seen := false, -1, false
	last := strings.LastIndexAny(text, ".,")
	if last >= 0 {
		sign, tail := text[last], len(text)-last-1
		many := strings.Count(text, string(sign)) > 1
		if many || sign == ',' && tail == 3 && digits != 3 && !strings.ContainsRune(text, '.') {
			last = len(text) // it sets thousands apart
		}
	} else {
		last = len(text)
	}
	var minor int64
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			seen = true
			if decimals >= 0 {
				if decimals++; decimals > digits {
					if decimals > digits+6 { // a machine's fraction: rounded
						return withSign(rounded(minor, text[last+1+digits:]), negative), true
					}
					if c != '0' && len(text)-last-1 <= digits+6 {
						return 0, false
					}
					continue
				}
			}
			if minor > (math.MaxInt64-9)/10 {
				return 0, false
			}
			minor = minor*10 + int64(c-'0')
		case i == last:
			decimals = 0
		case c == '-' || c == '−':
			negative = true
		case c == '.' || c == ',' || c == ' ' || c == '\'' || c == '\u00a0' || c == '\u202f' || c == '+' || c == '₹' || c == '₽':
		default:
			return 0, false
		}
	}
	for d := max(decimals, 0); d < digits; d++ {
		if minor > math.MaxInt64/10 {
			return 0, false
		}
		minor *= 10
	}
	return withSign(minor, negative), seen && minor < 1e15
}

func withSign(minor int64, negative bool) int64 {
	if negative {
		return -minor
	}
	return minor
}

// rounded rounds up when the digits that are left out are five or more.
func rounded(minor int64, rest string) int64 {
	if rest != "" && rest[0] >= '5' {
		return minor + 1
	}
	return minor
}

var fileDates = []string{
	"2006-01-02 15:04:05", "02-01-2006 15:04:05", "02/01/2006 15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02", "02/01/2006", "02-01-2006", "02.01.2006 15:04:05",
	"02.01.2006", "02-Jan-2006 15:04:05", "02 Jan 2006 15:04:05", "Jan 2, 2006 15:04:05", "2006-01-02 15:04", "02-01-2006 15:04", "02/01/2006 15:04", "02.01.2006 15:04", "20060102",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "02-Jan-06", "02-Jan-2006", "2006-01-02 15:04:05 -0700", "2006-01-0215:04:05",
}

// moment reads a time by the gateway's clock. Numbers are seconds since 1970, or days as spreadsheets count them.
func (f *fileReader) moment(text string) (time.Time, bool) {
	fits := func(at time.Time, err error) bool { return err == nil && at.Year() >= 2000 && at.Year() < 2200 }
	if number, err := strconv.ParseFloat(text, 64); err == nil && len(text) != 8 {
		switch {
		case number > 20_000 && number < 110_000: // a spreadsheet's days since 30 December 1899
			day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(number*86400)) * time.Second)
			return time.Date(day.Year(), day.Month(), day.Day(), day.Hour(), day.Minute(), day.Second(), 0, f.zone), true
		case number > 946_684_800 && number < 7_258_118_400:
			return time.Unix(int64(number), 0), true
		}
		return time.Time{}, false
	}
	if at, err := time.ParseInLocation(fileDates[f.layout], text, f.zone); fits(at, err) {
		return at, true
	}
	for i, layout := range fileDates {
		if at, err := time.ParseInLocation(layout, text, f.zone); fits(at, err) {
			f.layout = i
			return at, true
		}
	}
	return time.Time{}, false
}
