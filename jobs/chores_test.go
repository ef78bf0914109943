package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
)

// copyOf is a copy of kartify over a database, whose chores the test makes up.
func copyOf(t *testing.T, url string, list ...chore) *Jobs {
	t.Helper()
	db := modelstest.Open(t, url)
	j, err := New(db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	j.list = func() []chore { return list }
	if err := j.Start(modelstest.System(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, j) })
	return j
}

func stop(t *testing.T, j *Jobs) {
	t.Helper()
	if err := j.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// page waits until what Systems > Jobs shows is as wanted.
func page(t *testing.T, j *Jobs, what string, is func(*models.JobsPage) bool) *models.JobsPage {
	t.Helper()
	var p *models.JobsPage
	for range 500 {
		var err error
		if p, err = j.db.JobsPage(modelstest.System(t.Context())); err != nil {
			t.Fatal(err)
		}
		if is(p) {
			return p
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s; %+v", what, p)
	return nil
}

func TestOnlyOneCopyDoesWhatOneMustDo(t *testing.T) {
	url := modelstest.URL(t)
	var each, once atomic.Int64
	list := []chore{
		{"each-copy", "Everybody.", 50 * time.Millisecond, func(context.Context) (int, error) { each.Add(1); return 1, nil }, true},
		{"one-copy", "The first to come.", time.Hour, func(context.Context) (int, error) { once.Add(1); return 1, nil }, false},
	}
	var copies []*Jobs
	for range 3 {
		copies = append(copies, copyOf(t, url, list...))
	}
	p := page(t, copies[0], "three workers", func(p *models.JobsPage) bool { return len(p.Workers) == 3 && each.Load() > 6 })
	if n := once.Load(); n != 1 {
		t.Errorf("three copies did it %d times in its hour", n)
	}
	for _, w := range p.Workers {
		if !w.Alive(p.Now) {
			t.Errorf("worker %s is not heard of", w.ID)
		}
	}
	stop(t, copies[2])
	page(t, copies[0], "two workers after one has left", func(p *models.JobsPage) bool { return len(p.Workers) == 2 })
	if err := copies[0].Working(); err != nil {
		t.Errorf("a copy that works says %v", err)
	}
}

func TestRunsAreToldOf(t *testing.T) {
	var broken, heard atomic.Bool
	var stopped atomic.Bool
	broken.Store(true)
	j := copyOf(t, modelstest.URL(t),
		chore{"sometimes-fails", "Fails.", 50 * time.Millisecond, func(context.Context) (int, error) {
			if broken.Load() {
				return 0, errors.New("the moon is wrong")
			}
			return 0, nil
		}, true},
		chore{"breaks-down", "Panics.", time.Hour, func(context.Context) (int, error) { panic("no such thing") }, true},
		chore{"takes-long", "Is told to stop.", time.Hour, func(ctx context.Context) (int, error) {
			heard.Store(true)
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond):
				stopped.Store(true)
			}
			return 3, nil
		}, true},
	)
	find := func(p *models.JobsPage, name string) models.Chore {
		for _, c := range p.Chores {
			if c.Name == name {
				return c
			}
		}
		return models.Chore{}
	}
	failing := page(t, j, "both problems", func(p *models.JobsPage) bool {
		return find(p, "sometimes-fails").Problem != "" && find(p, "breaks-down").Problem != ""
	})
	if c := find(failing, "sometimes-fails"); !c.Failing() || c.Problem != "the moon is wrong" {
		t.Errorf("a chore that fails is %+v", c)
	}
	if c := find(failing, "breaks-down"); !strings.Contains(c.Problem, "no such thing") {
		t.Errorf("a chore that broke down says %q", c.Problem)
	}
	broken.Store(false)
	j.mu.Lock()
	j.noted = map[string]time.Time{} // the next idle run is recorded at once
	j.mu.Unlock()
	mended := page(t, j, "an end of the failing", func(p *models.JobsPage) bool { c := find(p, "sometimes-fails"); return c.Runs > 0 && !c.Failing() })
	if c := find(mended, "sometimes-fails"); c.Problem == "" || c.ProblemAt == nil {
		t.Error("what went wrong last is forgotten once it goes well")
	}
	if !heard.Load() {
		t.Fatal("the long chore has not begun")
	}
	stop(t, j)
	if !stopped.Load() {
		t.Error("a chore was cut short by a stop, though it was nearly done")
	}
}

func TestSilentCopyIsNotReady(t *testing.T) {
	j := &Jobs{}
	if j.Working() == nil {
		t.Error("workers that never started count as working")
	}
	j.beatAt = time.Now().Add(-silence - time.Second)
	if err := j.Working(); err == nil || !strings.Contains(err.Error(), "silent") {
		t.Errorf("workers that went silent: %v", err)
	}
}
