package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// read fills into, a struct, from the body of a request: JSON, each member once and written as documented. A member
// that is not known is refused, for what it asks for would be lost without a word. Members with the tag must are
// needed; texts have at most 300 characters, or what the tag max says.
func read(c echo.Context, into any) error {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEApplicationJSON || c.Request().Header.Get(echo.HeaderContentEncoding) != "" {
		return echo.ErrUnsupportedMediaType
	}
	body, err := io.ReadAll(c.Request().Body)
	if tooBig := new(http.MaxBytesError); errors.As(err, &tooBig) {
		return tooBig
	}
	if err != nil {
		return &refusal{badRequest, http.StatusBadRequest, "The body did not arrive whole.", nil}
	}
	tree, err := parse(body)
	if err != nil {
		return err
	}
	f := &filler{}
	f.fill("", tree, reflect.ValueOf(into).Elem(), "")
	if len(f.errors) > 0 {
		return wrong(f.errors)
	}
	return nil
}

// member is one member of an object, in the order of the text.
type member struct {
	name  string
	value any
}

// mostDeep is how deep a body may be nested.
const mostDeep = 10

// parse reads a JSON text. Objects are lists of members, so that one that comes twice is seen.
func parse(body []byte) (any, error) {
	bad := func(format string, args ...any) error {
		return &refusal{badRequest, http.StatusBadRequest, fmt.Sprintf(format, args...), nil}
	}
	if !utf8.Valid(body) {
		return nil, bad("The body holds bytes that are no UTF-8.")
	}
	if !json.Valid(body) {
		return nil, bad("The body is no JSON.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	tree, err := value(d, 0)
	if err != nil {
		return nil, bad("The body cannot be taken: %v.", err)
	}
	return tree, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err //nolint:wrapcheck // read by the caller
	}
	if depth > mostDeep {
		return nil, errors.New("it is nested too deep")
	}
	switch token {
	case json.Delim('{'):
		object := []member{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err //nolint:wrapcheck // read by the caller
			}
			part, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			object = append(object, member{fmt.Sprint(name), part})
		}
		_, err = d.Token()
		return object, err //nolint:wrapcheck // read by the caller
	case json.Delim('['):
		list := []any{}
		for d.More() {
			part, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, part)
		}
		_, err = d.Token()
		return list, err //nolint:wrapcheck // read by the caller
	}
	return token, nil
}

// filler puts a tree into a struct and collects what is wrong with it.
type filler struct{ errors []fieldError }

func (f *filler) say(pointer, format string, args ...any) {
	if len(f.errors) < 20 {
		f.errors = append(f.errors, fieldError{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
	}
}

func (f *filler) fill(pointer string, tree any, into reflect.Value, longest string) {
	if tree == nil {
		return // null is as if it were not there
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		f.fill(pointer, tree, into.Elem(), longest)
	case reflect.Struct:
		f.object(pointer, tree, into)
	case reflect.Slice:
		list, ok := tree.([]any)
		if !ok {
			f.say(pointer, "This is a list.")
			return
		}
		for i, part := range list {
			item := reflect.New(into.Type().Elem()).Elem()
			f.fill(fmt.Sprintf("%s/%d", pointer, i), part, item, "")
			into.Set(reflect.Append(into, item))
		}
	case reflect.String:
		f.text(pointer, tree, into, longest)
	case reflect.Bool:
		yes, ok := tree.(bool)
		if !ok {
			f.say(pointer, "This is true or false.")
			return
		}
		into.SetBool(yes)
	default:
		digits, ok := tree.(json.Number)
		n, err := strconv.ParseInt(string(digits), 10, 64)
		if !ok || err != nil || n > 1<<53 || n < -1<<53 {
			f.say(pointer, "This is a whole number, written with digits only.")
			return
		}
		into.SetInt(n)
	}
}

func (f *filler) text(pointer string, tree any, into reflect.Value, longest string) {
	text, ok := tree.(string)
	most, err := strconv.Atoi(longest)
	if err != nil {
		most = 300
	}
	switch {
	case !ok:
		f.say(pointer, "This is a text.")
	case utf8.RuneCountInString(text) > most:
		f.say(pointer, "This has more than %d characters.", most)
	case strings.ContainsRune(text, 0) || strings.ContainsRune(text, utf8.RuneError):
		f.say(pointer, "This holds characters that are no text.")
	default:
		into.SetString(text)
	}
}

func (f *filler) object(pointer string, tree any, into reflect.Value) {
	object, ok := tree.([]member)
	if !ok {
		f.say(pointer, "This is an object.")
		return
	}
	fields := map[string]reflect.StructField{}
	var names []string
	for n := range into.NumField() {
		field := into.Type().Field(n)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field
		names = append(names, name)
	}
	seen := map[string]bool{}
	for _, m := range object {
		at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(m.name)
		field, known := fields[m.name]
		switch {
		case !known:
			f.say(at, "There is no member %q here; there are %s.", short(m.name), strings.Join(names, ", "))
		case seen[m.name]:
			f.say(at, "This came more than once.")
		default:
			f.fill(at, m.value, into.FieldByIndex(field.Index), field.Tag.Get("max"))
		}
		seen[m.name] = seen[m.name] || m.value != nil
	}
	for _, name := range names {
		if fields[name].Tag.Get("must") != "" && !seen[name] && !slices.ContainsFunc(f.errors, func(e fieldError) bool { return e.Pointer == pointer+"/"+name }) {
			f.say(pointer+"/"+name, "This is needed.")
		}
	}
}

func short(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}
