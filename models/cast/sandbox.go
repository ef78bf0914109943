package cast

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/models"
)

// What the cast's stores entered, and the gateway sandbox knows them by.
var (
	Razorpay = map[string]string{"key_id": "rzp_test_KF00000000000A", "key_secret": "kartify_test_secret_0001", "webhook_secret": "whsec_kartify_0001", "payment_action": "capture"}
	GoFynd   = map[string]string{
		"company_id": "1", "application_id": "64d24a8a911bf1c20ac3685c", "affiliate_id": "ruosh-affiliate",
		"affiliate_token": "ruosh-affiliate-token-0001", "secret_key": "gofynd_secret_0001",
	}
	Klarna    = map[string]string{"username": "K123456_0a1b2c3d4e5f", "password": "sandbox-secret", "host": "klarna-eu"}
	Svea      = map[string]string{"merchant_id": "100001", "secret": "sandbox-secret"}
	PayKeeper = map[string]string{
		"server": "https://lavka.server.paykeeper.ru", "login": "lavka", "password": "sandbox-password", "secret_word": "MySecretSeed", "payment_action": "capture",
	}
	CCAvenue = map[string]string{
		"merchant_id": "123456", "access_code": "AVKF00KF00KF00KFKF", "working_key": "4D1C5A7E9B0F2E3D6C8A7B5F1E0D9C3B", "paid_status": "processing",
	}
)

// Sandbox is the gateway sandbox as the cast fills it.
type Sandbox struct {
	Base    string // http://127.0.0.1:8090
	Kartify string // where the sandbox sends webhooks: http://127.0.0.1:8080
}

// Load tells the sandbox who the merchants are and makes the cast's payments exist there. Doing it again
// changes nothing but the addresses.
func (s Sandbox) Load(ctx context.Context, now time.Time) error {
	for _, merchant := range s.merchants() {
		if err := s.post(ctx, "/_sandbox/merchants", merchant); err != nil {
			return err
		}
	}
	err := s.send(ctx, http.MethodPut, "/_sandbox/fynd", map[string]any{
		"company_id": GoFynd["company_id"], "secret": GoFynd["secret_key"], "affiliate_id": GoFynd["affiliate_id"], "affiliate_token": GoFynd["affiliate_token"],
		"affiliate_secret": GoFynd["secret_key"], "webhook_url": s.Kartify + "/callbacks/gofynd", "webhook_secret": GoFynd["secret_key"], "auto_refund_done": true,
	})
	if err != nil {
		return err
	}
	if err := s.send(ctx, http.MethodPut, "/_sandbox/fynd/extensions", s.extension()); err != nil {
		return err
	}
	orders := Orders(now)
	for _, order := range MailOrders(now) {
		orders = append(orders, order.Order)
	}
	for _, order := range orders {
		if !slices.Contains(atSandbox, order.Gateway) || order.Payment == nil || order.Payment.Ref == "" && order.Unheard.State == "" {
			continue
		}
		if err := s.Payment(ctx, order); err != nil {
			return fmt.Errorf("payment of order %d: %w", order.ID, err)
		}
		if order.Unheard.State == "" {
			continue
		}
		if err := s.atFynd(ctx, order); err != nil {
			return fmt.Errorf("order %d at Fynd: %w", order.ID, err)
		}
	}
	return nil
}

// Returns allows the buyers of store 40 back to the test shop of the sandbox.
func (s Sandbox) Returns(ctx context.Context, db *models.DB) error {
	if err := db.SetReturnURLs(ctx, Ruosh, []string{s.Base + "/_sandbox/fynd/shop"}, models.SystemActor); err != nil {
		return fmt.Errorf("allow buyers back to the test shop: %w", err)
	}
	return nil
}

// extension is the cast's payment extension as Fynd knows it.
func (s Sandbox) extension() map[string]any {
	return map[string]any{
		"api_key": FyndKey, "api_secret": FyndSecret, "name": FyndExtension, "base_url": s.Kartify,
		"channels":  []map[string]any{{"company_id": FyndCompany, "company": "Ruosh", "application_id": FyndApplication, "application": "Ruosh web shop"}},
		"installed": []map[string]any{{"company_id": FyndCompany, "refresh_token": FyndRefresh}},
	}
}

// atSandbox are the gateways whose payments exist at the sandbox.
var atSandbox = []string{"razorpay", "klarna", "svea", "paykeeper", "ccavenue"}

