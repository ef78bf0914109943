package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// headers are on every answer, whatever it is.
func headers(config Config) map[string]string {
	actions := append([]string{"'self'"}, config.FormTargets...)
	h := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self'; form-action " + strings.Join(actions, " ") + "; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Permissions-Policy":         "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
		"Cache-Control":              "no-store", // the files of /static say otherwise
		"Vary":                       "HX-Request",
	}
	if config.Secure() {
		h["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
	}
	return h
}

func (w *Web) setHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		for name, value := range w.headers {
			c.Response().Header().Set(name, value)
		}
		return next(c)
	}
}

var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

// onlyKnownMethods refuses TRACE and what is no method, on any path.
func onlyKnownMethods(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !slices.Contains(knownMethods, c.Request().Method) {
			return echo.ErrMethodNotAllowed
		}
		return next(c)
	}
}

// clientAddress finds who asks: the peer itself, or, when that is a trusted proxy, whom it speaks for.
func clientAddress(trusted []string) echo.IPExtractor {
	networks, err := proxies(trusted)
	if err != nil || len(networks) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range networks {
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
