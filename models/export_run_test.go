package models_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

func TestExportInTheBackground(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1}, book{ID: 2, Store: 41}, book{ID: 3, Status: "failed"})
	user := s.exporter(40)
	ctx := models.WithScope(s.ctx, user.Scope())
	e, err := s.db.CreateExport(ctx, s.request(user, "q=&sort=id"))
	if err != nil || e.State != models.ExportQueued || e.HasFile(time.Now()) {
		t.Fatalf("%+v (%v)", e, err)
	}
	if err := s.db.RunExport(s.ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	e, err = s.db.OpenExport(ctx, e.ID, user.Actor(""))
	if err != nil {
		t.Fatal(err)
	}
	want := "1 processed\n3 failed\n"
	if got := s.file(ctx, e); got != want || fmt.Sprintf("%x", e.SHA256) != sha(want) || e.Bytes != int64(len(want)) {
		t.Errorf("the file is %q; %+v", got, e)
	}
	if life := time.Until(*e.ExpiresAt); life < 23*time.Hour || life > 24*time.Hour {
		t.Errorf("the file lives for %v", life)
	}
	if err := s.db.RunExport(s.ctx, e.ID); err != nil { // its job comes twice
		t.Error(err)
	}
	if again, err := s.db.Export(ctx, e.ID); err != nil || again.Attempt != 1 {
		t.Errorf("a finished export was made again: %+v (%v)", again, err)
	}
	var told string
	s.scan(&told, "SELECT string_agg(action || ' ' || actor_name, ', ' ORDER BY seq) FROM audit_log WHERE chain = 40 AND object = $1", "export "+e.ID)
	if told != "export.started Mira1, export.finished kartify, export.downloaded Mira1" {
		t.Errorf("the audit log says %s", told)
	}
	// Another store's people see nothing of it, by either wall.
	foreign := models.WithScope(s.ctx, models.Scope{Stores: []int64{41}})
	if _, err := s.db.OpenExport(foreign, e.ID, user.Actor("")); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store it is %v", err)
	}
	if _, err := s.db.RemoveExport(foreign, e.ID, user.Actor("")); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("from another store it is removed: %v", err)
	}
	if list, err := s.db.Exports(foreign); err != nil || len(list) != 0 {
		t.Errorf("another store lists %d exports (%v)", len(list), err)
	}
	if _, err := s.db.ExportPiece(foreign, e, 0); err == nil {
		t.Error("another store reads a piece of it")
	}
	var n int
	if err := s.db.Pool().QueryRow(foreign, "SELECT (SELECT count(*) FROM exports) + (SELECT count(*) FROM export_pieces)").Scan(&n); err != nil || n != 0 {
		t.Errorf("the second wall lets %d rows through (%v)", n, err)
	}
	// An export of two stores is for those who see both.
	both, err := s.db.CreateExport(s.ctx, s.request(s.exporter(), ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Export(ctx, both.ID); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("an export of two stores is shown to one: %v", err)
	}
}

