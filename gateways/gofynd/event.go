package gofynd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// Event is what a webhook of Fynd says. Ids are text as they were written. What it claims about a store is
// a claim: the signature shows only that somebody with the secret sent it.
type Event struct {
	EventID string // of the header, else of the body, else the digest; for deduplication
	Digest  string // hex SHA-256 of the body: the same body under another id is a repeat
	Name    string // as the Event filter shows it: REFUND_INITIATED
	At      time.Time

	PartnerOrderID   string // the GoFynd order id: FY…
	AffiliateOrderID string // the shop's own
	AffiliateID      string
	GID              string // of the payment: TR…
	StoreID          string // claimed
	CompanyID        string
	ApplicationID    string
	ShipmentID       string
	ShipmentStatus   string
	RefundID         string
	RequestID        string // of a refund; may have 20 digits

	AmountText string        // as it was written, "" when there is none
	Amount     *money.Amount // nil when the unit or the currency is not stated: see Readings
	Currency   string

	Order    *OrderSnapshot
	Problems []string // sentences about what could not be read
}

// inbox reads webhooks of Fynd, of the platform and of the older GoFynd integration.
type inbox struct{}

// SecretField is where the store keeps the secret that Fynd signs with.
func (inbox) SecretField() string { return "secret_key" }

// Verify checks x-fp-signature, hex HMAC-SHA256 of the raw body. A ping is not excused.
func (inbox) Verify(header http.Header, body []byte, secrets []string) error {
	return gateways.CheckHMAC(header.Values("X-Fp-Signature"), body, secrets)
}

// Read is Read as the shared Inbox wants it.
func (inbox) Read(header http.Header, body []byte) (gateways.Event, error) {
	event, err := Read(header, body)
	if err != nil {
		return gateways.Event{}, err
	}
	return gateways.Event{ID: event.EventID, Name: event.Name, At: event.At}, nil
}

// Read understands a verified body: the envelope of the platform, whose event is an object, or the flat
// shape, whose event is a word. Only a body that names no event is refused.
func Read(header http.Header, body []byte) (Event, error) {
	if err := gateways.CheckJSON(body); err != nil {
		return Event{}, fmt.Errorf("read a Fynd webhook: %w", err)
	}
	in, err := parse(body)
	if err != nil {
		return Event{}, fmt.Errorf("read a Fynd webhook: %w", err)
	}
	digest := sha256.Sum256(body)
	event := Event{
		Digest:        hex.EncodeToString(digest[:]),
		CompanyID:     in.of("company_id"),
		ApplicationID: in.of("application_id"),
	}
	if in.at("event").isObject() {
		event.readPlatform(in)
	} else {
		event.readFlat(in)
	}
	if event.Name == "" {
		return Event{}, errors.New("read a Fynd webhook: it names no event")
	}
	event.EventID = first(gateways.HeaderID(header, "X-Fp-Event-Id"), event.EventID, event.Digest)
	return event, nil
}

// readFlat reads {"event":"REFUND_INITIATED","gofynd_order_id":…}. Amounts are decimals of the main unit.
func (e *Event) readFlat(in node) {
	e.Name = word(in.of("event"))
	e.EventID = in.of("event_id")
	e.readTime(in.at("occurred_at"))
	e.readIDs(in)
	e.Currency = strings.ToUpper(in.of("currency"))
	e.AmountText = in.of("amount")
	if e.AmountText != "" && e.Currency != "" {
		e.setAmount(minorOf(e.AmountText, e.Currency))
	}
	e.readOrder(in.at("order"))
}

// readPlatform reads the envelope of Fynd Platform (Fynd docs, webhooks; event version 1).
func (e *Event) readPlatform(in node) {
	about, payload := in.at("event"), in.at("payload")
	family, kind := about.of("name"), about.of("type")
	e.Name = platformName(family, kind)
	e.EventID = about.of("id")
	e.readTime(about.at("created_timestamp"))
	switch family {
	case "refund":
		e.readIDs(payload)
		e.readAmount(payload) // Fynd does not say in which unit
	case "shipment":
		e.readIDs(payload)
		e.readIDs(payload.at("shipment"))
		e.ShipmentStatus = first(payload.at("shipment", "shipment_status").of("status", "current_shipment_status"), payload.at("shipment").of("status"))
	case "order":
		e.readIDs(payload.at("order"))
		e.readAmount(payload.at("order"))
		if payload.at("order").at("items").value != nil {
			e.readOrder(payload.at("order"))
		}
	case "payment":
		if payments := payload.at("payment_object_list").list(); len(payments) > 0 {
			e.readPayment(payments[0]) // one event is about one payment
		}
	default:
		e.readIDs(payload)
	}
}

