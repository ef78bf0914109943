package gatewaytest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
)

var slug = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// form is the settings form and the promises of the driver.
func (c *conformance) form(t *testing.T) {
	d := c.driver
	if !slug.MatchString(d.Code) || d.Name == "" || d.Docs == "" {
		t.Errorf("code %q, name %q, docs %q", d.Code, d.Name, d.Docs)
	}
	if d.Class == gateways.ByKey && d.KeyLifetime <= 0 {
		t.Error("an idempotency key without a lifetime")
	}
	c.promises(t)
	seen := map[string]bool{}
	for _, field := range d.Fields {
		if !slug.MatchString(field.Slug) || field.Name == "" || seen[field.Slug] {
			t.Errorf("field %+v", field)
		}
		seen[field.Slug] = true
		if field.Secret && field.Default != "" {
			t.Errorf("the secret %s has a default", field.Slug)
		}
		if field.Account != nil && (field.Secret || !field.Required && field.Default == "") {
			t.Errorf("%s names the account, and may be hidden or empty", field.Slug)
		}
		if !field.Required {
			continue
		}
		poor := c.settings
		poor.Values = map[string]string{}
		for slug, value := range c.settings.Values {
			if slug != field.Slug {
				poor.Values[slug] = value
			}
		}
		_, err := d.Open(poor)
		if gateways.KindOf(err) != gateways.Misconfigured || !strings.Contains(err.Error(), field.Name) {
			t.Errorf("opened without %s: %v", field.Slug, err)
			continue
		}
		for _, secret := range c.secretValues() {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("without %s, the error tells a secret", field.Slug)
			}
		}
	}
	if d.Inbox != nil && !seen[d.Inbox.SecretField()] {
		t.Errorf("the webhook secret %q is no field", d.Inbox.SecretField())
	}
}

// promises are what the driver says it can do, against what its gateway has.
func (c *conformance) promises(t *testing.T) {
	t.Helper()
	can, has := c.driver.Can, abilities(c.open(t))
	for _, verb := range []gateways.Verb{gateways.Refund, gateways.Capture, gateways.Void, gateways.Update} {
		if can.Does(verb) != slices.Contains(has, verb) {
			t.Errorf("the driver says that it can %s: %v; its gateway: %v", verb, can.Does(verb), slices.Contains(has, verb))
		}
		if (can.InPart(verb) || can.Again(verb)) && !can.Does(verb) {
			t.Errorf("the driver can %s in part and not at all", verb)
		}
		if can.Does(verb) && c.driver.ClassOf(verb) == gateways.Once && c.driver.QuietPeriod <= 0 {
			t.Errorf("%s is sent once, and nobody says for how long it is looked up", verb)
		}
	}
	if len(can.Verbs) != len(has) {
		t.Errorf("the driver says it can %v, its gateway %v", can.Verbs, has)
	}
	for method, hold := range can.Holds {
		if hold <= 0 {
			t.Errorf("a hold of %v for %q", hold, method)
		}
	}
}

// secretValues are the secrets in the settings.
func (c *conformance) secretValues() []string {
	var secrets []string
	for _, field := range c.driver.Fields {
		if value := c.settings.Values[field.Slug]; field.Secret && value != "" {
			secrets = append(secrets, value)
		}
	}
	return secrets
}
