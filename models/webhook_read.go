package models

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
)

// sourceFynd is the partner's source; every other source is a payment gateway.
const sourceFynd = "gofynd"

// reading is what a webhook says of itself, for its row.
type reading struct {
	id           string // of the event, for deduplication
	event        string
	store        string // claimed
	partnerOrder string
	payment      string // the provider's id of its payment
	orderRef     string // and of its order
	ids          []string
}

// readWebhook reads a body whose signature is right. It says what is in it, not what that means.
func (db *DB) readWebhook(source string, header http.Header, body []byte) (reading, error) {
	if source == sourceFynd {
		event, err := gofynd.Read(header, body)
		if err != nil {
			return reading{}, err //nolint:wrapcheck // says what it read
		}
		return fyndReading(&event), nil
	}
	inbox, ok := db.inbox(source)
	if !ok {
		return reading{}, fmt.Errorf("no gateway is called %q", source)
	}
	event, err := inbox.Read(header, body)
	if err != nil {
		return reading{}, err //nolint:wrapcheck // says what it read
	}
	return eventReading(&event), nil
}

// fyndReading is what an event of Fynd says of itself.
func fyndReading(event *gofynd.Event) reading {
	return reading{
		id: idOf(event.EventID), event: event.Name, store: idOf(event.StoreID), partnerOrder: idOf(event.PartnerOrderID),
		ids: []string{event.PartnerOrderID, event.AffiliateOrderID, event.GID, event.ShipmentID, event.RefundID, event.RequestID, event.EventID},
	}
}

// eventReading is what an event of a payment gateway says of itself.
func eventReading(event *gateways.Event) reading {
	seen := reading{id: idOf(event.ID), event: idOf(event.Name), ids: []string{event.ID}}
	if p := event.Payment; p != nil {
		seen.payment, seen.orderRef = idOf(p.Ref), idOf(p.OrderRef)
		seen.ids = append(seen.ids, p.Ref, p.OrderRef, p.RRN)
	}
	if r := event.Refund; r != nil {
		if r.PaymentRef != "" {
			seen.payment = idOf(r.PaymentRef)
		}
		seen.ids = append(seen.ids, r.Ref, r.Key, r.PaymentRef, r.Reference)
	}
	return seen
}

// choose is the store that a webhook is for: the one whose secret fits. Of several with the same secret
// it is the one that the webhook names.
func (r reading) choose(fitting []signer) (signer, bool) {
	if len(fitting) == 1 {
		return fitting[0], true
	}
	i := slices.IndexFunc(fitting, func(s signer) bool { return strconv.FormatInt(s.store, 10) == r.store })
	if i < 0 {
		return signer{}, false
	}
	return fitting[i], true
}

// idOf is an id as it is kept: one too long for an index becomes its digest.
func idOf(text string) string {
	text = textOf(text)
	if len(text) <= 128 {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256 " + hex.EncodeToString(sum[:])
}
