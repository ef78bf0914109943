package bench

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/kartify/kartify/gateways"
	allgateways "github.com/kartify/kartify/gateways/all"
	"github.com/kartify/kartify/handlers"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

var quiet = slog.New(slog.DiscardHandler)

func drivers() []gateways.Driver { return allgateways.Drivers }

// site is a whole kartify in this process, asked over TCP by somebody who has signed in.
type site struct {
	db     *models.DB
	url    string // of the database
	trace  *trace
	base   string
	cookie string
	server *http.Server
	http   *http.Client
	ctx    context.Context // sees every store
}

func newSite(ctx context.Context, database string) (*site, error) {
	s := &site{url: database, trace: &trace{}, ctx: models.AsSystem(ctx)}
	var err error
	if s.db, err = openDB(ctx, database, s.trace); err != nil {
		return nil, err
	}
	e, err := handlers.New(handlers.Options{DB: s.db, Web: web.Config{Log: quiet}})
	if err != nil {
		s.db.Close()
		return nil, err //nolint:wrapcheck // says what it did
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		s.db.Close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.base, s.server = "http://"+listener.Addr().String(), web.Server(e, quiet)
	s.http = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	go s.server.Serve(listener) //nolint:errcheck // until close
	if s.cookie, err = s.signIn(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *site) close() {
	_ = s.server.Close()
	s.http.CloseIdleConnections()
	s.db.Close()
}

// signIn signs the owner in and returns the cookie of the session.
func (s *site) signIn(ctx context.Context) (string, error) {
	form := url.Values{"email": {owner}, "password": {password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := s.http.Do(r)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	_ = answer.Body.Close() // nothing in it
	for _, c := range answer.Cookies() {
		if c.Name == "kartify" && c.Value != "" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("signing in is answered with %d", answer.StatusCode)
}

// get asks for a page and reads it to its end.
func (s *site) get(ctx context.Context, path string, headers ...string) ([]byte, error) {
	return get(ctx, s.http, s.base+path, s.cookie, headers...)
}

func get(ctx context.Context, client *http.Client, address, cookie string, headers ...string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", address, err)
	}
	r.Header.Set("Cookie", cookie)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", address, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", address, answer.StatusCode)
	}
	return body, nil
}

// orders is the path of the list with a filter.
func orders(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	if len(q) == 0 {
		return "/sales/orders"
	}
	return "/sales/orders?" + q.Encode()
}

// packed is how many bytes a page has as gzip makes it.
func packed(page []byte) int {
	var size counter
	w, _ := gzip.NewWriterLevel(&size, 5) // a valid level
	_, _ = w.Write(page)
	_ = w.Close()
	return int(size)
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// text is one value of the database as text.
func (s *site) text(sql string, args ...any) (string, error) {
	var value string
	if err := s.db.Pool().QueryRow(s.ctx, sql, args...).Scan(&value); err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(strings.Fields(sql), " "), err)
	}
	return value, nil
}
