package static

import (
	"bytes"
	"regexp"
)

var cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// slim takes the comments and the indentation out of our own sources. It knows their habits
// (comments of a script stand on lines of their own, no text runs over a line end) and nothing more.
func slim(ext string, text []byte) []byte {
	if ext == ".css" {
		text = cssComment.ReplaceAll(text, nil)
	}
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || ext == ".js" && bytes.HasPrefix(line, []byte("//")) {
			continue
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}
