package gofynd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
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
	// dateFormat is how x-fp-date is written, in UTC.
	dateFormat = "20060102T150405Z"
)

// signRequest adds x-fp-date, x-fp-sdk-version and x-fp-signature, as Fynd's client libraries do.
func signRequest(req *http.Request, body []byte, now time.Time) {
	req.Header.Set("X-Fp-Date", now.UTC().Format(dateFormat))
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
	return sumRequest(req.Header.Get("X-Fp-Date"), req.Method, req.URL, headers.String(), strings.Join(names, ";"), body)
}

// querySignature signs a GET of an address whose query already holds its x-fp-date; of its headers only the host.
func querySignature(address *url.URL, date string) string {
	return sumRequest(date, http.MethodGet, address, "host:"+address.Host+"\n", "host", nil)
}

func sumRequest(date, method string, address *url.URL, headers, names string, body []byte) string {
	canonical := strings.Join([]string{method, canonicalPath(address.EscapedPath()), canonicalQuery(address.Query()), headers, names, hexSum(body)}, "\n")
	return "v1.1:" + gateways.SumHMAC([]byte(date+"\n"+hexSum([]byte(canonical))), requestKey)
}

// canonicalPath has every segment escaped as JavaScript's encodeURIComponent does it, and empty ones left out.
func canonicalPath(escaped string) string {
	var segments []string
	for segment := range strings.SplitSeq(escaped, "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			segment = encodeComponent(plain)
		}
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	if strings.HasSuffix(escaped, "/") && len(segments) > 0 {
		segments = append(segments, "")
	}
	return "/" + strings.Join(segments, "/")
}

// encodeComponent is encodeURIComponent (ECMAScript, URI handling functions).
func encodeComponent(text string) string {
	const hexDigits = "0123456789ABCDEF"
	var out strings.Builder
	for _, b := range []byte(text) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_.!~*'()", b) >= 0 {
			out.WriteByte(b)
			continue
		}
		out.Write([]byte{'%', hexDigits[b>>4], hexDigits[b&15]})
	}
	return out.String()
}

// canonicalQuery is the query as it reads when it is not escaped, by name and then by value.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range slices.Sorted(slices.Values(query[name])) {
			if name != "x-fp-signature" {
				pairs = append(pairs, name+"="+value)
			}
		}
	}
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
