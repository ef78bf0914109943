package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/kartify/kartify/gateways/gatewaytest" // what the new gateway is built on: this test runs anew when it changes
)

// A gateway that was just begun compiles and passes its own tests.
func TestBegunGatewayPassesItsTests(t *testing.T) {
	home := t.TempDir()
	if err := run([]string{"payu", "PayU Money"}, home); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(home, "payu")
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v (%v)", files, err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{} // the compiler sees the files in gateways/payu, where they are not
	for _, file := range files {
		seen[filepath.Join(root, "payu", filepath.Base(file))] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": seen})
	if err != nil {
		t.Fatal(err)
	}
	list, tests := filepath.Join(home, "overlay.json"), filepath.Join(home, "payu.test")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", list, "-o", tests, "github.com/kartify/kartify/gateways/payu")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("it does not compile: %v\n%s", err, out)
	}
	test := exec.CommandContext(t.Context(), tests, "-test.v")
	test.Dir = dir
	out, err := test.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestConform") {
		t.Errorf("its tests fail: %v\n%s", err, out)
	}
}

func TestWhatIsNotBegun(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "there"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "say the gateway's code"},
		{[]string{""}, "is no code"},
		{[]string{"../payu"}, "is no code"},
		{[]string{"PayU"}, "is no code"},
		{[]string{"payu", `Pay"U`}, "is no name"},
		{[]string{"there"}, "exists"},
	} {
		if err := run(tt.args, home); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.args, err, tt.want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(home, "*", "*")); len(left) != 0 {
		t.Errorf("%v was written", left)
	}
}
