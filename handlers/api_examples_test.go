package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kartify/kartify/handlers"
)

// examples is the world that the examples of the description and of docs/api.md speak of: order 1001 is paid by
// payment 1 and has operation 1, orders 1002 to 1004 are held by payments 2 to 4, order 1005 is not paid.
func (o *office) examples() *program {
	o.Helper()
	o.exec(`UPDATE stores SET return_urls = '{https://shop.example}' WHERE id = 40`)
	order := o.order(nil)
	payment := o.payment(order, nil)
	for range 3 {
		o.held()
	}
	o.order(map[string]any{"status": "pending"})
	erp := o.erp()
	erp.post(moneyPath(order, payment, "refunds"), map[string]any{"amount": inr(100), "reason": "returned"}).want(o.T, http.StatusAccepted, "")
	return erp
}

type description struct {
	Paths map[string]map[string]struct {
		Security   []map[string][]string
		Parameters []struct {
			Name, In string
			Example  any
		}
		RequestBody *struct {
			Content map[string]struct{ Example json.RawMessage }
		}
		Responses map[string]any
	}
}

func readDescription(t *testing.T) description {
	t.Helper()
	text, err := os.ReadFile("api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryExampleOfTheDescriptionWorks(t *testing.T) {
	o := openOffice(t)
	erp := o.examples()
	executed := 0
	d := readDescription(t)
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, op := range d.Paths[path] {
			address, query := path, []string{}
			for _, p := range op.Parameters {
				switch {
				case p.In == "path" && p.Example == nil:
					t.Errorf("%s %s has no example of %s", method, path, p.Name)
				case p.In == "path":
					address = strings.ReplaceAll(address, "{"+p.Name+"}", fmt.Sprint(p.Example))
				case p.Example != nil:
					values, many := p.Example.([]any)
					if !many {
						values = []any{p.Example}
					}
					for _, value := range values {
						query = append(query, fmt.Sprintf("%s=%v", p.Name, value))
					}
				}
			}
			if len(query) > 0 {
				address += "?" + strings.Join(query, "&")
			}
			answer := told{}
			if method == "post" {
				answer = erp.post(address, string(op.RequestBody.Content["application/json"].Example))
			} else {
				answer = erp.get(address)
			}
			if _, ok := op.Responses[fmt.Sprint(answer.status)]; !ok || answer.status >= 300 {
				t.Errorf("the example of %s %s answers %d: %s", method, path, answer.status, answer.text)
			}
			executed++
		}
	}
	if executed < 13 {
		t.Errorf("only %d examples", executed)
	}
}

// The table of routes and the description say the same: addresses, methods, scopes.
func TestTheDescriptionIsWhole(t *testing.T) {
	inTable, described := []string{}, []string{}
	for _, route := range handlers.Table() {
		if path, ok := strings.CutPrefix(route.Path, apiBase); ok && !strings.HasSuffix(path, "*") {
			path = regexp.MustCompile(`:([a-z]+)`).ReplaceAllString(path, "{$1}")
			line := route.Method + " " + path
			if route.Bearer {
				line += " " + string(route.Permission)
			}
			inTable = append(inTable, line)
		}
	}
	for path, methods := range readDescription(t).Paths {
		for method, op := range methods {
			line := strings.ToUpper(method) + " " + path
			for _, need := range op.Security {
				line += " " + strings.Join(need["token"], " ")
			}
			described = append(described, line)
		}
	}
	slices.Sort(inTable)
	slices.Sort(described)
	if !slices.Equal(inTable, described) {
		t.Errorf("the table has\n%s\nthe description\n%s", strings.Join(inTable, "\n"), strings.Join(described, "\n"))
	}
}

// curl reads a command of the documentation: its address, headers and body.
func curl(t *testing.T, words []string, erp *program) told {
	t.Helper()
	address, body, headers := "", "", []string{}
	for i := 1; i < len(words); i++ {
		switch word := words[i]; word {
		case "-sS":
		case "-H":
			i++
			headers = append(headers, words[i])
		case "-d":
			i++
			body = words[i]
		default:
			if strings.HasPrefix(word, "-") || address != "" {
				t.Fatalf("curl %q is more than this test knows", word)
			}
			address = strings.TrimPrefix(word, erp.url)
		}
	}
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	return erp.ask(method, address, []byte(body), headers...)
}

// shellWords splits a command as a shell does: quotes, variables between double quotes, lines that go on.
func shellWords(command string, variables *strings.Replacer) []string {
	var words []string
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|([^\s'"]+)`).FindAllStringSubmatch(strings.ReplaceAll(command, "\\\n", " "), -1) {
		switch {
		case strings.HasPrefix(m[0], "'"):
			words = append(words, m[1])
		case strings.HasPrefix(m[0], `"`):
			words = append(words, variables.Replace(m[2]))
		default:
			words = append(words, variables.Replace(m[3]))
		}
	}
	return words
}

func TestEveryCurlOfTheDocumentationWorks(t *testing.T) {
	o := openOffice(t)
	erp := o.examples()
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.NewReplacer("$KARTIFY", o.url, "$TOKEN", erp.token)
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, command := range regexp.MustCompile(`(?m)^curl `).Split(block[1], -1)[1:] {
			if answer := curl(t, append([]string{"curl"}, shellWords(command, variables)...), erp); answer.status >= 300 {
				t.Errorf("curl %s answers %d: %s", command, answer.status, answer.text)
			}
			ran++
		}
	}
	if ran < 12 {
		t.Errorf("only %d commands", ran)
	}
	source, err := os.ReadFile("api/problem.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`kind += "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	for _, kind := range kinds {
		if !strings.Contains(string(text), "\n### "+kind[1]+"\n") {
			t.Errorf("docs/api.md does not say what %s is", kind[1])
		}
	}
	if len(kinds) < 15 {
		t.Errorf("only %d kinds of problems", len(kinds))
	}
}
