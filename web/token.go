package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// Token is the API token of the program that calls, nil when a person does.
func Token(c echo.Context) *models.APIToken {
	if s := stateOf(c); s != nil {
		return s.token
	}
	return nil
}

// loadToken finds the program that calls, counts its request, and lets it through when it may. Every query of the
// request sees only its stores.
func (w *Web) loadToken(c echo.Context, s *state) error {
	ctx := c.Request().Context()
	secret, ok := bearer(c.Request())
	if !ok {
		return refuseToken(c, "", "This address is for programs: send the header Authorization: Bearer kfy_…, with a token made under Systems > API tokens.")
	}
	token, err := w.db.APITokenBySecret(ctx, secret)
	if errors.Is(err, models.ErrNotFound) {
		return refuseToken(c, `, error="invalid_token"`, "This token is unknown, has run out or was revoked.")
	}
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	s.token = token
	if err := w.keepPace(c, token); err != nil {
		return err
	}
	if err := w.db.TouchAPIToken(ctx, token, c.RealIP()); err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	if !token.Has(s.route.Permission) {
		w.log.WarnContext(ctx, "not permitted", "token", token.ID, "permission", s.route.Permission, "route", s.route.Method+" "+s.route.Path)
		return LacksScope(c, s.route.Permission)
	}
	if err := checkText(c); err != nil {
		return err
	}
	c.SetRequest(c.Request().WithContext(models.WithScope(ctx, token.Scope())))
	return nil
}

// LacksScope is the answer to a program whose token has no such scope.
func LacksScope(c echo.Context, scope models.Permission) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf(`Bearer realm="kartify", error="insufficient_scope", scope=%q`, string(scope)))
	return echo.NewHTTPError(http.StatusForbidden, fmt.Sprintf("This token lacks the scope %s.", scope))
}

// bearer is the token of a request: RFC 6750, section 2.1. Two are none.
func bearer(r *http.Request) (string, bool) {
	values := r.Header.Values(echo.HeaderAuthorization)
	if len(values) != 1 {
		return "", false
	}
	scheme, secret, found := strings.Cut(values[0], " ")
	secret = strings.TrimSpace(secret)
	return secret, found && strings.EqualFold(scheme, "Bearer") && secret != ""
}

func refuseToken(c echo.Context, more, sentence string) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="kartify"`+more)
	return echo.NewHTTPError(http.StatusUnauthorized, sentence)
}

// keepPace counts a request and says in the headers how many are left: RateLimit and RateLimit-Policy as the
// current draft of the IETF has them, and the three names that client libraries know from its earlier drafts.
func (w *Web) keepPace(c echo.Context, token *models.APIToken) error {
	pace, err := w.db.TakePace(c.Request().Context(), token)
	if err != nil {
		return err //nolint:wrapcheck // says what it did
	}
	h, reset := c.Response().Header(), strconv.Itoa(int(pace.Reset/time.Second))
	h.Set("RateLimit-Policy", fmt.Sprintf(`"token";q=%d;w=60`, pace.Limit))
	h.Set("RateLimit", fmt.Sprintf(`"token";r=%d;t=%s`, pace.Left, reset))
	h.Set("RateLimit-Limit", strconv.Itoa(pace.Limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(pace.Left))
	h.Set("RateLimit-Reset", reset)
	if pace.Over {
		h.Set(echo.HeaderRetryAfter, reset)
		return echo.NewHTTPError(http.StatusTooManyRequests, fmt.Sprintf("These are more than the %d requests a minute of this token. Try again in %s seconds.", pace.Limit, reset))
	}
	return nil
}
