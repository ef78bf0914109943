package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Outcome is what an attempt came to.
type Outcome string

// The outcomes. Only an accepted notice needs no further attempt.
const (
	Accepted    Outcome = "accepted"
	Refused     Outcome = "refused"     // answered, but not with what counts
	Redirected  Outcome = "redirected"  // sent elsewhere, and not followed
	Unreachable Outcome = "unreachable" // nobody answered
	Blocked     Outcome = "blocked"     // the address is one that is not called
	Timeout     Outcome = "timeout"     // no whole answer in time
	Lost        Outcome = "lost"        // cut short here; nobody knows
)

// Patience is how long an answer may take where nothing else is said.
const Patience = 10 * time.Second

// MaxAnswer is how much of an answer is read, in bytes.
const MaxAnswer = 64 << 10

// Result is what came of an attempt.
type Result struct {
	Outcome Outcome
	Status  int    // of HTTP or of the mail server; 0 when none came
	Answer  string // as it came, its first 64 KiB
	Problem string // a sentence; "" when it was accepted
}

var errBlocked = errors.New("blocked")

// Post makes one attempt to post a notice. It follows no redirects, unpacks nothing and uses no proxy.
func (g Guard) Post(ctx context.Context, address, secret string, n Notice) Result {
	ctx, cancel := context.WithTimeout(ctx, g.Wait())
	defer cancel()
	u, err := url.Parse(address)
	if err != nil {
		return Result{Outcome: Blocked, Problem: "The address cannot be read."}
	}
	body := n.Form(secret).Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return Result{Outcome: Blocked, Problem: "The address cannot be read."}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	req.Header.Set("User-Agent", "kartify")
	req.Header.Set("Accept", "text/plain")
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("Kartify-Signature", signature(body, secret))
	res, err := g.client(u.Scheme).Do(req)
	if err != nil {
		return g.failed(ctx, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read as far as it counts
	answer, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswer+1))
	r := Result{Outcome: Refused, Status: res.StatusCode, Answer: string(answer[:min(len(answer), MaxAnswer)])}
	switch {
	case res.StatusCode >= 300 && res.StatusCode <= 399:
		r.Outcome = Redirected
		r.Problem = fmt.Sprintf("The shop answered %s and sent us elsewhere, which is not followed.", status(res))
	case res.StatusCode != http.StatusOK:
		r.Problem = fmt.Sprintf("The shop answered %s instead of 200.", status(res))
	case err != nil:
		broken := g.failed(ctx, err)
		r.Outcome, r.Problem = broken.Outcome, broken.Problem
	case len(answer) > MaxAnswer:
		r.Problem = "The shop answered 200, but with more than 64 KiB instead of OK and the digest."
	case string(answer) != n.Answer(secret):
		r.Problem = "The shop answered 200, but its answer is not OK and the digest of the payment's id and the secret word."
	default:
		r.Outcome = Accepted
	}
	return r
}

func status(res *http.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode)))
}

// client is for one call: every address it would connect to is looked at first, after its name was resolved.
func (g Guard) client(scheme string) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %s", errBlocked, address)
		}
		if err := g.check(scheme, fmt.Sprint(target.Port()), target.Addr()); err != nil {
			return fmt.Errorf("%w: %w", errBlocked, err)
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// failed is an attempt that got no whole answer.
func (g Guard) failed(ctx context.Context, err error) Result {
	var wait net.Error
	var name *net.DNSError
	switch {
	case errors.Is(err, errBlocked):
		_, why, _ := strings.Cut(err.Error(), errBlocked.Error()+": ")
		return Result{Outcome: Blocked, Problem: "No connection was made: " + why + "."}
	case ctx.Err() != nil, errors.As(err, &wait) && wait.Timeout():
		return Result{Outcome: Timeout, Problem: fmt.Sprintf("The shop did not answer within %s.", g.Wait())}
	case errors.Is(err, io.EOF):
		return Result{Outcome: Unreachable, Problem: "The shop closed the connection without an answer."}
	case errors.As(err, &name) && name.IsNotFound:
		return Result{Outcome: Unreachable, Problem: fmt.Sprintf("No name server knows %s.", name.Name)}
	}
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return Result{Outcome: Unreachable, Problem: "The shop could not be reached: " + err.Error() + "."}
}
