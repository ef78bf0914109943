package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// side is one of those that take turns: what it does, once, as the n-th of its requests.
type side struct {
	name string
	do   func(ctx context.Context, n int) error
}

// times are how long each of a side's requests took.
type times []time.Duration

func (t times) at(part float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func (t times) median() time.Duration { return t.at(0.5) }
func (t times) p95() time.Duration    { return t.at(0.95) }

// result is what came of sides that took turns.
type result struct {
	all  []times     // of each side, all rounds together
	each [][]times   // [round][side]
	rate [][]float64 // [round][side], requests a second
}

// turns has the sides take turns, rounds times over, with so many requests at once. The first round
// warms up and does not count.
func (b *bench) turns(ctx context.Context, atOnce int, sides ...side) (*result, error) {
	r := &result{all: make([]times, len(sides))}
	for round := range b.Rounds + 1 {
		each, rates := make([]times, len(sides)), make([]float64, len(sides))
		for i := range sides {
			at := (i + round) % len(sides) // nobody always goes first
			began := time.Now()
			took, err := run(ctx, sides[at], b.Requests, atOnce)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sides[at].name, err)
			}
			each[at], rates[at] = took, float64(len(took))/time.Since(began).Seconds()
		}
		if round == 0 {
			continue
		}
		r.each, r.rate = append(r.each, each), append(r.rate, rates)
		for i := range sides {
			r.all[i] = append(r.all[i], each[i]...)
		}
	}
	return r, nil
}

// run does a side's requests, atOnce at a time, and times each.
func run(ctx context.Context, s side, requests, atOnce int) (times, error) {
	took := make(times, requests)
	errs := make([]error, atOnce)
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range atOnce {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < requests; n = int(next.Add(1)) - 1 {
				began := time.Now()
				if err := s.do(ctx, n); err != nil {
					errs[worker] = err
					return
				}
				took[n] = time.Since(began)
			}
		})
	}
	wg.Wait()
	return took, errors.Join(errs...)
}

// ratio is the median over the rounds of one side's figure to another's, in the same round.
func (r *result) ratio(over, under int, of func(times) time.Duration) float64 {
	var ratios []float64
	for _, each := range r.each {
		ratios = append(ratios, float64(of(each[over]))/float64(of(each[under])))
	}
	return middle(ratios)
}

// rates is the median over the rounds of a side's requests a second, and of its ratio to another's.
func (r *result) rates(over, under int) (rate, ratio float64) {
	var own, ratios []float64
	for _, rates := range r.rate {
		own, ratios = append(own, rates[over]), append(ratios, rates[over]/rates[under])
	}
	return middle(own), middle(ratios)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
