package models

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/money"
)

// Reconciliation is a file of a gateway's beside what is known here. The file is kept as it came, and the
// same file for the same store is the same reconciliation.
type Reconciliation struct {
	ID          int64
	StoreID     int64
	Gateway     string // whose file it is
	GatewayName string // for people
	Mode        string // test or live, of a gateway that was asked
	Source      string // FromFile or FromGateway
	Format      string // of ReconciliationFormats, "mapping", or "listing" of a gateway that was asked
	MappingID   *int64
	Mapping     *ReconciliationMapping // as it was when the file came
	FileName    string
	Bytes       int64
	SHA256      []byte // nil as long as the gateway is being asked
	Encoding    string
	Days        string // "gateway" or "store": whose days begin and end the period
	Zone        string // in which those days begin
	DayFrom     string // 2026-11-01
	DayTo       string
	AskedFrom   string // the period as asked for; empty for that of the file
	AskedTo     string
	State       string // queued, running, done, failed
	Stage       string // what is being done, in words
	Attempt     int
	FetchedTo   *time.Time // before which the gateway has handed out everything
	FetchedRows int64      // payments it has handed out
	ReadRows    int64
	ReadBytes   int64
	Problem     string // why nothing was compared
	ProblemRow  int64  // the row of the file it is about; 0 for the file as a whole
	Counts      map[string]int64
	Left        int64 // differences that nobody resolved, counted up to MostLeft
	Sums        []ReconciliationSum
	UserID      int64
	UserName    string
	CreatedAt   time.Time
	FinishedAt  *time.Time
	ErasedAt    *time.Time // when its file was erased; the rows read from it stay
}

// ReconciliationSum is what the rows of a file add up to in one currency, in minor units.
type ReconciliationSum struct {
	Currency string `json:"currency"`
	Rows     int64  `json:"rows"`
	Paid     int64  `json:"paid"`
	Refunded int64  `json:"refunded"`
	Fees     int64  `json:"fees"`
	Taxes    int64  `json:"taxes"`
}

// Amount is minor minor units of the sum's currency.
func (s ReconciliationSum) Amount(minor int64) money.Amount { return money.New(minor, s.Currency) }

// The states of a reconciliation.
const (
	ReconciliationQueued  = "queued"
	ReconciliationRunning = "running"
	ReconciliationDone    = "done"
	ReconciliationFailed  = "failed"
)

// Open says whether the file is still being compared or waits for it.
func (r *Reconciliation) Open() bool {
	return r.State == ReconciliationQueued || r.State == ReconciliationRunning
}

// Fetching says whether the gateway has not yet handed out everything that was asked for.
func (r *Reconciliation) Fetching() bool { return r.Source == FromGateway && len(r.SHA256) == 0 }

// Rows is how many rows were compared, those of orders that are only here among them.
func (r *Reconciliation) Rows() (n int64) {
	for _, count := range r.Counts {
		n += count
	}
	return n
}

// Differences is how many of them differ.
func (r *Reconciliation) Differences() (n int64) {
	for _, class := range Differences {
		n += r.Counts[string(class)]
	}
	return n
}

// Snapshot says whether a file of this format tells how each payment stands as a whole. Others list what was
// settled: a refund of another day is in another file.
func (r *Reconciliation) Snapshot() bool { return r.Format != "razorpay" && r.Format != "klarna" }

// Settled says whether what is listed is what was paid out: a payment may be in a later listing.
func (r *Reconciliation) Settled() bool {
	return !r.Snapshot() || r.Format == listingFormat && r.Gateway == "klarna"
}

func (r *Reconciliation) object() string { return fmt.Sprintf("reconciliation %d", r.ID) }

// RowClass is how a row of the file and what is known here compare.
type RowClass string

// The classes.
const (
	RowAgree         RowClass = "agree"
	RowPaidMissing   RowClass = "paid_missing"   // paid there, missing here
	RowPaidFailed    RowClass = "paid_failed"    // paid there, failed or still pending here
	RowAbsent        RowClass = "absent"         // paid here, not in the file or not paid in it
	RowAmount        RowClass = "amount"         // the amounts differ
	RowCurrency      RowClass = "currency"       // the currencies differ
	RowRefundedThere RowClass = "refunded_there" // more was returned there
	RowRefundedHere  RowClass = "refunded_here"  // more was returned here
	RowDuplicate     RowClass = "duplicate"      // paid there more than once
	RowUnknownOrder  RowClass = "unknown_order"  // no order here
	RowUnreadable    RowClass = "unreadable"     // the row cannot be read
	RowOther         RowClass = "other"          // fees and the like, which are summed up and belong to no order
)

// Differences are the classes that somebody has to look at, the most pressing first.
var Differences = []RowClass{
	RowPaidMissing, RowPaidFailed, RowDuplicate, RowAmount, RowCurrency, RowRefundedThere, RowRefundedHere, RowAbsent, RowUnknownOrder, RowUnreadable,
}