// merchants are the shops' accounts at the providers.
func (s Sandbox) merchants() []map[string]any {
	return []map[string]any{
		{
			"gateway": "razorpay", "key_id": Razorpay["key_id"], "key_secret": Razorpay["key_secret"], "webhook_secret": Razorpay["webhook_secret"],
			"account_id": "acc_KF00000000001A", "webhook_url": fmt.Sprintf("%s/callbacks/razorpay/%d", s.Kartify, Ruosh),
		},
		{
			"gateway": "klarna", "key_id": Klarna["username"], "key_secret": Klarna["password"],
			"webhook_url": fmt.Sprintf("%s/callbacks/klarna/%d/{checkout.order.id}", s.Kartify, Nordisk),
		},
		{
			"gateway": "svea", "key_id": Svea["merchant_id"], "key_secret": Svea["secret"],
			"webhook_url": fmt.Sprintf("%s/callbacks/svea/%d/{checkout.order.uri}", s.Kartify, Nordisk),
		},
		{
			"gateway": "ccavenue", "account_id": CCAvenue["merchant_id"], "key_id": CCAvenue["access_code"], "key_secret": CCAvenue["working_key"],
			"webhook_url": fmt.Sprintf("%s/callbacks/ccavenue/%d/echo", s.Kartify, Chandni),
		},
		{
			"gateway": "paykeeper", "key_id": PayKeeper["login"], "key_secret": PayKeeper["password"], "webhook_secret": PayKeeper["secret_word"],
			"webhook_url": fmt.Sprintf("%s/callbacks/paykeeper/%d", s.Kartify, Lavka),
		},
	}
}

// Payment makes an order's payment exist at the sandbox.
func (s Sandbox) Payment(ctx context.Context, o Order) error {
	p := o.Payment
	state, debited := o.boxState()
	body := map[string]any{
		"gateway": o.Gateway, "id": cmp.Or(p.Ref, o.Unheard.ID), "order_id": p.OrderRef, "order": strconv.FormatInt(o.ID, 10), "amount_minor": o.Total(), "currency": o.Currency,
		"state": state, "method": p.Method, "email": o.Email, "contact": o.Phone, "name": o.Name, "created_at": o.At.Unix(), "rrn": p.RRN, "refunded_minor": p.Refunded,
	}
	if debited {
		body["debited"] = true
	}
	if debited && o.Status == models.StatusMissing {
		body["bank_says"] = "Account debited, no answer"
	}
	if o.Gateway == "svea" && p.Method == "card" {
		body["payment_type"] = "Card"
	}
	if p.Last4 != "" {
		body["card"] = map[string]any{"last4": p.Last4, "network": "Visa", "iin": cardHead}
	}
	if o.Gateway == "paykeeper" {
		body["cart"], body["params"], body["fiscal"] = json.RawMessage(o.cart()), o.bankParams(), p.Fiscal
	}
	if p.CaptureBefore > 0 { // Klarna holds for 28 days (Klarna docs, authorization expiry)
		body["created_at"] = time.Now().Add(p.CaptureBefore).AddDate(0, 0, -28).Unix()
	}
	return s.post(ctx, "/_sandbox/payments", body)
}

// atFynd makes an order known to Fynd, which waits to hear that it is paid.
func (s Sandbox) atFynd(ctx context.Context, o Order) error {
	return s.post(ctx, "/_sandbox/payments", map[string]any{
		"gateway": "fynd", "id": o.gid(), "order_id": o.Partner, "order": strconv.FormatInt(o.ID, 10), "amount_minor": o.Total(), "currency": o.Currency,
	})
}

// boxState is the state of an order's payment in its provider's words, and whether the buyer's bank took the
// money whatever the state says.
func (o *Order) boxState() (state string, debited bool) {
	p := o.Payment
	switch {
	case o.Unheard.State != "":
		return o.Unheard.State, false
	case o.Gateway == "paykeeper":
		return string(p.Status), false
	case o.Gateway == "ccavenue" && p.Captured:
		return "Shipped", true
	case o.Gateway == "ccavenue":
		return "Awaited", o.Reason == "debited"
	case p.Captured:
		return "captured", false
	case p.Status == models.PaymentAuthorized:
		return "authorized", false
	}
	return "failed", false
}

func (s Sandbox) post(ctx context.Context, path string, body any) error {
	return s.send(ctx, http.MethodPost, path, body)
}

func (s Sandbox) send(ctx context.Context, method, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.Base, "/")+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the gateway sandbox: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	answer, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	if res.StatusCode >= 300 {
		return fmt.Errorf("the gateway sandbox answers %s to %s: %s", res.Status, path, answer)
	}
	return nil
}

// Settings stores what the stores entered for their gateways, and where their buyers may go back to. Gateways that
// this program does not have are left out.
func Settings(ctx context.Context, db *models.DB) error {
	var known []string
	for _, driver := range db.Drivers() {
		known = append(known, driver.Code)
	}
	for _, entered := range []struct {
		store   int64
		gateway string
		values  map[string]string
	}{
		{Ruosh, "razorpay", Razorpay}, {Ruosh, "gofynd", GoFynd}, {Nordisk, "klarna", Klarna}, {Nordisk, "svea", Svea}, {Lavka, "paykeeper", PayKeeper}, {Chandni, "ccavenue", CCAvenue},
	} {
		if !slices.Contains(known, entered.gateway) {
			continue
		}
		_, err := db.SaveSettings(ctx, models.SettingsForm{
			StoreID: entered.store, Gateway: entered.gateway, Mode: "test", Values: entered.values, Enabled: true, By: models.SystemActor,
		})
		if err != nil {
			return fmt.Errorf("seed the settings of %s: %w", entered.gateway, err)
		}
	}
	return nil
}
