package sandbox

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// pages are the sandbox's own pages, each within the layout.
var pages = parsePages()

func parsePages() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"money": func(minor int64, currency string) string { return decimal(minor, currency) + " " + currency },
		"when":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"unix":  func(sec int64) string { return time.Unix(sec, 0).UTC().Format("2006-01-02 15:04:05") },
	}).ParseFS(pageFiles, "pages/layout.html"))
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(fmt.Sprintf("sandbox: list pages: %v", err)) // the pattern is our own
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		all[name[len("pages/"):]] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, name))
	}
	return all
}

// pagePolicy lets a page use nothing but the sandbox's own style and script.
const pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

// page is an answer for a person.
func page(name string, status int, data map[string]any) reply {
	var out bytes.Buffer
	if err := pages[name].ExecuteTemplate(&out, "layout.html", data); err != nil {
		panic(fmt.Sprintf("sandbox: page %s: %v", name, err)) // our own templates and data
	}
	return reply{status, http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {pagePolicy},
		"Cache-Control":           {"no-store"},
		"X-Content-Type-Options":  {"nosniff"},
	}, out.Bytes()}
}

// sentence is a page that says one thing.
func sentence(status int, title, text string) reply {
	return page("message.html", status, map[string]any{"Title": title, "Text": text})
}

// routes is everything the sandbox answers. Pages of other sites can post to the pay pages, which are
// made for it, but not to the sandbox's own routes.
func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	for _, p := range s.providers {
		s.mount(mux, p)
	}
	own := http.NewServeMux()
	s.controls(own)
	s.portals(own)
	static := http.FileServerFS(pageFiles)
	own.HandleFunc("GET /_sandbox/pages/{file}", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/_sandbox", static).ServeHTTP(w, r)
	})
	own.HandleFunc("GET /_sandbox/{$}", s.showIndex)
	mux.Handle("/_sandbox/", http.NewCrossOriginProtection().Handler(own))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("GET /{$}", http.RedirectHandler("/_sandbox/", http.StatusSeeOther))
	return mux
}

// showIndex is the sandbox's front page.
func (s *Sandbox) showIndex(w http.ResponseWriter, _ *http.Request) {
	type gateway struct {
		Code     string
		Prefixes []string
		Verbs    []string
		Portal   bool
	}
	var gateways []gateway
	for _, p := range s.providers {
		_, has := p.(portal)
		gateways = append(gateways, gateway{p.code(), p.prefixes(), verbsOf(p), has})
	}
	entries := s.entries(func(*Entry) bool { return true })
	write(w, page("index.html", http.StatusOK, map[string]any{
		"Title": "Sandbox", "Now": s.now(), "Gateways": gateways, "Faults": s.faults.all(), "Count": len(entries),
		"Entries": entries[max(0, len(entries)-20):],
	}))
}
