// Package bench measures kartify on this machine. Each figure stands beside the raw operation of the
// same run: kartify's page beside its own SELECT, its webhook beside the bare INSERT. Both sides take
// turns, so that whatever else the machine does hits them alike.
package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Options say what to measure, and how thoroughly.
type Options struct {
	Names    []string                         // of Benchmarks; empty for all
	Dir      string                           // of the private PostgreSQL and its data, kept for the next run; "" for the usual one
	Orders   int                              // of the large database; the small one has a tenth
	Rounds   int                              // turns that each side takes
	Requests int                              // of each turn
	Program  string                           // the kartify to start for the benchmark of its start
	Log      func(format string, args ...any) // takes progress as lines for a person
	Out      io.Writer                        // takes the table
}

// Benchmark is something that is measured.
type Benchmark struct {
	Name string
	What string
	run  func(*bench, context.Context) error
}

// Benchmarks are all there are, in the order they run: what writes comes last.
var Benchmarks = []Benchmark{
	{"list", "P1, P4, P17, P18, P20: the order list against its own SELECT", (*bench).list},
	{"growth", "P2, P3: pages of the large database against those of the small one", (*bench).growth},
	{"search", "P5, P6: exact keys against their index, free text at its worst", (*bench).search},
	{"finder", "twelve kinds of ids through the finder, beside the bare indexed query; the registry of payments", (*bench).finder},
	{"exports", "P7 to P10: every order as CSV and XLSX against COPY, first bytes, memory", (*bench).exports},
	{"start", "P19: from the start of the process to its first page, and its memory", (*bench).start},
	{"status", "P16: status changes with and without the search index", (*bench).status},
	{"webhooks", "P12, P13: taking webhooks in against the bare INSERT", (*bench).webhooks},
	{"reconcile", "P14, P15: a gateway's file against the orders, beside the bare join and the bare COPY", (*bench).reconcile},
}

// Run measures and prints a table. It fails when something could not be measured, not when a goal is missed.
func Run(ctx context.Context, o Options) error {
	chosen, err := choose(o.Names)
	if err != nil {
		return err
	}
	b := &bench{Options: o}
	if err := b.open(ctx); err != nil {
		return err
	}
	defer b.close(context.WithoutCancel(ctx))
	for _, one := range chosen {
		o.Log("Measuring %s: %s.", one.Name, one.What)
		if err := one.run(b, ctx); err != nil {
			return fmt.Errorf("measure %s: %w", one.Name, err)
		}
	}
	return b.report(ctx)
}

func choose(names []string) ([]Benchmark, error) {
	if len(names) == 0 || slices.Contains(names, "all") {
		return Benchmarks, nil
	}
	var known []string
	for _, one := range Benchmarks {
		known = append(known, one.Name)
	}
	var chosen []Benchmark
	for _, name := range names {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, fmt.Errorf("there is no benchmark %q; choose from: all, %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, Benchmarks[i])
	}
	return chosen, nil
}
