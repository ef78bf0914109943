package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// fynd is Fynd Platform as a payment extension and a GoFynd store see it: the sessions they report
// to, order confirmation, tokens, and the events it sends.
type fynd struct {
	s          *Sandbox
	client     *http.Client // asks extensions
	configs    *table[fyndConfig]
	extensions *table[fyndExtension] // by API key
	installs   *table[fyndInstall]   // by API key and company
	asked      *table[fyndRequest]   // what was last sent about something
	payments   *table[fyndPayment]   // by gid
	tokens     *table[fyndToken]
	ofOrder    map[string]string // the gid of a GoFynd order
}

// fyndConfig is what a company has agreed with Fynd. What is empty is not checked. The company ""
// stands for every company that has none of its own.
type fyndConfig struct {
	Company         string `json:"company_id"`
	Secret          string `json:"secret"`           // the extension's API secret; checks the checksum of session updates
	APIKey          string `json:"api_key"`          // the extension's API key; checks who asks for tokens
	Bearer          string `json:"bearer"`           // a token that is good without asking for one
	AffiliateID     string `json:"affiliate_id"`     // the three values of the GoFynd API settings of a store
	AffiliateToken  string `json:"affiliate_token"`  //
	AffiliateSecret string `json:"affiliate_secret"` //
	WebhookURL      string `json:"webhook_url"`      // where events go
	WebhookSecret   string `json:"webhook_secret"`   // what they are signed with
	Shape           string `json:"shape"`            // of events Fynd sends by itself: flat or platform
	AutoRefundDone  bool   `json:"auto_refund_done"` // a refund reported done is answered with REFUND_DONE
	KnownOnly       bool   `json:"known_only"`       // refuses payments and orders nobody has told it of
	TokenSeconds    int64  `json:"token_seconds"`    // how long a token lives; 3599 when 0
	WebhookAPI      string `json:"webhook_api"`      // the newest version for subscriptions: 3.0, 2.0 or 1.0; 3.0 when ""
	Authorize       string `json:"authorize"`        // what goes wrong at the next installations: see authorizePage
}

// fyndPayment is what Fynd knows of something that is paid.
type fyndPayment struct {
	GID            string                `json:"gid"`
	Company        string                `json:"company_id,omitempty"`
	Application    string                `json:"application_id,omitempty"`
	Order          string                `json:"gofynd_order_id,omitempty"`
	AffiliateOrder string                `json:"affiliate_order_id,omitempty"`
	Store          *int64                `json:"store_id,omitempty"`
	Shipment       string                `json:"shipment_id,omitempty"`
	AmountMinor    int64                 `json:"amount_minor,omitempty"` // 0 when nobody said
	Currency       string                `json:"currency,omitempty"`
	Status         string                `json:"status,omitempty"` // started, pending, complete, failed
	Transaction    string                `json:"transaction_id,omitempty"`
	PaymentID      string                `json:"payment_id,omitempty"`
	DrawnMinor     int64                 `json:"amount_captured,omitempty"`
	Confirmed      string                `json:"confirmed,omitempty"` // the id of the confirmation
	Refunds        map[string]fyndRefund `json:"refunds,omitempty"`   // by request id
	Extension      string                `json:"api_key,omitempty"`   // of the extension that was asked for it
	Session        string                `json:"session,omitempty"`   // what the extension calls it
	Redirect       string                `json:"redirect_url,omitempty"`
	Buyer          string                `json:"buyer,omitempty"`
	History        []fyndTold            `json:"history,omitempty"`
	Divergence     []string              `json:"divergence,omitempty"` // what the last poll showed
}

// fyndRefund is what Fynd was last told of a refund request.
type fyndRefund struct {
	Status      string `json:"status"`
	AmountMinor int64  `json:"amount_minor"`
	UTR         string `json:"refund_utr,omitempty"`
	RefundID    string `json:"refund_id"` // Fynd's own
	Created     string `json:"created,omitempty"`
}

func newFynd(s *Sandbox) *fynd {
	client := newHookClient()
	client.Timeout = extensionTimeout
	return &fynd{
		s:          s,
		client:     client,
		configs:    newTable[fyndConfig](s.journal, "fynd.configs"),
		extensions: newTable[fyndExtension](s.journal, "fynd.extensions"),
		installs:   newTable[fyndInstall](s.journal, "fynd.installs"),
		asked:      newTable[fyndRequest](s.journal, "fynd.asked"),
		payments:   newTable[fyndPayment](s.journal, "fynd.payments"),
		tokens:     newTable[fyndToken](s.journal, "fynd.tokens"),
		ofOrder:    map[string]string{},
	}
}

