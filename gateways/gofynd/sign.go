package gofynd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kartify/kartify/gateways"
)

const (
	// requestKey is public and the same for everybody: the signature of a request shows that it arrived
	// whole, not who sent it (fp-signature 1.0.2).
	requestKey = "1234567"
	// sdkVersion is the client library whose requests ours equal (fdk-client-javascript).
	sdkVersion = "3.4.2"
)

// signRequest adds x-fp-date, x-fp-sdk-version and x-fp-signature, as Fynd's client libraries do.
func signRequest(req *http.Request, body []byte, now time.Time) {
	req.Header.Set("X-Fp-Date", now.UTC().Format("20060102T150405Z"))
	req.Header.Set("X-Fp-Sdk-Version", sdkVersion)
	req.Header.Set("X-Fp-Signature", requestSignature(req, body))
}

// requestSignature signs method, path, query, the host and x-fp-… headers, and the body.
func requestSignature(req *http.Request, body []byte) string {
	names := []string{"host"}
	values := map[string]string{"host": first(req.Host, req.URL.Host)}
	for name := range req.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-fp-") && low != "x-fp-signature" {
			names, values[low] = append(names, low), req.Header.Get(name)
		}
	}
	slices.Sort(names)
	var headers strings.Builder
	for _, name := range names {
		headers.WriteString(name + ":" + values[name] + "\n")
	}
	canonical := strings.Join([]string{
		req.Method, req.URL.EscapedPath(), canonicalQuery(req.URL.Query()), headers.String(), strings.Join(names, ";"), hexSum(body),
	}, "\n")
	return "v1.1:" + gateways.SumHMAC([]byte(req.Header.Get("X-Fp-Date")+"\n"+hexSum([]byte(canonical))), requestKey)
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			if name != "x-fp-signature" {
				pairs = append(pairs, name+"="+value)
			}
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// withChecksum writes a message and appends its checksum as the last member: hex HMAC-SHA256 of the
// message without it (payment-extension-boilerplate). Messages are structs of plain texts and whole
// numbers, so that JavaScript writes them the same way.
func withChecksum(message any, secret string) ([]byte, error) {
	written, err := gateways.EncodeJSON(message)
	if err != nil {
		return nil, err
	}
	sum := gateways.SumHMAC(written, secret)
	return append(bytes.TrimSuffix(written, []byte("}")), `,"checksum":"`+sum+`"}`...), nil
}

// plain leaves out of a text what Go and JavaScript write differently into JSON.
func plain(text string) string {
	return strings.NewReplacer("\u2028", " ", "\u2029", " ").Replace(strings.ToValidUTF8(text, "?"))
}
