package gateways

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const formLimit = 64 << 10 // bytes of a form that we are ready to read

// PostForm sends fields as a form and gives the answer as it came. The same fields are the same bytes.
func (c *Client) PostForm(ctx context.Context, verb, path string, fields url.Values, options ...func(*Call)) (Answer, error) {
	call := Call{Verb: verb, Method: http.MethodPost, Path: path, Header: http.Header{}, Body: []byte(fields.Encode())}
	call.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, option := range options {
		option(&call)
	}
	return c.Do(ctx, call)
}

// ReadForm reads the form in the body of a webhook. It says why a body is not one that we take in: empty,
// longer than 64 KiB, not UTF-8, holding a NUL, a name that is none, or the same name twice.
func ReadForm(body []byte) (map[string]string, error) {
	switch {
	case len(body) == 0:
		return nil, errors.New("the body is empty")
	case len(body) > formLimit:
		return nil, errors.New("the body is longer than 64 KiB")
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(string(body), "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, errors.New("the body is not a form")
		}
		value, err := url.QueryUnescape(rawValue)
		switch {
		case err != nil || !fieldName(name):
			return nil, errors.New("the body is not a form")
		case !utf8.ValidString(value):
			return nil, errors.New("the body is not UTF-8")
		case strings.ContainsRune(value, 0):
			return nil, errors.New("the body holds a NUL")
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("the body names %s twice", name)
		}
		fields[name] = value
	}
	return fields, nil
}

// fieldName says whether text can be the name of a field: letters, digits and a few signs.
func fieldName(text string) bool {
	return text != "" && len(text) <= 100 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-.[]", r)
	})
}
