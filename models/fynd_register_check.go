package models

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // logos
	_ "image/png"  // logos
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/money"
)

// MaxLogoBytes is how large the logo of an extension may be.
const MaxLogoBytes = 512 << 10

// fieldWrong gathers what is wrong with a form, field by field.
type fieldWrong struct{ list FieldProblems }

func (w *fieldWrong) add(field, sentence string) {
	if sentence != "" {
		w.list = append(w.list, &Problem{Sentence: sentence, Field: field})
	}
}

func (w *fieldWrong) err() error {
	if len(w.list) == 0 {
		return nil
	}
	return w.list
}

// cleanExtension tidies a form and says everything that is wrong with it, in the order of the form.
func (db *DB) cleanExtension(f *ExtensionForm) error {
	f.Name, f.URL, f.PlatformURL = strings.Join(strings.Fields(f.Name), " "), strings.TrimSpace(f.URL), strings.TrimSpace(f.PlatformURL)
	f.ContactEmail, f.Description = strings.TrimSpace(f.ContactEmail), strings.TrimSpace(f.Description)
	others := strings.FieldsFunc(f.OtherMethods, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	f.Methods = tidyCodes(append(f.Methods, others...))
	f.Countries, f.Currencies = tidyCodes(f.Countries), tidyCodes(f.Currencies)
	var w fieldWrong
	w.add("distribution", oneOf(f.Distribution, "Choose whether every company may install the extension, or only those you add.", DistributionPublic, DistributionPrivate))
	w.add("name", wrongExtensionName(f.Name, f.Methods, f.Countries))
	w.add("contact_email", wrongEmail(f.ContactEmail, "Enter the e-mail address for urgent matters."))
	w.add("logo", wrongLogo(f.Logo))
	w.add("description", wrongDescription(f.Description))
	w.add("url", wrongWebAddress(f.URL, "Enter the address at which kartify is reached, such as https://pay.example.com."))
	if f.PlatformURL != "" {
		w.add("platform_url", wrongWebAddress(f.PlatformURL, ""))
	}
	for _, code := range f.Methods {
		w.add("methods", wrongMethod(code))
	}
	alone := func(code string) bool { return RefusedFyndMethod(code) != "" }
	if name := strings.Join(others, " "); RefusedFyndMethod(name) != "" && !slices.ContainsFunc(f.Methods, alone) { // in two words
		w.add("methods", wrongMethod(name))
	}
	w.add("api_version", oneOf(f.APIVersion, "Choose the version of the API.", FyndAPIVersions...))
	for _, code := range f.Countries {
		if !slices.ContainsFunc(Countries(), func(c Choice) bool { return c.Value == code }) {
			w.add("countries", fmt.Sprintf("“%s” is no country.", clip(code, 20)))
		}
	}
	for _, code := range f.Currencies {
		if !money.Known(code) {
			w.add("currencies", fmt.Sprintf("“%s” is no currency.", clip(code, 20)))
		}
	}
	f.cleanFees(&w)
	w.add("checkout", oneOf(f.Checkout, "Choose whether buyers pay on a page of the extension or on the seller's.", "standard", "custom"))
	w.add("auto_capture", db.wrongCapture(f))
	w.add("gateway", db.wrongGateway(f.Gateway))
	if f.Key != "" || f.Secret != "" {
		if !apiKeyShape.MatchString(f.Key) || !apiSecretShape.MatchString(f.Secret) {
			w.add("api_key", "An API key has at most 64 letters and digits, and its secret 16 to 200 characters.")
		}
	}
	return w.err()
}

// tidyCodes are codes in capitals, each once, in the order given.
func tidyCodes(codes []string) []string {
	list := []string{}
	for _, code := range codes {
		if code = strings.ToUpper(strings.TrimSpace(code)); code != "" && !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return list
}

func oneOf(value, sentence string, allowed ...string) string {
	if slices.Contains(allowed, value) {
		return ""
	}
	return sentence
}

func wrongEmail(address, missing string) string {
	if address == "" {
		return missing
	}
	if err := mail.CheckAddress(address); err != nil {
		return fmt.Sprintf("Nobody can write to this address: %v.", err)
	}
	return ""
}

// wrongWebAddress wants https; http will do on this machine.
func wrongWebAddress(text, missing string) string {
	if text == "" {
		return missing
	}
	u, err := shopAddress(text)
	if err != nil {
		return fmt.Sprintf("This address cannot be used: %v.", err)
	}
	if u.Scheme == "https" && !strings.Contains(u.Hostname(), ".") {
		return "Write the whole name of the machine, such as https://pay.example.com."
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil || u.RawQuery != "" {
		return "This address must have no ? and nothing behind it."
	}
	return ""
}

var phoneShape = regexp.MustCompile(`^\+[1-9][0-9 ()-]{5,22}[0-9]$`)

func wrongPhone(text, missing string) string {
	if text == "" {
		return missing
	}
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if !phoneShape.MatchString(text) || digits < 8 || digits > 15 {
		return "Write the number with its country, such as +91 22 1234 5678."
	}
	return ""
}

func wrongDescription(text string) string {
	switch n := len([]rune(text)); {
	case n == 0:
		return "Describe in a sentence or two what the extension does."
	case n > 500:
		return fmt.Sprintf("A description has at most 500 characters; this one has %d.", n)
	}
	return ""
}

func wrongMethod(code string) string {
	if name := RefusedFyndMethod(code); name != "" {
		return fmt.Sprintf("%s: payment extensions of Fynd must not be for %s.", code, name)
	}
	if !methodShape.MatchString(code) {
		return fmt.Sprintf("“%s” is no code of a payment method.", clip(code, 30))
	}
	return ""
}

var methodShape = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,29}$`)

func (db *DB) wrongGateway(code string) string {
	for _, driver := range db.ExtensionGateways() {
		if driver.Code == code {
			return ""
		}
	}
	return "Choose the gateway that takes the payments."
}

// wrongCapture says why the gateway behind cannot draw, or cannot hold, the money when the buyer pays.
func (db *DB) wrongCapture(f *ExtensionForm) string {
	driver, ok := db.drivers[f.Gateway]
	switch {
	case !ok || db.wrongGateway(f.Gateway) != "":
		return ""
	case f.AutoCapture && !driver.Can.AtOnce:
		return fmt.Sprintf("%s only holds the money when the buyer pays; it is captured when the order is sent. Leave this off.", driver.Name)
	case !f.AutoCapture && !driver.Can.Later:
		return fmt.Sprintf("%s cannot hold money; it draws it at once. Switch this on.", driver.Name)
	}
	return ""
}

// wrongLogo looks at what a file is, whatever its name says.
func wrongLogo(logo []byte) string {
	switch kind := logoType(logo); {
	case logo == nil:
		return ""
	case len(logo) > MaxLogoBytes:
		return fmt.Sprintf("This picture has %d kB; at most 512 kB are accepted.", (len(logo)+1023)/1024)
	case kind == "":
		return "This is no PNG, JPEG or WebP picture."
	case kind == "image/webp":
		return ""
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(logo))
	switch {
	case err != nil:
		return "This picture cannot be read."
	case config.Width > 4096 || config.Height > 4096:
		return fmt.Sprintf("This picture is %d × %d pixels large; at most 4096 × 4096 are accepted.", config.Width, config.Height)
	}
	return ""
}

// logoType is what a picture is by its first bytes, "" for anything but PNG, JPEG and WebP.
func logoType(logo []byte) string {
	if logo == nil {
		return ""
	}
	kind := http.DetectContentType(logo)
	if slices.Contains([]string{"image/png", "image/jpeg", "image/webp"}, kind) {
		return kind
	}
	return ""
}
