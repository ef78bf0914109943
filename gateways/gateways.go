// Package gateways holds the verbs that kartify speaks to payment providers, in kartify's own words.
// A provider is a folder beside this file: its Driver, its wire messages with their status tables,
// and its callbacks. What a provider can do is what its gateway implements.
package gateways

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/kartify/kartify/money"
)

// Class says what may be done when an answer did not come.
type Class int

const (
	// ByReference has a unique reference of ours that can be looked up, but no promise that a repeat is refused.
	ByReference Class = iota
	// ByKey has a documented idempotency key: the same key and the same bytes may be sent again.
	ByKey
	// Once has neither: one dispatch, then only look-ups, then a person decides.
	Once
)

// Driver is a gateway as Extensions > Payment shows it.
type Driver struct {
	Code string // "razorpay": in URLs, records and settings
	Name string // "Razorpay"
	Docs string // one sentence for the settings page: where the merchant finds these values

	Fields []Field // the settings form, in order

	Class       Class          // of its verbs
	Classes     map[Verb]Class // of the verbs that differ from Class
	KeyLifetime time.Duration  // how long a key is known to be honoured; ByKey only
	QuietPeriod time.Duration  // how long after a send an effect may still appear in look-ups

	Can     Abilities
	Trust   Trust  // of its webhooks
	Portal  string // where the merchant sees payments: https://dashboard.razorpay.com
	Support string // whom a merchant asks when money hangs: an address or a telephone number
	Partner bool   // it sells or ships for the store and moves no money itself
	// DrawsHeld says that what is still held at CaptureBefore is captured by the provider itself. At the others
	// the hold ends then, and the money goes back to the buyer.
	DrawsHeld bool

	// Open makes a gateway of a store's settings. Secrets in it are in the clear.
	Open func(Settings) (Gateway, error)
	// Inbox reads the provider's webhooks; nil when it sends none.
	Inbox Inbox
}

// ClassOf is what may be done when an answer to verb did not come.
func (d Driver) ClassOf(verb Verb) Class {
	if class, ok := d.Classes[verb]; ok {
		return class
	}
	return d.Class
}

// Abilities are what a provider can do with money. Buttons, the API's answers and help texts read them from here.
type Abilities struct {
	Verbs   []Verb // those it has at all
	Partial []Verb // those that can be for less than the whole: Refund, Capture
	Several []Verb // those that can be done again for the rest: Refund, Capture
	// DrawnOnce are the ways to pay of which a part is drawn once, and gives the rest of the hold back, where
	// others are drawn Several times.
	DrawnOnce []string
	// AtOnce says that the money can be drawn the moment the buyer pays, Later that it can be held then and drawn
	// afterwards. Where both are so, the settings or the merchant's contract decide.
	AtOnce, Later bool
	Raise         bool // an Update may ask for more than is held; the provider decides
	// LinesToUpdate says that an Update replaces the lines too: they must be known, and add up to the amount.
	LinesToUpdate bool
	// ByStatus says that the provider is fully integrated: a change of order status may drive it.
	ByStatus bool
	// WholeCredit says that the merchants of this provider credit whole amounts here and parts of them in
	// its portal, unless their settings say otherwise.
	WholeCredit bool
	// Holds is how long an authorization lasts by payment method; "" is for any other.
	Holds map[string]time.Duration
}

// Does says whether the provider has a verb.
func (a Abilities) Does(verb Verb) bool { return slices.Contains(a.Verbs, verb) }

// InPart says whether a verb can be for less than the whole.
func (a Abilities) InPart(verb Verb) bool { return slices.Contains(a.Partial, verb) }

// Again says whether a verb can be done once more for the rest.
func (a Abilities) Again(verb Verb) bool { return slices.Contains(a.Several, verb) }

// DrawsOnce says whether a capture of a part gives the rest back.
func (a Abilities) DrawsOnce(method string) bool {
	return !a.Again(Capture) || slices.Contains(a.DrawnOnce, method)
}

// Hold is how long an authorization of a method lasts, or 0 when that is not known.
func (a Abilities) Hold(method string) time.Duration {
	if hold, ok := a.Holds[method]; ok {
		return hold
	}
	return a.Holds[""]
}

// Trust says how far a provider's webhooks are believed.
type Trust int

const (
	// Signed webhooks carry a signature over their body: what they say is applied.
	Signed Trust = iota
	// Hinted webhooks prove nothing, or not enough: the provider is asked, and its answer is applied.
	Hinted
)

