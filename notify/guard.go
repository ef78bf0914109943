package notify

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// Guard says where notifications may go: to the public internet over TLS, on the ports for it. Networks are
// what whoever runs kartify allows beyond that, on any port and without TLS as well, such as 127.0.0.0/8.
type Guard struct {
	Networks []netip.Prefix
	Patience time.Duration // how long an answer may take; Patience when it is 0
}

// Wait is how long an answer may take, from the first look at the address to its last byte.
func (g Guard) Wait() time.Duration { return cmp.Or(g.Patience, Patience) }

// forbidden is why nothing may be posted to an address, in the language of whoever entered it.
type forbidden struct{ lang.Text }

func (f forbidden) Error() string { return f.String() }

func forbid(format string, args ...any) error { return forbidden{lang.Textf(format, args...)} }

// ports are those of HTTPS.
var ports = []string{"", "443", "8443"}

var (
	// everywhere6 is the public part of IPv6 (IANA, IPv6 global unicast address space).
	everywhere6 = netip.MustParsePrefix("2000::/3")
	// notEverywhere are parts of the public spaces that lead elsewhere: 6to4 relays and documentation (RFC 7526, RFC 9637).
	notEverywhere = []netip.Prefix{netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("3fff::/20")}
)

// CheckURL says why nothing may be posted to an address, or nil. It asks no name server: what a name stands for
// is looked at every time before a connection is made.
func (g Guard) CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return forbid("write it as https://shop.example/payments")
	case len(address) > 500 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return forbid("it is too long, or there are spaces in it")
	case u.User != nil:
		return forbid("a name and password cannot stand in it; the secret word is what the shop can check")
	case u.Fragment != "":
		return forbid("what stands behind # is not sent; leave it out")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if g.allows(ip) {
			return nil
		}
		if err := g.check(u.Scheme, u.Port(), ip); err != nil {
			return err
		}
	}
	if len(g.Networks) > 0 {
		return nil // its name may stand for one of them
	}
	return plain(u.Scheme, u.Port())
}

// plain says why an address beyond the networks that are allowed cannot be posted to, or nil.
func plain(scheme, port string) error {
	if scheme != "https" {
		return forbid("only https:// is spoken")
	}
	if !slices.Contains(ports, port) {
		return forbid("only the ports 443 and 8443 are called")
	}
	return nil
}

// check says why no connection to an address is made, or nil.
func (g Guard) check(scheme, port string, ip netip.Addr) error {
	if g.allows(ip) {
		return nil
	}
	if !public(ip) {
		return forbid("%s is not an address of the public internet", ip)
	}
	return plain(scheme, port)
}

func (g Guard) allows(ip netip.Addr) bool {
	ip = ip.Unmap()
	return slices.ContainsFunc(g.Networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// public says whether an address is on the public internet, and nothing else in disguise: neither this machine,
// nor the network around it, nor a way round through NAT64, 6to4 or Teredo.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !gateways.PublicAddress(ip) || ip.Is6() && !everywhere6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(notEverywhere, func(n netip.Prefix) bool { return n.Contains(ip) })
}
