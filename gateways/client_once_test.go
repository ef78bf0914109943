package gateways

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// net/http repeats a request by itself when a kept connection breaks and the request looks repeatable.
// The count is taken at the server: on the second request of each connection it reads everything and hangs up.
func TestAChangeIsNeverSentTwice(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	var posts atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				reader := bufio.NewReader(conn)
				for served := 0; ; served++ {
					req, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if req.Method != http.MethodGet {
						posts.Add(1)
						if served > 0 || req.Header.Get("Cut") != "" {
							return
						}
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				}
			}()
		}
	}()
	base := "http://" + listener.Addr().String()
	clients := map[string]*Client{
		"our own transport":   {Name: "Bank", Base: base},
		"a keeping transport": {Name: "Bank", Base: base, HTTP: &http.Client{Transport: &http.Transport{}}},
	}
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			posts.Store(0)
			sent := int32(0)
			for range 3 {
				if _, err := c.GetJSON(t.Context(), "find", "/", nil); err != nil { // leaves a kept connection behind
					t.Fatal(err)
				}
				for _, call := range []struct {
					body    any
					options []func(*Call)
				}{
					{struct{}{}, nil},
					{struct{}{}, []func(*Call){Header("X-Refund-Idempotency", "kf-0000000001")}},
					{struct{}{}, []func(*Call){Header("Idempotency-Key", "kf-0000000001")}},
					{nil, []func(*Call){Header("Idempotency-Key", "kf-0000000001")}},
					{struct{}{}, []func(*Call){Header("Cut", "1")}},
				} {
					sent++
					if _, err := c.PostJSON(t.Context(), "refund", "/", call.body, nil, call.options...); err != nil && KindOf(err) != Unknown {
						t.Errorf("err = %v", err)
					}
					if _, err := c.GetJSON(t.Context(), "find", "/", nil); err != nil { // leaves a kept connection behind
						t.Fatal(err)
					}
				}
			}
			if got := posts.Load(); got != sent {
				t.Errorf("%d calls reached the server as %d", sent, got)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, answering(200, `{"id":"stolen"}`))
	bank := serve(t, answering(307, "", "Location", elsewhere.URL))
	_, err := bank.client().PostJSON(t.Context(), "refund", "/refunds", struct{}{}, nil)
	if KindOf(err) != Unknown || elsewhere.calls.Load() != 0 {
		t.Errorf("err = %v, and %d calls went elsewhere", err, elsewhere.calls.Load())
	}
}
