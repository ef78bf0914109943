package web

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// formBinder reads a request into a struct. Of a form it takes what the body says and never the
// address, and each field once: a second amount is no amount.
type formBinder struct{ echo.DefaultBinder }

// Bind fills i by its param, query (GET) and form tags.
func (b formBinder) Bind(i any, c echo.Context) error {
	if !safe(c.Request().Method) && c.Request().ContentLength != 0 {
		form, err := postForm(c)
		if err != nil {
			return err
		}
		if err := once(i, form); err != nil {
			return err
		}
		c.Request().Form = form
	}
	return b.DefaultBinder.Bind(i, c) //nolint:wrapcheck // showError knows it
}

// postForm is the form in the body of a request. Bodies of another kind are refused.
func postForm(c echo.Context) (url.Values, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	switch {
	case r.Header.Get(echo.HeaderContentType) == "":
		return url.Values{}, nil
	case err == nil && kind == echo.MIMEApplicationForm:
		err = r.ParseForm()
	case err == nil && kind == echo.MIMEMultipartForm:
		err = r.ParseMultipartForm(1 << 20) // more goes to files; the body limit holds
	default:
		return nil, echo.ErrUnsupportedMediaType
	}
	if tooBig := new(http.MaxBytesError); errors.As(err, &tooBig) {
		return nil, tooBig
	}
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest, "This form cannot be read.").SetInternal(err)
	}
	if !texts(r.PostForm) {
		return nil, errNoText
	}
	return r.PostForm, nil
}

// errNoText is a value that no text field can hold.
var errNoText = echo.NewHTTPError(http.StatusBadRequest, "This request holds bytes that are no text.")

// checkText refuses an address with bytes in it that are no text, which the database would choke on.
func checkText(c echo.Context) error {
	if !texts(c.QueryParams()) || !texts(url.Values{"": c.ParamValues()}) {
		return errNoText
	}
	return nil
}

func texts(values url.Values) bool {
	for _, list := range values {
		for _, value := range list {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				return false
			}
		}
	}
	return true
}

// once refuses a field that came more often than i has room for.
func once(i any, form url.Values) error {
	t := reflect.TypeOf(i)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for n := range t.NumField() {
		field := t.Field(n)
		name := field.Tag.Get("form")
		if name != "" && field.Type.Kind() != reflect.Slice && len(form[name]) > 1 {
			return echo.NewHTTPError(http.StatusUnprocessableEntity, fmt.Sprintf("The field %s came more than once.", name))
		}
	}
	return nil
}
