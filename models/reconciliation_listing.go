package models

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// listingFormat is the file that is made of what a gateway said when it was asked.
const listingFormat = "listing"

// listingHead is its headings.
var listingHead = []string{"Payment ID", "Order", "Time", "Status", "Stands", "Currency", "Amount", "Refunded", "Method", "Reason"}

// A day is asked for a few times, with the pauses of look-ups between but none longer than this.
const (
	fetchTries = 3
	fetchPause = 5 * time.Second
)

// listing is a listing of a gateway's as a kind of file.
func listing(gateway string) *fileFormat {
	return &fileFormat{
		code: listingFormat, gateway: gateway, zone: "UTC", needs: []fileField{fileRef, fileThere, fileAmount},
		headings: map[fileField][]string{
			fileRef: {"paymentid"}, fileOrder: {"order"}, fileAt: {"time"}, fileWord: {"status"}, fileThere: {"stands"}, fileCurrency: {"currency"}, fileAmount: {"amount"},
			fileRefunded: {"refunded"},
		},
	}
}

// listed is a payment as a row of a listing.
func listed(p *gateways.Payment) []string {
	stands, minor := "pending", p.Amount.Minor
	switch {
	case p.Captured > 0:
		stands, minor = "paid", p.Captured
	case p.TakenBack:
		stands = "paid"
	case p.Failed:
		stands = "failed"
	case p.Canceled:
		stands = "void"
	case p.Authorized:
		stands = "held"
	}
	at := ""
	if !p.At.IsZero() {
		at = p.At.UTC().Format(time.RFC3339)
	}
	amount := func(minor int64) string { return money.New(minor, p.Amount.Currency).Decimal() }
	row := []string{p.Ref, p.OrderRef, at, p.Word, stands, p.Amount.Currency, amount(minor), amount(p.Refunded), p.Method, p.Reason}
	for i, cell := range row {
		if cell = clip(textOf(cell), maxFileText); strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "-") || strings.HasPrefix(cell, "@") {
			cell = "'" + cell // a spreadsheet would calculate it
		}
		row[i] = cell
	}
	return row
}

// fetching is a gateway that is being asked.
type fetching struct {
	r        *Reconciliation
	name     string
	lister   gateways.Lister
	from, to time.Time
	zone     *time.Location // in which the gateway's days begin
	seen     map[string]bool
	pieces   int // that are kept so far
}

// fetchReconciliation asks the gateway day by day. A day that is in stays in, whatever becomes of its maker; one
// that was handed out in part is asked for again. Only when all days are in there is something to compare.
func (db *DB) fetchReconciliation(ctx context.Context, r *Reconciliation) error {
	if !r.Fetching() {
		return nil
	}
	store, err := db.Store(ctx, r.StoreID)
	if err != nil {
		return err
	}
	settings, err := db.currentSettings(ctx, r.StoreID, r.Gateway, r.Mode)
	if err != nil {
		return err
	}
	f := &fetching{r: r, name: db.drivers[r.Gateway].Name, seen: map[string]bool{}}
	if f.lister, err = db.lister(settings); err != nil {
		return problemf("%s cannot be asked: %s.", f.name, message(err))
	}
	days, place := Store{TimeZone: gatewayZone(r.Gateway, store)}, Store{TimeZone: r.Zone}
	f.zone = days.Zone()
	f.from, f.to = DayRange{From: r.AskedFrom, To: r.AskedTo}.Bounds(place.Zone())
	if now := time.Now(); f.to.After(now) {
		f.to = now
	}
	if err := db.goOn(ctx, f); err != nil {
		return err
	}
	for at := f.from; at.Before(f.to); {
		if r.FetchedTo != nil && r.FetchedTo.After(at) {
			at = *r.FetchedTo
			continue
		}
		year, month, day := at.In(f.zone).Date()
		next := dayStart(time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC), f.zone)
		if next.After(f.to) {
			next = f.to
		}
		if err := db.fetchDay(ctx, f, at, next); err != nil {
			return err
		}
		at = next
	}
	return db.sealFetched(ctx, r)
}

// goOn reads what is kept so far.
func (db *DB) goOn(ctx context.Context, f *fetching) error {
	if err := db.pool.QueryRow(ctx, "SELECT count(*) FROM reconciliation_pieces WHERE reconciliation_id = $1", f.r.ID).Scan(&f.pieces); err != nil {
		return fmt.Errorf("see how far reconciliation %d is: %w", f.r.ID, err)
	}
	rows := csv.NewReader(&pieceReader{next: db.pieces(ctx, f.r.ID)})
	rows.ReuseRecord = true
	for n := 0; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read on in reconciliation %d: %w", f.r.ID, err)
		}
		if n > 0 {
			f.seen[row[0]+" "+row[1]] = true
		}
	}
}

