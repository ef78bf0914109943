package sandbox

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// india is CCAvenue's wall clock.
var india = time.FixedZone("IST", 5*60*60+30*60)

// ccavenueTime is a moment as CCAvenue writes it: Indian time, one to three digits of a second.
func ccavenueTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	text := strings.TrimRight(t.In(india).Format("2006-01-02 15:04:05.000"), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

// ccavenueDay is the moment an Indian day of the form dd-mm-yyyy begins; false when the text is none.
func ccavenueDay(text string) (time.Time, bool) {
	t, err := time.ParseInLocation("02-01-2006", text, india)
	return t, err == nil
}

// dayOf is the moment the Indian day of t begins.
func dayOf(t time.Time) time.Time {
	t = t.In(india)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, india)
}

// ccavenueNumber is an amount as a JSON number with one decimal at least: 1499.0, 499.5.
func ccavenueNumber(minor int64, currency string) json.RawMessage {
	text := decimal(minor, currency)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(text, "0")
	} else {
		text += "."
	}
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return json.RawMessage(text)
}

// ccavenueAmount is a member of a reply that says how much money it is about.
var ccavenueAmount = regexp.MustCompile(`("(?:order_amt|order_gross_amt|order_capt_amt|refund_amt|amount|amt_payable|pay_amount)":"?)([1-9][0-9]*)`)

// misreportCCAvenue is a reply with one more rupee in every amount of it.
func misreportCCAvenue(body []byte) []byte {
	return ccavenueAmount.ReplaceAllFunc(body, func(found []byte) []byte {
		part := ccavenueAmount.FindSubmatch(found)
		n, err := strconv.ParseInt(string(part[2]), 10, 64)
		if err != nil {
			return found
		}
		return append(part[1][:len(part[1]):len(part[1])], strconv.FormatInt(n+1, 10)...)
	})
}

// ccavenueFields are pairs of name and value, in their order, as a text: k=v&k=v, nothing escaped.
type ccavenueFields []fact

func (f ccavenueFields) String() string {
	var out strings.Builder
	for i, pair := range f {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(pair.Name + "=" + pair.Value)
	}
	return out.String()
}

// set changes the value of a name that is there.
func (f ccavenueFields) set(name, value string) {
	for i := range f {
		if f[i].Name == name {
			f[i].Value = value
		}
	}
}

// readCCAvenueFields splits such a text; what comes last of a name counts.
func readCCAvenueFields(text string) map[string]string {
	values := map[string]string{}
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	return values
}
