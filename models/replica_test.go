package models_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/localdb"
	"github.com/kartify/kartify/migrations"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// TestReportsAreReadFromAReplica follows a replica that streams from a PostgreSQL of its own: level, behind, promoted
// and gone. Reports are answered all the while, and nothing else ever asks the replica.
func TestReportsAreReadFromAReplica(t *testing.T) {
	t.Parallel()
	ctx := modelstest.System(t.Context())
	dir, err := os.MkdirTemp("/tmp", "kartify-replica") // a server of any user may be there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // its user is not ours
		t.Fatal(err)
	}
	stop := func(s *localdb.Server) {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		_ = s.Stop(ending) // it may be gone
	}
	primary, err := localdb.Start(ctx, localdb.Options{Dir: dir + "/a", Settings: map[string]string{"fsync": "off", "shared_buffers": "32MB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(primary) })
	if err := primary.CreateDatabase(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Up(ctx, primary.URL("shop")); err != nil {
		t.Fatal(err)
	}
	copied, err := primary.Replica(ctx, dir+"/b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(copied) })

	asked := &askedOf{socket: dir + "/b"}
	db := modelstest.Open(t, primary.URL("shop"), func(o *models.Options) {
		o.ReplicaURL, o.ReplicaLag, o.Tracer = copied.URL("shop"), 3*time.Second, asked
	})
	modelstest.Store(t, db, 40, "INR")
	exec := func(sql string) {
		t.Helper()
		if _, err := db.Pool().Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	orders := func() int64 {
		t.Helper()
		totals, err := db.DayTotals(ctx, 30)
		if err != nil {
			t.Fatal(err)
		}
		return totals.Sums().Orders
	}
	becomes := func(what string, yes func(*models.ReplicaState) bool) models.ReplicaState {
		t.Helper()
		var state models.ReplicaState
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if state = *db.Replica(ctx); yes(&state) {
				return state
			}
		}
		t.Fatalf("the replica is never %s: %+v", what, state)
		return state
	}
	used := func(s *models.ReplicaState) bool { return s.Used() }

	exec("INSERT INTO orders (id, store_id, status, currency, total_minor, items_minor) VALUES (1, 40, 'complete', 'INR', 100, 100)")
	becomes("level", used)
	for end := time.Now().Add(10 * time.Second); orders() != 1 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		continue // the order is on its way
	}
	asked.n.Store(0)
	if n := orders(); n != 1 || asked.n.Load() == 0 {
		t.Errorf("of 1 order the dashboard counts %d, with %d statements for the replica", n, asked.n.Load())
	}
	user := modelstest.Person(t, db, "Mira", models.Manager)
	writeLines(db, nil)
	stream, err := db.StreamExport(models.WithScope(ctx, user.Scope()), models.ExportRequest{Format: models.ExportCSV, User: user})
	if err != nil {
		t.Fatal(err)
	}
	asked.n.Store(0)
	if err := stream.Send(models.WithScope(ctx, user.Scope()), io.Discard); err != nil || stream.Written != 1 || stream.State != models.ExportDone || stream.SnapshotAt.After(time.Now()) {
		t.Errorf("the export has %d orders as of %v and is %s (%v)", stream.Written, stream.SnapshotAt, stream.State, err)
	}
	if asked.n.Load() == 0 {
		t.Error("the export is not read from the replica")
	}
	asked.n.Store(0)
	if _, err := db.Needs(ctx, &models.User{Role: models.Owner, AllStores: true}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if asked.n.Load() != 0 {
		t.Errorf("what needs a person is asked of the replica in %d statements", asked.n.Load())
	}

	// It stops replaying: what it shows grows old, is still shown for a while, and then no more.
	replay := func(what string) {
		t.Helper()
		config, err := pgx.ParseConfig(copied.URL("shop"))
		if err != nil {
			t.Fatal(err)
		}
		secret, err := os.ReadFile(filepath.Join(dir, "a", "postgres.password"))
		if err != nil {
			t.Fatal(err)
		}
		config.User, config.Password = "postgres", string(secret)
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx) //nolint:errcheck // it said what there was to say
		if _, err := conn.Exec(ctx, "SELECT pg_wal_replay_"+what+"()"); err != nil {
			t.Fatal(err)
		}
	}
	replay("pause")
	exec("INSERT INTO orders (id, store_id, status, currency, total_minor, items_minor) VALUES (2, 40, 'complete', 'INR', 100, 100)")
	late := becomes("too far behind", func(s *models.ReplicaState) bool { return !s.Used() })
	if late.Problem != "It is too far behind." || late.Behind < 3*time.Second {
		t.Errorf("paused, it is %+v", late)
	}
	if n := orders(); n != 2 {
		t.Errorf("behind a replica too far back the dashboard counts %d of 2 orders", n)
	}
	replay("resume")
	becomes("level again", used)

	// It dies in the middle of the work: the report that meets it is answered all the same.
	stop(copied)
	if n := orders(); n != 2 {
		t.Errorf("without its replica the dashboard counts %d of 2 orders", n)
	}
	if gone := becomes("gone", func(s *models.ReplicaState) bool { return !s.Used() }); gone.Problem != "It does not answer." {
		t.Errorf("gone, it is %+v", gone)
	}
}

// askedOf counts the statements for the server at a socket.
type askedOf struct {
	socket string
	n      atomic.Int64
}

func (a *askedOf) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if strings.HasPrefix(conn.Config().Host, a.socket) {
		a.n.Add(1)
	}
	return ctx
}

func (a *askedOf) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A replica that takes changes itself follows nobody: reports are read from the database.
func TestADatabaseIsNoReplica(t *testing.T) {
	url := modelstest.URL(t)
	db := modelstest.Open(t, url, func(o *models.Options) { o.ReplicaURL = url })
	ctx := modelstest.System(t.Context())
	if s := db.Replica(ctx); s.Used() || s.Problem != "It follows no other database; it takes changes itself." {
		t.Errorf("it is taken for one: %+v", s)
	}
	if _, err := db.DayTotals(ctx, 30); err != nil {
		t.Error(err)
	}
	if modelstest.Open(t, url).Replica(ctx) != nil {
		t.Error("without an address there is a replica")
	}
}
