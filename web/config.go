// Package web holds what every route shares: sessions, forgery checks, headers, pages, errors.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"
)

// Config says how the pages are reached.
type Config struct {
	PublicURL      string   // how browsers reach kartify: https://admin.example.com; empty for whatever they use
	TLS            bool     // this process speaks TLS itself
	TrustedProxies []string // CIDRs whose X-Forwarded-For is believed; none by default
	FormTargets    []string // origins besides our own that a form may lead to: https://secure.ccavenue.com
	BodyLimit      int64    // bytes of a request; 1 MiB when 0
	Test           bool     // the gateways move no real money, and every page says so
	Log            *slog.Logger

	// Observe hears of every request: its method, the pattern of its route (empty when there is none), its
	// status and how long it took. Nil is fine.
	Observe func(method, route string, status int, took time.Duration)
}

// Secure says whether browsers come over TLS, so that cookies may insist on it.
func (c Config) Secure() bool { return c.TLS || strings.HasPrefix(c.PublicURL, "https://") }

// Check says everything that is wrong with the configuration.
func (c Config) Check() error {
	var wrong []error
	if c.PublicURL != "" {
		if _, err := origin(c.PublicURL); err != nil {
			wrong = append(wrong, fmt.Errorf("public URL %q: %w", c.PublicURL, err))
		}
	}
	for _, target := range c.FormTargets {
		if _, err := origin(target); err != nil || strings.ContainsAny(target, " ;,'\"") {
			wrong = append(wrong, fmt.Errorf("form target %q: not an address such as https://pay.example.com", target))
		}
	}
	if _, err := proxies(c.TrustedProxies); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// origin is the scheme and host of an address that has nothing else.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("not of the form https://host with nothing after it")
	}
	return u.Scheme + "://" + u.Host, nil
}

// proxies reads networks; a lone address is a network of one.
func proxies(list []string) ([]*net.IPNet, error) {
	networks := make([]*net.IPNet, 0, len(list))
	for _, text := range list {
		text = strings.TrimSpace(text)
		if ip := net.ParseIP(text); ip != nil {
			bits := 128
			if ip.To4() != nil {
				bits = 32
			}
			text = fmt.Sprintf("%s/%d", text, bits)
		}
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q: not a network such as 10.0.0.0/8", text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}