// RefHeader carries what the address of a callback says, set by kartify itself on the headers an Inbox
// gets: the provider's order in /callbacks/klarna/:store/:order, or "return" and "echo" of CCAvenue. An
// order may be followed by a full stop and the token that the driver put into the address.
const RefHeader = "Kartify-Callback-Ref"

// Field is one box of the settings form.
type Field struct {
	Slug     string // "key_secret"
	Name     string // "Key secret"
	Help     string
	Required bool
	Secret   bool     // sealed at rest, never shown again
	Options  []string // a choice instead of a text box
	Default  string
	// Account is set on what names the account at the provider, and gives that name without what may change
	// within the account. It is never a secret.
	Account func(value string) string
	// Check says in a sentence what is wrong with a value in this mode ("test" or "live"), or "".
	Check func(value, mode string) string
}

// Settings are what a store entered for a gateway, at one version.
type Settings struct {
	BaseURL string // the provider's API, without a slash at the end; the driver's own when empty
	Mode    string // "test" or "live"
	Values  map[string]string
	HTTP    *http.Client  // nil: the Client's own
	Timeout time.Duration // of one call; 20 s when zero
}

// Gateway is a driver opened with a store's settings. Its abilities are the interfaces below.
type Gateway interface {
	// Check asks the provider whether the credentials are good, changing nothing.
	Check(ctx context.Context) error
}

// Refunder returns money of a captured payment, in full or in part.
type Refunder interface {
	Refund(ctx context.Context, req Request) (Result, error)
}

// Capturer draws authorized money.
type Capturer interface {
	Capture(ctx context.Context, req Request) (Result, error)
}

// Voider gives an authorization back.
type Voider interface {
	Void(ctx context.Context, req Request) (Result, error)
}

// Updater changes what an authorization holds, with its lines, before any of it is drawn. The request's
// Amount is the new total.
type Updater interface {
	Update(ctx context.Context, req Request) (Result, error)
}

// Starter begins a payment at the provider and says where the buyer goes to pay.
type Starter interface {
	Start(ctx context.Context, checkout Checkout) (Start, error)
}

// Finder looks up what became of an operation whose answer did not come. It returns ErrAbsent when the
// provider answered and does not know the operation (yet).
type Finder interface {
	Find(ctx context.Context, req Request) (Result, error)
}

// Reader reads a payment as the provider sees it now.
type Reader interface {
	Payment(ctx context.Context, ref string) (Payment, error)
}

// OrderReader reads every attempt to pay for an order of ours, as the provider sees them now. An order
// the provider does not know has none.
type OrderReader interface {
	OrderPayments(ctx context.Context, orderRef string) ([]Payment, error)
}

// Lister reads the payments that the provider made or changed in [from, to), and hands each to visit. A
// payment may come more than once. An error of visit ends it.
type Lister interface {
	Payments(ctx context.Context, from, to time.Time, visit func(Payment) error) error
}

// Acknowledger tells the provider that a payment was taken in and belongs to our order orderRef. A provider
// that wants this reports the payment again and again until it hears it. Doing it twice changes nothing.
type Acknowledger interface {
	Acknowledge(ctx context.Context, ref, orderRef string) error
}

// Verb is what an operation does with money.
type Verb string

const (
	Refund  Verb = "refund"
	Capture Verb = "capture"
	Void    Verb = "void"          // gives back what is held, or what is left of it after a capture
	Update  Verb = "amount_update" // changes what is held
)

// Request is one operation, as stored before the first send; every repeat carries the same values.
type Request struct {
	Verb           Verb
	PaymentRef     string // the provider's id of the payment
	OrderRef       string // the provider's id of its order, where it has one
	OperationRef   string // the provider's id of this operation, once known
	Word           string // what the provider last said of it, for look-ups
	Amount         money.Amount
	IdempotencyKey string // ours, [A-Za-z0-9_-]{10,40}; also the receipt or reference
	Reason         string // for the provider's notes
	Lines          []Line // what the amount is for, where it is known; they add up to Amount
	// Before is the payment as the provider showed it before the first send. It is there for verbs of
	// class Once, and tells whether an effect happened where the provider keeps no reference of ours.
	Before *Payment
}