// A worker that was killed leaves nothing to be downloaded. Another one begins again, on a moment of its
// own, and the first one, should it wake up, changes nothing.
func TestKilledWorkerStartsAgain(t *testing.T) {
	url := modelstest.URL(t)
	s := &shelf{T: t, db: modelstest.Open(t, url), ctx: modelstest.System(t.Context())}
	modelstest.Store(t, s.db, 40, "INR")
	for id := range int64(30) {
		s.put(book{ID: id + 1})
	}
	user := s.exporter(40)
	e, err := s.db.CreateExport(models.WithScope(s.ctx, user.Scope()), s.request(user, "sort=id"))
	if err != nil {
		t.Fatal(err)
	}
	halfway, goOn := make(chan struct{}), make(chan struct{})
	writeLines(s.db, func(n int64) error {
		if n == 20 {
			close(halfway)
			<-goOn
		}
		return nil
	})
	first := make(chan error)
	go func() { first <- s.db.RunExport(s.ctx, e.ID) }()
	<-halfway
	if open, err := s.db.Export(s.ctx, e.ID); err != nil || open.State != models.ExportRunning || open.HasFile(time.Now()) {
		t.Fatalf("halfway it is %+v (%v)", open, err)
	}
	other := modelstest.Open(t, url)
	writeLines(other, nil)
	if err := other.RunExport(s.ctx, e.ID); err != nil { // while the first one lives
		t.Fatal(err)
	}
	if open, err := s.db.Export(s.ctx, e.ID); err != nil || open.Attempt != 1 {
		t.Fatalf("a living worker's export was taken away: %+v (%v)", open, err)
	}
	s.exec("INSERT INTO orders (id, store_id, status, currency, total_minor) VALUES (100, 40, 'processed', 'INR', 0)")
	s.exec("UPDATE exports SET lease_until = now() - interval '1 second'") // it was killed
	if err := other.RunExport(s.ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Errorf("the first worker wakes up and says %v", err)
	}
	e, err = s.db.Export(s.ctx, e.ID)
	if err != nil || e.State != models.ExportDone || e.Attempt != 2 || e.Written != 31 || *e.Promised != 31 {
		t.Fatalf("in the end it is %+v (%v)", e, err)
	}
	file := s.file(s.ctx, e)
	if strings.Count(file, "\n") != 31 || fmt.Sprintf("%x", e.SHA256) != sha(file) {
		t.Errorf("the file has %d lines", strings.Count(file, "\n"))
	}
	if _, err := s.db.SweepExports(s.ctx); err != nil {
		t.Fatal(err)
	}
	var pieces int
	if s.scan(&pieces, "SELECT count(*) FROM export_pieces WHERE attempt <> 2"); pieces != 0 {
		t.Errorf("%d pieces of the killed worker are left", pieces)
	}
}

