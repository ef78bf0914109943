package ccavenue

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kartify/kartify/gateways"
)

// inbox reads what comes back with the buyer (return) and behind him (echo, reconciliation): one form with the
// order encrypted in it. The encryption has no tag, and the browser holds a text encrypted with the same key, so
// nothing of it is believed: it names the order that CCAvenue is then asked about.
type inbox struct{}

// SecretField is where the store keeps the working key.
func (inbox) SecretField() string { return "working_key" }

// Verify says whether a message opens with a working key and reads as an answer of CCAvenue.
func (inbox) Verify(_ http.Header, body []byte, secrets []string) error {
	if _, _, err := unseal(body, secrets); err != nil {
		return gateways.ErrSignature
	}
	return nil
}

// Open is the text inside, as CCAvenue wrote it.
func (inbox) Open(_ http.Header, body []byte, secrets []string) ([]byte, error) {
	plain, _, err := unseal(body, secrets)
	return plain, err
}

// unseal opens a message with the first working key under which it reads as an answer.
func unseal(body []byte, secrets []string) ([]byte, map[string]string, error) {
	form, err := gateways.ReadForm(body)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // says what is wrong with the body
	}
	problem := errClosed
	for _, secret := range secrets {
		for _, b := range []box{{secret, false}, {secret, true}} {
			plain, err := b.open(form["encResp"])
			if err != nil || secret == "" {
				continue
			}
			fields, err := response(plain, form["orderNo"])
			if err == nil {
				return plain, fields, nil
			}
			problem = err
		}
	}
	return nil, nil, problem
}

// response reads the pairs of an answer. A text of our own that was sent back, one that names a value twice,
// and one about another order than the form around it are refused: each of them can be made without the key.
func response(plain []byte, orderNo string) (map[string]string, error) {
	if !utf8.Valid(plain) || strings.ContainsRune(string(plain), 0) {
		return nil, errors.New("what is inside is not text")
	}
	fields := map[string]string{}
	last := ""
	for pair := range strings.SplitSeq(strings.TrimSpace(string(plain)), "&") {
		key, value, parted := strings.Cut(pair, "=")
		if !parted { // an & within a value
			if last == "" {
				return nil, errors.New("what is inside is not an answer")
			}
			fields[last] += "&" + pair
			continue
		}
		if _, twice := fields[key]; twice || !pairName(key) {
			return nil, fmt.Errorf("the answer names %q twice, or as no name", shorten(key, 40))
		}
		if value = strings.TrimSpace(value); value == "null" {
			value = ""
		}
		fields[key], last = value, key
	}
	for _, ours := range []string{"merchant_id", "redirect_url", "cancel_url"} {
		if _, sent := fields[ours]; sent {
			return nil, errors.New("this is a request of ours that was sent back")
		}
	}
	if _, told := fields["tracking_id"]; !told || fields["order_id"] == "" || fields["order_status"] == "" {
		return nil, errors.New("the answer lacks its order, its tracking id or its status")
	}
	if orderNo != "" && orderNo != fields["order_id"] {
		return nil, errors.New("the answer is about another order than the form around it")
	}
	return fields, nil
}

func pairName(text string) bool {
	return text != "" && len(text) <= 60 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	})
}

// Read understands a message that was opened: which order it is about and what it claims. Of one that is still
// closed it tells the order number outside.
func (inbox) Read(header http.Header, body []byte) (gateways.Event, error) {
	event := gateways.Event{Name: header.Get(gateways.RefHeader)}
	if event.Name == "" {
		event.Name = "response"
	}
	if strings.Contains("&"+string(body), "&encResp=") {
		form, err := gateways.ReadForm(body)
		if err != nil {
			return gateways.Event{}, fmt.Errorf("read a CCAvenue message: %w", err)
		}
		if form["orderNo"] != "" {
			event.Payment = &gateways.Payment{OrderRef: form["orderNo"], Raw: body}
		}
		return event, nil
	}
	fields, err := response(body, "")
	if err != nil {
		return gateways.Event{}, fmt.Errorf("read a CCAvenue message: %w", err)
	}
	seen := gateways.Payment{
		Ref: fields["tracking_id"], OrderRef: fields["order_id"], Word: fields["order_status"], Method: methods[fields["payment_mode"]],
		RRN: fields["bank_ref_no"], At: at(fields["trans_date"]), Raw: body,
	}
	paid := fields["mer_amount"] // before an offer of CCAvenue: what the order is about
	if paid == "" {
		paid = fields["amount"]
	}
	if seen.Amount, err = gateways.Decimal(paid, fields["currency"]); err != nil {
		seen.Amount.Currency, seen.Amount.Minor = "", 0 // a claim nobody needs: CCAvenue is asked
	}
	judge(&seen, 0, fields["status_message"]+" "+fields["failure_message"], time.Now())
	if fields["failure_message"] != "" && seen.Failed {
		seen.Reason = shorten(gateways.Scrub(fields["failure_message"]), 300)
	}
	event.At, event.Payment = seen.At, &seen
	return event, nil
}
