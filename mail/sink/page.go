package sink

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	netmail "net/mail"
	"strconv"
	"strings"
)

// Handler shows what was sent: a list at /_sink/, a message at /_sink/N, its HTML at /_sink/N/html, its bytes
// at /_sink/N/raw. Whatever a message holds, a browser runs and fetches nothing of it.
func (s *Sink) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_sink/{$}", func(w http.ResponseWriter, _ *http.Request) { s.show(w, list, s.lines()) })
	mux.HandleFunc("GET /_sink/{n}", s.with(func(w http.ResponseWriter, m Message) { s.show(w, one, s.line(m)) }))
	mux.HandleFunc("GET /_sink/{n}/raw", s.with(func(w http.ResponseWriter, m Message) {
		foreign(w, "text/plain; charset=utf-8")
		_, _ = w.Write(m.Raw)
	}))
	mux.HandleFunc("GET /_sink/{n}/html", s.with(func(w http.ResponseWriter, m Message) {
		foreign(w, "text/html; charset=utf-8")
		_, _ = io.WriteString(w, s.line(m).HTML)
	}))
	return mux
}

func (s *Sink) with(show func(http.ResponseWriter, Message)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		messages := s.Messages()
		if err != nil || n < 1 || n > len(messages) {
			http.NotFound(w, r)
			return
		}
		show(w, messages[n-1])
	}
}

func foreign(w http.ResponseWriter, kind string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'")
}

// line is a message as the pages show it.
type line struct {
	Message
	Subject, HTML, Text, Head string
}

func (s *Sink) lines() []line {
	messages := s.Messages()
	lines := make([]line, 0, len(messages))
	for i := len(messages) - 1; i >= 0; i-- {
		lines = append(lines, s.line(messages[i]))
	}
	return lines
}

func (s *Sink) line(m Message) line {
	l := line{Message: m}
	head, _, _ := bytes.Cut(m.Raw, []byte("\r\n\r\n"))
	l.Head = string(head)
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return l
	}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		l.Subject = msg.Header.Get("Subject")
	}
	_, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return l
	}
	parts := multipart.NewReader(msg.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return l
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return l
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = string(body)
		} else {
			l.Text = string(body)
		}
	}
}

func (s *Sink) show(w http.ResponseWriter, page *template.Template, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	if err := page.Execute(w, data); err != nil {
		_, _ = fmt.Fprintln(w, err)
	}
}

const head = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Captured mail</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#20242c}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #d8dce3}iframe{width:100%;height:38rem;border:1px solid #d8dce3;border-radius:8px}
pre{background:#f4f5f7;padding:1rem;overflow:auto;border-radius:8px}a{color:#0b5cad}</style>`

var list = template.Must(template.New("list").Parse(head + `<h1>Captured mail</h1>
<p>What this mail server was sent. It delivers nothing.</p>
{{if .}}<table><tr><th>#<th>To<th>Subject<th>At</tr>{{range .}}<tr><td>{{.N}}<td>{{range .To}}{{.}} {{end}}<td><a href="/_sink/{{.N}}">{{.Subject}}</a><td>{{.At.Format "2 Jan 15:04:05"}}</tr>{{end}}</table>
{{else}}<p>Nothing has come yet.</p>{{end}}`))

var one = template.Must(template.New("one").Parse(head + `<p><a href="/_sink/">Captured mail</a></p><h1 dir="auto">{{.Subject}}</h1>
<pre>{{.Head}}</pre><iframe sandbox src="/_sink/{{.N}}/html" title="The message"></iframe><h2>As text</h2><pre dir="auto">{{.Text}}</pre>
<p><a href="/_sink/{{.N}}/raw">As it came</a></p>`))
