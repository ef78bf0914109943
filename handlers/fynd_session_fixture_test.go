package handlers_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/gateways/gofynd"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

const (
	fyndSecret  = "ext_secret_1234567"
	fyndGID     = "TR64D4E0D50D7B9210BC"
	fyndSession = "/api/v1/payment_session/" + fyndGID
)

// platform is Fynd Platform, whose company 1 has installed an extension for its channel, which is Ruosh.
type platform struct {
	*office
	extension int64
}

func openPlatform(t *testing.T, change ...func(*models.ExtensionForm)) *platform {
	t.Helper()
	o := openOffice(t)
	form := models.ExtensionForm{
		Name: "Ruosh Pay", URL: "https://pay.example.com", Key: "66f1c0de40a1b2c3d4e5f601", Secret: fyndSecret, By: models.SystemActor,
		ExtensionDetails: models.ExtensionDetails{
			Distribution: models.DistributionPrivate, ContactEmail: "payments@ruosh.example", Description: "Cards and net banking.", APIVersion: "1.0",
			Methods: []string{"CARD", "NB"}, Countries: []string{"IN"}, Currencies: []string{"INR"}, Fee: models.FeeFixed,
			Fees: []models.ExtensionFee{{Permyriad: 200}}, Checkout: "standard", AutoCapture: true, Gateway: "razorpay",
		},
	}
	for _, c := range change {
		c(&form)
	}
	e, err := o.db.SaveExtension(o.ctx, form)
	if err != nil {
		t.Fatal(err)
	}
	o.exec(`WITH i AS (INSERT INTO fynd_installs (extension_id, company_id) VALUES ($1, '1') RETURNING id)
		INSERT INTO fynd_applications (install_id, application_id, store_id) SELECT id, '64d24a8a911bf1c20ac3685c', 40 FROM i`, e.ID)
	return &platform{o, e.ID}
}

// sessionBody is the sample of the payment extension documentation, with members put in or replaced; a value of nil takes
// one out.
func sessionBody(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	sample, err := os.ReadFile("../gateways/gofynd/testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	sample = bytes.TrimSpace(sample)
	if changes == nil {
		return sample
	}
	var members map[string]any
	decoder := json.NewDecoder(bytes.NewReader(sample))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// heard is an answer to a machine or to a buyer's browser, which follows no redirect.
type heard struct {
	status int
	header http.Header
	body   string
}

// as reads the answer.
func (h heard) as(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.body), into); err != nil {
		t.Fatalf("%q: %v", h.body, err)
	}
}

// refused checks the envelope of a refusal.
func (h heard) refused(t testing.TB, what string, status int, message string) {
	t.Helper()
	titles := map[int]string{400: "Request Validation Failed", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
	title, known := titles[status]
	if !known {
		title = "Internal Server Error"
	}
	var envelope struct {
		Success        *bool
		Title, Message string
	}
	_ = json.Unmarshal([]byte(h.body), &envelope)
	if h.status != status || envelope.Success == nil || *envelope.Success || envelope.Title != title || !strings.Contains(envelope.Message, message) || strings.Count(h.body, `":`) != 3 {
		t.Errorf("%s answers %d %s, want %d %q with %q", what, h.status, h.body, status, title, message)
	}
}

// ask sends a request with headers "Name: value".
func (p *platform) ask(method, path string, body []byte, headers ...string) heard {
	p.Helper()
	req, err := http.NewRequestWithContext(p.ctx, method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header[name] = append(req.Header[name], value) // as it is written, small letters too
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		p.Error(err)
		return heard{}
	}
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Error(err)
	}
	return heard{res.StatusCode, res.Header, string(text)}
}

// asks is a request of Fynd with the right checksum: over the body, or over the gid of a GET.
func (p *platform) asks(method, path string, body []byte) heard {
	p.Helper()
	message := body
	if message == nil {
		message = []byte(strings.Split(strings.TrimPrefix(path, "/api/v1/payment_session/"), "/")[0])
	}
	return p.ask(method, path, body, "checksum: "+gofynd.Checksum(fyndSecret, message), "Content-Type: application/json")
}

// begins has Fynd ask for a payment, and gives back the path at which its buyer enters.
func (p *platform) begins(changes map[string]any) string {
	p.Helper()
	body := sessionBody(p, changes)
	in, err := gofynd.ReadSession(body)
	if err != nil {
		p.Fatal(err)
	}
	var reply struct {
		Redirect string `json:"redirect_url"`
	}
	got := p.asks("POST", "/api/v1/payment_session/"+in.GID, body)
	if got.status != http.StatusOK {
		p.Fatalf("the session answers %d %s", got.status, got.body)
	}
	got.as(p, &reply)
	return strings.TrimPrefix(reply.Redirect, p.url)
}

// pays has the buyer go to pay, the gateway take the money, and the buyer come back. It says where the result is shown.
func (p *platform) pays(loader string, change func(*gateways.Payment)) string {
	p.Helper()
	if went := p.ask("GET", loader, nil); went.status != http.StatusTemporaryRedirect {
		p.Fatalf("the loader answers %d %s", went.status, went.body)
	}
	checkouts := p.bogus.Checkouts()
	last := checkouts[len(checkouts)-1]
	payment := gateways.Payment{Ref: "pay_" + last.OrderRef, OrderRef: last.OrderRef, Amount: last.Amount, Word: "captured", Authorized: true, Captured: last.Amount.Minor}
	change(&payment)
	p.bogus.AddPayment(payment)
	return strings.TrimPrefix(last.ReturnURL, p.url)
}

// word is Fynd's word of the session.
func (p *platform) word() string {
	p.Helper()
	var standing struct{ Status string }
	p.asks("GET", fyndSession, nil).as(p, &standing)
	return standing.Status
}

// history is what the order's history says, oldest first.
func (p *platform) history() string {
	p.Helper()
	var text string
	p.scan(&text, `SELECT coalesce(string_agg(comment, ' | ' ORDER BY id), '') FROM order_history`)
	return text
}

func rupees(minor int64) money.Amount { return money.New(minor, "INR") }
