package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// payment is a payment as programs read it.
type payment struct {
	ID             int64               `json:"id"`
	OrderID        int64               `json:"order_id"`
	StoreID        int64               `json:"store_id"`
	Gateway        string              `json:"gateway"`
	Mode           string              `json:"mode"`
	Ref            *string             `json:"ref"`
	OrderRef       *string             `json:"order_ref"`
	Status         string              `json:"status"`
	ProviderStatus string              `json:"provider_status"`
	WaitsFor       *string             `json:"waits_for"`
	Method         string              `json:"method"`
	Amount         amount              `json:"amount"`
	Authorized     amount              `json:"authorized"`
	Held           amount              `json:"held"`
	Captured       amount              `json:"captured"`
	Refunded       amount              `json:"refunded"`
	Refunding      amount              `json:"refunding"`
	Refundable     amount              `json:"refundable"`
	VoidedAt       *time.Time          `json:"voided_at"`
	CaptureBefore  *time.Time          `json:"capture_before"`
	Card           *card               `json:"card"`
	RRN            *string             `json:"rrn"`
	CreatedAt      time.Time           `json:"created_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
	Actions        map[string]possible `json:"actions"`
	Operations     []operation         `json:"operations"`
}

type card struct {
	First6  string `json:"first6"`
	Last4   string `json:"last4"`
	Network string `json:"network"`
}

// possible says whether an action can be asked for now, or why not.
type possible struct {
	Possible bool    `json:"possible"`
	Code     *string `json:"code"`
	Why      *string `json:"why"`
}

func paymentOf(p *models.OrderPayment) payment {
	out := payment{
		ID: p.ID, OrderID: p.OrderID, StoreID: p.StoreID, Gateway: p.Gateway, Mode: p.Mode, OrderRef: text(p.OrderRef), Status: string(p.Status),
		ProviderStatus: p.ProviderStatus, WaitsFor: text(string(p.Waits())), Method: p.Method, Amount: amountOf(p.Amount(p.AmountMinor)), Authorized: amountOf(p.Amount(p.AuthorizedMinor)),
		Held: amountOf(p.Held()), Captured: amountOf(p.Captured()), Refunded: amountOf(p.Amount(p.RefundedMinor)), Refunding: amountOf(p.Amount(p.RefundReservedMinor)),
		Refundable: amountOf(p.Refundable()), VoidedAt: stamp(p.VoidedAt), CaptureBefore: stamp(p.CaptureBefore), RRN: text(p.RRN),
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(), Actions: map[string]possible{}, Operations: []operation{},
	}
	if p.Ref != nil {
		out.Ref = text(*p.Ref)
	}
	if p.CardLast4 != "" || p.CardFirst6 != "" {
		out.Card = &card{p.CardFirst6, p.CardLast4, p.CardNetwork}
	}
	for action, plan := range p.Plans {
		out.Actions[string(action)] = possible{plan.Skip == "", text(string(plan.Code)), text(plan.Skip)}
	}
	for i := range p.Operations {
		out.Operations = append(out.Operations, operationOf(&p.Operations[i]))
	}
	return out
}

// ShowPayment is GET /payments/:payment.
func (a *API) ShowPayment(c echo.Context) error {
	id, err := number(c, "payment")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	order, err := a.db.OrderOfPayment(ctx, id)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	page, err := a.db.OrderPage(ctx, order)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	found := page.Payment(id)
	if found == nil {
		return models.ErrNotFound
	}
	return c.JSON(http.StatusOK, paymentOf(found)) //nolint:wrapcheck // the client has gone
}

// ListPayments is GET /orders/:order/payments.
func (a *API) ListPayments(c echo.Context) error {
	page, err := a.page(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": paymentsOf(page)}) //nolint:wrapcheck // the client has gone
}

func paymentsOf(page *models.OrderPage) []payment {
	out := []payment{}
	for i := range page.Payments {
		out = append(out, paymentOf(&page.Payments[i]))
	}
	return out
}

// page is the order in the address with everything around it.
func (a *API) page(c echo.Context) (*models.OrderPage, error) {
	id, err := number(c, "order")
	if err != nil {
		return nil, err
	}
	return a.db.OrderPage(c.Request().Context(), id) //nolint:wrapcheck // says what it did
}