// readPayment reads a payment of the platform, whose amount is in the smallest unit.
func (e *Event) readPayment(n node) {
	e.readIDs(n)
	e.GID = first(e.GID, n.of("id"))
	e.Currency = strings.ToUpper(n.of("currency"))
	e.AmountText = n.of("amount_in_paisa")
	if e.AmountText != "" && e.Currency != "" {
		e.setAmount(wholeOf(e.AmountText, e.Currency))
	}
}

// readIDs fills in the ids that are still empty.
func (e *Event) readIDs(n node) {
	fill := func(id *string, names ...string) { *id = first(*id, n.of(names...)) }
	merchant := n.of("merchant_order_id")
	isGID, isOrder := strings.HasPrefix(merchant, "TR"), strings.HasPrefix(merchant, "FY")
	fill(&e.PartnerOrderID, "gofynd_order_id", "fynd_order_id", "order_id", "pf_order_id")
	fill(&e.AffiliateOrderID, "affiliate_order_id")
	fill(&e.GID, "gid")
	switch { // Fynd's pages use this name for three things
	case isGID:
		e.GID = first(e.GID, merchant)
	case isOrder:
		e.PartnerOrderID = first(e.PartnerOrderID, merchant)
	default:
		e.AffiliateOrderID = first(e.AffiliateOrderID, merchant)
	}
	fill(&e.AffiliateID, "affiliate_id")
	fill(&e.ShipmentID, "shipment_id")
	fill(&e.RefundID, "refund_id", "merchant_refund_id")
	fill(&e.RequestID, "request_id", "refund_request_id")
	fill(&e.CompanyID, "company_id")
	fill(&e.ApplicationID, "application_id")
	e.StoreID = first(e.StoreID, n.of("store_id"), n.at("meta", "ordering_store_details").of("id"))
}

func (e *Event) readAmount(n node) {
	e.AmountText, e.Currency = n.of("amount"), strings.ToUpper(n.of("currency"))
}

func (e *Event) readTime(n node) {
	if e.At = n.moment(); e.At.IsZero() && n.text() != "" {
		e.problem("Its time cannot be read.")
	}
}

func (e *Event) readOrder(n node) {
	if n.value == nil {
		return
	}
	order, err := readOrder(n, e.Currency)
	if err != nil {
		e.problem("Its order cannot be read: " + err.Error() + ".")
		return
	}
	e.Order = order
	e.Currency = first(e.Currency, order.Currency)
}

func (e *Event) setAmount(amount money.Amount, err error) {
	if err != nil {
		e.problem("Its amount cannot be read: " + err.Error() + ".")
		return
	}
	e.Amount = &amount
}

func (e *Event) problem(sentence string) { e.Problems = append(e.Problems, sentence) }

// Readings are the two sums that AmountText can mean in a currency: units of the currency, and its
// smallest units. A reading that is not possible is nil. Compare them with the order.
func (e Event) Readings(currency string) (asUnits, asSmallest *money.Amount) {
	if amount, err := minorOf(e.AmountText, currency); err == nil {
		asUnits = &amount
	}
	if amount, err := wholeOf(e.AmountText, currency); err == nil {
		asSmallest = &amount
	}
	return asUnits, asSmallest
}

// platformName is the name of an event of the platform as the Event filter shows it.
func platformName(family, kind string) string {
	switch {
	case family == "shipment" && kind == "create":
		return "SHIPMENT_CREATED"
	case family == "shipment" && (kind == "update" || kind == "data_update"):
		return "SHIPMENT_UPDATED"
	case kind == "", kind == family:
		return word(family)
	case strings.HasPrefix(kind, family+"_"):
		return word(kind)
	}
	return word(family + "_" + kind)
}

var notWord = regexp.MustCompile(`[^A-Z0-9_]+`)

// word is a name in capitals, such as REFUND_INITIATED.
func word(text string) string {
	text = notWord.ReplaceAllString(strings.ToUpper(text), "_")
	return text[:min(len(text), 64)]
}
