package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// seller is a provider at which a payment can be made to exist.
type seller interface {
	// sell makes the payment, or returns the one that has its id already.
	sell(in paymentRequest) (any, error)
	// move brings a payment to another state, as the bank or the merchant's own portal would.
	move(payment, state string, webhook bool) (any, error)
}

// refunder is a provider in whose own portal a merchant can refund.
type refunder interface {
	portalRefund(payment string, amountMinor int64, webhook bool) (any, error)
	// settleRefund ends a pending refund, or fails one that was processed.
	settleRefund(refund, state string, webhook bool) (any, error)
}

// controller is a provider with control routes of its own.
type controller interface {
	controls(mux *http.ServeMux)
}

// paymentRequest is a payment somebody wants to exist at a provider.
type paymentRequest struct {
	Gateway     string          `json:"gateway"`
	ID          string          `json:"id"`    // the provider's id; made up when ""
	Order       string          `json:"order"` // the shop's order number
	OrderID     string          `json:"order_id"`
	KeyID       string          `json:"key_id"`       // the merchant; the gateway's first when ""
	AmountMinor int64           `json:"amount_minor"` // whole minor units of Currency
	Currency    string          `json:"currency"`
	State       string          `json:"state"`
	Method      string          `json:"method"`
	Email       string          `json:"email"`
	Contact     string          `json:"contact"`
	Name        string          `json:"name"`
	CreatedAt   int64           `json:"created_at"`  // unix seconds
	CapturedAt  int64           `json:"captured_at"` // unix seconds
	Card        *paymentCard    `json:"card"`
	RRN         string          `json:"rrn"`
	Refunded    int64           `json:"refunded_minor"`
	RefundError string          `json:"refund_error"` // what the provider answers every refund with
	Notes       json.RawMessage `json:"notes"`
	Webhook     bool            `json:"webhook"`        // send the webhooks of what happens
	PaymentType string          `json:"payment_type"`   // the provider's word for the way of paying
	Lines       []paymentLine   `json:"lines"`          // one line of the whole amount when there are none
	Captured    int64           `json:"captured_minor"` // with state part_captured
	FraudStatus string          `json:"fraud_status"`   // Klarna: ACCEPTED, PENDING, REJECTED
	PushURL     string          `json:"push_url"`       // of this payment; the merchant's webhook_url when ""

	BankSays string `json:"bank_says"` // CCAvenue: what the bank answered; what goes with the state when ""

	Debited bool              `json:"debited"` // the buyer's bank took the money, whatever the state says
	Hold    bool              `json:"hold"`    // reserved until somebody captures it
	Cart    json.RawMessage   `json:"cart"`    // the goods, as the provider writes them
	Params  map[string]string `json:"params"`  // request parameters of the payment
	Fiscal  map[string]string `json:"fiscal"`  // values of its fiscal receipt
}

// paymentLine is something that was bought. Its total is quantity times unit_minor.
type paymentLine struct {
	Reference string `json:"reference"`
	Type      string `json:"type"` // physical, shipping_fee, discount …
	Name      string `json:"name"`
	Quantity  int64  `json:"quantity"`   // whole pieces
	UnitMinor int64  `json:"unit_minor"` // with tax
	TaxRate   int64  `json:"tax_rate"`   // hundredths of a percent: 2500 is 25 %
}

type paymentCard struct {
	Last4   string `json:"last4"`
	Network string `json:"network"`
	IIN     string `json:"iin"`
}

// controls are the sandbox's own routes.
func (s *Sandbox) controls(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/ledger", s.showLedger)
	mux.HandleFunc("GET /_sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.faults.all())
	})
	mux.HandleFunc("GET /_sandbox/events", s.showEvents)
	mux.HandleFunc("PUT /_sandbox/faults", control(s, s.putFault))
	mux.HandleFunc("DELETE /_sandbox/faults", s.deleteFaults)
	mux.HandleFunc("PUT /_sandbox/caps", control(s, s.putCaps))
	mux.HandleFunc("POST /_sandbox/clock", control(s, s.moveClock))
	mux.HandleFunc("POST /_sandbox/merchants", control(s, s.putMerchant))
	mux.HandleFunc("POST /_sandbox/payments", control(s, s.addPayment))
	mux.HandleFunc("POST /_sandbox/payments/{id}/state", control(s, s.movePayment))
	mux.HandleFunc("POST /_sandbox/payments/{id}/refunds", control(s, s.refundInPortal))
	mux.HandleFunc("POST /_sandbox/refunds/{id}/state", control(s, s.moveRefund))
	mux.HandleFunc("POST /_sandbox/webhooks", control(s, s.sendWebhooks))
	for _, p := range s.providers {
		if own, ok := p.(controller); ok {
			own.controls(mux)
		}
	}
}