// Whatever stops a worker, there is a whole file in the end or none: a stopped worker leaves the export to
// others, and after four of them it failed.
func TestStoppedWorkersEndInFailure(t *testing.T) {
	s := newShelf(t)
	s.put(book{ID: 1}, book{ID: 2})
	user := s.exporter()
	e, err := s.db.CreateExport(s.ctx, s.request(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	for attempt := 1; attempt <= 4; attempt++ {
		ctx, stop := context.WithCancel(s.ctx)
		writeLines(s.db, func(int64) error { stop(); time.Sleep(10 * time.Millisecond); return ctx.Err() })
		if err := s.db.RunExport(ctx, e.ID); err != nil {
			t.Fatal(err)
		}
		now, err := s.db.Export(s.ctx, e.ID)
		want := models.ExportQueued
		if attempt == 4 {
			want = models.ExportFailed
		}
		if err != nil || now.State != want || now.Attempt != attempt || now.HasFile(time.Now()) {
			t.Fatalf("after attempt %d: %+v (%v)", attempt, now, err)
		}
	}
	if now, err := s.db.Export(s.ctx, e.ID); err != nil || now.Problem != "The file could not be made in 4 attempts." {
		t.Errorf("%+v (%v)", now, err)
	}
}

func TestSweepOfExports(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1})
	user := s.exporter()
	made := func() *models.Export {
		e, err := s.db.CreateExport(s.ctx, s.request(user, ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.db.RunExport(s.ctx, e.ID); err != nil {
			t.Fatal(err)
		}
		return e
	}
	old, fresh := made(), made()
	s.exec("UPDATE exports SET expires_at = now() - interval '1 second' WHERE id = $1", old.ID)
	dropped, err := s.db.StreamExport(s.ctx, s.request(user, "")) // and its process was killed
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE exports SET lease_until = now() - interval '1 second' WHERE id = $1", dropped.ID)
	tired, err := s.db.CreateExport(s.ctx, s.request(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE exports SET state = 'running', attempt = 4, lease_until = now() - interval '1 second' WHERE id = $1", tired.ID)
	if n, err := s.db.SweepExports(s.ctx); err != nil || n != 3 {
		t.Errorf("the sweep touched %d (%v)", n, err)
	}
	for _, tt := range []struct {
		id      string
		state   models.ExportState
		problem string
		pieces  int
	}{
		{old.ID, models.ExportExpired, "", 0},
		{fresh.ID, models.ExportDone, "", 1},
		{dropped.ID, models.ExportFailed, "The download broke off: the server was stopped.", 0},
		{tired.ID, models.ExportFailed, "The server was stopped each time this file was being made.", 0},
	} {
		e, err := s.db.Export(s.ctx, tt.id)
		var pieces int
		s.scan(&pieces, "SELECT count(*) FROM export_pieces WHERE export_id = $1", tt.id)
		if err != nil || e.State != tt.state || e.Problem != tt.problem || pieces != tt.pieces {
			t.Errorf("%s: %q with %d pieces (%v), want %s %q and %d", e.State, e.Problem, pieces, err, tt.state, tt.problem, tt.pieces)
		}
	}
	if _, err := s.db.OpenExport(s.ctx, old.ID, user.Actor("")); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("after its day the file is %v", err)
	}
	s.exec("UPDATE exports SET finished_at = now() - interval '8 days' WHERE state = 'failed'")
	if _, err := s.db.SweepExports(s.ctx); err != nil {
		t.Fatal(err)
	}
	if list, err := s.db.Exports(s.ctx); err != nil || len(list) != 2 {
		t.Errorf("%d exports are still listed after a week (%v)", len(list), err)
	}
	if _, err := s.db.RemoveExport(s.ctx, fresh.ID, user.Actor("")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExportPiece(s.ctx, fresh, 0); err == nil {
		t.Error("a removed file can still be read")
	}
}

// Who loses the right or the store while a file is made gets none.
func TestExportNeedsTheRightToTheEnd(t *testing.T) {
	s := newShelf(t)
	writeLines(s.db, nil)
	s.put(book{ID: 1})
	for _, change := range []string{
		"UPDATE users SET role = 'viewer' WHERE id = $1", "UPDATE users SET disabled_at = now() WHERE id = $1", "DELETE FROM user_stores WHERE user_id = $1",
	} {
		user := modelstest.Person(t, s.db, "U"+fmt.Sprint(len(change)), models.Manager, 40)
		e, err := s.db.CreateExport(models.WithScope(s.ctx, user.Scope()), s.request(user, ""))
		if err != nil {
			t.Fatal(err)
		}
		s.exec(change, user.ID)
		if err := s.db.RunExport(s.ctx, e.ID); err != nil {
			t.Fatal(err)
		}
		if e, err = s.db.Export(s.ctx, e.ID); err != nil || e.State != models.ExportFailed || !strings.Contains(e.Problem, "may not export these orders any more") {
			t.Errorf("%s: %+v (%v)", change, e, err)
		}
	}
	user := s.exporter()
	e, err := s.db.CreateExport(s.ctx, s.request(user, "status=failed"))
	if err != nil {
		t.Fatal(err)
	}
	s.exec("UPDATE exports SET query = 'status=gone' WHERE id = $1", e.ID)
	if err := s.db.RunExport(s.ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	if e, err = s.db.Export(s.ctx, e.ID); err != nil || e.State != models.ExportFailed || !strings.Contains(e.Problem, "is not an order status") {
		t.Errorf("a filter that is not understood any more: %+v (%v)", e, err)
	}
}

// The database itself refuses to call a short file done.
func TestShortFileIsNeverDone(t *testing.T) {
	s := newShelf(t)
	user := s.exporter()
	e, err := s.db.CreateExport(s.ctx, s.request(user, ""))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.db.Pool().Exec(s.ctx, "UPDATE exports SET state = 'done', promised = 10, written = 9, sha256 = 'x', finished_at = now() WHERE id = $1", e.ID)
	if err == nil {
		t.Error("nine of ten orders count as done")
	}
}
