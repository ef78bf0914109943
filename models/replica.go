package models

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// DefaultReplicaLag is how far behind a replica may be while reports and exports are read from it.
const DefaultReplicaLag = 30 * time.Second

// How often a replica is looked at, and how long it may take to answer then.
const (
	replicaCheck    = 2 * time.Second
	replicaPatience = time.Second
)

// replica is the copy of the database that reports and exports are read from. Nothing that decides about money
// reads it.
type replica struct {
	pool   *pgxpool.Pool
	most   time.Duration // behind
	mu     sync.Mutex
	state  ReplicaState
	looked time.Time // by the monotonic clock
}

// ReplicaState is how the replica stood when it was last looked at.
type ReplicaState struct {
	Behind  time.Duration // how old what it shows is; 0 when it has everything
	Most    time.Duration // how old that may be
	Problem string        // a sentence: why reports and exports are read from the database itself; empty while they are not
}

// Used says whether reports and exports are read from the replica.
func (s *ReplicaState) Used() bool { return s.Problem == "" }

// openReplica connects to the replica of o, if there is one. It need not answer: until it does, the database itself
// is read.
func openReplica(ctx context.Context, o Options) (*replica, error) {
	if o.ReplicaURL == "" {
		return nil, nil
	}
	config, err := pgxpool.ParseConfig(o.ReplicaURL)
	if err != nil {
		return nil, fmt.Errorf("address of the replica: %w", err)
	}
	config.MaxConns = 10
	config.PrepareConn = applyScope
	config.ConnConfig.Tracer = o.Tracer
	config.ConnConfig.ConnectTimeout = replicaPatience
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the replica: %w", err)
	}
	r := &replica{pool: pool, most: o.ReplicaLag}
	if r.most <= 0 {
		r.most = DefaultReplicaLag
	}
	return r, nil
}

// Replica is how the replica stands, nil when there is none.
func (db *DB) Replica(ctx context.Context) *ReplicaState {
	if db.replica == nil {
		return nil
	}
	db.replica.mu.Lock()
	defer db.replica.mu.Unlock()
	if time.Since(db.replica.looked) > replicaCheck {
		looking, cancel := context.WithTimeout(AsSystem(ctx), replicaPatience)
		defer cancel()
		state, err := db.lookAtReplica(looking)
		if ctx.Err() != nil {
			return &ReplicaState{Most: db.replica.most, Problem: "Nobody waited for its answer."}
		}
		if err != nil {
			db.log.WarnContext(ctx, "the replica does not answer", "error", err)
			state.Problem = "It does not answer."
		}
		state.Most = db.replica.most
		db.replica.state, db.replica.looked = state, time.Now()
	}
	state := db.replica.state
	return &state
}

// lookAtReplica compares how far the replica has come with where the database is now. What it has not replayed is
// as old as the last change it has, by the database's clock.
func (db *DB) lookAtReplica(ctx context.Context) (ReplicaState, error) {
	var at string
	var now time.Time
	if err := db.pool.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text, clock_timestamp()").Scan(&at, &now); err != nil {
		return ReplicaState{}, fmt.Errorf("ask where the database is: %w", err)
	}
	var follows, all bool
	var last *time.Time
	err := db.replica.pool.QueryRow(ctx, `SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false), pg_last_xact_replay_timestamp()`, at).Scan(&follows, &all, &last)
	switch {
	case err != nil:
		return ReplicaState{}, fmt.Errorf("ask how far the replica is: %w", err)
	case !follows:
		return ReplicaState{Problem: "It follows no other database; it takes changes itself."}, nil
	case all:
		return ReplicaState{}, nil
	case last == nil:
		return ReplicaState{Problem: "It has not followed a change yet."}, nil
	}
	state := ReplicaState{Behind: max(now.Sub(*last), 0)}
	if state.Behind > db.replica.most {
		state.Problem = "It is too far behind."
	}
	return state, nil
}

// lose leaves the replica alone until it is looked at again.
func (r *replica) lose() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state, r.looked = ReplicaState{Most: r.most, Problem: "It does not answer."}, time.Now()
}

// reports is where reports and exports are read from: the replica, or the database itself when there is none, when
// it does not answer and when it is too far behind.
func (db *DB) reports(ctx context.Context) *pgxpool.Pool {
	if state := db.Replica(ctx); state != nil && state.Used() {
		return db.replica.pool
	}
	return db.pool
}

// readReport runs read, which reads and changes nothing, on the replica where it can. A replica that fails is left
// alone for a while, and the database itself is read. It reports how old what was read may be.
func (db *DB) readReport(ctx context.Context, read func(*pgxpool.Pool) error) (time.Duration, error) {
	state := db.Replica(ctx)
	if state == nil || !state.Used() {
		return 0, read(db.pool)
	}
	err := read(db.replica.pool)
	if err == nil {
		return state.Behind, nil
	}
	if ctx.Err() != nil || errors.As(err, new(*Problem)) {
		return 0, err
	}
	db.log.WarnContext(ctx, "a report could not be read from the replica", "error", err)
	db.replica.lose()
	return 0, read(db.pool)
}
