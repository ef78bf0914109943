package sandbox

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ccavenueCommand is one of the things the only address of the server API does.
type ccavenueCommand struct {
	verb   string
	result string // the member everything is in for those who ask for version 1.1; "" is never wrapped
	do     func(*call, *merchant, ccavenueInput) any
}

// commands is what DoWebTrans knows by name.
func (g *ccavenue) commands() map[string]ccavenueCommand {
	return map[string]ccavenueCommand{
		"orderStatusTracker":   {"find", "Order_Status_Result", g.trackStatus},
		"orderLookup":          {"find", "Order_Lookup_Result", g.lookUpOrders},
		"getRefundDetails":     {"find", "", g.refundDetails},
		"getPendingOrders":     {"find", "Order_Lookup_Result", g.pendingOrders},
		"confirmOrder":         {"capture", "Order_Result", g.confirmOrders},
		"cancelOrder":          {"void", "Order_Result", g.cancelOrders},
		"refundOrder":          {"refund", "Refund_Order_Result", g.refundOrder},
		"payoutSummary":        {"settlement", "", g.payoutSummary},
		"payIdDetails":         {"settlement", "", g.payIDDetails},
		"getSettlementDetails": {"settlement", "Settlement_Details_Result", g.settlementDetails},
	}
}

func (g *ccavenue) verbs() []string { return []string{"refund", "capture", "void", "settlement"} }

// verbOf is what the command of a call is about.
func (g *ccavenue) verbOf(rt route, c *call) string {
	form, _ := url.ParseQuery(string(c.body)) // who reads the whole body will say what is wrong with it
	if command, known := g.commands()[form.Get("command")]; known {
		return command.verb
	}
	return rt.verb
}

// paymentOfCall is the transaction an encrypted request is about, for faults of one payment.
func (g *ccavenue) paymentOfCall(c *call) string {
	form, _ := url.ParseQuery(string(c.body))
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	m := g.s.merchants.get(g.code() + "/" + form.Get("access_code"))
	if m == nil {
		return ""
	}
	in, ok := readCCAvenueInput(m, form.Get("enc_request"))
	if !ok {
		return ""
	}
	if list := in.orders(); len(list) > 0 {
		return list[0].text("reference_no")
	}
	if p := g.latest(m, in.text("order_no")); in.text("reference_no") == "" && p != nil {
		return p.Ref
	}
	return in.text("reference_no")
}

// ccavenueInput is a decrypted request. Values may be texts or numbers.
type ccavenueInput map[string]json.RawMessage

func (in ccavenueInput) text(name string) string {
	if text, ok := readText(in[name]); ok {
		return strings.TrimSpace(text)
	}
	return string(in[name])
}

// orders is the list of a confirmation or a cancellation.
func (in ccavenueInput) orders() []ccavenueInput {
	var list []ccavenueInput
	_ = json.Unmarshal(in["order_List"], &list) // none is what the command refuses
	return list
}

func readCCAvenueInput(m *merchant, encrypted string) (ccavenueInput, bool) {
	plain, err := m.decrypt(encrypted)
	var in ccavenueInput
	if err != nil || json.Unmarshal([]byte(plain), &in) != nil || in == nil {
		return nil, false
	}
	return in, true
}

// ccavenueOuter is an error of the first layer: plain words, nothing encrypted, and 200.
func ccavenueOuter(code, text string) reply {
	return ccavenueReply("1", text, code)
}

func ccavenueReply(status, response, code string) reply {
	return reply{
		http.StatusOK,
		http.Header{"Content-Type": {"text/plain;charset=UTF-8"}},
		[]byte("status=" + status + "&enc_response=" + response + "&enc_error_code=" + code + "\r\n"),
	}
}