func (g *fynd) code() string       { return "fynd" }
func (g *fynd) prefixes() []string { return []string{"/fynd/service", "/service"} }

func (g *fynd) routes() []route {
	const app = "/platform/payment/v1.0/company/{company}/application/{app}/payment"
	const oauth = "/panel/authentication/v1.0/company/{company}/oauth"
	subscriber := func(version string) string { return " /platform/webhook/v" + version + "/company/{company}/subscriber" }
	ofPath := func(c *call) string { return c.PathValue("gid") }
	return []route{
		{"PUT " + app + "/session/{gid}", "payment_session", true, ofPath, g.signed(g.updatePayment)},
		{"GET " + app + "/session/{gid}", "lookup", false, ofPath, g.signed(g.showPayment)},
		{"PUT " + app + "/{gid}/refund/session/{request}", "refund_session", true, ofPath, g.signed(g.updateRefund)},
		{"POST " + app + "/confirm", "confirm", true, orderOfBody, g.signed(g.confirm)},
		{"GET " + oauth + "/authorize", "authorize", false, nil, g.authorizePage},
		{"POST " + oauth + "/token", "token", true, nil, g.token},
		{"POST " + oauth + "/offline-token", "token", true, nil, g.offlineToken},
		{"GET /panel/partners/v1.0/extensions/details/{key}", "lookup", false, nil, g.extension},
		{"POST /common/webhook/v1.0/events/query-event-details", "lookup", false, nil, g.eventDetails},
		{"GET /platform/webhook/v1.0/company/{company}/extension/{key}/subscriber", "lookup", false, nil, g.signed(g.subscribers)},
		{"PUT" + subscriber("3.0"), "subscribe", true, nil, g.signed(g.subscribe)},
		{"POST" + subscriber("2.0"), "subscribe", true, nil, g.signed(g.subscribeOld("2.0"))},
		{"PUT" + subscriber("2.0"), "subscribe", true, nil, g.signed(g.subscribeOld("2.0"))},
		{"POST" + subscriber("1.0"), "subscribe", true, nil, g.signed(g.subscribeOld("1.0"))},
		{"PUT" + subscriber("1.0"), "subscribe", true, nil, g.signed(g.subscribeOld("1.0"))},
	}
}

func (g *fynd) unhide() {}

// controls are the settings of companies, the extensions there are, what Fynd asks of them and the events it
// sends, and the pages of sellers and buyers.
func (g *fynd) controls(mux *http.ServeMux) {
	mux.HandleFunc("PUT /_sandbox/fynd", control(g.s, g.putConfig))
	mux.HandleFunc("PUT /_sandbox/fynd/extensions", control(g.s, g.putExtension))
	mux.HandleFunc("POST /_sandbox/fynd/webhooks", control(g.s, g.sendEvents))
	mux.HandleFunc("POST /_sandbox/fynd/sessions", control(g.s, g.askSessions))
	mux.HandleFunc("POST /_sandbox/fynd/refunds", control(g.s, g.askRefunds))
	mux.HandleFunc("POST /_sandbox/fynd/gdpr", control(g.s, g.askPrivacy))
	mux.HandleFunc("POST /_sandbox/fynd/polls", control(g.s, g.pollSessions))
	mux.HandleFunc("POST /_sandbox/fynd/auto_install", control(g.s, g.autoInstall))
	mux.HandleFunc("POST /_sandbox/fynd/uninstall", control(g.s, g.uninstall))
	mux.HandleFunc("POST /_sandbox/fynd/revoke", control(g.s, g.revokeTokens))
	g.panelRoutes(mux)
	g.shopRoutes(mux)
}

// resume finds the payments of orders again.
func (g *fynd) resume() {
	for gid, p := range g.payments.oldest() {
		if p.Order != "" {
			g.ofOrder[p.Order] = gid
		}
	}
}

// config is what applies to a company. The caller holds the lock.
func (g *fynd) config(company string) fyndConfig {
	for _, name := range []string{company, ""} {
		if found := g.configs.get("company/" + name); found != nil {
			return *found
		}
	}
	return fyndConfig{}
}

