// New begins a gateway: it writes a folder whose driver refunds over a plain JSON API and passes the
// conformance tests. What is left is to make it the provider's: its documents' paths, words and samples.
//
//	go run ./gateways/new payu "PayU"
package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed skeleton
var skeleton embed.FS

func main() {
	if err := run(os.Args[1:], "gateways"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, home string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New(`say the gateway's code and name, such as: task new-gateway -- payu "PayU"`)
	}
	provider := provider{Code: args[0], Name: strings.ToUpper(args[0][:min(1, len(args[0]))]) + args[0][min(1, len(args[0])):]}
	if len(args) == 2 {
		provider.Name = args[1]
	}
	if err := provider.write(home); err != nil {
		return err
	}
	fmt.Printf(`%s is begun in %s, and its tests pass on made-up samples. Now make it the provider's:
 1. put the provider's own sample payloads into testdata/, and have the tests use them;
 2. fill in wire.go and %[3]s.go from its documents, a verb for each thing it can do;
 3. set Class in %[3]s.go: may a request be sent again when no answer came?
 4. add %[3]s.Driver to the list in gateways/all/all.go.
`, provider.Name, filepath.Join(home, provider.Code), provider.Code)
	return nil
}

// provider is whom the gateway speaks to.
type provider struct {
	Code string // "payu": its folder, package and code
	Name string // "PayU"
}

var code = regexp.MustCompile(`^[a-z][a-z0-9]{1,20}$`)

// write makes the folder below home. One that is there already is left as it is.
func (p provider) write(home string) error {
	if !code.MatchString(p.Code) {
		return fmt.Errorf("%q is no code: use small letters and digits, such as payu", p.Code)
	}
	if strings.ContainsAny(p.Name, "\"\\\n`") || p.Name == "" {
		return fmt.Errorf("%q is no name: leave out quotes and backslashes", p.Name)
	}
	dir := filepath.Join(home, p.Code)
	if err := os.Mkdir(dir, 0o750); err != nil {
		return fmt.Errorf("begin the gateway: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "testdata"), 0o750); err != nil {
		return fmt.Errorf("begin the gateway: %w", err)
	}
	for from, to := range map[string]string{
		"gateway.go.txt":      p.Code + ".go",
		"wire.go.txt":         "wire.go",
		"gateway_test.go.txt": p.Code + "_test.go",
		"refund.json.txt":     "testdata/refund.json",
	} {
		if err := p.fill(from, filepath.Join(dir, to)); err != nil {
			return err
		}
	}
	return nil
}

func (p provider) fill(from, to string) error {
	text, err := template.New(from).Delims("<<", ">>").ParseFS(skeleton, "skeleton/"+from)
	if err != nil {
		return fmt.Errorf("read the skeleton: %w", err)
	}
	var out strings.Builder
	if err := text.Execute(&out, p); err != nil {
		return fmt.Errorf("fill in %s: %w", to, err)
	}
	if err := os.WriteFile(to, []byte(out.String()), 0o600); err != nil {
		return fmt.Errorf("begin the gateway: %w", err)
	}
	return nil
}
