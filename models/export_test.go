package models_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// lines is a file of orders that holds an order id and a status to a line. step is called at every line.
type lines struct {
	to   io.Writer
	sum  hash.Hash
	step func(n int64) error
	n    int64
}

func (l *lines) Add(o *models.ExportedOrder) error {
	l.n++
	if l.step != nil {
		if err := l.step(l.n); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(io.MultiWriter(l.to, l.sum), "%d %s\n", o.ID, o.Status)
	return err
}

func (l *lines) Sum() []byte { return l.sum.Sum(nil) }

func (l *lines) Close(*models.Export) error { return nil }

// writeLines has db write such files.
func writeLines(db *models.DB, step func(n int64) error) {
	db.SetOrderFiles(func(_ *models.ExportPlan, to io.Writer) models.OrderFile {
		return &lines{to: to, sum: sha256.New(), step: step}
	})
}

// exporter is somebody who may export, of all stores or these.
func (s *shelf) exporter(stores ...int64) *models.User {
	s.Helper()
	return modelstest.Person(s.T, s.db, "Mira"+strconv.Itoa(len(stores)), models.Manager, stores...)
}

func (s *shelf) request(user *models.User, query string) models.ExportRequest {
	return models.ExportRequest{Query: values(s.T, query), Format: models.ExportCSV, User: user}
}

// export sends what a query asks for and gives the ids in the file.
func (s *shelf) export(user *models.User, req models.ExportRequest) (ids []int64, e *models.Export, err error) {
	s.Helper()
	ctx := models.WithScope(s.ctx, user.Scope())
	stream, err := s.db.StreamExport(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	var file bytes.Buffer
	err = stream.Send(ctx, &file)
	for line := range strings.Lines(file.String()) {
		if words := strings.Fields(line); len(words) == 2 {
			id, err := strconv.ParseInt(words[0], 10, 64)
			if err != nil {
				s.Fatal(err)
			}
			ids = append(ids, id)
		}
	}
	return ids, stream.Export, err
}

func (s *shelf) scan(into any, sql string, args ...any) {
	s.Helper()
	if err := s.db.Pool().QueryRow(s.ctx, sql, args...).Scan(into); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// An export holds what its list holds, in the same order, to the last second of a day.
func TestExportHoldsTheListAndAllOfIt(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	refund := models.EventRefundInitiated
	s.put(
		book{ID: 1, Added: "2026-11-21T18:29:59Z", Name: "Neha Rao", Total: 100}, book{ID: 2, Added: "2026-11-21T18:30:00Z", Events: []string{refund}},
		book{ID: 3, Added: "2026-11-22T18:29:59Z", Status: "missing", Reason: "debited", Name: "Neha Rao"}, book{ID: 4, Added: "2026-11-22T18:30:00Z", Status: "failed"},
		book{ID: 5, Store: 41, Added: "2026-11-21T22:59:59Z", Email: "neha@example.com"}, book{ID: 6, Store: 41, Added: "2026-11-21T23:00:00Z", Partner: "FY0006"},
		book{ID: 7, Store: 41, Added: "2026-11-22T22:59:59Z", Events: []string{refund, "BAG_PICKED"}}, book{ID: 8, Store: 41, Added: "2026-11-22T23:00:00Z", Status: "missing"},
		book{ID: 9, Added: "2026-10-24T22:00:00Z", Name: "=HYPERLINK(1)", Gateway: "razorpay", Paid: "UPI (Razorpay)"}, book{ID: 10, Ref: "pay_X1", Phone: "+919812345678"},
	)
	s.exec("UPDATE order_events SET waiting = false WHERE order_id = 2")
	all, some := s.exporter(), s.exporter(41)
	for _, query := range []string{
		"", "status=missing", "status=missing&status=failed", "status=failed&status=processed", "sort=date_added", "sort=-id", "sort=date_modified", "sort=-date_modified&status=missing&status=failed",
		"added_from=2026-11-22&added_to=2026-11-22", "added_from=2026-11-22&added_to=2026-11-22&store=40", "added_from=2026-11-22&added_to=2026-11-22&store=41", "added_to=2026-11-21",
		"modified_from=2026-11-22&modified_to=2026-11-22", "event=REFUND_INITIATED", "event=REFUND_INITIATED&waiting=all", "event=REFUND_INITIATED&waiting=done", "event=BAG_PICKED&event=REFUND_INITIATED",
		"q=neha", "q=neha@example.com", "q=pay_X1", "q=FY0006", "q=9812345678", "q=ne", "customer=rao", "customer=rao&status=missing", "q=hyperlink(1", "order_id=4", "order_id=16916747740991418099", "partner_order_id=FY0006",
		"gateway=razorpay", "payment_method=upi", "amount_from=1", "amount_to=0.99&sort=id", "q=nobody", "limit=10&cols=total&after=",
	} {
		for _, user := range []*models.User{all, some} {
			if user == some && strings.Contains(query, "store=40") {
				continue // not one of theirs
			}
			ctx := models.WithScope(s.ctx, user.Scope())
			want, _, _ := s.listAs(ctx, query)
			got, e, err := s.export(user, s.request(user, query))
			if err != nil || !slices.Equal(slices.Concat([]int64{}, got), want) {
				t.Errorf("%s as %s: the list is %v, the export %v (%v)", query, user.Name, want, got, err)
			} else if e.State != models.ExportDone || *e.Promised != int64(len(want)) || e.Written != int64(len(want)) {
				t.Errorf("%s as %s: %+v", query, user.Name, e)
			}
		}
	}
}

func TestMissingOrdersAreExportedWhenAskedFor(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1}, book{ID: 2, Status: "missing"}, book{ID: 3, Status: "failed"}, book{ID: 4, Status: "missing", Name: "Neha"})
	user := s.exporter()
	for _, tt := range []struct {
		query string
		with  bool
		ids   []int64
	}{
		{"", false, []int64{3, 1}},
		{"", true, []int64{4, 3, 2, 1}},
		{"status=failed", true, []int64{4, 3, 2}},
		{"status=missing", true, []int64{4, 2}},
		{"q=neha", false, nil},
		{"q=neha", true, []int64{4}},
	} {
		req := s.request(user, tt.query)
		req.WithMissing = tt.with
		if ids, _, err := s.export(user, req); err != nil || !slices.Equal(ids, tt.ids) {
			t.Errorf("%q with missing orders %v: %v (%v), want %v", tt.query, tt.with, ids, err, tt.ids)
		}
	}
}

func TestExportTakesNoFilterByHalves(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1})
	user := s.exporter()
	for _, tt := range []struct{ query, says string }{
		{"added_from=31/02/2026", "Nothing was exported. Date added from: “31/02/2026” is not a date; write it as 2026-02-28."},
		{"status=blue", "is not an order status"},
		{"store=999", "is not one of your stores"},
		{"amount_from=1e3", "is not an amount"},
	} {
		_, _, err := s.export(user, s.request(user, tt.query))
		var problem *models.Problem
		if !errors.As(err, &problem) || !strings.Contains(problem.Sentence, tt.says) {
			t.Errorf("%s: %v", tt.query, err)
		}
	}
	req := s.request(user, "")
	req.Format = "pdf"
	if _, _, err := s.export(user, req); err == nil {
		t.Error("a file that nobody can make was begun")
	}
	var n int
	if s.scan(&n, "SELECT count(*) FROM exports"); n != 0 {
		t.Errorf("%d exports are noted", n)
	}
}

