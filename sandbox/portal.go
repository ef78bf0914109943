package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// portal is a provider that shows merchants their payments.
type portal interface {
	// portalPayments is the youngest payments. The caller holds the lock.
	portalPayments(most int) []portalPayment
	// portalPayment is one payment with everything about it. The caller holds the lock.
	portalPayment(id string) (portalPayment, bool)
	// portalAct does what a button of the payment's page says.
	portalAct(id, action string, form url.Values) error
}

// portalPayment is a payment as a provider's portal shows it.
type portalPayment struct {
	ID, Order, State, Currency string
	AmountMinor, RefundedMinor int64
	At                         time.Time
	Facts                      []fact
	CanRefund, CanCapture      bool
	Left                       string // what can still be refunded, in the main unit
	Refunds                    []portalRefund
	Buttons                    []portalButton // what else can be done with it
}

// portalButton is one more action of a payment's page. Amount is what its field holds at first; it has
// none when that is "".
type portalButton struct{ Action, Label, Amount string }

type fact struct{ Name, Value string }

type portalRefund struct {
	ID, State, Receipt string
	AmountMinor        int64
	At                 time.Time
}

// portals are the pages of the providers' portals.
func (s *Sandbox) portals(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/portal/{gateway}", s.showPortal)
	mux.HandleFunc("GET /_sandbox/portal/{gateway}/{payment}", s.showPortalPayment)
	mux.HandleFunc("POST /_sandbox/portal/{gateway}/{payment}/{action}", s.actInPortal)
	mux.HandleFunc("POST /_sandbox/faults/clear", func(w http.ResponseWriter, r *http.Request) {
		s.clearFaults()
		http.Redirect(w, r, "/_sandbox/", http.StatusSeeOther)
	})
}

// portalOf is the portal a path names, or answers that there is none.
func (s *Sandbox) portalOf(w http.ResponseWriter, r *http.Request) (portal, bool) {
	p, ok := s.provider(r.PathValue("gateway")).(portal)
	if !ok {
		write(w, sentence(http.StatusNotFound, "Not found", "There is no such portal."))
	}
	return p, ok
}

func (s *Sandbox) showPortal(w http.ResponseWriter, r *http.Request) {
	p, ok := s.portalOf(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	list, today := p.portalPayments(100), s.clock().In(india)
	s.mu.Unlock()
	code := r.PathValue("gateway")
	write(w, page("portal.html", http.StatusOK, map[string]any{
		"Title": code + " portal", "Gateway": code, "Payments": list, "File": portalFiles[code], "From": today.AddDate(0, 0, -7).Format(time.DateOnly), "To": today.Format(time.DateOnly),
	}))
}

// portalFile is what a merchant downloads of a range of days: its name, where it is without the format, what its
// first and last day are called, and the one word it can be kept to.
type portalFile struct{ Name, Path, From, To, Word string }

var portalFiles = map[string]portalFile{
	"ccavenue":  {"Order Lookup", "/_sandbox/ccavenue/export", "from", "to", "Shipped"},
	"paykeeper": {"Payment registry", "/_sandbox/paykeeper/registry", "start", "end", "success"},
}

func (s *Sandbox) showPortalPayment(w http.ResponseWriter, r *http.Request) {
	if p, ok := s.portalOf(w, r); ok {
		s.writePortalPayment(w, r, p, nil)
	}
}

// writePortalPayment shows one payment, its refunds, its webhooks and its effects.
func (s *Sandbox) writePortalPayment(w http.ResponseWriter, r *http.Request, p portal, problem error) {
	id := r.PathValue("payment")
	s.mu.Lock()
	payment, ok := p.portalPayment(id)
	var events []event
	for _, e := range s.eventsOf(id) {
		events = append(events, *e)
	}
	s.mu.Unlock()
	if !ok {
		write(w, sentence(http.StatusNotFound, "Not found", "There is no payment "+id+" here."))
		return
	}
	status, text := http.StatusOK, ""
	if problem != nil {
		status, text = http.StatusUnprocessableEntity, problem.Error()
	}
	write(w, page("payment.html", status, map[string]any{
		"Title": id, "Gateway": r.PathValue("gateway"), "Payment": payment, "Events": events, "Problem": text,
		"Entries": s.entries(func(e *Entry) bool { return e.Payment == id }),
	}))
}

// actInPortal does what a button says and shows the payment again.
func (s *Sandbox) actInPortal(w http.ResponseWriter, r *http.Request) {
	p, ok := s.portalOf(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	if err == nil && r.PathValue("action") == "resend" {
		err = s.resend(r.PathValue("payment"), r.PostForm.Get("event"))
	} else if err == nil {
		err = p.portalAct(r.PathValue("payment"), r.PathValue("action"), r.PostForm)
	}
	if err == nil {
		err = s.journal.sync()
	}
	if err != nil {
		s.writePortalPayment(w, r, p, err)
		return
	}
	http.Redirect(w, r, "/_sandbox/portal/"+r.PathValue("gateway")+"/"+url.PathEscape(r.PathValue("payment")), http.StatusSeeOther)
}

// resend delivers an event of a payment once more, with the same id and bytes.
func (s *Sandbox) resend(payment, id string) error {
	s.mu.Lock()
	e := s.events.get(id)
	if e == nil || e.Payment != payment {
		s.mu.Unlock()
		return fmt.Errorf("the payment has no event %q", id)
	}
	to, m := s.endpoint(e), e.message()
	s.mu.Unlock()
	if to == "" {
		return errors.New("the merchant has no webhook URL")
	}
	result := s.post(to, m)
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Done = s.tried(e, result) || e.Done
	s.events.put(id, e)
	return nil
}
