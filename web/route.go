package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
)

// Route is one line of the route table: what may be asked, and who may ask it.
type Route struct {
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Permission models.Permission `json:"permission"`
	Handler    echo.HandlerFunc  `json:"-"`

	Menu string `json:"menu,omitempty"` // where the menu shows it: "Sales > Orders"
	Icon string `json:"-"`              // of its heading in the menu, named once

	StoreScoped bool  `json:"store_scoped"`         // what it shows or changes belongs to a store
	Background  bool  `json:"background"`           // asked by the page itself; it keeps no session alive
	OpToken     bool  `json:"op_token"`             // its form carries a token of its own, which models checks
	NoSession   bool  `json:"no_session"`           // for machines: no session is looked for
	Bearer      bool  `json:"bearer"`               // for programs: an API token with the permission as a scope is wanted
	CSRFExempt  bool  `json:"csrf_exempt"`          // called from other sites: it proves itself by other means
	BodyLimit   int64 `json:"body_limit,omitempty"` // bytes, when not the usual limit

	// Errors writes what went wrong in a machine's own format. Nil is a page, or a line of text without a session.
	Errors func(c echo.Context, status int, sentence string) error `json:"-"`
}

// CSRF says whether a request of this route must come from a page of ours.
func (r Route) CSRF() bool { return !safe(r.Method) && !r.CSRFExempt }

// check says what is missing on a line of the table.
func (r Route) check() error {
	name := r.Method + " " + r.Path
	switch {
	case r.Method == "" || !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("route %q: a method and a path are needed", name)
	case r.Permission == "":
		return fmt.Errorf("route %q has no permission; say who may use it", name)
	case r.Handler == nil:
		return fmt.Errorf("route %q has no handler", name)
	case r.NoSession && !r.Bearer && r.Permission != models.Public:
		return fmt.Errorf("route %q asks for %s and looks for no session", name, r.Permission)
	case r.Bearer && (!r.NoSession || r.Permission == models.Public || r.Permission == models.SignedIn):
		return fmt.Errorf("route %q is for programs; it takes no session, and a scope must be named", name)
	case r.CSRFExempt && !r.NoSession:
		return fmt.Errorf("route %q has a session and no protection against forged requests", name)
	}
	return nil
}

// safe methods change nothing.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
