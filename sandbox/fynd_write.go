package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// members is a JSON object whose members keep their order.
type members []namedMember

type namedMember struct {
	name  string
	value any
}

// with is the object with members replaced or added, and without those that are left out.
func (m members) with(over map[string]json.RawMessage, without []string) members {
	var out members
	left := map[string]bool{}
	for _, name := range without {
		left[name] = true
	}
	seen := map[string]bool{}
	for _, one := range m {
		seen[one.name] = true
		if raw, ok := over[one.name]; ok {
			one.value = raw
		}
		if !left[one.name] {
			out = append(out, one)
		}
	}
	for name, raw := range over {
		if !seen[name] {
			out = append(out, namedMember{name, raw})
		}
	}
	return out
}

// MarshalJSON is the object without spaces, as JSON.stringify writes it.
func (m members) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(jsText(one.name))
		out.WriteByte(':')
		out.Write(compact(one.value))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// wholeOrText is a company id as Fynd writes it: a number where it is one.
func wholeOrText(id string) any {
	if n, err := strconv.ParseInt(id, 10, 53); err == nil && strconv.FormatInt(n, 10) == id {
		return n
	}
	return id
}

// The ways in which Fynd's requests to an extension are written and signed (payment-extension-boilerplate
// and Fynd docs, checksum; the last ones are those of nobody Fynd knows).
const (
	asJavaScript  = ""                    // JSON.stringify, and those bytes signed
	asPython      = "python"              // json.dumps with its spaces sent, without them signed, \u escapes in both
	asIndented    = "indented"            // over several lines, and those bytes signed
	asAuth        = "checksum_auth"       // under this name
	asOrderAuth   = "order_checksum_auth" // under this name
	asWrongSecret = "wrong_secret"
	asMissing     = "missing_header"
	asTampered    = "tampered_body" // a byte changed after it was signed
	asReplay      = "replay"        // what was sent before, to the byte; see ask
)

// fyndRequest is something Fynd asks of an extension, written and signed.
type fyndRequest struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body,omitempty"`
}

// write writes and signs a POST to an extension.
func (e *fyndExtension) write(method, path string, body members, as string) (fyndRequest, error) {
	plain := writtenJS(compact(body))
	req := fyndRequest{Method: method, Path: path, Header: map[string]string{"Content-Type": "application/json"}}
	name, secret, signed, sent := "Checksum", e.APISecret, plain, plain
	switch as {
	case asJavaScript:
	case asPython:
		signed, sent = pythonJSON(plain, false), pythonJSON(plain, true)
	case asIndented:
		var lines bytes.Buffer
		if err := json.Indent(&lines, plain, "", "  "); err != nil {
			return req, fmt.Errorf("write the body anew: %w", err)
		}
		signed, sent = lines.Bytes(), lines.Bytes()
	case asAuth:
		name = "Checksum_auth"
	case asOrderAuth:
		name = "Order_checksum_auth"
	case asWrongSecret:
		secret += " but another one"
	case asMissing:
		name = ""
	case asTampered:
		sent = tampered(plain)
	default:
		return req, fmt.Errorf("there is no way %q to write a request", as)
	}
	if name != "" {
		req.Header[name] = hexHMAC(secret, signed)
	}
	req.Body = string(sent)
	return req, nil
}

// read is a GET of an extension about a payment: what is signed is its gid.
func (e *fyndExtension) read(path, gid string) fyndRequest {
	return fyndRequest{Method: http.MethodGet, Path: path, Header: map[string]string{"Checksum": hexHMAC(e.APISecret, []byte(gid))}}
}

// writtenJS is a JSON value as JSON.stringify writes it.
func writtenJS(raw []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out bytes.Buffer
	if err := writeJS(&out, dec); err != nil {
		return raw
	}
	return out.Bytes()
}

// tampered is a body with the first digit of an amount, or of anything else, changed.
func tampered(body []byte) []byte {
	out := bytes.Clone(body)
	at := bytes.Index(out, []byte(`"amount":`))
	for i := max(0, at); i < len(out); i++ {
		if '0' <= out[i] && out[i] <= '9' {
			out[i] = '0' + (out[i]-'0'+1)%10
			if out[i] == '0' {
				out[i] = '1'
			}
			return out
		}
	}
	return append(out, ' ')
}

// pythonJSON is what json.dumps makes of a value that is written without spaces: with spaces behind
// commas and colons unless separators=(',',':') is given, and nothing but ASCII.
func pythonJSON(js []byte, spaces bool) []byte {
	var out bytes.Buffer
	text, escaped := false, false
	for i := 0; i < len(js); {
		r, size := utf8.DecodeRune(js[i:])
		switch {
		case r >= 0x10000:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		case r >= 0x7f:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteByte(js[i])
		}
		switch {
		case escaped:
			escaped = false
		case text && r == '\\':
			escaped = true
		case r == '"':
			text = !text
		case !text && spaces && (r == ',' || r == ':'):
			out.WriteByte(' ')
		}
		i += size
	}
	return out.Bytes()
}

// fyndAnswer is what an extension said.
type fyndAnswer struct {
	Status int    `json:"status"` // 0 when no answer came
	Body   string `json:"body"`
	Error  string `json:"error,omitempty"`
}

// extensionTimeout is how long Fynd waits for an extension.
const extensionTimeout = 20 * time.Second

// send asks an extension and reads what it says.
func (g *fynd) send(e *fyndExtension, r fyndRequest) fyndAnswer {
	req, err := http.NewRequestWithContext(g.s.ctx, r.Method, e.BaseURL+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return fyndAnswer{Error: err.Error()}
	}
	for name, value := range r.Header {
		req.Header[name] = []string{value} // as it is: an underscore is no dash
	}
	answer, err := g.client.Do(req)
	if err != nil {
		return fyndAnswer{Error: err.Error()}
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	out := fyndAnswer{Status: answer.StatusCode, Body: string(body)}
	if err != nil {
		out.Error = err.Error()
	}
	return out
}

// says reads an answer of an extension: what it wants to tell, or why it did not do it.
func (a fyndAnswer) says(v any) error {
	switch {
	case a.Error != "":
		return errors.New("the extension does not answer: " + a.Error)
	case a.Status/100 != 2:
		var why struct {
			Title   string `json:"title"`
			Message string `json:"message"`
		}
		_ = json.Unmarshal([]byte(a.Body), &why) // then it says nothing
		return fmt.Errorf("the extension answers %d: %s", a.Status, strings.TrimSpace(why.Title+". "+why.Message))
	}
	if err := json.Unmarshal([]byte(a.Body), v); err != nil {
		return fmt.Errorf("the extension's answer cannot be read: %w", err)
	}
	return nil
}
