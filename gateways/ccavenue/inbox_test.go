package ccavenue

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/money"
)

// message is a form as the buyer's browser or CCAvenue posts it.
func message(t *testing.T, b box, inside, orderNo string) []byte {
	t.Helper()
	text, err := b.seal([]byte(inside))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"encResp": {text}}
	if orderNo != "" {
		form.Set("orderNo", orderNo)
	}
	return []byte(form.Encode())
}

func TestVerify(t *testing.T) {
	cbc, gcm := box{key: key}, box{key: key, gcm: true}
	inside := sample(t, "response.txt")
	good := map[string][]byte{
		"a return":           message(t, cbc, inside, "1001-1"),
		"an echo":            message(t, cbc, inside, ""),
		"an aborted one":     message(t, cbc, sample(t, "response_aborted.txt"), "1001-1"),
		"of a bank":          message(t, gcm, inside, "1001-1"),
		"vector 6":           []byte("encResp=" + vectors[redirect].hex + "&orderNo=KF-1001"),
		"in capitals":        []byte("encResp=" + strings.ToUpper(vectors[redirect].hex)),
		"with a line break":  []byte("encResp=" + vectors[redirect].hex + "%0D%0A"),
		"an & in a name":     message(t, cbc, inside+"&billing_notes2=A&B", ""),
		"a value with an =":  message(t, cbc, inside+"&note=a=b", ""),
		"an empty reference": message(t, cbc, "order_id=1&tracking_id=&order_status=Invalid", "1"),
	}
	for name, body := range good {
		if err := Driver.Inbox.Verify(http.Header{}, body, []string{strings.Repeat("A", 32), key}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// None of these may be taken for an answer of CCAvenue. And what is taken for one is only a reason to ask: the driver
// says that its webhooks are hints.
func TestVerifyRefuses(t *testing.T) {
	cbc := box{key: key}
	inside := sample(t, "response.txt")
	genuine := message(t, cbc, inside, "1001-1")
	flipped := bytes.Clone(genuine)
	flipped[40] ^= 1
	bad := map[string][]byte{
		"our own request, sent back":          []byte("encResp=" + vectors[ownRequest].hex + "&orderNo=KF-1001"),
		"order_status=Success in a name":      []byte("encResp=" + vectors[injected].hex + "&orderNo=KF-1001"),
		"another order outside":               message(t, cbc, inside, "1002-1"),
		"a status twice":                      message(t, cbc, inside+"&order_status=Success", ""),
		"no status":                           message(t, cbc, strings.Replace(inside, "order_status=", "order_state=", 1), ""),
		"no tracking id":                      message(t, cbc, strings.Replace(inside, "tracking_id=", "tracking=", 1), ""),
		"no order":                            message(t, cbc, strings.Replace(inside, "order_id=1001-1", "order_id=", 1), ""),
		"a request's fields beside an answer": message(t, cbc, inside+"&cancel_url=https://shop.example", ""),
		"a refund request of the API":         []byte("encResp=" + vectors[3].hex),
		"another key":                         message(t, box{key: strings.Repeat("A", 32)}, inside, "1001-1"),
		"odd hex":                             []byte("encResp=" + vectors[redirect].hex[1:]),
		"one bit changed":                     flipped,
		"no text":                             []byte("orderNo=1001-1"),
		"two texts":                           append(bytes.Clone(genuine), append([]byte("&"), genuine...)...),
		"nothing":                             nil,
		"1 MiB":                               append([]byte("encResp="), bytes.Repeat([]byte("0"), 1<<20)...),
		"the text itself":                     []byte(inside),
	}
	for name, body := range bad {
		if err := Driver.Inbox.Verify(http.Header{}, body, []string{key}); !errors.Is(err, gateways.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
		if plain, err := (inbox{}).Open(http.Header{}, body, []string{key}); err == nil {
			t.Errorf("%s is opened as %q", name, plain)
		}
	}
	if err := Driver.Inbox.Verify(http.Header{}, genuine, nil); err == nil {
		t.Error("no key fits")
	}
	if err := Driver.Inbox.Verify(http.Header{}, message(t, box{}, inside, ""), []string{""}); err == nil {
		t.Error("an empty key fits")
	}
	if Driver.Trust != gateways.Hinted {
		t.Error("what the browser carries is believed")
	}
}

func TestRead(t *testing.T) {
	header := http.Header{gateways.RefHeader: {"echo"}}
	closed := message(t, box{key: key}, sample(t, "response.txt"), "1001-1")
	event, err := Driver.Inbox.Read(header, closed)
	if err != nil || event.Name != "echo" || event.Payment == nil || event.Payment.OrderRef != "1001-1" || event.Payment.Authorized || event.Payment.Word != "" {
		t.Errorf("closed: %+v, %+v, %v", event, event.Payment, err)
	}
	if event, err := Driver.Inbox.Read(header, message(t, box{key: key}, "x", "")); err != nil || event.Payment != nil {
		t.Errorf("closed and without a number: %+v, %v", event, err)
	}
	inside, err := (inbox{}).Open(header, closed, []string{key})
	if err != nil {
		t.Fatal(err)
	}
	event, err = Driver.Inbox.Read(header, inside)
	p := event.Payment
	if err != nil || p == nil || event.Name != "echo" || p.Ref != "112233445566" || p.OrderRef != "1001-1" || p.Word != "Success" || p.Amount != money.New(149900, "INR") ||
		!p.Authorized || p.Captured != 0 || p.Method != "card" || p.RRN != "654321" || p.At.Format("15:04") != "04:46" {
		t.Errorf("opened: %+v, %+v, %v", event, p, err)
	}
	event, err = Driver.Inbox.Read(http.Header{}, []byte(sample(t, "response_aborted.txt")))
	if p := event.Payment; err != nil || event.Name != "response" || !p.Canceled || p.Authorized || p.RRN != "" || p.Method != "" || !p.At.IsZero() {
		t.Errorf("aborted: %+v, %v", p, err)
	}
	event, err = Driver.Inbox.Read(http.Header{}, []byte("order_id=1&tracking_id=2&order_status=Failure&failure_message=Card declined, amount debited&currency=INR&amount=1.0&mer_amount=2.0"))
	if p := event.Payment; err != nil || !p.Failed || p.Doubt != gateways.Debited || p.Reason != "Card declined, amount debited" || p.Amount != money.New(200, "INR") {
		t.Errorf("failed: %+v, %v", p, err)
	}
	for name, body := range map[string]string{"our own request": vectors[ownRequest].plain, "an injected one": vectors[injected].plain, "nothing": "", "JSON": "{}", "a NUL": "order_id=1&tracking_id=\x00&order_status=x"} {
		if event, err := Driver.Inbox.Read(http.Header{}, []byte(body)); err == nil {
			t.Errorf("%s is read as %+v", name, event)
		}
	}
}

func TestStart(t *testing.T) {
	checkout := gateways.Checkout{
		OrderRef: "1001-2", Amount: money.New(149900, "INR"), ReturnURL: "https://kartify.example/callbacks/ccavenue/43/return",
		Customer: gateways.Customer{Name: "रवि & Sons\r\n", Email: "ravi@chandni.example", Phone: "+91 98765 43210", City: "Pune", Country: "IN", Address: "A&order_status=Success&tracking_id=1?x#" + strings.Repeat("y", 200)},
	}
	g := newShop(t, nil).open(t)
	start, err := g.Start(t.Context(), checkout)
	if err != nil || start.URL != g.api.Base+"/transaction/transaction.do?command=initiateTransaction" || start.OrderRef != "1001-2" || start.Form["access_code"] != "AVKF00KF00KF00KFKF" || len(start.Form) != 2 {
		t.Fatalf("start %+v, %v", start, err)
	}
	plain, err := (box{key: key}).open(start.Form["encRequest"])
	if err != nil {
		t.Fatal(err)
	}
	const want = "merchant_id=123456&order_id=1001-2&currency=INR&amount=1499.00&redirect_url=https://kartify.example/callbacks/ccavenue/43/return" +
		"&cancel_url=https://kartify.example/callbacks/ccavenue/43/return&language=EN&billing_name=रवि Sons&billing_address=A order_status Success tracking_id 1 x yyy"
	if !strings.HasPrefix(string(plain), want) || !strings.HasSuffix(string(plain), "y&billing_city=Pune&billing_country=India&billing_tel=+91 98765 43210&billing_email=ravi@chandni.example&merchant_param1=1001") {
		t.Errorf("inside %s", plain)
	}
	// Sent back as an answer, it is none.
	if err := Driver.Inbox.Verify(http.Header{}, []byte("encResp="+start.Form["encRequest"]), []string{key}); err == nil {
		t.Error("our own request is an answer")
	}

	for name, change := range map[string]func(*gateways.Checkout){
		"an order number of words": func(c *gateways.Checkout) { c.OrderRef = "order 1" },
		"a long order number":      func(c *gateways.Checkout) { c.OrderRef = strings.Repeat("1", 31) },
		"nothing to pay":           func(c *gateways.Checkout) { c.Amount.Minor = 0 },
		"a return with a query":    func(c *gateways.Checkout) { c.ReturnURL += "?a=b" },
		"no return":                func(c *gateways.Checkout) { c.ReturnURL = "" },
		"a long return":            func(c *gateways.Checkout) { c.CancelURL = "https://kartify.example/" + strings.Repeat("x", 100) },
	} {
		other := checkout
		change(&other)
		if start, err := g.Start(t.Context(), other); gateways.KindOf(err) != gateways.Declined {
			t.Errorf("%s: %+v, %v", name, start, err)
		}
	}
}

// Whatever a buyer types, it does not come back as an answer, and no answer about another order is ours.
func FuzzInbox(f *testing.F) {
	f.Add("A&order_status=Success&tracking_id=1", []byte(vectors[redirect].plain))
	f.Add("रवि", []byte("order_id=1&tracking_id=2&order_status=Success&amount=1e9"))
	f.Add("\x00=&", []byte("a&b"))
	g := &gateway{merchant: "123456"}
	g.pay.box = box{key: key}
	f.Fuzz(func(t *testing.T, typed string, inside []byte) {
		start, err := g.Start(t.Context(), gateways.Checkout{
			OrderRef: "1001-1", Amount: money.New(100, "INR"), ReturnURL: "https://kartify.example/r", Customer: gateways.Customer{Name: typed, Address: typed, Email: typed, Phone: typed},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := Driver.Inbox.Verify(http.Header{}, []byte("encResp="+start.Form["encRequest"]), []string{key}); err == nil {
			t.Fatalf("%q comes back as an answer", typed)
		}
		event, err := Driver.Inbox.Read(http.Header{}, inside)
		if err == nil && event.Payment != nil && event.Payment.Captured != 0 {
			t.Fatalf("%q says that money was drawn", inside)
		}
	})
}
