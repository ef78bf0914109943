package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
)

// message is a webhook about to be sent. A forged one differs from what the provider would send.
type message struct {
	ID     string `json:"event_id"`
	Event  string `json:"event"`
	header map[string]string
	body   []byte
}

// forgeries are the ways in which a webhook can be other than the provider's.
const (
	forgeSignature    = "signature"         // signed with a wrong secret
	forgeMissing      = "missing"           // not signed at all
	forgeReplay       = "replay_new_id"     // a body that was sent before, under a new event id
	forgeReserialized = "reserialized"      // the body written anew after it was signed
	forgeOversized    = "oversized"         // two MiB, signed properly
	forgeNonUTF8      = "non_utf8"          // bytes that are no text, signed properly
	forgeOtherBytes   = "other_event_bytes" // the event id of one event with the body of another
)

// forge changes a genuine message of e. Signatures are made by seal, like the genuine one's.
func forge(how string, e *event, seal sealer) (message, error) {
	m := e.message()
	switch how {
	case "":
	case forgeSignature:
		m.header = merge(m.header, seal(e, m.body, true))
	case forgeMissing:
		m.header = unsigned(m.header)
	case forgeReserialized:
		var anew bytes.Buffer
		if err := json.Indent(&anew, m.body, "", "  "); err != nil {
			return m, fmt.Errorf("the body of %s is not JSON: %w", e.Name, err)
		}
		m.body = anew.Bytes()
	case forgeOversized:
		m.body = within(m.body, bytes.Repeat([]byte("x"), 2<<20))
		m.header = merge(m.header, seal(e, m.body, false))
	case forgeNonUTF8:
		m.body = within(m.body, []byte("\xff\xfe\xc3\x28"))
		m.header = merge(m.header, seal(e, m.body, false))
	default:
		return m, fmt.Errorf("there is no forgery %q", how)
	}
	return m, nil
}

// within is a JSON object with one more member that holds text.
func within(body, text []byte) []byte {
	out := bytes.TrimSuffix(body, []byte("}"))
	out = append(bytes.Clone(out), `,"padding":"`...)
	return append(append(out, text...), `"}`...)
}

// signatureHeaders are those a receiver could take for a signature.
var signatureHeaders = []string{"X-Razorpay-Signature", "X-Fp-Signature"}

func unsigned(header map[string]string) map[string]string {
	out := maps.Clone(header)
	for _, name := range signatureHeaders {
		delete(out, name)
	}
	return out
}

func merge(header, over map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, header)
	maps.Copy(out, over)
	return out
}
