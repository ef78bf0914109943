package notify

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kartify/kartify/money"
)

var (
	paid     = Notice{ID: "7", Sum: money.New(100000, "RUB"), Order: "1001"}
	loopback = Guard{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Patience: 400 * time.Millisecond}
)

const word = "a-secret-word"

// The only good answer is 200 with exactly OK and the digest; whatever else a shop does, the attempt ends in time.
func TestOnlyTheRightAnswerIsHeard(t *testing.T) {
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		}
	}
	ok := paid.Answer(word)
	var elsewhere atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere.Add(1); say(200, ok)(w, r) }))
	defer trap.Close()
	for name, tt := range map[string]struct {
		shop http.HandlerFunc
		want Outcome
	}{
		"right":             {say(200, ok), Accepted},
		"a new line behind": {say(200, ok+"\n"), Refused},
		"a space before":    {say(200, " "+ok), Refused},
		"a mark of UTF-8":   {say(200, "\ufeff"+ok), Refused},
		"in capitals":       {say(200, strings.ToUpper(ok)), Refused},
		"bare OK":           {say(200, "OK"), Refused},
		"hello":             {say(200, "hello"), Refused},
		"nothing":           {say(200, ""), Refused},
		"another payment's": {say(200, Notice{ID: "8"}.Answer(word)), Refused},
		"another secret":    {say(200, paid.Answer("another")), Refused},
		"right, but 201":    {say(201, ok), Refused},
		"right, but 500":    {say(500, ok), Refused},
		"redirected":        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, trap.URL, http.StatusFound) }, Redirected},
		"redirected, 307": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL, http.StatusTemporaryRedirect)
		}, Redirected},
		"more than 64 KiB": {say(200, ok+strings.Repeat("x", MaxAnswer)), Refused},
		"without an end":   {endless, Refused},
		"packed":           {packed([]byte(ok)), Refused},
		"a bomb":           {packed(make([]byte, 64<<20)), Refused},
		"hangs":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Timeout},
		"drips":            {drip, Timeout},
		"hangs up":         {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unreachable},
		"endless head":     {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 128<<10)) }, Unreachable},
		"says more than once": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			say(200, ok)(w, nil)
		}, Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then does a server notice that its client is gone
				tt.shop(w, r)
			}))
			shop.Config.ErrorLog = nil
			shop.Start()
			defer shop.Close()
			defer shop.CloseClientConnections()
			begun := time.Now()
			r := loopback.Post(t.Context(), shop.URL, word, paid)
			if name == "hangs up" && r.Problem != "The shop closed the connection without an answer." {
				t.Errorf("says %q", r.Problem)
			}
			if r.Outcome != tt.want || (r.Outcome == Accepted) != (r.Problem == "") {
				t.Errorf("came to %s (%s), want %s", r.Outcome, r.Problem, tt.want)
			}
			if len(r.Answer) > MaxAnswer {
				t.Errorf("%d bytes of the answer are kept", len(r.Answer))
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

func endless(w http.ResponseWriter, _ *http.Request) {
	block := bytes.Repeat([]byte("x"), 32<<10)
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = fmt.Fprint(w, "O")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

// packed answers in gzip, though it was not asked to.
func packed(body []byte) http.HandlerFunc {
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	_, _ = z.Write(body)
	_ = z.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(text.Bytes())
	}
}

func TestWhatIsPosted(t *testing.T) {
	var head http.Header
	var body, sum string
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head = r.Header
		raw := &bytes.Buffer{}
		_, _ = raw.ReadFrom(r.Body)
		body, sum = raw.String(), signature(raw.String(), word)
		_, _ = fmt.Fprint(w, paid.Answer(word))
	}))
	defer shop.Close()
	if r := loopback.Post(t.Context(), shop.URL+"/notify?shop=1", word, paid); r.Outcome != Accepted {
		t.Fatalf("%+v", r)
	}
	if head.Get("Content-Type") != "application/x-www-form-urlencoded; charset=utf-8" || head.Get("Kartify-Signature") != sum || head.Get("Accept-Encoding") != "identity" {
		t.Errorf("headers: %v", head)
	}
	if body != paid.Form(word).Encode() || strings.Contains(body, word) {
		t.Errorf("body: %s", body)
	}
}

// Nothing is ever connected to that is not on the public internet, however it is written, unless an operator
// allows it.
func TestNoConnectionIntoTheNetwork(t *testing.T) {
	var connections atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the test is over
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
	} {
		for _, scheme := range []string{"http", "https"} {
			r := Guard{Patience: time.Second}.Post(t.Context(), scheme+"://"+host+":"+port+"/", word, paid)
			if r.Outcome == Accepted || r.Status != 0 {
				t.Errorf("%s://%s: %+v", scheme, host, r)
			}
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections were made into this machine", n)
	}
}

func TestAddressesThatAreNotCalled(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"2002:7f00:1::", "2002:a9fe:a9fe::", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "5f00::1", "4000::1",
	} {
		ip := netip.MustParseAddr(text)
		if err := (Guard{}).check("https", "443", ip); err == nil {
			t.Errorf("%s would be called", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "::ffff:1.1.1.1", "172.32.0.1", "100.128.0.1"} {
		if err := (Guard{}).check("https", "443", netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s would not be called: %v", text, err)
		}
	}
	public := netip.MustParseAddr("1.1.1.1")
	for _, port := range []string{"22", "25", "80", "5432", "6379", "11211"} {
		if (Guard{}).check("https", port, public) == nil {
			t.Errorf("port %s would be called", port)
		}
	}
	if (Guard{}).check("http", "443", public) == nil {
		t.Error("a notice would go in the clear")
	}
	office := Guard{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	if office.check("http", "80", netip.MustParseAddr("10.1.2.3")) != nil || office.check("http", "80", netip.MustParseAddr("::ffff:10.1.2.3")) != nil {
		t.Error("what the operator allows is not called")
	}
	if office.check("https", "443", netip.MustParseAddr("10.2.0.1")) == nil || office.check("http", "80", public) == nil {
		t.Error("what the operator allows opens more than that")
	}
}

func TestCheckURL(t *testing.T) {
	for address, good := range map[string]bool{
		"https://shop.example/payments": true, "https://shop.example:8443/a?b=c": true, "https://1.1.1.1/": true,
		"": false, "shop.example": false, "ftp://shop.example": false, "http://shop.example/": false, "https://shop.example:8080/": false, "https:///x": false,
		"https://user:pass@shop.example/": false, "https://shop.example/#x": false, "https://127.0.0.1/": false, "https://[::1]/": false, "https://10.0.0.1/": false,
		"https://[::ffff:169.254.169.254]/": false, "file:///etc/passwd": false, "gopher://x": false, "https://shop.example/ a": false, "javascript:alert(1)": false,
		"https://shop.example/" + strings.Repeat("x", 500): false,
	} {
		if err := (Guard{}).CheckURL(address); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	if err := loopback.CheckURL("http://127.0.0.1:8090/shop"); err != nil {
		t.Errorf("what the operator allows: %v", err)
	}
}