// ReconciliationRow is one row of the file with what is known here of its order, or an order that is paid
// here and not in the file.
type ReconciliationRow struct {
	ReconciliationID int64
	Row              int64 // of the file; beyond its last for orders that are not in it
	StoreID          int64
	Kind             string // payment, refund, other, unreadable, here
	OrderText        string
	OrderID          *int64
	PaymentID        *int64
	Ref              string
	LineRef          string
	Word             string
	There            string // paid, pending, failed, void
	Currency         string
	AmountMinor      int64
	RefundedMinor    int64 // -1 when the file does not say how much
	FeeMinor         int64
	TaxMinor         int64
	At               *time.Time
	Problem          string
	Class            RowClass

	// What was known here when the file was compared, and what its rows for the order add up to.
	HereStatus         string
	HereCurrency       string
	HereMinor          int64
	HereRefundedMinor  int64
	ThereMinor         int64
	ThereRefundedMinor int64

	State      string // clean, open, resolved
	OpenedAt   *time.Time
	OwnerID    *int64
	OwnerName  string
	Action     string
	Comment    string
	ResolvedBy string
	ResolvedAt *time.Time

	// How the order stands now.
	Status         string
	Customer       string
	PartnerOrderID string
}

// RowField is one field in which a row and the order differ, as both have it; what one of them does not have is
// no text.
type RowField struct{ Name, There, Here lang.Text }

// Fields are the fields that differ.
func (r *ReconciliationRow) Fields() []RowField {
	there := func(minor int64) lang.Text { return amountText(money.New(minor, r.Currency)) }
	here := func(minor int64) lang.Text { return amountText(money.New(minor, r.HereCurrency)) }
	word := func(text string) lang.Text { return lang.Text{Format: text} }
	var none lang.Text
	var fields []RowField
	add := func(name, there, here lang.Text) { fields = append(fields, RowField{name, there, here}) }
	status, amount := lang.Textf("Status"), lang.Textf("Amount")
	refunds := func() {
		returned := there(r.ThereRefundedMinor)
		if r.ThereRefundedMinor < 0 {
			returned = lang.Textf("some of it")
		}
		add(lang.Textf("Refunded"), returned, here(r.HereRefundedMinor))
	}
	paid := func() {
		said := r.Word
		if said == "" || strings.EqualFold(said, r.Kind) || strings.EqualFold(said, "sale") {
			said = r.There // the file says what a row is, and no more
		}
		add(status, word(said), word(r.HereStatus))
		if r.ThereMinor != r.HereMinor || r.Currency != r.HereCurrency {
			add(amount, there(r.ThereMinor), here(r.HereMinor))
		}
	}
	switch r.Class {
	case RowPaidMissing, RowPaidFailed:
		paid()
	case RowAmount:
		add(amount, there(r.ThereMinor), here(r.HereMinor))
	case RowCurrency:
		add(lang.Textf("Currency"), word(r.Currency), word(r.HereCurrency))
		add(amount, there(r.ThereMinor), here(r.HereMinor))
	case RowRefundedThere, RowRefundedHere:
		refunds()
	case RowDuplicate:
		add(lang.Textf("Payments"), there(r.ThereMinor), here(r.HereMinor))
	case RowAbsent:
		said := word(r.Word)
		if r.Kind == "here" {
			said = lang.Textf("absent")
		}
		add(status, said, word(r.HereStatus))
		if r.Kind == "here" {
			add(amount, none, here(r.HereMinor))
		}
	case RowUnknownOrder:
		add(lang.Textf("Order"), word(r.OrderText), lang.Textf("no such order"))
	case RowUnreadable:
		add(lang.Textf("Row"), word(r.Problem), none)
	}
	return fields
}

// amountText is an amount by itself.
func amountText(a money.Amount) lang.Text { return lang.Text{Format: "%s", Args: []any{a}} }

// Amount is what the row is about.
func (r *ReconciliationRow) Amount() money.Amount {
	if r.Kind == "here" {
		return money.New(r.HereMinor, r.HereCurrency)
	}
	return money.New(r.AmountMinor, r.Currency)
}

// ReconciliationMapping says which column of a file means what, for files that are not recognised.
type ReconciliationMapping struct {
	ID       int64             `json:"id"`
	StoreID  int64             `json:"store_id"`
	Name     string            `json:"name"`
	Gateway  string            `json:"gateway"`
	Columns  map[string]string `json:"columns"` // of MappingFields → heading
	Zone     string            `json:"zone"`
	Currency string            `json:"currency"`
	Paid     string            `json:"paid"`
	Refunded string            `json:"refunded"`
}

func readJSON[T any](text []byte, into *T) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read what was stored: %w", err)
	}
	return nil
}
