package sandbox

import (
	"errors"
	"net/http"
)

// merchant is a shop's account at a provider: its keys, and where its webhooks go.
type merchant struct {
	Gateway       string `json:"gateway"`
	KeyID         string `json:"key_id"`
	KeySecret     string `json:"key_secret"`
	WebhookSecret string `json:"webhook_secret"`
	WebhookURL    string `json:"webhook_url"` // "" sends none
	AccountID     string `json:"account_id"`
	ManualCapture bool   `json:"manual_capture,omitempty"` // orders that do not say otherwise stay authorized
	BalanceMinor  *int64 `json:"balance_minor,omitempty"`  // what refunds are paid from; absent is without end
	Flavour       string `json:"flavour,omitempty"`        // Klarna: "kustom" for Kustom Checkout, "" for Klarna itself
	HoldDays      int    `json:"hold_days,omitempty"`      // how long an authorization holds; 0 is the provider's usual time
}

func (m *merchant) id() string { return m.Gateway + "/" + m.KeyID }

// merchantOf is the merchant of a gateway with that key, or its first one when key is "".
// The caller holds the lock.
func (s *Sandbox) merchantOf(gateway, key string) *merchant {
	if key != "" {
		return s.merchants.get(gateway + "/" + key)
	}
	for _, m := range s.merchants.oldest() {
		if m.Gateway == gateway {
			return m
		}
	}
	return nil
}

// putMerchant answers POST /_sandbox/merchants: a new merchant, or new values of a known one.
// Members that are absent keep what they were.
func (s *Sandbox) putMerchant(_ *http.Request, in struct {
	Gateway       string  `json:"gateway"`
	KeyID         string  `json:"key_id"`
	KeySecret     *string `json:"key_secret"`
	WebhookSecret *string `json:"webhook_secret"`
	WebhookURL    *string `json:"webhook_url"`
	AccountID     *string `json:"account_id"`
	ManualCapture *bool   `json:"manual_capture"`
	BalanceMinor  *int64  `json:"balance_minor"`
	Flavour       *string `json:"flavour"`
	HoldDays      *int    `json:"hold_days"`
},
) (any, error) {
	if s.provider(in.Gateway) == nil {
		return nil, errors.New("gateway is missing or unknown")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &merchant{Gateway: in.Gateway, KeyID: in.KeyID}
	if known := s.merchantOf(in.Gateway, in.KeyID); known != nil {
		*m = *known
	}
	if m.KeyID == "" {
		return nil, errors.New("key_id is missing")
	}
	set(&m.KeySecret, in.KeySecret)
	set(&m.WebhookSecret, in.WebhookSecret)
	set(&m.WebhookURL, in.WebhookURL)
	set(&m.AccountID, in.AccountID)
	set(&m.ManualCapture, in.ManualCapture)
	set(&m.Flavour, in.Flavour)
	set(&m.HoldDays, in.HoldDays)
	if in.BalanceMinor != nil {
		m.BalanceMinor = in.BalanceMinor
	}
	if m.AccountID == "" {
		m.AccountID = newID("acc_")
	}
	s.merchants.put(m.id(), m)
	return *m, nil
}

// set copies a value that was given.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
