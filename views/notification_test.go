package views

import (
	"net/netip"
	"testing"
)

// What is said of a handler's address is what is allowed.
func TestTheAddressOfAHandlerSaysWhatIsAllowed(t *testing.T) {
	for want, networks := range map[string][]netip.Prefix{
		"https://, on the public internet.": nil,
		"https://, on the public internet; or http:// too and any port, at addresses of 10.1.0.0/16, 192.0.2.7/32.": {
			netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("192.0.2.7/32"),
		},
	} {
		if got := (NotificationSettings{Networks: networks}).urlHelp(t.Context()); got != want {
			t.Errorf("with %v: %s", networks, got)
		}
	}
}
