package gateways

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	lookedUp = "Whether it happened is not known yet; it is looked up before anything else is done."
	onlyRead = "Nothing was changed."
	longest  = time.Hour // that we let a provider ask us to wait
)

// Unsure is what people read where no sure answer came to a call: one that only reads has changed nothing.
func Unsure(verb string) string {
	switch verb {
	case "payment", "payments", "check":
		return onlyRead
	default:
		return lookedUp
	}
}

// silence is Unsure, unless the provider has a sentence of its own for it.
func (c *Client) silence(verb string) string { return cmp.Or(c.Silence, Unsure(verb)) }

// unanswered is the error of a call to which no whole answer came. Only when nothing was sent is it
// certain that nothing happened.
func (c *Client) unanswered(verb string, timeout time.Duration, unsent bool, cause error) *Error {
	cause = withoutURL(cause)
	e := &Error{Verb: verb, Err: errors.New(c.scrub(cause.Error()))}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var waiting interface{ Timeout() bool }
	switch {
	case errors.Is(cause, errNotPublic):
		e.Kind, e.Message = Misconfigured, "The address of "+c.Name+" is not a public one; nothing was sent."
	case unsent && (errors.As(cause, &certificate) || errors.As(cause, &authority)):
		e.Kind, e.Message = Unavailable, c.Name+" showed a certificate that is not trusted; nothing was sent."
	case unsent:
		e.Kind, e.Message = Unavailable, c.Name+" could not be reached; nothing was sent. It is tried again."
	case errors.As(cause, &waiting) && waiting.Timeout():
		e.Message = fmt.Sprintf("%s did not answer within %v. %s", c.Name, timeout, c.silence(verb))
	default:
		e.Message = "The connection to " + c.Name + " broke before its answer came. " + c.silence(verb)
	}
	return e
}

// refused is the error of an answer that is not 2xx.
func (c *Client) refused(verb string, res *http.Response, body []byte) *Error {
	status := res.StatusCode
	e := &Error{Verb: verb, Status: status, After: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Kind, e.Message = Misconfigured, c.Name+" does not accept these credentials. Check them in its settings."
	case status == http.StatusTooManyRequests:
		e.Kind, e.Message = Unavailable, c.Name+" asks for fewer calls; nothing happened. It is tried again."
	case status >= 500:
		e.Message = c.Name + " had a fault of its own. " + c.silence(verb)
	case status >= 300 && status < 400:
		e.Message = c.Name + " pointed elsewhere, which is not followed. " + c.silence(verb)
	default:
		e.Message = c.Name + " answered in a way it does not document. " + c.silence(verb)
	}
	if c.Explain != nil {
		c.Explain(e, body)
	}
	if status >= 500 || status < 400 {
		e.Kind = Unknown // whatever the words say
	}
	e.Code, e.Message = c.scrub(e.Code), c.scrub(e.Message)
	return e
}

// scrub makes a text of the provider fit for people: no secrets, no card numbers, at most 500 characters.
func (c *Client) scrub(text string) string {
	runes := []rune(Scrub(text, c.Secrets...))
	if len(runes) > 500 {
		return string(runes[:500]) + "…"
	}
	return string(runes)
}

// retryAfter reads the Retry-After header: seconds or a date (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longest))
}

// withoutURL drops the URL that net/http puts before an error: it may carry what is secret.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
