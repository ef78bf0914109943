package handlers

import (
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
)

// extensionKey is where a request remembers which extension its address named.
const extensionKey = "fynd extension"

var (
	extensionAddress = regexp.MustCompile(`^/x/([0-9A-Za-z]{8,64})(/(?:fp|api/v1|company|protected)/.*)$`)
	extensionBase    = "/x/"
)

// atExtension lets several extensions share one kartify: the address of each at Fynd ends in /x/ and its API key, and
// what is asked below that is answered as it is at the root.
func atExtension(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		address := c.Request().URL
		if found := extensionAddress.FindStringSubmatch(address.Path); found != nil {
			c.Set(extensionKey, found[1])
			address.Path = found[2]
			address.RawPath = strings.TrimPrefix(address.RawPath, extensionBase+found[1])
		}
		return next(c)
	}
}

// extensionPrefix is what the address of the extension that was asked begins with: /x/ and its API key, or nothing.
func extensionPrefix(c echo.Context) string {
	if key, ok := c.Get(extensionKey).(string); ok {
		return extensionBase + key
	}
	return ""
}
