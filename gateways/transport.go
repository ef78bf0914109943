package gateways

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const connectTimeout = 3 * time.Second

var errNotPublic = errors.New("this is not a public address")

// A change goes over a connection of its own: a kept connection may turn out broken after the request
// was written, and then nobody knows whether it arrived. Proxies of the environment are not used.
var (
	reads   = newTransport(true, false)
	changes = newTransport(false, false)
	public  = newTransport(false, true)
)

func newTransport(keep, publicOnly bool) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout}
	if publicOnly {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			target, err := netip.ParseAddrPort(address)
			if err != nil || !PublicAddress(target.Addr()) {
				return errNotPublic
			}
			return nil
		}
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		DisableKeepAlives:      !keep,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// client is the HTTP client for a method; it follows no redirects and keeps no cookies.
func (c *Client) client(method string) *http.Client {
	client := http.Client{Transport: reads}
	switch {
	case c.HTTP != nil:
		client = *c.HTTP
	case c.Public:
		client.Transport = public
	case method != http.MethodGet && method != http.MethodHead:
		client.Transport = changes
	}
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
)

// PublicAddress says whether an address is on the public internet, so that a URL typed by a store cannot
// reach this machine or the network around it (IANA special-purpose address registries).
func PublicAddress(address netip.Addr) bool {
	address = address.Unmap()
	if !address.IsValid() || address.IsUnspecified() || address.IsLoopback() || address.IsPrivate() ||
		address.IsLinkLocalUnicast() || address.IsMulticast() || address.Zone() != "" {
		return false
	}
	for _, prefix := range notPublic {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
