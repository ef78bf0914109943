package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

type planBody struct {
	PaymentID    int64    `json:"payment_id" must:"1"`
	Action       string   `json:"action" must:"1"`
	Amount       *sum     `json:"amount,omitempty"`
	Full         bool     `json:"full,omitempty"`
	Lines        []choice `json:"lines,omitempty"`
	Shipping     bool     `json:"shipping,omitempty"`
	DropShipping bool     `json:"drop_shipping,omitempty"`
	Fresh        bool     `json:"fresh,omitempty"` // ask the provider first
}

// plan is what an action would do now.
type plan struct {
	OrderID       int64      `json:"order_id"`
	PaymentID     int64      `json:"payment_id"`
	Action        string     `json:"action"`
	Gateway       string     `json:"gateway"`
	Mode          string     `json:"mode"`
	Possible      bool       `json:"possible"`
	Code          *string    `json:"code"` // why nothing would be done
	Sentence      string     `json:"sentence"`
	Steps         []step     `json:"steps"`
	GivenUp       *amount    `json:"given_up"`
	CaptureBefore *time.Time `json:"capture_before"`
	Fresh         bool       `json:"fresh"`
	At            time.Time  `json:"at"`
}

type step struct {
	Kind   string `json:"kind"`
	Amount amount `json:"amount"`
	Lines  []line `json:"lines"`
}

// CreatePlan is POST /orders/:order/plan: what an action would do, without doing it.
func (a *API) CreatePlan(c echo.Context) error {
	order, err := number(c, "order")
	if err != nil {
		return err
	}
	var in planBody
	if err := read(c, &in); err != nil {
		return err
	}
	what := models.Action(in.Action)
	if !slices.Contains([]models.Action{models.CaptureAction, models.CancelAction, models.RefundAction, models.UpdateAction}, what) {
		return wrong([]fieldError{{Pointer: "/action", Detail: "This is capture, cancel, refund or amount_update."}})
	}
	body := action{Amount: in.Amount, Full: in.Full, Lines: in.Lines, Shipping: in.Shipping, DropShipping: in.DropShipping}
	if what == models.CancelAction {
		body = action{Full: true}
	}
	want, err := body.want(what)
	if err != nil {
		return err
	}
	want.Fresh = in.Fresh
	return a.once(c, in, true, func(ctx context.Context, db *models.DB, _ string) (outcome, error) {
		found, err := db.PlanAction(ctx, order, in.PaymentID, want)
		if err != nil {
			return outcome{}, err //nolint:wrapcheck // says what it did
		}
		return outcome{status: http.StatusOK, body: planOf(found)}, nil
	})
}

func planOf(p models.Plan) plan {
	out := plan{
		OrderID: p.OrderID, PaymentID: p.PaymentID, Action: string(p.Action), Gateway: p.Gateway, Mode: p.Mode, Possible: p.Skip == "", Code: text(string(p.Code)),
		Sentence: p.Sentence(), Steps: []step{}, CaptureBefore: stamp(p.CaptureBefore), Fresh: p.Fresh, At: p.At.UTC(),
	}
	if p.GivenUp.Minor > 0 {
		out.GivenUp = new(amountOf(p.GivenUp))
	}
	for _, s := range p.Steps {
		out.Steps = append(out.Steps, step{string(s.Verb), amountOf(s.Amount), linesOf(s.Lines, s.Amount.Currency)})
	}
	return out
}
