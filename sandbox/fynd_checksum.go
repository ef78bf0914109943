package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// rightChecksum checks the checksum inside a session update: hex HMAC-SHA256, with the extension's
// API secret, of JSON.stringify of the body without it. Fynd's side is JavaScript, so what counts is
// how JavaScript writes the body, not how it was sent (payment-extension-boilerplate).
func rightChecksum(body []byte, secret string) bool {
	plain, checksum, err := withoutChecksum(body)
	return err == nil && checksum == hexHMAC(secret, plain)
}

// withoutChecksum is the body as JavaScript writes it, without its member checksum, and that member.
func withoutChecksum(body []byte) (plain []byte, checksum string, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, "", errors.New("the body is not a JSON object")
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, "", err
		}
		var value bytes.Buffer
		if err := writeJS(&value, dec); err != nil {
			return nil, "", err
		}
		if name == "checksum" {
			if checksum, _ = readText(value.Bytes()); checksum == "" {
				return nil, "", errors.New("the checksum is not a text")
			}
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(jsText(name.(string)))
		out.WriteByte(':')
		out.Write(value.Bytes())
	}
	if _, err := dec.Token(); err != nil {
		return nil, "", err
	}
	out.WriteByte('}')
	return out.Bytes(), checksum, nil
}

// writeJS copies the next value of dec as JSON.stringify would write it, members in the order they came.
func writeJS(out *bytes.Buffer, dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		fmt.Fprint(out, v)
	case json.Number:
		out.WriteString(jsNumber(v.String()))
	case string:
		out.Write(jsText(v))
	case json.Delim:
		return writeJSList(out, dec, v)
	}
	return nil
}

// writeJSList copies the rest of an object or an array.
func writeJSList(out *bytes.Buffer, dec *json.Decoder, open json.Delim) error {
	out.WriteString(open.String())
	for n := 0; dec.More(); n++ {
		if n > 0 {
			out.WriteByte(',')
		}
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			out.Write(jsText(name.(string)))
			out.WriteByte(':')
		}
		if err := writeJS(out, dec); err != nil {
			return err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return err
	}
	out.WriteString(end.(json.Delim).String())
	return nil
}

// jsText is a text as JSON.stringify writes it: the line separators stay as they are.
func jsText(s string) []byte {
	out := compact(s)
	out = bytes.ReplaceAll(out, []byte(`\u2028`), []byte("\u2028"))
	return bytes.ReplaceAll(out, []byte(`\u2029`), []byte("\u2029"))
}

// jsNumber is a decimal number without the zeros JavaScript drops: 499.50 is 499.5, and -0 is 0.
func jsNumber(s string) string {
	if whole, fraction, point := strings.Cut(s, "."); point && !strings.ContainsAny(s, "eE") {
		s = strings.TrimSuffix(whole+"."+strings.TrimRight(fraction, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// unmarshal reads exactly one JSON value.
func unmarshal(raw []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the JSON value")
	}
	return nil
}