// control is a route that takes JSON and answers what do returns, or 400 and a sentence.
// A member it does not know is refused, so that a misspelt fault does not pass for none.
func control[T any](s *Sandbox, do func(*http.Request, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		if err := readJSON(http.MaxBytesReader(w, r.Body, 8<<20), &in); err != nil {
			writeProblem(w, err)
			return
		}
		out, err := do(r, in)
		if err == nil {
			err = s.journal.sync()
		}
		if err != nil {
			writeProblem(w, err)
			return
		}
		writeJSON(w, http.StatusOK, out)
	}
}

func writeProblem(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
}

// readJSON reads one JSON value with known members and nothing behind it.
func readJSON(r io.Reader, v any) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("the request is not what this route takes: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the request has something behind its JSON value")
	}
	return nil
}

func (s *Sandbox) putFault(_ *http.Request, f fault) (any, error) {
	if err := s.checkFault(f); err != nil {
		return nil, err
	}
	s.faults.put(f)
	return f, nil
}

func (s *Sandbox) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	s.clearFaults()
	writeJSON(w, http.StatusOK, s.faults.all())
}

// clearFaults takes every fault away, and shows what they hid.
func (s *Sandbox) clearFaults() {
	s.faults.clear()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.providers {
		p.unhide()
	}
}

func (s *Sandbox) putCaps(_ *http.Request, in struct {
	Gateway string `json:"gateway"`
	Enforce *bool  `json:"enforce"`
},
) (any, error) {
	if s.provider(in.Gateway) == nil || in.Enforce == nil {
		return nil, errors.New("gateway and enforce are needed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings.put("caps/"+in.Gateway, &setting{Off: !*in.Enforce})
	return in, nil
}

// moveClock advances the sandbox's time and does everything that becomes due.
func (s *Sandbox) moveClock(_ *http.Request, in struct {
	AdvanceSeconds int64 `json:"advance_seconds"`
},
) (any, error) {
	if in.AdvanceSeconds < 0 {
		return nil, errors.New("the clock only moves forward")
	}
	s.mu.Lock()
	s.offset += time.Duration(in.AdvanceSeconds) * time.Second
	s.settings.put("clock", &setting{Offset: s.offset})
	s.mu.Unlock()
	s.timeline.advance()
	s.timeline.nudge()
	return map[string]time.Time{"now": s.now()}, nil
}

func (s *Sandbox) addPayment(_ *http.Request, in paymentRequest) (any, error) {
	p, ok := s.provider(in.Gateway).(seller)
	if !ok {
		return nil, fmt.Errorf("there are no payments at %q", in.Gateway)
	}
	if in.AmountMinor <= 0 || len(in.Currency) != 3 {
		return nil, errors.New("amount_minor above zero and a currency of three letters are needed")
	}
	return p.sell(in)
}

func (s *Sandbox) movePayment(r *http.Request, in struct {
	State   string `json:"state"`
	Webhook bool   `json:"webhook"`
},
) (any, error) {
	return tryEach(s, func(p seller) (any, error) { return p.move(r.PathValue("id"), in.State, in.Webhook) })
}

func (s *Sandbox) refundInPortal(r *http.Request, in struct {
	AmountMinor int64 `json:"amount_minor"`
	Webhook     bool  `json:"webhook"`
},
) (any, error) {
	return tryEach(s, func(p refunder) (any, error) {
		return p.portalRefund(r.PathValue("id"), in.AmountMinor, in.Webhook)
	})
}

func (s *Sandbox) moveRefund(r *http.Request, in struct {
	State   string `json:"state"`
	Webhook bool   `json:"webhook"`
},
) (any, error) {
	return tryEach(s, func(p refunder) (any, error) {
		return p.settleRefund(r.PathValue("id"), in.State, in.Webhook)
	})
}

// errNotMine is a provider saying that an id is not one of its own.
var errNotMine = errors.New("no provider here has that id")

// tryEach asks the providers that can do it, until one has the id.
func tryEach[P any](s *Sandbox, do func(P) (any, error)) (any, error) {
	for _, p := range s.providers {
		able, ok := p.(P)
		if !ok {
			continue
		}
		if out, err := do(able); !errors.Is(err, errNotMine) {
			return out, err
		}
	}
	return nil, errNotMine
}

// showEvents answers GET /_sandbox/events with every webhook of a payment and its attempts.
func (s *Sandbox) showEvents(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	list := []event{}
	for _, e := range s.events.oldest() {
		if p := r.URL.Query().Get("payment"); p == "" || p == e.Payment {
			list = append(list, *e)
		}
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, list)
}
