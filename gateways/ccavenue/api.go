package ccavenue

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kartify/kartify/gateways"
)

type (
	record  = gateways.Record
	records = gateways.Records
)

// reply is the object inside an answer, with the names CCAvenue writes, mistakes and all.
type reply map[string]json.RawMessage

// read is a command that changes nothing; an answer that cannot be opened means a wrong working key.
func (g *gateway) read(ctx context.Context, verb, command, version string, in any) (reply, []byte, error) {
	said, raw, err := g.call(ctx, verb, command, version, in)
	if errors.Is(err, errClosed) {
		return nil, nil, &gateways.Error{Kind: misconfigured, Verb: verb, Status: http.StatusOK, Message: "CCAvenue's answer cannot be opened with this working key. Check Working key and Encryption under Extensions > Payment.", Err: errClosed}
	}
	return said, raw, err
}

// call sends a command and opens its answer. An error of the outer layer is an error; what the inner layer
// says of the command is the caller's to judge (API guide, authentication).
func (g *gateway) call(ctx context.Context, verb, command, version string, in any) (reply, []byte, error) {
	plain, err := gateways.EncodeJSON(in)
	if err != nil {
		return nil, nil, refused(verb, "The request could not be written down; nothing was sent.")
	}
	request, err := g.box.seal(plain)
	if err != nil {
		return nil, nil, &gateways.Error{Kind: misconfigured, Verb: verb, Message: "The working key does not fit the encryption chosen under Extensions > Payment; nothing was sent."}
	}
	answer, err := g.api.PostForm(ctx, verb, "/apis/servlet/DoWebTrans", url.Values{
		"enc_request": {request}, "access_code": {g.code}, "command": {command}, "request_type": {"JSON"}, "response_type": {"JSON"}, "version": {version},
	})
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // a gateways.Error says what may be done
	}
	pairs := outer(answer.Body)
	switch pairs["status"] {
	case "1":
		return nil, nil, coded(verb, pairs["enc_error_code"], gateways.Scrub(pairs["enc_response"], g.api.Secrets...))
	case "0":
	default: // a page of a proxy, or nothing
		return nil, nil, unclear(verb, answer.Status, nil)
	}
	inside, err := g.box.open(pairs["enc_response"])
	if err != nil {
		return nil, nil, unclear(verb, answer.Status, err)
	}
	said, err := unwrap(inside)
	if err != nil {
		return nil, nil, unclear(verb, answer.Status, err)
	}
	return said, inside, nil
}

// outer reads the pairs of an answer: status, enc_response, enc_error_code. The last often ends in CR LF.
func outer(body []byte) map[string]string {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSpace(string(body)), "&") {
		key, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		pairs[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return pairs
}

// unwrap reads the object of version 1.2, or the one of version 1.1 inside its only key: Order_Result and its like.
func unwrap(inside []byte) (reply, error) {
	var said reply
	if err := gateways.DecodeJSON(inside, &said); err != nil {
		return nil, err //nolint:wrapcheck // encoding/json says where
	}
	if said == nil {
		return nil, errors.New("null stands where an object belongs")
	}
	if len(said) == 1 {
		for key, value := range said {
			if !strings.HasSuffix(strings.ToLower(key), "_result") {
				break
			}
			var inner reply
			if err := gateways.DecodeJSON(value, &inner); err != nil {
				return nil, err //nolint:wrapcheck // encoding/json says where
			}
			return inner, nil
		}
	}
	return said, nil
}

// text is the first of these values that says anything.
func (r reply) text(keys ...string) string {
	for _, key := range keys {
		var text gateways.Text
		if raw, ok := r[key]; ok && json.Unmarshal(raw, &text) == nil && text != "" {
			return string(text)
		}
	}
	return ""
}

// record is the reply without its lists.
func (r reply) record() record {
	flat := record{}
	for key := range r {
		flat[key] = r.text(key)
	}
	return flat
}

// list is a list of the reply: one row may stand alone, and version 1.1 wraps the rows once more.
func (r reply) list(key string) (records, error) {
	raw := r[key]
	for range 3 {
		var text gateways.Text
		if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
			return nil, nil
		}
		var object reply
		if json.Unmarshal(raw, &object) != nil || len(object) != 1 {
			break
		}
		var only json.RawMessage
		for _, only = range object {
		}
		if text := strings.TrimSpace(string(only)); !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
			break
		}
		raw = only
	}
	var rows records
	err := gateways.DecodeJSON(raw, &rows)
	return rows, err //nolint:wrapcheck // encoding/json says where
}
