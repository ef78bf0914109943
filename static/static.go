// Package static holds what the browser keeps: the style sheet, the scripts and the icons. Every
// file has an address that changes with its content, so a browser never asks twice for the same one.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed css/*.css js/*.js lib/*.js lib/*.svg favicon.svg
var sources embed.FS

// bundles says which sources make up which served file; a pattern takes them in the order of their names.
var bundles = []struct{ name, pattern string }{
	{"app.css", "css/*.css"},
	{"app.js", "js/app-*.js"},
	{"theme.js", "js/theme.js"},
	{"htmx.js", "lib/htmx.min.js"},
	{"icons.svg", "lib/icons.svg"},
	{"favicon.svg", "favicon.svg"},
}

var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// A file is one served file, ready to be sent.
type file struct {
	path    string // its address, with a part of its SHA-256
	kind    string // its content type
	content []byte
	zipped  func() []byte // compressed when first asked for
}

var byName, byPath = load()

func load() (names, paths map[string]*file) {
	names, paths = map[string]*file{}, map[string]*file{}
	for _, bundle := range bundles {
		f := join(bundle.name, bundle.pattern)
		names[bundle.name], paths[f.path] = f, f
	}
	return names, paths
}

// join puts the sources that match pattern together as one file.
func join(name, pattern string) *file {
	found, err := fs.Glob(sources, pattern)
	if err != nil || len(found) == 0 {
		panic(fmt.Sprintf("static: no sources %s for %s", pattern, name))
	}
	ext := path.Ext(name)
	var all bytes.Buffer
	for _, source := range found {
		text, err := sources.ReadFile(source)
		if err != nil {
			panic(fmt.Sprintf("static: read %s: %v", source, err))
		}
		if !strings.HasPrefix(source, "lib/") {
			text = slim(ext, text)
		}
		all.Write(text)
	}
	content := all.Bytes()
	sum := sha256.Sum256(content)
	return &file{
		path:    "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		kind:    types[ext],
		content: content,
		zipped:  sync.OnceValue(func() []byte { return zip(content) }),
	}
}

// Path is the address of a file, such as /static/app.0123456789ab.css for app.css.
func Path(name string) string {
	f, ok := byName[name]
	if !ok {
		panic("static: there is no file called " + name)
	}
	return f.path
}

// Handler serves the files under /static/. Only addresses made by Path exist.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		f, ok := byPath[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Files are read only.", http.StatusMethodNotAllowed)
			return
		}
		f.serve(w, r)
	})
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header, body := w.Header(), f.content
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body = f.zipped()
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser may have gone
}

// acceptsGzip reads an Accept-Encoding header: "gzip, br" does, "gzip;q=0" does not.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		quality, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
		weight, err := strconv.ParseFloat(quality, 64)
		return !found || (err == nil && weight > 0)
	}
	return false
}

func zip(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	if _, err := w.Write(content); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
