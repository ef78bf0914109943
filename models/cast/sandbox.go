package cast

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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
)

// Sandbox is the gateway sandbox as the cast fills it.
type Sandbox struct {
	Base    string // http://127.0.0.1:8090
	Kartify string // where the sandbox sends webhooks: http://127.0.0.1:8080
}

// Load tells the sandbox who the merchants are and makes the cast's Razorpay payments exist there. Doing it
// again changes nothing but the addresses.
func (s Sandbox) Load(ctx context.Context, now time.Time) error {
	err := s.post(ctx, "/_sandbox/merchants", map[string]any{
		"gateway": "razorpay", "key_id": Razorpay["key_id"], "key_secret": Razorpay["key_secret"], "webhook_secret": Razorpay["webhook_secret"],
		"account_id": "acc_KF00000000001A", "webhook_url": fmt.Sprintf("%s/callbacks/razorpay/%d", s.Kartify, Ruosh),
	})
	if err != nil {
		return err
	}
	err = s.send(ctx, http.MethodPut, "/_sandbox/fynd", map[string]any{
		"company_id": GoFynd["company_id"], "secret": GoFynd["secret_key"], "affiliate_id": GoFynd["affiliate_id"], "affiliate_token": GoFynd["affiliate_token"],
		"affiliate_secret": GoFynd["secret_key"], "webhook_url": s.Kartify + "/callbacks/gofynd", "webhook_secret": GoFynd["secret_key"], "auto_refund_done": true,
	})
	if err != nil {
		return err
	}
	orders := Orders(now)
	for _, order := range MailOrders(now) {
		orders = append(orders, order.Order)
	}
	for _, order := range orders {
		if order.Gateway != "razorpay" || order.Payment == nil || order.Payment.Ref == "" {
			continue
		}
		if err := s.Payment(ctx, order); err != nil {
			return fmt.Errorf("payment of order %d: %w", order.ID, err)
		}
	}
	return nil
}

// Payment makes an order's payment exist at the sandbox.
func (s Sandbox) Payment(ctx context.Context, o Order) error {
	p := o.Payment
	state := "failed"
	if p.Captured {
		state = "captured"
	}
	body := map[string]any{
		"gateway": "razorpay", "id": p.Ref, "order_id": p.OrderRef, "order": strconv.FormatInt(o.ID, 10), "amount_minor": o.Total(), "currency": o.Currency,
		"state": state, "method": p.Method, "email": o.Email, "contact": o.Phone, "name": o.Name, "created_at": o.At.Unix(), "rrn": p.RRN, "refunded_minor": p.Refunded,
	}
	if p.Last4 != "" {
		body["card"] = map[string]any{"last4": p.Last4, "network": "Visa", "iin": "410028"}
	}
	return s.post(ctx, "/_sandbox/payments", body)
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

// Settings stores what Ruosh entered for its gateways.
func Settings(ctx context.Context, db *models.DB) error {
	for gateway, values := range map[string]map[string]string{"razorpay": Razorpay, "gofynd": GoFynd} {
		_, err := db.SaveSettings(ctx, models.SettingsForm{
			StoreID: Ruosh, Gateway: gateway, Mode: "test", Values: values, Enabled: true, By: models.SystemActor,
		})
		if err != nil {
			return fmt.Errorf("seed the settings of %s: %w", gateway, err)
		}
	}
	return nil
}
