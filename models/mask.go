package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked stands for what is not shown.
const masked = "•••"

// MaskPersonal is a message of a machine without the personal data in it: e-mail addresses, phone numbers,
// names and addresses, by the names of their fields and by their looks. Every other byte stays as it came.
// What is neither JSON nor a form is hidden as a whole, for nobody knows what is in it.
func MaskPersonal(body string) string {
	if strings.TrimSpace(body) == "" {
		return body
	}
	if text, ok := maskJSON(body); ok {
		return text
	}
	if text, ok := maskForm(body); ok {
		return text
	}
	return fmt.Sprintf("%s (%d bytes that are neither JSON nor a form)", masked, len(body))
}

// level is an object or a list on the way to a value.
type level struct {
	object  bool
	wantKey bool   // the next text is a name
	key     string // whose value comes, plain
	person  bool   // what is in it belongs to a person
	address bool   // it is a postal address
}

// maskJSON masks the values of a JSON text in place, so that it stays as it was written.
func maskJSON(body string) (string, bool) {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var (
		out     strings.Builder
		levels  []level
		written int64
	)
	for {
		before := decoder.InputOffset()
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", false
		}
		after := decoder.InputOffset()
		var top *level
		if len(levels) > 0 {
			top = &levels[len(levels)-1]
		}
		if top != nil && top.object && top.wantKey && token != json.Delim('}') {
			name, _ := token.(string)
			top.key, top.wantKey = plainKey(name), false
			continue
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			levels = append(levels, inside(top, token == json.Delim('{')))
			continue
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
			if len(levels) > 0 {
				levels[len(levels)-1].wantKey = levels[len(levels)-1].object
			}
			continue
		}
		if shown, hide := top.mask(token); hide {
			quoted, err := json.Marshal(shown)
			if err != nil {
				return "", false
			}
			start := before + int64(strings.IndexFunc(body[before:after], func(r rune) bool { return !strings.ContainsRune(" \t\r\n,:", r) }))
			out.WriteString(body[written:start])
			out.Write(quoted)
			written = after
		}
		if top != nil {
			top.wantKey = top.object
		}
	}
	out.WriteString(body[written:])
	return out.String(), len(levels) == 0
}

// inside is the level of an object or list that is the value under top's key.
func inside(top *level, object bool) level {
	in := level{object: object, wantKey: object}
	if top == nil {
		return in
	}
	in.key, in.person, in.address = top.key, top.person, top.address
	if top.object {
		in.person = in.person || top.key == "card" || contains(top.key, personParts)
		in.address = in.address || contains(top.key, addressParts)
	}
	return in
}

// mask says how a value is shown, when it is not shown as it is.
func (l *level) mask(token json.Token) (string, bool) {
	text := ""
	switch value := token.(type) {
	case string:
		text = value
	case json.Number:
		text = value.String()
	default:
		return "", false // true, false, null
	}
	if text == "" {
		return "", false
	}
	if l != nil {
		if shown, hide := maskField(l.key, text, l.person, l.address); hide {
			return shown, true
		}
		if strings.HasSuffix(l.key, "id") || strings.HasSuffix(l.key, "ref") {
			return "", false
		}
	}
	if _, number := token.(json.Number); number {
		return "", false
	}
	shown := maskLooks(text)
	return shown, shown != text
}

// maskForm masks the values of a=1&b=2.
func maskForm(body string) (string, bool) {
	body = strings.TrimSpace(body)
	if !strings.Contains(body, "=") || strings.ContainsAny(body, " \n\t<>{}\"") {
		return "", false
	}
	parts := strings.Split(body, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		text, valueErr := url.QueryUnescape(value)
		if err != nil || valueErr != nil {
			return "", false
		}
		key := plainKey(name)
		shown, hide := maskField(key, text, contains(key, personParts), contains(key, addressParts))
		if !hide {
			shown = maskLooks(text)
		}
		if text != "" && shown != text {
			parts[i] = part[:strings.Index(part, "=")+1] + shown
		}
	}
	return strings.Join(parts, "&"), true
}

// Names of fields, plain: in small letters, without _ - and spaces.
var (
	personParts  = []string{"customer", "buyer", "user", "consignee", "recipient", "shopper", "person", "payer", "cardholder", "beneficiary", "billing", "shipping", "delivery", "address"}
	addressParts = []string{"address", "billingdetails", "shippingdetails", "deliverydetails"}
	nameKeys     = []string{"name", "firstname", "lastname", "middlename", "fullname", "displayname", "surname", "company", "title"}
	personKeys   = []string{
		"firstname", "lastname", "middlename", "fullname", "surname", "username", "holder", "cardholdername", "nameoncard", "contactperson", "contactname", "recipientname",
		"customername", "buyername", "billingname", "shippingname", "deliveryname", "clientid", "dob", "dateofbirth", "birthday", "gender", "pan", "gstin", "vpa", "upiid", "ip", "ipaddress",
		"latitude", "longitude", "accountnumber", "iban", "passport", "nationalid", "personnummer", "ssn",
	}
	addressKeys = []string{"address", "address1", "address2", "addressline1", "addressline2", "line1", "line2", "street", "landmark", "pincode", "postcode", "postalcode", "zip", "zipcode", "areacode"}
	openKeys    = []string{"country", "countrycode", "countryisocode", "countryiso", "addresstype", "type", "id", "uid"}
	phoneParts  = []string{"phone", "mobile", "msisdn", "telephone"}
)

func plainKey(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' || r == '[' || r == ']' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

func contains(key string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(key, part) })
}

// maskField masks a value because of its name, and of what it is part of.
func maskField(key, text string, person, address bool) (string, bool) {
	switch {
	case strings.Contains(key, "email"), key == "mail":
		return MaskEmail(text), true
	case contains(key, phoneParts), key == "contact", key == "tel":
		return maskPhone(text), true
	case slices.Contains(personKeys, key), slices.Contains(addressKeys, key), strings.HasSuffix(key, "address"), person && slices.Contains(nameKeys, key), address && !slices.Contains(openKeys, key):
		return masked, true
	}
	return "", false
}

// MaskEmail keeps the first letter and the domain of an address: m•••@mail.example.
func MaskEmail(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return masked
	}
	return string([]rune(local)[:1]) + masked + "@" + domain
}

// maskPhone keeps the last two digits of a number.
func maskPhone(number string) string {
	if runes := []rune(number); len(runes) > 4 {
		return masked + string(runes[len(runes)-2:])
	}
	return masked
}

var (
	emailLooks = regexp.MustCompile(`[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	phoneLooks = regexp.MustCompile(`(?:\+|\b00)[1-9](?:[ ().-]?[0-9]){7,14}\b|\b[6-9][0-9]{9}\b`)
)

// maskLooks masks what looks like an e-mail address or a phone number within a text.
func maskLooks(text string) string {
	return phoneLooks.ReplaceAllStringFunc(emailLooks.ReplaceAllStringFunc(text, MaskEmail), maskPhone)
}