// While orders come in, change and go missing, the file holds one moment of them.
func TestExportIsOneMoment(t *testing.T) {
	s := newShelf(t)
	const orders = 20000
	s.exec(`INSERT INTO orders (id, store_id, status, currency, total_minor, items_minor, date_added, date_modified)
		SELECT n, 40, CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'processed' END, 'INR', 100, 100, t, t FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, $1::int) n) o`, orders)
	user := s.exporter()
	reached, stop := make(chan struct{}), make(chan struct{})
	var once sync.Once
	writeLines(s.db, func(n int64) error {
		if n == 100 {
			once.Do(func() { close(reached) })
			time.Sleep(50 * time.Millisecond) // the changes have begun
		}
		return nil
	})
	var shop sync.WaitGroup
	changes := 0
	shop.Go(func() {
		<-reached
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			for _, sql := range []string{
				fmt.Sprintf("INSERT INTO orders (id, store_id, status, currency, total_minor, date_added) VALUES (1000000 + %d, 40, 'processed', 'INR', 0, timestamptz '2026-01-01' + %d * interval '37 minutes')", n, n),
				fmt.Sprintf("UPDATE orders SET status = 'missing', status_reason = 'unknown', date_modified = now() WHERE id = %d", orders-n),
				fmt.Sprintf("UPDATE orders SET status = 'processed', date_added = now() WHERE id = %d AND status = 'failed'", n*10),
			} {
				if _, err := s.db.Pool().Exec(s.ctx, sql); err != nil {
					t.Error(err)
					return
				}
				changes++
			}
		}
	})
	ids, e, err := s.export(user, s.request(user, ""))
	close(stop)
	shop.Wait()
	if err != nil || *e.Promised != orders || len(ids) != orders {
		t.Fatalf("%d orders of %d are in the file (%v)", len(ids), orders, err)
	}
	slices.Sort(ids)
	for i, id := range ids {
		if id != int64(i+1) {
			t.Fatalf("order %d is there twice or not at all: next comes %d", i+1, id)
		}
	}
	if changes < 3 { // one of each kind
		t.Errorf("only %d changes happened meanwhile; the test proves too little", changes)
	}
}

