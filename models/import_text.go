package models

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// What a file of orders may have. More is refused before it fills the memory.
const (
	maxImportBytes   = 256 << 20
	maxImportRow     = 1 << 20 // bytes of one row, quoted line breaks included
	maxImportColumns = 200
	maxImportRows    = 500_000
	maxImportCell    = 10_000 // bytes
)

// importEncodings are the ways of writing letters that can be named.
var importEncodings = map[string]encoding.Encoding{
	"utf-8":        encoding.Nop,
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
}

// importText is a file as UTF-8 without a byte order mark, and the name of the encoding it came in. A
// file without a mark is UTF-8 when all of it is, UTF-16 when every second byte is zero, and
// Windows-1251 when its other letters stand side by side, as Cyrillic ones do.
func importText(file io.ReadSeeker, name string) (io.Reader, string, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("read the file: %w", err)
	case size == 0:
		return nil, "", problemf("The file is empty.")
	case size > maxImportBytes:
		return nil, "", problemf("The file has %d MB; split it into files of at most %d MB.", size>>20, maxImportBytes>>20)
	}
	if name = strings.ToLower(name); name == "" {
		if name, err = guessEncoding(file); err != nil {
			return nil, "", err
		}
	}
	how, known := importEncodings[name]
	if !known {
		return nil, "", problemf("%q is not an encoding; use utf-8, utf-16, windows-1251 or windows-1252.", name)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	text := bufio.NewReaderSize(how.NewDecoder().Reader(file), 64<<10)
	if mark, _, err := text.ReadRune(); err == nil && mark != '\uFEFF' {
		_ = text.UnreadRune() // it was just read
	}
	return text, name, nil
}

func guessEncoding(file io.Reader) (string, error) {
	r := bufio.NewReaderSize(file, 64<<10)
	head, _ := r.Peek(1024) // a shorter file has a shorter head
	switch {
	case len(head) >= 2 && head[0] == 0xff && head[1] == 0xfe, len(head) >= 2 && head[0] == 0xfe && head[1] == 0xff:
		return "utf-16", nil
	case zeros(head, 1) > len(head)/4:
		return "utf-16le", nil
	case zeros(head, 0) > len(head)/4:
		return "utf-16be", nil
	}
	valid, high, beside, before := true, 0, 0, false
	var rest []byte // of a letter cut in two by the buffer
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if ascii(buf[:n]) && ascii(rest) {
			rest, before = rest[:0], before && n == 0
		} else {
			for _, c := range buf[:n] {
				if c >= 0x80 {
					if high++; before {
						beside++
					}
				}
				before = c >= 0x80
			}
			rest = append(rest, buf[:n]...)
			cut := len(rest)
			if !errors.Is(err, io.EOF) {
				for cut > 0 && len(rest)-cut < utf8.UTFMax && !utf8.RuneStart(rest[cut-1]) {
					cut--
				}
				cut = max(cut-1, 0)
			}
			valid = valid && utf8.Valid(rest[:cut])
			rest = append(rest[:0], rest[cut:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read the file: %w", err)
		}
	}
	switch {
	case valid:
		return "utf-8", nil
	case beside*2 > high:
		return "windows-1251", nil
	}
	return "", problemf("The file is not UTF-8. Save it as UTF-8, or say how its letters are written, such as --encoding windows-1252.")
}

// zeros counts the zero bytes at every second place from first.
func zeros(head []byte, first int) int {
	n := 0
	for i := first; i < len(head); i += 2 {
		if head[i] == 0 {
			n++
		}
	}
	return n
}

// rowGuard passes text on while its rows stay within bounds, so that nobody reads an endless one.
type rowGuard struct {
	from    io.Reader
	comma   byte
	row     int // 1 for the first
	bytes   int // of the row
	columns int
	quoted  bool
	failed  error
}

// Read fails with a Problem at the first row that is too long or too wide.
func (g *rowGuard) Read(p []byte) (int, error) {
	if g.failed != nil {
		return 0, g.failed
	}
	n, err := g.from.Read(p)
	for _, c := range p[:n] {
		g.bytes++
		switch {
		case c == '"':
			g.quoted = !g.quoted
		case c == g.comma && !g.quoted:
			g.columns++
		case c == '\n' && !g.quoted:
			g.row, g.bytes, g.columns = g.row+1, 0, 0
		}
		switch {
		case g.bytes > maxImportRow:
			g.failed = problemf("Row %d is longer than %d kB. Perhaps a quotation mark is never closed.", g.row, maxImportRow>>10)
		case g.columns >= maxImportColumns:
			g.failed = problemf("Row %d has more than %d columns.", g.row, maxImportColumns)
		}
		if g.failed != nil {
			return 0, g.failed
		}
	}
	return n, err //nolint:wrapcheck // io.EOF is what readers look for
}

// ascii says whether there is nothing but ASCII, eight bytes at a time.
func ascii(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
