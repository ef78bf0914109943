package web_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/models/modelstest"
	"github.com/kartify/kartify/web"
)

// site is a kartify of a few routes, on a database of its own.
type site struct {
	t    *testing.T
	db   *models.DB
	url  string
	http *http.Client
	logs *logBook
	user *models.User // Mira, an owner
}

type numberForm struct {
	Order  int64  `param:"order"`
	Amount string `form:"amount"`
}

func newSite(t *testing.T, config web.Config, change ...func(*models.Options)) *site {
	t.Helper()
	s := &site{t: t, db: modelstest.DB(t, change...), logs: &logBook{}}
	config.Log = slog.New(slog.NewTextHandler(s.logs, nil))
	shared, err := web.New(config, s.db)
	if err != nil {
		t.Fatal(err)
	}
	var server *httptest.Server
	s.user, err = s.db.SeedUser(t.Context(), models.UserDetails{Email: "mira@ruosh.example", Name: "Mira", Role: models.Owner}, "kartify-demo")
	if err != nil {
		t.Fatal(err)
	}
	text := func(c echo.Context) error { return c.String(http.StatusOK, "Hello "+web.User(c).Name) }
	routes := []web.Route{
		{Method: "POST", Path: "/enter", Permission: models.Public, Handler: func(c echo.Context) error {
			if err := web.SignIn(c, s.user); err != nil {
				return err
			}
			return c.NoContent(http.StatusNoContent)
		}},
		{Method: "POST", Path: "/leave", Permission: models.Public, Handler: func(c echo.Context) error {
			if err := web.SignOut(c); err != nil {
				return err
			}
			return web.SeeOther(c, "/login")
		}},
		{Method: "GET", Path: "/page", Permission: models.SignedIn, Handler: text},
		{Method: "GET", Path: "/token", Permission: models.SignedIn, Handler: func(c echo.Context) error {
			return c.String(http.StatusOK, web.CSRF(c))
		}},
		{Method: "GET", Path: "/poll", Permission: models.SignedIn, Background: true, Handler: text},
		{Method: "GET", Path: "/manage", Permission: models.UsersManage, Handler: text},
		{Method: "GET", Path: "/orders/:order", Permission: models.SignedIn, Handler: bindNumber},
		{Method: "POST", Path: "/orders/:order", Permission: models.SignedIn, Handler: bindNumber},
		{Method: "POST", Path: "/refunds", Permission: models.SignedIn, OpToken: true, Handler: text},
		{Method: "GET", Path: "/panic", Permission: models.Public, Handler: func(echo.Context) error { panic("secret of the stack") }},
		{Method: "GET", Path: "/conflict", Permission: models.Public, Handler: func(echo.Context) error {
			return &models.Problem{Sentence: "The order moved on.", Conflict: true}
		}},
		{Method: "GET", Path: "/problem", Permission: models.Public, Handler: func(echo.Context) error {
			return &models.Problem{Sentence: "Only <1.00> is left."}
		}},
		{Method: "POST", Path: "/hook", Permission: models.Public, NoSession: true, CSRFExempt: true, BodyLimit: 10, Handler: func(c echo.Context) error {
			body, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			return c.String(http.StatusOK, string(body))
		}},
		{Method: "GET", Path: "/address", Permission: models.Public, Handler: func(c echo.Context) error {
			return c.String(http.StatusOK, c.RealIP())
		}},
	}
	if err := shared.Add(routes...); err != nil {
		t.Fatal(err)
	}
	if config.TLS {
		server = httptest.NewTLSServer(shared.Echo)
	} else {
		server = httptest.NewServer(shared.Echo)
	}
	t.Cleanup(server.Close)
	s.url = server.URL
	s.http = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // the test's own certificate
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(s.http.CloseIdleConnections)
	return s
}

func bindNumber(c echo.Context) error {
	var form numberForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	return c.String(http.StatusOK, form.Amount)
}

// logBook keeps what was logged while requests run.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
}

// ask sends a request with headers given as "Name: value" and, for a POST, a form.
func (s *site) ask(method, path string, form url.Values, headers ...string) answer {
	s.t.Helper()
	if form == nil {
		return s.rawReader(method, path, nil, headers...)
	}
	return s.raw(method, path, form.Encode(), append(headers, "Content-Type: application/x-www-form-urlencoded")...)
}

// raw sends a body as it is.
func (s *site) raw(method, path, body string, headers ...string) answer {
	s.t.Helper()
	return s.rawReader(method, path, strings.NewReader(body), headers...)
}

// rawReader sends a body without its length when only read from.
func (s *site) rawReader(method, path string, body io.Reader, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Add(name, value)
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res, string(text)}
}

// enter signs in and gives back the header that carries the session.
func (s *site) enter(headers ...string) string {
	s.t.Helper()
	cookies := s.ask("POST", "/enter", nil, headers...).Cookies()
	if len(cookies) != 1 {
		s.t.Fatalf("signing in set %d cookies, want 1", len(cookies))
	}
	return "Cookie: " + cookies[0].Name + "=" + cookies[0].Value
}

// status is what a GET of path answers with these headers.
func (s *site) status(path string, headers ...string) int {
	s.t.Helper()
	return s.ask("GET", path, nil, headers...).StatusCode
}
