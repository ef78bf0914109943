//go:build sdk

package fyndsdk

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/money"
)

// signedRequest is a request as signatures.js reads it.
type signedRequest struct {
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Query   bool              `json:"query,omitempty"`

	given string // what kartify made
}

// recorder is a server that keeps the requests it gets.
func recorder(t *testing.T) (base string, got *[]signedRequest) {
	t.Helper()
	var mu sync.Mutex
	got = &[]signedRequest{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in := signedRequest{Method: r.Method, Host: r.Host, Path: r.URL.RequestURI(), Body: string(body), Headers: map[string]string{"host": r.Host}, given: r.Header.Get("X-Fp-Signature")}
		for _, name := range []string{"x-fp-date", "x-fp-sdk-version"} {
			in.Headers[name] = r.Header.Get(name)
		}
		mu.Lock()
		*got = append(*got, in)
		mu.Unlock()
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

// TestSignatures compares the x-fp-signature of every request that kartify makes with that of Fynd's library, byte
// for byte, also where ids and texts are unusual.
func TestSignatures(t *testing.T) {
	base, got := recorder(t)
	ctx := t.Context()
	for _, id := range []string{"TR1", "TR 1", "TR/1", "TR(1)'*!~", "TRé💐", "TR+1", "TR%31", "TR..", "a&b=c;d,e:f@g$h"} {
		channel, err := gofynd.OpenChannel(gofynd.Channel{BaseURL: base, Company: "1", Application: "64d24a8a911bf1c20ac3685c", Token: "t", Secret: "s", Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		_ = channel.Check(ctx) // what comes back is of no interest here
		_, _ = channel.UpdateRefundSession(ctx, gofynd.RefundUpdate{
			GID: id, RequestID: "16916747740991418099", Status: "refund_done", Amount: money.New(100, "INR"), Total: money.New(49900, "INR"),
			Gateway: "Razorpay", PaymentRef: "pay_1", OrderRef: "order_1", Reason: "Zoë <A&B> \u2028 ज़ोया 💐 \"'\\", Mode: "test", At: time.UnixMilli(1700000000000),
		})
		_, _ = channel.UpdatePaymentSession(ctx, gofynd.PaymentUpdate{
			Session: gofynd.SessionFacts{GID: id, UserID: "ü", SuccessURL: "https://s/?a=1&b=<é>", CancelURL: "https://c/", Mode: "live"}, Status: "complete", Total: money.New(49900, "INR"),
			Payments: []gofynd.PaymentFacts{{Gateway: "Razorpay", PaymentRef: "pay_1", Status: "complete", Amount: money.New(49900, "INR"), Captured: 49900, Reason: id, At: time.UnixMilli(1700000000000)}},
		})
		_, _ = channel.ConfirmPayment(ctx, gofynd.Confirmation{PartnerOrderID: id, Amount: money.New(49950, "INR"), Gateway: "Razorpay <&>"})
	}
	extension := gofynd.NewExtension(gofynd.ExtensionSettings{BaseURL: base, Key: "key", Secret: "secret", Timeout: 5 * time.Second})
	_, _ = extension.Exchange(ctx, "1", "code +&=é")
	_, _ = extension.Offline(ctx, "1", "code", []string{"company/payment"})
	_, _ = extension.Renew(ctx, "1", "refresh")
	all := *got
	if len(all) < 4*9 {
		t.Fatalf("%d requests came", len(all))
	}
	for _, back := range []string{"http://127.0.0.1:8080/fp/auth", "https://pay.example.com/fp/auth?application_id=64d2&x=a b+c&y=é"} {
		address, err := extension.AuthorizeURL("1", back, "5e1e-state", []string{"company/payment", "company/application/settings"})
		if err != nil {
			t.Fatal(err)
		}
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signedRequest{Method: "GET", Host: at.Host, Path: at.RequestURI(), Query: true, given: at.Query().Get("x-fp-signature")})
	}

	s := start(t, "signatures.js")
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.in.Write(text); err != nil {
		t.Fatal(err)
	}
	_ = s.in.Close()
	l, _ := s.next()
	var made []string
	if err := json.Unmarshal(l.Done, &made); err != nil || len(made) != len(all) {
		t.Fatalf("the library signed %d of %d requests: %v", len(made), len(all), err)
	}
	for i, want := range made {
		if r := all[i]; r.given != want || !strings.HasPrefix(r.given, "v1.1:") {
			t.Errorf("%s %s %.80s: kartify signs %s, the library %s", r.Method, r.Path, r.Body, r.given, want)
		}
	}
	if err := s.cmd.Wait(); err != nil {
		t.Error(err)
	}
}
