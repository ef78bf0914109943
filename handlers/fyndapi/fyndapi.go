// Package fyndapi is what Fynd Platform calls of a payment extension: payment sessions, refunds, the loader of the
// buyer, credentials and people's data. Every call carries a checksum made with the extension's API secret, and
// every refusal has the envelope that Fynd's payment extension documentation asks for.
package fyndapi

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/web"
)

// Base is where the addresses that Fynd calls begin.
const Base = "/api/v1"

// Limit is how many bytes a request may have.
const Limit = 2 << 20

// API answers Fynd Platform, and the buyers that it sends.
type API struct {
	db      *models.DB
	address func(echo.Context) string // how buyers reach kartify
	quirks  Quirks
}

// Quirks are ways of older callers that are not taken unless somebody asks for them.
type Quirks struct {
	// EmptyGET takes the checksum of {} for requests without a body, as the first payment extension boilerplate made it.
	// It vouches for nothing that is asked.
	EmptyGET bool
	// ClearSecrets tells stored credentials in the clear to those who show the API secret, as the payment extension
	// documentation has it, and not only that there are some.
	ClearSecrets bool
}

// New makes the API of a database.
func New(db *models.DB, address func(echo.Context) string, quirks Quirks) *API {
	return &API{db: db, address: address, quirks: quirks}
}

var parameter = regexp.MustCompile(`:[a-z_]+`)

// Nowhere answers what is asked at an address below Base that is not there, or in a way that the address does not take.
func Nowhere(table []web.Route) echo.HandlerFunc {
	type line struct {
		method string
		path   *regexp.Regexp
	}
	var lines []line
	for _, r := range table {
		if strings.HasPrefix(r.Path, Base+"/") && !strings.HasSuffix(r.Path, "*") {
			lines = append(lines, line{r.Method, regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(r.Path), `[^/]+`) + "$")})
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
			return refuse(http.StatusNotFound, "There is nothing at this address.")
		}
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
		return refuse(http.StatusMethodNotAllowed, "This address takes %s.", strings.Join(allowed, " and "))
	}
}
