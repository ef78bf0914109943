package ui

import "github.com/a-h/templ"

// CSRFField is the name of the hidden field that carries the page's anti-forgery token.
const CSRFField = "csrf"

// FieldView is one labelled control of a form.
type FieldView struct {
	Name     string
	ID       string // made of Name when empty; needed when a page has the name twice
	Label    string
	Help     string
	Error    string // why the value was refused
	Value    string
	Type     string // of an input; "text" when empty
	Required bool
	Wide     bool             // takes the whole width of its form
	Attrs    templ.Attributes // anything else of the control: inputmode, maxlength, autocomplete
}

func (f FieldView) id() string {
	if f.ID != "" {
		return f.ID
	}
	return id("field", f.Name)
}

// Control is what the control of a Field must carry: its names, its description and its state.
func (f FieldView) Control() templ.Attributes {
	attrs := templ.Attributes{"id": f.id()}
	for name, value := range f.Attrs {
		attrs[name] = value
	}
	if f.Name != "" {
		attrs["name"] = f.Name
	}
	if f.Required {
		attrs["required"] = true
	}
	switch {
	case f.Error != "" && f.Help != "":
		attrs["aria-describedby"] = f.id() + "-error " + f.id() + "-help"
	case f.Error != "":
		attrs["aria-describedby"] = f.id() + "-error"
	case f.Help != "":
		attrs["aria-describedby"] = f.id() + "-help"
	}
	if f.Error != "" {
		attrs["aria-invalid"] = "true"
	}
	return attrs
}

// FieldError is one refused field of a form, for the list over the form.
type FieldError struct{ Name, Message string }

// Option is one choice of a Select or a MultiSelect.
type Option struct {
	Value, Label string
	Chosen       bool
}

func chosen(options []Option) int {
	n := 0
	for _, option := range options {
		if option.Chosen {
			n++
		}
	}
	return n
}
