package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/web"
)

// action is the body of a money action: how much, and why. How much is said in one way: an amount, lines, or full.
type action struct {
	Amount       *sum     `json:"amount,omitempty"`
	Full         bool     `json:"full,omitempty"` // all that is left
	Lines        []choice `json:"lines,omitempty"`
	Shipping     bool     `json:"shipping,omitempty"`      // with the lines: the shipping as well
	DropShipping bool     `json:"drop_shipping,omitempty"` // of an amount update by lines: the shipping goes
	Reason       string   `json:"reason,omitempty" max:"200"`
	Note         string   `json:"note,omitempty" max:"500"`
	EventID      int64    `json:"event_id,omitempty"` // of a refund: the REFUND_INITIATED it answers
}

type choice struct {
	ItemID   int64 `json:"item_id" must:"1"`
	Quantity int64 `json:"quantity" must:"1"`
}

// The bodies of the actions have of all that only what their action knows.
type (
	refundBody struct {
		Amount   *sum     `json:"amount,omitempty"`
		Full     bool     `json:"full,omitempty"`
		Lines    []choice `json:"lines,omitempty"`
		Shipping bool     `json:"shipping,omitempty"`
		Reason   string   `json:"reason" must:"1" max:"200"`
		Note     string   `json:"note,omitempty" max:"500"`
		EventID  int64    `json:"event_id,omitempty"`
	}
	captureBody struct {
		Amount   *sum     `json:"amount,omitempty"`
		Full     bool     `json:"full,omitempty"`
		Lines    []choice `json:"lines,omitempty"`
		Shipping bool     `json:"shipping,omitempty"`
		Reason   string   `json:"reason,omitempty" max:"200"`
		Note     string   `json:"note,omitempty" max:"500"`
	}
	cancelBody struct {
		Reason string `json:"reason,omitempty" max:"200"`
		Note   string `json:"note,omitempty" max:"500"`
	}
	updateBody struct {
		Amount       *sum     `json:"amount,omitempty"`
		Lines        []choice `json:"lines,omitempty"`
		DropShipping bool     `json:"drop_shipping,omitempty"`
		Reason       string   `json:"reason,omitempty" max:"200"`
		Note         string   `json:"note,omitempty" max:"500"`
	}
)

// CreateRefund is POST /orders/:order/payments/:payment/refunds.
func (a *API) CreateRefund(c echo.Context) error {
	var in refundBody
	return a.act(c, models.RefundAction, &in, func() action {
		return action{Amount: in.Amount, Full: in.Full, Lines: in.Lines, Shipping: in.Shipping, Reason: in.Reason, Note: in.Note, EventID: in.EventID}
	}, func(ctx context.Context, db *models.DB, body action, want models.Want, wish models.Wish) (outcome, error) {
		op, err := db.RefundPayment(ctx, models.RefundRequest{
			OrderID: wish.OrderID, PaymentID: wish.PaymentID, Amount: want.Amount, ByLines: want.ByLines, Lines: want.Lines, Shipping: want.Shipping,
			Reason: wish.Reason, Note: wish.Note, EventID: body.EventID, Source: wish.Source, Key: wish.Key, By: wish.By,
		})
		return accepted(op), err //nolint:wrapcheck // says what it did
	})
}

// CreateCapture is POST /orders/:order/payments/:payment/captures.
func (a *API) CreateCapture(c echo.Context) error {
	var in captureBody
	return a.act(c, models.CaptureAction, &in, func() action {
		return action{Amount: in.Amount, Full: in.Full, Lines: in.Lines, Shipping: in.Shipping, Reason: in.Reason, Note: in.Note}
	}, func(ctx context.Context, db *models.DB, _ action, want models.Want, wish models.Wish) (outcome, error) {
		op, err := db.CapturePayment(ctx, models.CaptureRequest{Wish: wish, Amount: want.Amount, ByLines: want.ByLines, Lines: want.Lines, Shipping: want.Shipping})
		return accepted(op), err //nolint:wrapcheck // says what it did
	})
}