// Line is a part of an order. Amounts are minor units, include tax, and Total = Quantity × Unit − discount.
type Line struct {
	Ref      string   `json:"ref"` // the article number
	Name     string   `json:"name"`
	Kind     LineKind `json:"kind"`
	Quantity int64    `json:"quantity"` // whole pieces
	Unit     int64    `json:"unit"`     // the price of one
	TaxRate  int64    `json:"tax_rate"` // hundredths of a percent: 2500 is 25 %
	Tax      int64    `json:"tax"`      // within Total
	Total    int64    `json:"total"`
}

// LineKind is what a line is.
type LineKind string

// The kinds of lines.
const (
	Goods    LineKind = "goods"
	Shipping LineKind = "shipping"
	Discount LineKind = "discount" // with a negative Total
)

// Checkout is an order that a buyer is about to pay for.
type Checkout struct {
	OrderRef  string // our order number, with the attempt's suffix where the provider wants one per attempt
	Amount    money.Amount
	Lines     []Line
	Customer  Customer
	Hold      bool   // only authorize; drawn later
	Locale    string // "sv-SE"
	ReturnURL string // where the buyer comes back, paid or not; ours, which redirects to the shop
	CancelURL string
	NotifyURL string // where the provider reports to; ours. A driver adds "/" and the provider's order where the route has one
	Key       string // the idempotency key
}

// Customer is who pays.
type Customer struct {
	Name, Email, Phone         string
	Address, City, Postcode    string
	Region, Country            string // Country is ISO 3166-1 alpha-2
	Organization, Registration string // of a company
}

// Start is where the buyer goes: to URL, or, when Form is set, there with these fields posted.
type Start struct {
	Ref      string // the provider's id of the payment, where it has one already
	OrderRef string // the provider's id of its order, or the one it was given
	URL      string
	Form     map[string]string
}

// Status is what the provider says of an operation.
type Status string

const (
	Pending   Status = "pending"   // accepted, not finished; also any word we do not know yet
	Succeeded Status = "succeeded" // done
	Failed    Status = "failed"    // accepted once, did not happen
)

// Result is an answer that was understood. Amount is what the provider says it moved.
type Result struct {
	Status     Status
	Ref        string // the provider's id of the operation: rfnd_…
	PaymentRef string // the provider's id of its payment, where it says
	Amount     money.Amount
	Reference  string // ARN, RRN or UTR, when the bank has given one
	Word       string // the provider's own status word
	Reason     string // the provider's sentence when it failed
	Key        string // the idempotency key or receipt the provider stored with it; "" when it stores none
	At         time.Time
	Raw        []byte
}

// Payment is a payment as the provider sees it, in minor units of Amount.Currency.
type Payment struct {
	Ref        string
	OrderRef   string
	Word       string // the provider's own status word
	Amount     money.Amount
	Captured   int64
	Refunded   int64
	Voided     int64 // of what was held, given back
	Authorized bool  // the money is held or drawn
	Failed     bool
	Canceled   bool  // the buyer turned back, or the whole hold was given back or ran out
	TakenBack  bool  // all of it went back at once, or is on its way: paid and returned, unless it is known to have been held
	Doubt      Doubt // when it is not paid, but the buyer's account may have been debited
	Waits      Wait  // when it is neither made nor over: what for
	Reason     string
	Method     string // "card", "upi"
	RRN        string
	CardFirst6 string
	CardLast4  string
	Refunds    []Result
	Captures   []Result
	// Offers are the verbs the provider would allow now; nil when it does not say. CaptureBefore is when
	// the hold ends; the zero time when it does not say.
	Offers        []Verb
	CaptureBefore time.Time
	// Params are what the provider and the bank wrote down about the payment, for support; Fiscal are the
	// values of its receipt at the tax office. Both in their own names.
	Params map[string]string
	Fiscal map[string]string
	At     time.Time
	Raw    []byte
}

// Doubt is why a payment that is not paid may have taken the buyer's money all the same.
type Doubt string

// The doubts.
const (
	NoDoubt Doubt = ""
	Debited Doubt = "debited" // the provider says so
	Unclear Doubt = "unknown" // it does not say, or in a word nobody knows
)

// Wait is what a payment that is neither made nor over waits for.
type Wait string

// What payments wait for.
const (
	NoWait      Wait = ""
	ForBuyer    Wait = "buyer"        // who has the provider's page open, or has left it
	ForConsent  Wait = "confirmation" // of the buyer at his bank: 3-D Secure, the bank's app
	ForBank     Wait = "bank"         // which has not answered the provider
	ForProvider Wait = "review"       // which is still checking the payment, as for fraud
)
