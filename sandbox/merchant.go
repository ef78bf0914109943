package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
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

	Options map[string]string `json:"options,omitempty"` // switches of its provider; see optioned
}

// optioned is a provider whose merchants have switches of their own.
type optioned interface {
	options() []string // the names of the switches
}

// checkOptions says which switch a provider does not have, or nil.
func checkOptions(p provider, given map[string]string) error {
	var known []string
	if able, ok := p.(optioned); ok {
		known = able.options()
	}
	for name := range given {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s has no option %q; it has %q", p.code(), name, known)
		}
	}
	return nil
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

	Options map[string]string `json:"options"` // those given change, the others stay
},
) (any, error) {
	if s.provider(in.Gateway) == nil {
		return nil, errors.New("gateway is missing or unknown")
	}
	if err := checkOptions(s.provider(in.Gateway), in.Options); err != nil {
		return nil, err
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
	if len(in.Options) > 0 {
		m.Options = merge(m.Options, in.Options)
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