// fetchDay asks for [from, to), which is a day or a part of one, a few times if need be.
func (db *DB) fetchDay(ctx context.Context, f *fetching, from, to time.Time) error {
	day := from.In(f.zone).Format("2 January 2006")
	if err := fenced(ctx, db.pool, f.r, "stage = $3", "Asking "+f.name+" for "+day); err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := db.fetchOnce(ctx, f, from, to)
		var gateway *gateways.Error
		if err == nil || !errors.As(err, &gateway) || ctx.Err() != nil {
			return cmp.Or(ctx.Err(), err)
		}
		hopeless := gateway.Kind == gateways.Misconfigured || gateway.Kind == gateways.Declined
		if hopeless || try+1 >= fetchTries {
			if from.Equal(f.from) {
				return problemf("%s could not be asked for %s: %s No payment is taken for absent because of that. Nothing is in yet.", f.name, day, sentence(message(err)))
			}
			return problemf("%s could not be asked for %s: %s No payment is taken for absent because of that. The days before are in; Try again goes on behind them.", f.name, day, sentence(message(err)))
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-time.After(max(min(db.timings.LookupSteps[min(try, len(db.timings.LookupSteps)-1)], fetchPause), min(gateway.After, 6*fetchPause))):
		}
	}
}

// sentence ends a sentence that may have no full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if last, _ := utf8.DecodeLastRuneInString(text); text == "" || strings.ContainsRune(".!?…।", last) { // । ends a Hindi one
		return text
	}
	return text + "."
}

// fetchOnce has a day handed out and keeps it, with how far that is, in one transaction.
func (db *DB) fetchOnce(ctx context.Context, f *fetching, from, to time.Time) error {
	file, err := os.CreateTemp("", "kartify-listing-*")
	if err != nil {
		return fmt.Errorf("take a listing in: %w", err)
	}
	defer file.Close()         //nolint:errcheck // it is thrown away
	_ = os.Remove(file.Name()) // it lives as long as it is open
	w := csv.NewWriter(file)
	if f.pieces == 0 {
		_ = w.Write(listingHead) // errors show when it is flushed
	}
	rows, fresh := int64(0), map[string]bool{}
	err = list(ctx, f.lister, from, to, func(p gateways.Payment) error {
		key := p.Ref + " " + p.OrderRef
		outside := !p.At.IsZero() && (p.At.Before(f.from) || !p.At.Before(f.to)) && !f.r.Settled()
		if f.seen[key] || fresh[key] || outside {
			return nil
		}
		fresh[key] = true
		if rows++; rows%500 == 0 {
			if err := fenced(ctx, db.pool, f.r, "fetched_rows = $3", int64(len(f.seen))+rows); err != nil {
				return err
			}
		}
		return w.Write(listed(&p))
	})
	if err != nil {
		return err
	}
	if w.Flush(); w.Error() != nil {
		return fmt.Errorf("take a listing in: %w", w.Error())
	}
	for key := range fresh {
		f.seen[key] = true
	}
	pieces := 0
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if err := fenced(ctx, tx, f.r, "fetched_to = $3, fetched_rows = $4, bytes = bytes + $5", to, int64(len(f.seen)), sizeOf(file)); err != nil {
			return err
		}
		pieces, err = copyPieces(ctx, tx.Conn(), f.r, file, f.pieces)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a listing: %w", err)
	}
	f.pieces += pieces
	return nil
}

func sizeOf(file *os.File) int64 {
	info, err := file.Stat()
	if err != nil {
		return 0 // the sum of the file will tell
	}
	return info.Size()
}

// list has a driver list, and takes one that breaks down for a gateway that did not answer.
func list(ctx context.Context, lister gateways.Lister, from, to time.Time, visit func(gateways.Payment) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &gateways.Error{Kind: gateways.Unknown, Verb: "payments", Message: fmt.Sprintf("The driver broke down: %v.", cause)}
		}
	}()
	return lister.Payments(ctx, from, to, visit) //nolint:wrapcheck // a gateways.Error says what may be done
}

// sealFetched notes the sum of the file, now that it is whole.
func (db *DB) sealFetched(ctx context.Context, r *Reconciliation) error {
	if r.Bytes = 0; r.SHA256 == nil {
		hash := sha256.New()
		size, err := io.Copy(hash, &pieceReader{next: db.pieces(ctx, r.ID)})
		if err != nil {
			return fmt.Errorf("add up reconciliation %d: %w", r.ID, err)
		}
		r.Bytes, r.SHA256 = size, hash.Sum(nil)
	}
	return fenced(ctx, db.pool, r, "sha256 = $3, bytes = $4, stage = 'Reading what was handed out'", r.SHA256, r.Bytes)
}
