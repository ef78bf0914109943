package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func ask(t *testing.T, method, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) []byte {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestHandler(t *testing.T) {
	for _, bundle := range bundles {
		t.Run(bundle.name, func(t *testing.T) {
			plain := ask(t, http.MethodGet, Path(bundle.name), "identity")
			text := body(t, plain.Body)
			for header, want := range map[string]string{
				"Content-Type":           types[filepath.Ext(bundle.name)],
				"Cache-Control":          "public, max-age=31536000, immutable",
				"X-Content-Type-Options": "nosniff",
				"Content-Encoding":       "",
				"Vary":                   "Accept-Encoding",
			} {
				if got := plain.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			zipped := ask(t, http.MethodGet, Path(bundle.name), "br, gzip")
			if got := zipped.Header.Get("Content-Encoding"); got != "gzip" {
				t.Fatalf("Content-Encoding is %q, want gzip", got)
			}
			unzip, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(body(t, unzip), text) {
				t.Error("the compressed file is another one")
			}
			sum := sha256.Sum256(text)
			if !strings.Contains(Path(bundle.name), hex.EncodeToString(sum[:6])) {
				t.Errorf("%s does not name its content", Path(bundle.name))
			}
		})
	}
}

func TestHandlerRefuses(t *testing.T) {
	tests := []struct {
		name, method, path string
		want               int
	}{
		{"a name without its sum", http.MethodGet, "/static/app.css", http.StatusNotFound},
		{"an old sum", http.MethodGet, "/static/app.000000000000.css", http.StatusNotFound},
		{"a source", http.MethodGet, "/static/js/theme.js", http.StatusNotFound},
		{"a way out", http.MethodGet, "/static/../go.mod", http.StatusNotFound},
		{"a change", http.MethodPost, Path("app.css"), http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ask(t, tt.method, tt.path, "").StatusCode; got != tt.want {
				t.Errorf("%s %s answers %d, want %d", tt.method, tt.path, got, tt.want)
			}
		})
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "deflate, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0, br": false, "br": false, "x-gzip": false, "GZIP": true,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("acceptsGzip(%q) = %v, want %v", header, got, want)
		}
	}
}

// TestSums holds the third-party files to the sums written when they were fetched.
func TestSums(t *testing.T) {
	for _, dir := range []string{"lib", "../e2e/browser/axe"} {
		sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(sums)) {
			want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s/%s is not the file that was fetched", dir, name)
			}
		}
	}
}

// TestIcons looks for every icon named by a screen or a part in the sprite.
func TestIcons(t *testing.T) {
	sprite, err := sources.ReadFile("lib/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:@ui\.Icon|@Icon|Icon:|EmptyState)\(?\s*"([a-z0-9-]+)"`)
	found := 0
	err = filepath.WalkDir("../views", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".templ") && !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range named.FindAllSubmatch(text, -1) {
			found++
			if !bytes.Contains(sprite, []byte(`id="`+string(match[1])+`"`)) {
				t.Errorf("%s names the icon %s, which lib/icons.txt does not list", path, match[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 20 {
		t.Errorf("only %d icons found in the views", found)
	}
}

func TestSlim(t *testing.T) {
	tests := []struct{ name, ext, text, want string }{
		{"comments of a sheet", ".css", "/* a\n b */\n  .x { top: 0 } /* c */\n", ".x { top: 0 }\n"},
		{"comments of a script", ".js", "// says why\nlet a = \"//\"; // stays\n\n", "let a = \"//\"; // stays\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(slim(tt.ext, []byte(tt.text))); got != tt.want {
				t.Errorf("slim = %q, want %q", got, tt.want)
			}
		})
	}
}
