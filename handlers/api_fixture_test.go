package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/kartify/kartify/models"
)

const apiBase = "/api/admin/v1"

// described is the description of the API, against which every answer of these tests is checked.
var described = sync.OnceValues(func() (validator.Validator, error) {
	text, err := os.ReadFile("api/openapi.json")
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	check, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return check, nil
})

var describedOnce sync.Mutex // one check at a time

// program is somebody's program with a token.
type program struct {
	*office
	token string
	id    int64
	keys  int
}

// program makes a token with scopes, for store 40 unless others are named.
func (o *office) program(name string, scopes []models.Permission, stores ...int64) *program {
	o.Helper()
	if len(stores) == 0 {
		stores = []int64{40}
	}
	owner, err := o.db.UserByEmail(o.ctx, "owner@ruosh.example")
	if err != nil {
		o.Fatal(err)
	}
	token, secret, err := o.db.CreateAPIToken(o.ctx, owner, "192.0.2.1", models.APITokenDetails{Name: name, Scopes: scopes, Stores: stores, Days: 90})
	if err != nil {
		o.Fatal(err)
	}
	return &program{office: o, token: secret, id: token.ID}
}

// erp is a program that may do everything a program may.
func (o *office) erp() *program { return o.program("ERP", everyScope()) }

func everyScope() []models.Permission {
	var scopes []models.Permission
	for _, c := range models.APIScopes {
		scopes = append(scopes, models.Permission(c.Value))
	}
	return scopes
}

// told is an answer of the API.
type told struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

// get asks for an address below the base.
func (p *program) get(path string, headers ...string) told {
	p.Helper()
	return p.ask(http.MethodGet, apiBase+path, nil, headers...)
}

// post sends a body under a key of its own, or one named among the headers. The body is sent as it is when it is a text.
func (p *program) post(path string, body any, headers ...string) told {
	p.Helper()
	p.keys++
	text, isText := body.(string)
	if !isText {
		data, err := json.Marshal(body)
		if err != nil {
			p.Fatal(err)
		}
		text = string(data)
	}
	headers = append([]string{"Content-Type: application/json", fmt.Sprintf("Idempotency-Key: key-%s-%d", p.Name(), p.keys)}, headers...)
	return p.ask(http.MethodPost, apiBase+path, []byte(text), headers...)
}

func (p *program) ask(method, path string, body []byte, headers ...string) told {
	p.Helper()
	req, err := http.NewRequestWithContext(p.Context(), method, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if req.Header.Set(name, value); value == "" {
			req.Header.Del(name)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	out := told{status: res.StatusCode, header: res.Header, text: string(text)}
	if err := json.Unmarshal(text, &out.json); err != nil {
		p.Errorf("%s %s answers %d with no JSON object: %v in %.300s", method, path, res.StatusCode, err, text)
		return out
	}
	checkAnswer(p.T, req, res, body, text)
	return out
}

// checkAnswer checks an answer, and the request where it was accepted, against the description.
func checkAnswer(t *testing.T, req *http.Request, res *http.Response, asked, text []byte) {
	t.Helper()
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s answers as %q", req.Method, req.URL, res.Header.Get("Content-Type"))
	}
	if res.StatusCode >= 400 && res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s answers %d as %q", req.Method, req.URL, res.StatusCode, res.Header.Get("Content-Type"))
	}
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s %s has the headers %v", req.Method, req.URL, res.Header)
	}
	check, err := described()
	if err != nil {
		t.Fatal(err)
	}
	describedOnce.Lock()
	defer describedOnce.Unlock()
	if res.StatusCode == http.StatusMethodNotAllowed || req.URL.Path == apiBase+"/nowhere" {
		return // nothing of that is described
	}
	req.Body, res.Body = io.NopCloser(bytes.NewReader(asked)), io.NopCloser(bytes.NewReader(text))
	if ok, errs := check.ValidateHttpResponse(req, res); !ok {
		for _, e := range errs {
			t.Errorf("%s %s answers %d otherwise than described: %s %s %v\n%.600s", req.Method, req.URL, res.StatusCode, e.Message, e.Reason, e.SchemaValidationErrors, text)
		}
	}
	if res.StatusCode < 300 {
		req.Body = io.NopCloser(bytes.NewReader(asked))
		if ok, errs := check.ValidateHttpRequestSync(req); !ok {
			for _, e := range errs {
				t.Errorf("%s %s was accepted but is not described: %s %s %v", req.Method, req.URL, e.Message, e.Reason, e.SchemaValidationErrors)
			}
		}
	}
}

// want checks the status and the type of a problem.
func (r told) want(t *testing.T, status int, kind string) told {
	t.Helper()
	said, _ := r.json["type"].(string)
	if r.status != status || kind != "" && !strings.HasSuffix(said, "api.md#"+kind) {
		t.Errorf("answered %d %s, want %d %s: %.500s", r.status, said, status, kind, r.text)
	}
	return r
}

// pointers are the members and parameters that a problem finds wrong.
func (r told) pointers() []string {
	var list []string
	errs, _ := r.json["errors"].([]any)
	for _, e := range errs {
		one, _ := e.(map[string]any)
		for _, name := range []string{"pointer", "parameter"} {
			if at, ok := one[name].(string); ok {
				list = append(list, at)
			}
		}
	}
	return list
}

func (r told) id(t *testing.T) int64 {
	t.Helper()
	n, ok := r.json["id"].(float64)
	if !ok {
		t.Fatalf("no id in %d %s", r.status, r.text)
	}
	return int64(n)
}

func inr(minor int64) map[string]any { return map[string]any{"amount_minor": minor, "currency": "INR"} }
