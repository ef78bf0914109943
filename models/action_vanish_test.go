package models_test

import (
	"context"
	"slices"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/models"
)

// promising takes a capture on, says for two look-ups that it is at it, and then shows nothing of it.
type promising struct {
	gateways.Gateway
	heard *[]string // what look-ups were told of the last word
}

func (p *promising) Capture(_ context.Context, req gateways.Request) (gateways.Result, error) {
	return gateways.Result{Status: gateways.Pending, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "accepted"}, nil
}

func (p *promising) Find(_ context.Context, req gateways.Request) (gateways.Result, error) {
	if *p.heard = append(*p.heard, req.Word); len(*p.heard) > 2 {
		return gateways.Result{}, gateways.ErrAbsent
	}
	return gateways.Result{Status: gateways.Pending, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "at it"}, nil
}

func (p *promising) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	return p.Gateway.(gateways.Reader).Payment(ctx, ref)
}

// What a gateway took on and does not show after its quiet period is for a person, and every look-up is told
// what the gateway last said.
func TestTakenOnAndNeverShown(t *testing.T) {
	var heard []string
	till := openHold(t, onlyOnce(), func(d *gateways.Driver) {
		open := d.Open
		d.Open = func(s gateways.Settings) (gateways.Gateway, error) {
			g, err := open(s)
			return &promising{g, &heard}, err
		}
	})
	op, err := till.capture(0)
	if err != nil {
		t.Fatal(err)
	}
	till.run(op, models.NeedsReview)
	if want := []string{"accepted", "at it", "at it"}; !slices.Equal(heard[:3], want) {
		t.Errorf("look-ups were told %q, want %q", heard[:3], want)
	}
	var reserved int64
	till.scan(&reserved, `SELECT capture_reserved_minor FROM payments WHERE id = $1`, till.payment)
	if reserved != op.AmountMinor {
		t.Errorf("%d is set aside, want %d", reserved, op.AmountMinor)
	}
	till.sound()
}

// misreading lists a capture with another amount than was asked for, some times over.
type misreading struct {
	gateways.Gateway
	left *int
}

func (m *misreading) Capture(_ context.Context, req gateways.Request) (gateways.Result, error) {
	return gateways.Result{Status: gateways.Pending, PaymentRef: req.PaymentRef, Amount: req.Amount, Word: "accepted"}, nil
}

func (m *misreading) Find(_ context.Context, req gateways.Request) (gateways.Result, error) {
	amount := req.Amount
	if *m.left--; *m.left >= 0 {
		amount.Minor++
	}
	return gateways.Result{Status: gateways.Succeeded, Ref: "cap_1", PaymentRef: req.PaymentRef, Amount: amount}, nil
}

func (m *misreading) Payment(ctx context.Context, ref string) (gateways.Payment, error) {
	return m.Gateway.(gateways.Reader).Payment(ctx, ref)
}

// A look-up that names another amount is repeated once; a person is asked when the gateway repeats it.
func TestAnotherAmountIsAskedAboutAgain(t *testing.T) {
	for times, want := range map[int]models.OperationState{0: models.Succeeded, 1: models.Succeeded, 2: models.NeedsReview} {
		left := times
		till := openHold(t, onlyOnce(), func(d *gateways.Driver) {
			open := d.Open
			d.Open = func(s gateways.Settings) (gateways.Gateway, error) {
				g, err := open(s)
				return &misreading{g, &left}, err
			}
		})
		op, err := till.capture(0)
		if err != nil {
			t.Fatal(err)
		}
		till.run(op, models.Succeeded, models.NeedsReview)
		var state models.OperationState
		var noted int
		till.scan(&state, `SELECT state FROM operations WHERE id = $1`, op.ID)
		till.scan(&noted, `SELECT count(*) FROM order_history WHERE operation_id = $1 AND comment LIKE 'The look-up speaks of%'`, op.ID)
		if state != want || noted != min(times, 1) {
			t.Errorf("another amount %d times: %s, noted %d times, want %s", times, state, noted, want)
		}
		till.sound()
	}
}
