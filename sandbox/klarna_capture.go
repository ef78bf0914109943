package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// klarnaCapture is a part of an order the merchant has taken (Klarna Order Management API docs, captures).
type klarnaCapture struct {
	ID              string           `json:"capture_id"`
	KlarnaReference string           `json:"klarna_reference"`
	Amount          int64            `json:"captured_amount"`
	At              string           `json:"captured_at"`
	Description     string           `json:"description"`
	Reference       string           `json:"reference"`
	Lines           []klarnaLine     `json:"order_lines"`
	Refunded        int64            `json:"refunded_amount"` // late: the order's own figure is the one to go by
	ShippingInfo    []klarnaShipping `json:"shipping_info"`
}

// klarnaShipping is how a parcel went.
type klarnaShipping struct {
	Company        string `json:"shipping_company,omitempty"`
	Method         string `json:"shipping_method,omitempty"`
	Number         string `json:"tracking_number,omitempty"`
	URI            string `json:"tracking_uri,omitempty"`
	ReturnCompany  string `json:"return_shipping_company,omitempty"`
	ReturnNumber   string `json:"return_tracking_number,omitempty"`
	ReturnTracking string `json:"return_tracking_uri,omitempty"`
}

// captureRequest is what a shop asks for.
type captureRequest struct {
	Amount      *int64           `json:"captured_amount"`
	Description string           `json:"description"`
	Reference   string           `json:"reference"`
	Lines       []klarnaLine     `json:"order_lines"`
	Shipping    []klarnaShipping `json:"shipping_info"`
	Delay       int64            `json:"shipping_delay"`
}

// badText is the member that is longer than Klarna takes, or "".
func badText(description, reference string) string {
	switch {
	case len([]rune(description)) > 255:
		return "description"
	case len([]rune(reference)) > 255:
		return "reference"
	}
	return ""
}

func (g *klarna) createCapture(c *call, o *klarnaOrder) reply {
	var in captureRequest
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	switch bad := badText(in.Description, in.Reference) + badLine(in.Lines); {
	case in.Amount == nil || *in.Amount < 0 || *in.Amount > klarnaMost:
		return klarnaBadValue("captured_amount")
	case bad != "":
		return klarnaBadValue(bad)
	case in.Delay < 0:
		return klarnaBadValue("shipping_delay")
	}
	if bad := badShipping(in.Shipping); bad != nil {
		return *bad
	}
	if bad := g.cannotCapture(o, *in.Amount); bad != nil {
		return *bad
	}
	id := g.capture(o, in, c.Header.Get(klarnaKeyHeader))
	return klarnaReply(http.StatusCreated, nil, "Location", g.address(c, o)+"/captures/"+id, "Capture-Id", id,
		"Klarna-Order-Validation", "Valid")
}

// cannotCapture is why an amount is not captured, in Klarna's words (Klarna docs, error codes). With
// the caps off, more can be taken than was authorized.
func (g *klarna) cannotCapture(o *klarnaOrder, amount int64) *reply {
	refuse := func(answer reply) *reply { return &answer }
	e := &o.Entity
	more := amount > e.Remaining && g.s.capped(g.code())
	switch {
	case e.Status == "EXPIRED":
		return refuse(klarnaForbidden("CAPTURE_NOT_ALLOWED", "Order %s is expired. Capture not possible.", e.ID))
	case e.Status == "CANCELLED" || e.Status == "CLOSED" || e.Fraud == "PENDING" || amount == 0:
		return refuse(klarnaForbidden("CAPTURE_NOT_ALLOWED", "Capture not allowed"))
	case more:
		return refuse(klarnaForbidden("CAPTURE_NOT_ALLOWED",
			"Captured amount is higher than the remaining authorized amount. Capture not possible."))
	case o.FailCapture:
		return refuse(klarnaForbidden("PAYMENT_METHOD_FAILED", "Payment method failed"))
	}
	return nil
}

// capture takes a part of an order. The caller holds the lock and stores the order.
func (g *klarna) capture(o *klarnaOrder, in captureRequest, key string) string {
	e := &o.Entity
	id := randomUUID()
	e.Captures = append(e.Captures, klarnaCapture{
		ID: id, KlarnaReference: e.KlarnaReference + "-" + strconv.Itoa(len(e.Captures)+1), Amount: *in.Amount,
		At: g.s.clock().Format(klarnaTime), Description: in.Description, Reference: in.Reference,
		Lines: atLeastEmpty(in.Lines), ShippingInfo: atLeastEmpty(in.Shipping),
	})
	e.Captured += *in.Amount
	e.Remaining = max(0, e.Remaining-*in.Amount)
	o.settle()
	g.record("capture", o, *in.Amount, id, key)
	return id
}

// settle sets the status that follows from the captured amount.
func (o *klarnaOrder) settle() {
	e := &o.Entity
	switch {
	case e.Captured > 0 && e.Remaining > 0:
		e.Status = "PART_CAPTURED"
	case e.Captured > 0:
		e.Status = "CAPTURED"
	}
}

func atLeastEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// address is where the API serves an order.
func (g *klarna) address(c *call, o *klarnaOrder) string {
	return hostOf(c) + "/klarna/ordermanagement/v1/orders/" + o.Entity.ID
}

// hostOf is the scheme and host a caller used.
func hostOf(c *call) string {
	scheme := "http"
	if c.TLS != nil || c.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + c.Host
}

func (o *klarnaOrder) capture(id string) *klarnaCapture {
	for i := range o.Entity.Captures {
		if o.Entity.Captures[i].ID == id {
			return &o.Entity.Captures[i]
		}
	}
	return nil
}

func noSuchCapture(text string) reply {
	return klarnaRefusal(http.StatusNotFound, "NO_SUCH_CAPTURE", text)
}

func (g *klarna) listCaptures(_ *call, o *klarnaOrder) reply {
	return klarnaReply(http.StatusOK, o.Entity.Captures)
}

func (g *klarna) showCapture(c *call, o *klarnaOrder) reply {
	if found := o.capture(c.PathValue("capture")); found != nil {
		return klarnaReply(http.StatusOK, found)
	}
	return noSuchCapture("Capture could not be found")
}

func badShipping(list []klarnaShipping) *reply {
	refuse := func(member string, most int) *reply {
		bad := klarnaRefusal(http.StatusUnprocessableEntity, "UNPROCESSABLE_ENTITY",
			"The size of the shipping_info/"+member+" value must be between 0 and "+strconv.Itoa(most))
		return &bad
	}
	if len(list) > 500 {
		return refuse("shipping_info", 500)
	}
	for _, s := range list {
		switch {
		case len(s.Company) > 100:
			return refuse("shipping_company", 100)
		case len(s.Number) > 100:
			return refuse("tracking_number", 100)
		case len(s.URI) > 1024:
			return refuse("tracking_uri", 1024)
		}
	}
	return nil
}

type shippingRequest struct {
	Shipping []klarnaShipping `json:"shipping_info"`
}

func readShipping(c *call) ([]klarnaShipping, *reply) {
	var in shippingRequest
	if bad := readKlarna(c, &in); bad != nil {
		return nil, bad
	}
	if len(in.Shipping) == 0 {
		bad := klarnaBadValue("shipping_info")
		return nil, &bad
	}
	return in.Shipping, badShipping(in.Shipping)
}

func (g *klarna) shipCapture(c *call, o *klarnaOrder) reply {
	list, bad := readShipping(c)
	if bad != nil {
		return *bad
	}
	id := c.PathValue("capture")
	found := o.capture(id)
	if found == nil {
		return noSuchCapture("Capture could not be found. Shipping info cannot be added to capture " + id)
	}
	found.ShippingInfo = append(found.ShippingInfo, list...)
	return klarnaReply(http.StatusNoContent, nil)
}

func (g *klarna) shipOrder(c *call, o *klarnaOrder) reply {
	list, bad := readShipping(c)
	if bad != nil {
		return *bad
	}
	var known []klarnaShipping
	_ = json.Unmarshal(o.Entity.ShippingInfo, &known) // what we wrote, or nothing
	o.Entity.ShippingInfo = compact(append(known, list...))
	return klarnaReply(http.StatusNoContent, nil)
}

func (g *klarna) sendOut(c *call, o *klarnaOrder) reply {
	if o.capture(c.PathValue("capture")) == nil {
		return noSuchCapture("Capture could not be found")
	}
	return klarnaReply(http.StatusNoContent, nil)
}

// dueDays are the extensions of a due date that are on offer.
var dueDays = []int64{14, 30}

func (g *klarna) showDueDates(c *call, o *klarnaOrder) reply {
	if o.capture(c.PathValue("capture")) == nil {
		return noSuchCapture("Capture could not be found")
	}
	options := []map[string]int64{}
	for _, days := range dueDays {
		options = append(options, map[string]int64{"amount": 0, "number_of_days": days})
	}
	return klarnaReply(http.StatusOK, map[string]any{"currency": o.Entity.Currency, "options": options})
}

func (g *klarna) extendDueDate(c *call, o *klarnaOrder) reply {
	var in struct {
		Days int64 `json:"number_of_days"`
	}
	if bad := readKlarna(c, &in); bad != nil {
		return *bad
	}
	found := o.capture(c.PathValue("capture"))
	switch {
	case found == nil:
		return noSuchCapture("Capture could not be found")
	case in.Days != dueDays[0] && in.Days != dueDays[1]:
		return klarnaForbidden("NOT_ALLOWED", "Update not allowed.")
	}
	o.DueDays += int(in.Days)
	return klarnaReply(http.StatusNoContent, nil)
}

// capturedAt is when a capture was made.
func (k klarnaCapture) capturedAt() time.Time {
	at, _ := time.Parse(klarnaTime, k.At) // we wrote it
	return at
}
