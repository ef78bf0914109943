//go:build linux || darwin

package localdb

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a file of a package.
type entry struct{ name, body string }

// pack makes an npm tarball and gives its SHA-512.
func pack(t *testing.T, path string, entries ...entry) (sum string) {
	t.Helper()
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	files := tar.NewWriter(zipped)
	for _, e := range entries {
		if err := files.WriteHeader(&tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	_ = files.Close()
	_ = zipped.Close()
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	hash := sha512.Sum512(buf.Bytes())
	return base64.StdEncoding.EncodeToString(hash[:])
}

var small = []entry{
	{"package/package.json", `{"name": "small"}`},
	{"package/native/bin/postgres", "#!/bin/sh\necho running"},
	{"package/native/lib/libpq.so.5.17", "library"},
	{"package/native/pg-symlinks.json", `[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so.5"},` +
		`{"source":"native/lib/libpq.so.5.17","target":"native/share/deep/libpq.so"}]`},
}

func TestUnpack(t *testing.T) {
	tarball, dir := filepath.Join(t.TempDir(), "small.tgz"), filepath.Join(t.TempDir(), "out")
	pack(t, tarball, small...)
	if err := unpack(tarball, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"package.json":               `{"name": "small"}`,
		"native/lib/libpq.so.5":      "library",
		"native/share/deep/libpq.so": "library",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v)", name, got, err)
		}
	}
	if to, err := os.Readlink(filepath.Join(dir, "native/share/deep/libpq.so")); err != nil || to != "../../lib/libpq.so.5.17" {
		t.Errorf("the link leads to %q (%v)", to, err)
	}
	for name, want := range map[string]os.FileMode{"native/bin/postgres": 0o100, "package.json": 0} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode()&0o100 != want {
			t.Errorf("%s has mode %v (%v)", name, info.Mode(), err)
		}
	}
}

func TestUnpackStaysInsideItsFolder(t *testing.T) {
	for name, entries := range map[string][]entry{
		"a file above":     {{"package/../../out.txt", "x"}},
		"an absolute file": {{"package//etc/kartify-out.txt", "x"}},
		"a link above":     {{"package/native/pg-symlinks.json", `[{"source":"../../out.txt","target":"native/lib/x"}]`}},
		"a link's place":   {{"package/native/pg-symlinks.json", `[{"source":"native/x","target":"../../out.txt"}]`}},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			tarball := filepath.Join(home, "bad.tgz")
			pack(t, tarball, entries...)
			if err := unpack(tarball, filepath.Join(home, "a", "b")); err == nil {
				t.Error("it was unpacked")
			}
			if _, err := os.Lstat(filepath.Join(home, "out.txt")); err == nil {
				t.Error("a file was written outside")
			}
		})
	}
}

// npmThatPacks puts a program named npm first on the PATH, which packs tarball whatever is asked.
func npmThatPacks(t *testing.T, tarball string) {
	t.Helper()
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nfor last; do :; done\nexec cp %s \"$last\"\n", tarball)
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestFetch(t *testing.T) {
	tarball := filepath.Join(t.TempDir(), "small-1.0.0.tgz")
	sum := pack(t, tarball, small...)
	npmThatPacks(t, tarball)
	cache := t.TempDir()
	for _, tt := range []struct{ name, sum, want string }{
		{"another checksum", strings.Repeat("A", 86) + "==", "it is not used"},
		{"the pinned checksum", sum, ""},
		{"once more", sum, ""},
	} {
		err := fetch(t.Context(), "small@1.0.0", tt.sum, filepath.Join(cache, "small"), t.Logf)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		_, statErr := os.Stat(filepath.Join(cache, "small", "native", "bin", "postgres"))
		if (statErr == nil) != (tt.want == "") {
			t.Errorf("%s: unpacked: %v", tt.name, statErr)
		}
		if left, _ := filepath.Glob(filepath.Join(cache, ".fetch-*")); len(left) != 0 {
			t.Errorf("%s: %v is left", tt.name, left)
		}
	}
}

func TestNoPostgresNamesTheCommandThatInstallsIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if got := hint(""); got != "install PostgreSQL 15 or newer" {
		t.Errorf("without a package manager: %q", got)
	}
	for tool, want := range map[string]string{
		"apt-get": "apt-get install postgresql-16",
		"dnf":     "dnf install postgresql-server postgresql-contrib",
		"apk":     "apk add postgresql16 postgresql16-contrib",
		"brew":    "brew install postgresql@16",
	} {
		bin := t.TempDir()
		if err := os.WriteFile(filepath.Join(bin, tool), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin)
		if got := hint("16"); !strings.HasSuffix(got, want) {
			t.Errorf("with %s: %q, want %q", tool, got, want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for line, want := range map[string]binaries{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": {"/b", "15.18", 15},
		"postgres (PostgreSQL) 17.10":                            {"/b", "17.10", 17},
		"postgres (PostgreSQL) 19beta1":                          {"/b", "19beta1", 19},
		"postgres (PostgreSQL) 9.6.24":                           {"/b", "9.6.24", 9},
		"bash: no such thing":                                    {},
	} {
		got, err := parseVersion("/b", line)
		if got != want || (err == nil) != (want.major > 0) {
			t.Errorf("parseVersion(%q) = %+v, %v", line, got, err)
		}
	}
}

func TestExamineSaysWhyNot(t *testing.T) {
	self, err := chooseOwner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self.drop = false
	dir := t.TempDir()
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	want := func(part string) {
		t.Helper()
		if _, err := examine(t.Context(), dir, self); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("examine = %v, want %q", err, part)
		}
	}
	write("postgres", "#!/bin/sh\nexec /elsewhere/postgres")
	want("has no initdb")
	write("initdb", "")
	want("is a script")
	write("postgres", "not a program at all")
	want("does not run as")
}
