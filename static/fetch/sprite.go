package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

var (
	shape  = regexp.MustCompile(`<(path|circle|line|rect|polyline)\b[^>]*/>`)
	spaces = regexp.MustCompile(`\s+`)
)

// sprite makes one SVG of the icons named in static/lib/icons.txt, each a symbol with its name as id.
func sprite(icons map[string][]byte) ([]byte, error) {
	names, err := os.ReadFile("static/lib/icons.txt")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">` + "\n")
	for _, name := range strings.Fields(string(names)) {
		source, ok := icons["icons/outline/"+name+".svg"]
		if !ok {
			return nil, fmt.Errorf("there is no icon called %s", name)
		}
		fmt.Fprintf(&out, `<symbol id="%s" viewBox="0 0 24 24">`, name)
		for _, part := range shape.FindAll(source, -1) {
			out.Write(spaces.ReplaceAll(part, []byte(" ")))
		}
		out.WriteString("</symbol>\n")
	}
	out.WriteString("</svg>\n")
	return out.Bytes(), nil
}

func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "")
}
