package models

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Export is a file of orders that somebody asked for: sent while it is made, or made in the background
// and kept for a day. Its file is one snapshot of the database, and is only offered when it holds as many
// orders as were counted in that snapshot.
type Export struct {
	ID         string  // random
	Stores     []int64 // whose orders may be in it
	UserID     int64
	UserName   string
	Format     string // ExportCSV or ExportXLSX
	Streamed   bool   // sent while it is made, and not kept
	Query      string // the filter, as the address of the list has it
	Zone       string // in which the days of the filter begin
	State      ExportState
	Attempt    int
	Promised   *int64 // orders in the snapshot; nil until they are counted
	Written    int64
	Bytes      int64
	Pieces     int
	SHA256     []byte // of the file
	RowsSHA256 []byte `db:"rows_sha256"` // of its rows as CSV: equal for equal rows in either format
	Problem    string // why there is no file
	CreatedAt  time.Time
	SnapshotAt *time.Time // the moment whose orders it holds
	FinishedAt *time.Time
	ExpiresAt  *time.Time
}

// exportColumns are the columns of an Export, in its order.
const exportColumns = `id, stores, user_id, user_name, format, streamed, query, zone, state, attempt, promised, written, bytes, pieces,
	sha256, rows_sha256, problem, created_at, snapshot_at, finished_at, expires_at`

// ExportState is how far an export has come.
type ExportState string

// The states of an export.
const (
	ExportQueued  ExportState = "queued"
	ExportRunning ExportState = "running"
	ExportDone    ExportState = "done"
	ExportFailed  ExportState = "failed"
	ExportExpired ExportState = "expired" // its file was deleted because its day was over
	ExportRemoved ExportState = "removed" // somebody cancelled it or deleted its file
)

// The formats of exports.
const (
	ExportCSV  = "csv"
	ExportXLSX = "xlsx"
)

// What exports may cost.
const (
	ExportThreshold = 10000          // orders from which making the file in the background is the better offer
	ExportLifetime  = 24 * time.Hour // of a file made in the background
	maxExports      = 60             // of a person in an hour
	maxWaiting      = 5              // of a person that are not finished yet
	maxStreams      = 2              // sent by one process at a time
	maxExportTries  = 4              // at a file whose maker was killed
	streamPatience  = time.Hour      // how long one may take to be sent
	exportBeat      = time.Second
	exportMemory    = 7 * 24 * time.Hour // how long an export is listed after its file is gone
)

// Open says whether the export is still being made or waits for it.
func (e *Export) Open() bool { return e.State == ExportQueued || e.State == ExportRunning }

// HasFile says whether there is a file to be downloaded.
func (e *Export) HasFile(now time.Time) bool {
	return e.State == ExportDone && !e.Streamed && e.ExpiresAt != nil && now.Before(*e.ExpiresAt)
}

// FileName names the file by when it was asked for: orders-20261123-0850.csv, in UTC.
func (e *Export) FileName() string {
	return "orders-" + e.CreatedAt.UTC().Format("20060102-1504") + "." + e.Format
}

// chain is where the audit log tells of the export: with its store, or with none when it is of several.
func (e *Export) chain() int64 {
	if len(e.Stores) == 1 {
		return e.Stores[0]
	}
	return 0
}

func (e *Export) object() string { return "export " + e.ID }

// told is what the audit log says of an export. Words somebody searched for may name a customer and are left out.
func (e *Export) told() map[string]any {
	q, _ := url.ParseQuery(e.Query)
	for _, name := range []string{"q", "customer"} {
		if q.Has(name) {
			q.Set(name, "(words)")
		}
	}
	return map[string]any{"format": e.Format, "filter": q.Encode(), "stores": e.Stores, "kept": !e.Streamed}
}

// check says whether the file holds what was promised.
func (e *Export) check() error {
	if e.Promised != nil && *e.Promised == e.Written {
		return nil
	}
	promised := "No number of"
	if e.Promised != nil {
		promised = fmt.Sprint(*e.Promised)
	}
	return problemf("%s orders were promised and %d were written, so this file is not complete and must not be used.", promised, e.Written)
}

// OrderFile is a file of orders under way.
type OrderFile interface {
	Add(o *ExportedOrder) error
	Sum() []byte           // SHA-256 of the rows as CSV
	Close(e *Export) error // completes the file, with what became of the export on its cover
}

// OrderFiles begins the file of an export. What such a file looks like is nothing this package knows.
type OrderFiles func(p *ExportPlan, to io.Writer) OrderFile

// SetOrderFiles says how files of orders are written, once, before any export is made.
func (db *DB) SetOrderFiles(files OrderFiles) { db.orderFiles = files }

// ExportPlan is what goes into an export.
type ExportPlan struct {
	Export     *Export
	Filter     OrderFilter
	Choices    *OrderChoices
	Affiliates map[int64]string // store → its affiliate id at FYND
}

// withMissing is the filter with missing orders among what it finds.
func (f OrderFilter) withMissing(c *OrderChoices) OrderFilter {
	switch {
	case f.WithMissing():
	case len(f.Statuses) > 0:
		f.Statuses = append(slices.Clone(f.Statuses), StatusMissing)
	default:
		for _, status := range c.Statuses {
			f.Statuses = append(f.Statuses, status.Code)
		}
	}
	return f
}

// Everything says whether the filter names every status there is, missing ones too.
func (f OrderFilter) Everything(c *OrderChoices) bool {
	return !slices.ContainsFunc(c.Statuses, func(s OrderStatus) bool { return !slices.Contains(f.Statuses, s.Code) })
}

// readExportFilter reads the filter of an export. Unlike a list, which shows what it can, an export takes
// a filter whole or not at all: a date that was mistyped must not become every order there is.
func readExportFilter(q url.Values, c *OrderChoices) (OrderFilter, error) {
	asked := url.Values{}
	for name, values := range q {
		if !slices.Contains([]string{"cols", "limit", "after", "before", "count"}, name) {
			asked[name] = values
		}
	}
	f, notices := ReadOrderFilter(asked, c)
	if len(notices) > 0 {
		var sentences []string
		for _, notice := range notices {
			sentences = append(sentences, notice.Sentence.String())
		}
		return f, problemf("Nothing was exported. %s", strings.Join(sentences, " "))
	}
	return f, nil
}
