package web

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// Web is what every route shares.
type Web struct {
	Echo *echo.Echo

	db       *models.DB
	config   Config
	log      *slog.Logger
	sessions *sessionStore
	origins  *http.CrossOriginProtection
	public   string // our origin when it is configured
	headers  map[string]string
	menu     []menuLine
}

// New sets up an Echo without routes; Add puts them in.
func New(config Config, db *models.DB) (*Web, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if config.BodyLimit == 0 {
		config.BodyLimit = 1 << 20
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	w := &Web{
		Echo: echo.New(), db: db, config: config, log: config.Log,
		sessions: newSessionStore(db, config.Secure()), origins: http.NewCrossOriginProtection(), headers: headers(config),
	}
	if config.PublicURL != "" {
		w.public, _ = origin(config.PublicURL) // checked above
		if err := w.origins.AddTrustedOrigin(w.public); err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
	}
	e := w.Echo
	e.HideBanner, e.HidePort, e.Debug = true, true, false
	e.Binder = formBinder{}
	e.HTTPErrorHandler = w.showError
	e.IPExtractor = clientAddress(config.TrustedProxies)
	e.Use(w.observe, w.setHeaders, w.recoverPanics, onlyKnownMethods)
	return w, nil
}

// Secure says whether browsers come over TLS.
func (w *Web) Secure() bool { return w.config.Secure() }

// Add puts routes in, in the order of the menu. A GET answers HEAD too.
func (w *Web) Add(routes ...Route) error {
	for _, route := range routes {
		if err := route.check(); err != nil {
			return err
		}
		if route.Menu != "" {
			w.menu = append(w.menu, menuLine{route})
		}
		handler := w.around(route)
		w.Echo.Add(route.Method, route.Path, handler)
		if route.Method == http.MethodGet {
			w.Echo.Add(http.MethodHead, route.Path, handler)
		}
	}
	return nil
}

// around does for a route what its line of the table says, then calls it.
func (w *Web) around(route Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		s := &state{web: w, route: route}
		c.Set(stateKey, s)
		if err := w.limitBody(c, route); err != nil {
			return err
		}
		if route.CSRF() {
			if err := w.origins.Check(c.Request()); err != nil {
				return errForged
			}
		}
		if route.Bearer {
			if err := w.loadToken(c, s); err != nil {
				return err
			}
			return route.Handler(c)
		}
		if !route.NoSession {
			if err := checkText(c); err != nil {
				return err
			}
			if err := w.loadSession(c, s); err != nil {
				return err
			}
			s.speak(c)
		}
		if err := w.permit(c, s); err != nil {
			return err
		}
		if route.CSRF() {
			if err := w.checkForgery(c, s); err != nil {
				return err
			}
		}
		return route.Handler(c)
	}
}

// permit lets only those through who may, and has every query of the request see only their stores.
func (w *Web) permit(c echo.Context, s *state) error {
	if s.route.Permission == models.Public {
		return nil
	}
	user := s.user()
	if user == nil {
		return errSignedOut
	}
	if !user.May(s.route.Permission) {
		w.log.WarnContext(c.Request().Context(), "not permitted", "user", user.ID, "permission", s.route.Permission, "route", s.route.Method+" "+s.route.Path)
		return models.ErrForbidden
	}
	c.SetRequest(c.Request().WithContext(models.WithScope(c.Request().Context(), user.Scope())))
	return nil
}

func (w *Web) limitBody(c echo.Context, route Route) error {
	limit := w.config.BodyLimit
	if route.BodyLimit > 0 {
		limit = route.BodyLimit
	}
	r := c.Request()
	if r.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
	return nil
}
