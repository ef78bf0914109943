package bench

import (
	"context"
	"errors"
	"fmt"
)

// exportBeside asks for the order list, four at once, while somebody takes every order home, and while nobody does.
func (b *bench) exportBeside(ctx context.Context, s *site) error {
	list := side{"list", s.asks(orders())}
	var slower []float64
	var busy, quiet times
	for round := range b.Rounds + 1 {
		alone, err := run(ctx, list, b.Requests, 4)
		if err != nil {
			return err
		}
		exporting, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			for exporting.Err() == nil {
				if _, _, _, err := s.export(exporting, "csv"); err != nil && exporting.Err() == nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		beside, err := run(ctx, list, b.Requests, 4)
		stop()
		if err := errors.Join(err, <-done); err != nil {
			return fmt.Errorf("list beside an export: %w", err)
		}
		if round == 0 {
			continue
		}
		slower = append(slower, float64(beside.p95())/float64(alone.p95()))
		busy, quiet = append(busy, beside...), append(quiet, alone...)
	}
	b.add(figure{"P11", "list while an export runs ÷ without, p95, 4 at once", middle(slower), "×", 2.5, 1.7, false, ms(busy.p95()) + " / " + ms(quiet.p95())})
	return nil
}
