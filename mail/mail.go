// Package mail writes e-mails and hands them to a mail server. It knows nothing of orders: what it sends are
// bytes that somebody else keeps, and its errors say what may be done about them.
package mail

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is an e-mail before it is written. Its HTML and its text say the same.
type Message struct {
	ID      string // Message-ID without brackets; see NewID
	From    netmail.Address
	To      netmail.Address
	Subject string
	HTML    string
	Text    string
	At      time.Time
}

// Bytes are the message as it travels (RFC 5322): lines end in CRLF, everything is ASCII, and nothing in a
// name or a subject can begin a header of its own.
func (m Message) Bytes() ([]byte, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	from, to := m.From, m.To
	from.Name, to.Name = Line(from.Name, 100), Line(to.Name, 100)
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&to)
	msg.Subject(Line(m.Subject, 200))
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.At.UTC())
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answer comes back
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("write a message: %w", err)
	}
	return canonical(raw.Bytes()), nil
}

// canonical ends every line in CRLF, the last one too, so that the bytes travel unchanged.
func canonical(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	if !bytes.HasSuffix(raw, []byte("\n")) {
		raw = append(raw, '\n')
	}
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

// NewID makes a Message-ID of chance and the sender's domain: the name of this machine is nobody's business.
func NewID(from netmail.Address) string {
	chance := make([]byte, 16)
	_, _ = rand.Read(chance) // never fails
	return "kfy." + hex.EncodeToString(chance) + "@" + Domain(from)
}

// Domain is what stands behind the @ of an address.
func Domain(a netmail.Address) string { return a.Address[strings.LastIndex(a.Address, "@")+1:] }

// Line is text as it may stand in a header: on one line, without control characters, of at most so many runes.
func Line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), most)])
}
