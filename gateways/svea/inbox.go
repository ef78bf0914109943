package svea

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/kartify/kartify/gateways"
)

// inbox reads what Svea reports: the push of an order, and the events a merchant subscribed to. Neither is
// signed, so both only say which order to ask about (Svea docs, callbacks and callback events).
type inbox struct{}

// SecretField is where the store keeps the token that stands in the address of its callbacks.
func (inbox) SecretField() string { return "callback_token" }

// Verify compares the token in the address, where the store has one.
func (inbox) Verify(header http.Header, _ []byte, secrets []string) error {
	_, token, _ := strings.Cut(header.Get(gateways.RefHeader), ".")
	given, asked, fits := sha256.Sum256([]byte(token)), false, false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		want := sha256.Sum256([]byte(secret))
		asked = true
		fits = hmac.Equal(given[:], want[:]) || fits
	}
	if asked && !fits {
		return gateways.ErrSignature
	}
	return nil
}

type event struct {
	Name        string `json:"EventName"`
	Type        string `json:"type"` // of a push: Finalized
	Correlation string `json:"CorrelationId"`
	At          string `json:"TimestampUtc"`
	OrderID     int64  `json:"CheckoutOrderId"`
	DeliveryID  int64  `json:"DeliveryId"`
	CreditID    int64  `json:"CreditId"`
}

var (
	number = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	word   = regexp.MustCompile(`^[0-9A-Za-z.-]{1,80}$`)
)

// Read understands which order a report is about. The address names it, except that of subscriptions, where
// the body does. Events repeat, come in any order and may be lost.
func (inbox) Read(header http.Header, body []byte) (gateways.Event, error) {
	ref, _, _ := strings.Cut(header.Get(gateways.RefHeader), ".")
	if !number.MatchString(ref) {
		ref = ""
	}
	read := gateways.Event{Name: "push"}
	var in event
	if len(body) > 0 {
		if err := gateways.CheckJSON(body); err != nil {
			return gateways.Event{}, fmt.Errorf("read a Svea callback: %w", err)
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return gateways.Event{}, fmt.Errorf("read a Svea callback: %w", err)
		}
	}
	if name := cmp.Or(in.Name, in.Type); word.MatchString(name) {
		read.Name = name
	}
	if in.At != "" {
		read.At = at(strings.TrimSuffix(in.At, "Z") + "Z")
	}
	if in.Correlation != "" && word.MatchString(in.Correlation) {
		read.ID = fmt.Sprintf("%s %s %d %d %d", in.Correlation, read.Name, in.OrderID, in.DeliveryID, in.CreditID)
	}
	if in.OrderID > 0 {
		named := strconv.FormatInt(in.OrderID, 10)
		if ref != "" && ref != named {
			return gateways.Event{}, errors.New("read a Svea callback: its body and its address name two orders")
		}
		ref = named
	}
	switch {
	case ref != "":
		read.Payment = &gateways.Payment{Ref: ref}
	case in.Name == "": // a Ping, or an event about no order of the checkout, has a name
		return gateways.Event{}, errors.New("read a Svea callback: it names no order")
	}
	return read, nil
}
