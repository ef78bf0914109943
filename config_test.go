package main

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/kartify/kartify/models"
)

// TestEverySettingIsDescribed compares what serve takes with the README's list and with docs/operations.md.
func TestEverySettingIsDescribed(t *testing.T) {
	for _, path := range []string{"README.md", "docs/operations.md"} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for _, field := range reflect.VisibleFields(reflect.TypeFor[serveCommand]()) {
			name, preset := field.Tag.Get("env"), field.Tag.Get("default")
			if name == "" {
				continue
			}
			described := false
			for _, line := range lines {
				described = described || strings.HasPrefix(line, "| `") && strings.Contains(line, "`"+name+"`") && strings.Contains(line, preset)
			}
			if !described {
				t.Errorf("%s has no line with %s and its default %q", path, name, preset)
			}
		}
	}
}

// TestWrongSettingsAreNamedAtOnce starts with everything wrong and with everything at its default.
func TestWrongSettingsAreNamedAtOnce(t *testing.T) {
	read := func(env ...string) Config {
		t.Helper()
		for _, pair := range env {
			name, value, _ := strings.Cut(pair, "=")
			t.Setenv(name, value)
		}
		var s serveCommand
		parser, err := kong.New(&s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(nil); err != nil {
			t.Fatal(err)
		}
		return s.Config
	}
	good := read("DATABASE_URL=postgres://kartify@localhost/kartify", "KARTIFY_MASTER_KEY="+models.NewMasterKey())
	if err := good.check(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	if good.SessionIdle != 15*time.Minute || good.NotifyTries != 50 {
		t.Errorf("the defaults are %+v", good)
	}
	wrong := map[string]string{
		"DATABASE_URL": "", "KARTIFY_MASTER_KEY": "hush", "KARTIFY_PUBLIC_URL": "pay.example.com", "KARTIFY_TRUSTED_PROXIES": "the proxy", "KARTIFY_METRICS_ADDR": "9090",
		"KARTIFY_DRAIN_PAUSE": "-1s", "KARTIFY_SMTP_URL": "smtp://user:hush@mail.example", "KARTIFY_TLS_CERT": "/tmp/cert.pem", "KARTIFY_KLARNA_URL": "klarna",
		"KARTIFY_NOTIFY_NETWORKS": "home", "KARTIFY_NOTIFY_TRIES": "0", "KARTIFY_NOTIFY_STEPS": "0s", "KARTIFY_LOOKUP_RATE": "0", "KARTIFY_LEASE": "1s", "KARTIFY_SESSION_IDLE": "0s",
	}
	var env []string
	for name, value := range wrong {
		env = append(env, name+"="+value)
	}
	config := read(env...)
	err := config.check()
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named", name)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("a secret is told: %v", err)
	}
}