// CreateAmountUpdate is POST /orders/:order/payments/:payment/amount-updates.
func (a *API) CreateAmountUpdate(c echo.Context) error {
	var in updateBody
	return a.act(c, models.UpdateAction, &in, func() action {
		return action{Amount: in.Amount, Lines: in.Lines, DropShipping: in.DropShipping, Reason: in.Reason, Note: in.Note}
	}, func(ctx context.Context, db *models.DB, _ action, want models.Want, wish models.Wish) (outcome, error) {
		op, err := db.UpdateAmount(ctx, models.UpdateRequest{Wish: wish, Amount: want.Amount, ByLines: want.ByLines, Lines: want.Lines, DropShipping: want.DropShipping})
		return accepted(op), err //nolint:wrapcheck // says what it did
	})
}

// CreateCancellation is POST /orders/:order/payments/:payment/cancellations. It may return money, so the scope for
// that is needed too.
func (a *API) CreateCancellation(c echo.Context) error {
	if !web.Token(c).Has(models.RefundMoney) {
		return web.LacksScope(c, models.RefundMoney)
	}
	var in cancelBody
	return a.act(c, models.CancelAction, &in, func() action {
		return action{Full: true, Reason: in.Reason, Note: in.Note}
	}, func(ctx context.Context, db *models.DB, _ action, _ models.Want, wish models.Wish) (outcome, error) {
		done, err := db.CancelOrCredit(ctx, models.CancelRequest{Wish: wish})
		if err != nil {
			return outcome{}, err //nolint:wrapcheck // says what it did
		}
		ops := []operation{}
		for _, op := range done.Operations {
			ops = append(ops, operationOf(op))
		}
		out := outcome{status: http.StatusOK, body: map[string]any{"operations": ops, "said": text(done.Said)}}
		if len(ops) > 0 {
			out.status, out.location = http.StatusAccepted, operationPath(ops[0].ID)
		}
		return out, nil
	})
}

// accepted is the answer to an action that is stored and on its way.
func accepted(op *models.Operation) outcome {
	if op == nil {
		return outcome{}
	}
	return outcome{http.StatusAccepted, operationPath(op.ID), operationOf(op)}
}

// act reads the body of an action and has it done, once, by what the button of its name does.
func (a *API) act(c echo.Context, what models.Action, body any, whole func() action, do func(context.Context, *models.DB, action, models.Want, models.Wish) (outcome, error)) error {
	order, err := number(c, "order")
	if err != nil {
		return err
	}
	payment, err := number(c, "payment")
	if err != nil {
		return err
	}
	if err := read(c, body); err != nil {
		return err
	}
	in := whole()
	want, err := in.want(what)
	if err != nil {
		return err
	}
	by := web.Actor(c)
	return a.once(c, body, true, func(ctx context.Context, db *models.DB, name string) (outcome, error) {
		return do(ctx, db, in, want, models.Wish{
			OrderID: order, PaymentID: payment, Reason: strings.TrimSpace(in.Reason), Note: strings.TrimSpace(in.Note), Source: models.FromAPI, Key: name, By: by,
		})
	})
}

// want is how much the body asks for. Nothing is taken for everything: all that is left must be asked for in words.
func (in action) want(what models.Action) (models.Want, error) {
	want := models.Want{Action: what, Shipping: in.Shipping, DropShipping: in.DropShipping}
	lines := len(in.Lines) > 0 || in.Shipping || in.DropShipping
	ways := 0
	for _, way := range []bool{in.Amount != nil, in.Full, lines} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		how := "amount, lines, or full: true for all that is left"
		if what == models.UpdateAction {
			how = "amount, the new total, or lines, what the order keeps"
		}
		return want, wrong([]fieldError{{Pointer: "/amount", Detail: fmt.Sprintf("Say how much in one way: %s.", how)}})
	}
	var err error
	if want.Amount, err = in.Amount.read("/amount"); err != nil {
		return want, err
	}
	if in.Amount != nil && want.Amount.Minor == 0 {
		return want, wrong([]fieldError{{Pointer: "/amount/amount_minor", Detail: "This is above zero."}})
	}
	if lines {
		want.ByLines, want.Amount = true, money.Amount{}
		for _, line := range in.Lines {
			want.Lines = append(want.Lines, models.LineChoice{ItemID: line.ItemID, Quantity: line.Quantity})
		}
	}
	return want, nil
}
