package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// operation is one money action as programs read it.
type operation struct {
	ID         int64      `json:"id"`
	OrderID    int64      `json:"order_id"`
	PaymentID  int64      `json:"payment_id"`
	Kind       string     `json:"kind"`
	Source     string     `json:"source"`
	State      string     `json:"state"`
	Final      bool       `json:"final"`
	Amount     amount     `json:"amount"`
	Lines      []line     `json:"lines"`
	Reason     string     `json:"reason"`
	Note       string     `json:"note"`
	Requester  string     `json:"requester"`
	Follows    *int64     `json:"follows"`
	Ref        *string    `json:"ref"`
	Word       *string    `json:"word"`
	Reference  *string    `json:"reference"`
	Problem    *string    `json:"problem"`
	Attempts   int        `json:"attempts"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

func operationOf(op *models.Operation) operation {
	return operation{
		ID: op.ID, OrderID: op.OrderID, PaymentID: op.PaymentID, Kind: string(op.Kind), Source: op.Source, State: string(op.State), Final: op.State.Final(),
		Amount: amountOf(op.Amount()), Lines: linesOf(op.Lines, op.Currency), Reason: op.Reason, Note: op.Note, Requester: op.Requester, Follows: op.Follows,
		Ref: text(op.Ref), Word: text(op.Word), Reference: text(op.Reference), Problem: text(op.Problem), Attempts: op.Attempts,
		CreatedAt: op.CreatedAt.UTC(), UpdatedAt: op.UpdatedAt.UTC(), FinishedAt: stamp(op.FinishedAt),
	}
}

func operationPath(id int64) string { return fmt.Sprintf("%s/operations/%d", Base, id) }

// ShowOperation is GET /operations/:operation: how far a money action has come.
func (a *API) ShowOperation(c echo.Context) error {
	id, err := number(c, "operation")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	order, err := a.db.OrderOfOperation(ctx, id)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	page, err := a.db.OrderPage(ctx, order)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	for _, op := range page.Operations() {
		if op.ID == id {
			return c.JSON(http.StatusOK, operationOf(&op)) //nolint:wrapcheck // the client has gone
		}
	}
	return models.ErrNotFound
}