// fyndRefusal is the body of an answer that is not a success.
func fyndRefusal(status int, message string) reply {
	return jsonReply(status, struct {
		Success bool              `json:"success"`
		Data    map[string]string `json:"data"`
		Message string            `json:"message"`
	}{false, map[string]string{"status": "failed"}, message})
}

func (g *fynd) refuse(why refusal) reply {
	switch why {
	case refusedPath:
		return fyndRefusal(http.StatusNotFound, "Not Found")
	case refusedRate:
		return fyndRefusal(http.StatusTooManyRequests, "Too Many Requests")
	case refusedBusy:
		return fyndRefusal(http.StatusConflict, "Another update of this payment is in progress")
	case refusedSize:
		return fyndRefusal(http.StatusRequestEntityTooLarge, "Payload Too Large")
	}
	return fyndRefusal(http.StatusInternalServerError, "Internal Server Error")
}

// find is a payment by gid; one that nobody has told of yet is made up unless the company wants to
// know them all. The caller holds the lock.
func (g *fynd) find(gid string, c *call) (*fyndPayment, bool) {
	if p := g.payments.get(gid); p != nil {
		return p, true
	}
	if g.config(c.PathValue("company")).KnownOnly {
		return nil, false
	}
	return &fyndPayment{GID: gid, Company: c.PathValue("company"), Application: c.PathValue("app")}, true
}

// keep stores a payment and finds it by its order from now on. The caller holds the lock.
func (g *fynd) keep(p *fyndPayment) {
	g.payments.put(p.GID, p)
	if p.Order != "" {
		g.ofOrder[p.Order] = p.GID
	}
}

// record writes an effect into the ledger. The caller holds the lock.
func (g *fynd) record(verb, payment string, amount int64, currency, ref, state string) {
	g.s.record(Entry{
		Gateway: g.code(), Verb: verb, Payment: payment, AmountMinor: amount, Currency: currency, Ref: ref, State: state,
	})
}

// putConfig answers PUT /_sandbox/fynd. Members that are absent keep what they were.
func (g *fynd) putConfig(_ *http.Request, in struct {
	Company         json.RawMessage `json:"company_id"`
	Secret          *string         `json:"secret"`
	APIKey          *string         `json:"api_key"`
	Bearer          *string         `json:"bearer"`
	AffiliateID     *string         `json:"affiliate_id"`
	AffiliateToken  *string         `json:"affiliate_token"`
	AffiliateSecret *string         `json:"affiliate_secret"`
	WebhookURL      *string         `json:"webhook_url"`
	WebhookSecret   *string         `json:"webhook_secret"`
	Shape           *string         `json:"shape"`
	AutoRefundDone  *bool           `json:"auto_refund_done"`
	KnownOnly       *bool           `json:"known_only"`
	TokenSeconds    *int64          `json:"token_seconds"`
	WebhookAPI      *string         `json:"webhook_api"`
	Authorize       *string         `json:"authorize"`
},
) (any, error) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	company := plainText(in.Company)
	now := g.config(company)
	now.Company = company
	set(&now.Secret, in.Secret)
	set(&now.APIKey, in.APIKey)
	set(&now.Bearer, in.Bearer)
	set(&now.AffiliateID, in.AffiliateID)
	set(&now.AffiliateToken, in.AffiliateToken)
	set(&now.AffiliateSecret, in.AffiliateSecret)
	set(&now.WebhookURL, in.WebhookURL)
	set(&now.WebhookSecret, in.WebhookSecret)
	set(&now.Shape, in.Shape)
	set(&now.AutoRefundDone, in.AutoRefundDone)
	set(&now.KnownOnly, in.KnownOnly)
	set(&now.TokenSeconds, in.TokenSeconds)
	set(&now.WebhookAPI, in.WebhookAPI)
	set(&now.Authorize, in.Authorize)
	g.configs.put("company/"+company, &now)
	return now, nil
}

// plainText is a JSON text or number as text: Fynd writes a company as either.
func plainText(raw json.RawMessage) string {
	text := string(bytes.TrimSpace(raw))
	if text == "null" {
		return ""
	}
	if unquoted, ok := readText(raw); ok {
		return unquoted
	}
	return strings.Trim(text, `"`)
}