// A download that breaks off is an error to its reader, and noted as failed.
func TestBrokenDownloadIsNoFile(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 1}, book{ID: 2}, book{ID: 3})
	user := s.exporter()
	writeLines(s.db, func(n int64) error {
		if n == 3 {
			return io.ErrClosedPipe
		}
		return nil
	})
	_, e, err := s.export(user, s.request(user, ""))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the break is told as %v", err)
	}
	kept, read := s.db.Export(s.ctx, e.ID)
	if read != nil || kept.State != models.ExportFailed || kept.Problem != "The download broke off after 3 orders." || kept.SHA256 != nil {
		t.Errorf("it is noted as %+v (%v)", kept, read)
	}
	writeLines(s.db, func(int64) error {
		s.exec("UPDATE exports SET state = 'removed'")
		time.Sleep(1500 * time.Millisecond)
		return nil
	})
	if _, _, err := s.export(user, s.request(user, "")); err == nil {
		t.Error("an export that was cancelled meanwhile was sent to its end")
	}
}

func TestExportsAreRationed(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1})
	user := s.exporter()
	ctx := models.WithScope(s.ctx, user.Scope())
	for range 5 {
		if _, err := s.db.CreateExport(ctx, s.request(user, "")); err != nil {
			t.Fatal(err)
		}
	}
	var problem *models.Problem
	if _, err := s.db.CreateExport(ctx, s.request(user, "")); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("a sixth unfinished export: %v", err)
	}
	one, err := s.db.StreamExport(ctx, s.request(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.db.StreamExport(ctx, s.request(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.StreamExport(ctx, s.request(user, "")); !errors.As(err, &problem) || !problem.Conflict {
		t.Errorf("a third download at a time: %v", err)
	}
	for _, stream := range []*models.ExportStream{one, two} {
		if err := stream.Send(ctx, io.Discard); err != nil {
			t.Error(err)
		}
	}
	s.exec(`INSERT INTO exports (id, stores, user_id, user_name, format, streamed, query, zone, state)
		SELECT translate(upper(md5(n::text)), '0189', 'ABCD')::char(26), '{40}', $1, 'Mira', 'csv', true, '', 'UTC', 'failed' FROM generate_series(1, 60) n`, user.ID)
	var wait *models.TooManyTries
	if _, err := s.db.StreamExport(ctx, s.request(user, "")); !errors.As(err, &wait) {
		t.Errorf("after sixty exports in an hour: %v", err)
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// file puts the pieces of an export together.
func (s *shelf) file(ctx context.Context, e *models.Export) string {
	s.Helper()
	var file []byte
	for n := range e.Pieces {
		piece, err := s.db.ExportPiece(ctx, e, n)
		if err != nil {
			s.Fatal(err)
		}
		file = append(file, piece...)
	}
	return string(file)
}
