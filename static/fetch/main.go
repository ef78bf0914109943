// Fetch brings the third-party files under static/lib and e2e/browser/axe up to the versions pinned
// here, checks the packages against their published SHA-512, and writes SHA256SUMS beside the files.
// It needs npm, and is run by `task assets`; building and running kartify needs neither.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A pack is one npm package and the files taken from it.
type pack struct {
	name      string // with its exact version
	integrity string // SHA-512 of the package, as its registry publishes it
	files     map[string]string
}

var packs = []pack{
	{
		name:      "htmx.org@2.0.11",
		integrity: "Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
		files:     map[string]string{"dist/htmx.min.js": "static/lib/htmx.min.js", "LICENSE": "static/lib/LICENSE.htmx"},
	},
	{
		name:      "@tabler/icons@3.51.0",
		integrity: "0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
		files:     map[string]string{"LICENSE": "static/lib/LICENSE.tabler-icons"},
	},
	{
		name:      "axe-core@4.14.1",
		integrity: "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
		files:     map[string]string{"axe.min.js": "e2e/browser/axe/axe.min.js", "LICENSE": "e2e/browser/axe/LICENSE"},
	},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func run() error {
	if _, err := os.Stat("static/lib/icons.txt"); err != nil {
		return fmt.Errorf("run it from the project's root: %w", err)
	}
	written := map[string][]byte{}
	for _, p := range packs {
		contents, err := p.download()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		for from, to := range p.files {
			text, ok := contents[from]
			if !ok {
				return fmt.Errorf("%s has no %s", p.name, from)
			}
			written[to] = text
		}
		if strings.HasPrefix(p.name, "@tabler/icons@") {
			if written["static/lib/icons.svg"], err = sprite(contents); err != nil {
				return err
			}
		}
	}
	return write(written)
}

// download packs p with npm into a folder of its own and gives its files by their name.
func (p pack) download() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "kartify-assets-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "pack", "--silent", "--pack-destination", dir, p.name) //nolint:gosec // pinned names
	npm.Stderr = os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return nil, errors.New("npm wrote no package")
	}
	packed, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(packed)
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != p.integrity {
		return nil, fmt.Errorf("its SHA-512 is %s, not the pinned %s", got, p.integrity)
	}
	return unpack(packed)
}

func unpack(packed []byte) (map[string][]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(header.Name, "package/")] = text
	}
}

// write saves the files and, in each folder, their sums.
func write(files map[string][]byte) error {
	sums := map[string][]string{}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil { //nolint:gosec // public files
			return err
		}
		dir := filepath.Dir(name)
		sums[dir] = append(sums[dir], fmt.Sprintf("%x  %s\n", sha256.Sum256(text), filepath.Base(name)))
	}
	for dir, lines := range sums {
		name := filepath.Join(dir, "SHA256SUMS")
		if err := os.WriteFile(name, []byte(sorted(lines)), 0o644); err != nil { //nolint:gosec // public file
			return err
		}
	}
	return nil
}