// api is POST /apis/servlet/DoWebTrans. It understands JSON; CCAvenue's XML and STRING are refused as
// badly formatted.
func (g *ccavenue) api(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return ccavenueOuter("-1", "Enc_request: Invalid Request")
	}
	g.s.mu.Lock()
	m := g.s.merchants.get(g.code() + "/" + form.Get("access_code"))
	g.s.mu.Unlock()
	if bad := g.checkEnvelope(c, form, m); bad != nil {
		return *bad
	}
	plain, err := m.decrypt(form.Get("enc_request"))
	if err != nil {
		return ccavenueOuter("-1", "Enc_request: Invalid Request")
	}
	var in ccavenueInput
	if json.Unmarshal([]byte(plain), &in) != nil || in == nil {
		return ccavenueOuter("51411", "JSON request format: Invalid Parameter format")
	}
	command := g.commands()[form.Get("command")]
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.answer(c, m, command, form.Get("version"), command.do(c, m, in))
}

// checkEnvelope is what is wrong outside of the encrypted request, or nil (CCAvenue API guide, error codes).
func (g *ccavenue) checkEnvelope(c *call, form url.Values, m *merchant) *reply {
	for _, field := range []struct{ name, code, text string }{
		{"request_type", "51401", "Request_type: Required parameter missing"},
		{"command", "51402", "Command: Required parameter missing"},
		{"access_code", "51403", "Access_code: Required parameter missing"},
		{"enc_request", "51408", "Enc_request: Required parameter missing"},
	} {
		if form.Get(field.name) == "" {
			return refused(field.code, field.text)
		}
	}
	kinds := []string{"JSON", "XML", "STRING"}
	_, known := g.commands()[form.Get("command")]
	switch response := form.Get("response_type"); {
	case !slices.Contains(kinds, form.Get("request_type")):
		return refused("51404", "Request Type: Invalid Parameter")
	case response != "" && !slices.Contains(kinds, response):
		return refused("51405", "Response Type: Invalid Parameter")
	case m == nil || !allowed(m, c.RemoteAddr):
		return refused("51407", "Access_code: Invalid Parameter")
	case !known:
		return refused("51410", "Command: Invalid Parameter")
	case form.Get("request_type") == "XML" || response == "XML":
		return refused("51412", "XML request format: Invalid Parameter format")
	case form.Get("request_type") == "STRING" || response == "STRING":
		return refused("51413", "STRING request format: Invalid Parameter format")
	case !slices.Contains([]string{"", "1.1", "1.2", "1.4"}, form.Get("version")):
		return refused("51421", "API version: Invalid Parameter")
	}
	return nil
}

func refused(code, text string) *reply {
	bad := ccavenueOuter(code, text)
	return &bad
}

// allowed says whether a merchant may call from that address; without a list everybody may.
func allowed(m *merchant, from string) bool {
	list := m.Options["allowed_ips"]
	host, _, err := net.SplitHostPort(from)
	return list == "" || err == nil && slices.Contains(strings.Split(list, ","), host)
}

// oldReference is how version 1.1 and lists write a reference: as a number.
var oldReference = regexp.MustCompile(`"(reference_no)":"([0-9]+)"`)

// oldFailures is the list of a confirmation, which version 1.1 puts one level deeper.
var oldFailures = regexp.MustCompile(`"failed_List":(\[.*?\])`)

// answer encrypts what a command has to say. Whoever asks for no version gets 1.1. The caller holds the lock.
func (g *ccavenue) answer(c *call, m *merchant, command ccavenueCommand, version string, out any) reply {
	plain := compact(out)
	if command.result != "" && (version == "" || version == "1.1") {
		plain = oldReference.ReplaceAll(plain, []byte(`"$1":$2`))
		plain = oldFailures.ReplaceAllFunc(plain, func(found []byte) []byte {
			list := oldFailures.FindSubmatch(found)[1]
			if bytes.Equal(list, []byte("[]")) {
				return []byte(`"failed_List":""`)
			}
			return append([]byte(`"failed_List":{"failed_order":`), append(single(list), '}')...)
		})
		plain = append([]byte(`{"`+command.result+`":`), append(plain, '}')...)
	}
	if c.plan.ending == modeWrongAmount {
		plain = misreportCCAvenue(plain)
	}
	return ccavenueReply("0", m.encrypt(string(plain)), "")
}

// single is the only member of a list instead of the list, as version 1.1 has it.
func single(list []byte) []byte {
	var members []json.RawMessage
	if json.Unmarshal(list, &members) == nil && len(members) == 1 {
		return members[0]
	}
	return list
}
