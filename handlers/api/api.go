// Package api is what programs call: orders, payments and operations as JSON, with a token instead of a session.
// docs/api.md describes it for people, openapi.json for programs. It does exactly what the buttons do.
package api

import (
	_ "embed"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// Base is where the addresses of the API begin. What changes so that programs must change gets another number.
const Base = "/api/admin/v1"

// Limit is how many bytes a request may have.
const Limit = 256 << 10

// API answers programs.
type API struct {
	db      *models.DB
	address func(echo.Context) string // how buyers reach kartify
}

// New makes the API of a database.
func New(db *models.DB, address func(echo.Context) string) *API {
	return &API{db: db, address: address}
}

//go:embed openapi.json
var document []byte

// Document is the description of the API: OpenAPI 3.1.
func (a *API) Document(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, document) //nolint:wrapcheck // the client has gone
}

// Nowhere answers what is asked at an address that is not there, or in a way that the address does not take.
func Nowhere(table []web.Route) echo.HandlerFunc {
	type line struct {
		method string
		path   *regexp.Regexp
	}
	var lines []line
	for _, r := range table {
		if strings.HasPrefix(r.Path, Base+"/") && !strings.HasSuffix(r.Path, "*") {
			lines = append(lines, line{r.Method, regexp.MustCompile("^" + regexp.MustCompile(`:[a-z]+`).ReplaceAllString(regexp.QuoteMeta(r.Path), `[^/]+`) + "$")})
		}
	}
	return func(c echo.Context) error {
		var allowed []string
		for _, l := range lines {
			if l.path.MatchString(c.Request().URL.Path) {
				allowed = append(allowed, l.method)
			}
		}
		if len(allowed) == 0 {
			return models.ErrNotFound
		}
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
		return echo.ErrMethodNotAllowed
	}
}

// number is an id in the address. What is no id names nothing.
func number(c echo.Context, param string) (int64, error) {
	id, err := strconv.ParseInt(c.Param(param), 10, 64)
	if err != nil || id <= 0 {
		return 0, models.ErrNotFound
	}
	return id, nil
}
