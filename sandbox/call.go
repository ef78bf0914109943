package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// maxBody is the largest request anybody may send.
const maxBody = 1 << 20

// call is one request of a shop to a provider.
type call struct {
	*http.Request
	body []byte

	sandbox  *Sandbox
	plan     plan
	writer   http.ResponseWriter
	gone     bool // the connection was cut
	accepted bool
}

// reply is a provider's answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// jsonReply is an answer in JSON.
func jsonReply(status int, v any) reply {
	return reply{status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, compact(v)}
}

// pageReply is an answer in HTML, as a proxy in front of a provider writes it.
func pageReply(status int) reply {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	body := "<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text +
		"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	return reply{status, http.Header{"Content-Type": {"text/html"}}, []byte(body)}
}

// accept is where a provider takes a request on and starts to work: the slow part, outside every
// lock. A fault may make it slower, or cut the connection and let the work go on alone.
func (c *call) accept() {
	if c.accepted {
		return
	}
	c.accepted = true
	c.sandbox.sleep(c.plan.delay)
	if c.plan.ending == modeLateCommit {
		c.drop()
		c.sandbox.sleep(c.plan.endDelay)
	}
}

// drop closes the connection without an answer.
func (c *call) drop() {
	c.gone = true
	if conn, _, err := http.NewResponseController(c.writer).Hijack(); err == nil {
		_ = conn.Close() // nobody is there to be told
	}
}

// pause waits out the faults of a call that is not going to be accepted.
func (c *call) pause() { c.sandbox.sleep(c.plan.delay + c.plan.endDelay) }

// serve answers one route of a provider, with the faults that are in force for it.
func (s *Sandbox) serve(p provider, rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.begin() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer s.work.Done()
		c := &call{Request: r, sandbox: s, writer: w}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			write(w, p.refuse(refusedSize))
			return
		}
		c.body = body
		payment := ""
		if rt.payment != nil {
			payment = rt.payment(c)
		}
		verb := rt.verb
		if several, ok := p.(verber); ok {
			verb = several.verbOf(rt, c)
		}
		c.plan = s.faults.take(p.code(), verb, payment)

		answer := s.perform(p, rt, c)
		if !c.gone {
			write(w, answer)
		}
	}
}

// perform has the provider do what it was asked, as far as the faults allow.
func (s *Sandbox) perform(p provider, rt route, c *call) reply {
	switch c.plan.ending {
	case modeDropBefore:
		c.pause()
		c.drop()
		return reply{}
	case mode500Before:
		c.pause()
		return p.refuse(refusedCrash)
	case modeBusy:
		c.pause()
		return p.refuse(refusedBusy)
	case mode429:
		c.pause()
		answer := p.refuse(refusedRate)
		answer.header.Set("Retry-After", "1")
		return answer
	}

	if !rt.effect {
		c.accept()
	}
	answer := rt.handle(c)
	if rt.effect {
		if err := s.journal.sync(); err != nil {
			s.log.Error("an effect is not on the disk", "error", err)
			return p.refuse(refusedCrash)
		}
	}

	switch c.plan.ending {
	case modeDropAfter:
		s.sleep(c.plan.endDelay)
		c.drop()
	case mode500After:
		s.sleep(c.plan.endDelay)
		return pageReply(http.StatusBadGateway)
	case modeGarbage:
		s.sleep(c.plan.endDelay)
		if len(answer.body) < 2 { // nothing that could be cut in half
			return reply{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte(`{"`)}
		}
		answer.body = answer.body[:len(answer.body)/2]
	case modeEmpty:
		s.sleep(c.plan.endDelay)
		return reply{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, nil}
	case modeWrongAmount:
		s.sleep(c.plan.endDelay)
		answer.body = misreport(answer.body)
	}
	return answer
}

// reportedAmount is a member of a JSON answer that says how much money it is about.
var reportedAmount = regexp.MustCompile(`("(?:(?:total_|total_refund_|captured_|refunded_|order_|pay_|refund_)?amount(?:_captured|_refunded)?|(?:Order|Cancelled|Delivery|Credited)Amount)"\s*:\s*"?)([1-9][0-9]*)`)

// misreport is an answer with one more unit in every amount of it.
func misreport(body []byte) []byte {
	return reportedAmount.ReplaceAllFunc(body, func(found []byte) []byte {
		part := reportedAmount.FindSubmatch(found)
		n, err := strconv.ParseInt(string(part[2]), 10, 64)
		if err != nil {
			return found
		}
		return append(bytes.Clone(part[1]), strconv.FormatInt(n+1, 10)...)
	})
}

// write sends an answer.
func write(w http.ResponseWriter, answer reply) {
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a caller that left does not want it
}

// writeJSON answers a control route.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a caller that left does not want it
}
