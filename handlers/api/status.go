package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

type statusBody struct {
	Status  string `json:"status" must:"1"`
	Reason  string `json:"missing_reason,omitempty"` // of a missing order
	Comment string `json:"comment,omitempty" max:"1000"`
	Version int64  `json:"version,omitempty"` // of the order as it was read; another one is a conflict
}

// statusAnswer is what came of a change of status. While it waits, the order keeps the status it has.
type statusAnswer struct {
	OrderID int64          `json:"order_id"`
	Status  string         `json:"status"`
	Reason  *string        `json:"status_reason"`
	Wanted  string         `json:"wanted"`
	Waits   bool           `json:"waits"`
	Actions []statusAction `json:"actions"`
}

// statusAction is what a change of status has a payment's provider do.
type statusAction struct {
	ID          int64   `json:"id"`
	PaymentID   int64   `json:"payment_id"`
	Action      string  `json:"action"`
	Gateway     string  `json:"gateway"`
	State       string  `json:"state"`
	Code        *string `json:"code"`
	Problem     *string `json:"problem"`
	OperationID *int64  `json:"operation_id"`
}

// ChangeStatus is POST /orders/:order/status: the Change status form of an order, with the actions linked to it.
func (a *API) ChangeStatus(c echo.Context) error {
	order, err := number(c, "order")
	if err != nil {
		return err
	}
	var in statusBody
	if err := read(c, &in); err != nil {
		return err
	}
	by := web.Actor(c)
	return a.once(c, in, false, func(ctx context.Context, db *models.DB, _ string) (outcome, error) {
		done, err := db.ChangeStatus(ctx, models.StatusChange{
			OrderID: order, Status: in.Status, Reason: in.Reason, Comment: in.Comment, Version: int(in.Version), Source: "api", By: by,
		})
		if err != nil {
			return outcome{}, err //nolint:wrapcheck // says what it did
		}
		out := statusAnswer{OrderID: done.Order.ID, Status: done.Order.Status, Reason: text(done.Order.StatusReason), Wanted: done.Wanted, Waits: done.Waits, Actions: []statusAction{}}
		for _, act := range done.Actions {
			out.Actions = append(out.Actions, statusAction{act.ID, act.PaymentID, string(act.Action), act.Gateway, string(act.State), text(string(act.Code)), text(act.Problem), act.OperationID})
		}
		if done.Waits {
			return outcome{http.StatusAccepted, orderPath(order), out}, nil
		}
		return outcome{http.StatusOK, "", out}, nil
	})
}
