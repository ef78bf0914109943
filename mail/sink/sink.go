// Package sink is a mail server that keeps what it is sent instead of delivering it: the demo's post office,
// and the other side of the wire in tests. Some recipients make it misbehave, see Behave.
package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Message is one message as it came.
type Message struct {
	N    int // counted from 1
	From string
	To   []string
	Raw  []byte // between DATA and the last line, byte for byte
	At   time.Time
}

// Sink is the server. Close ends it.
type Sink struct {
	dir    string // "" keeps messages in memory only
	server *smtp.Server
	addr   net.Addr

	mu       sync.Mutex
	messages []Message
	asked    map[string]int // recipients that were named, how often
	behave   func(to string, n int) Behaviour
}

// Behaviour is what the sink does with a message for some recipient.
type Behaviour string

// What the sink can do.
const (
	Accept      Behaviour = ""
	RefuseLater Behaviour = "later"  // 451 at RCPT
	RefuseEver  Behaviour = "never"  // 550 at RCPT
	RefuseData  Behaviour = "data"   // 554 after the message
	Hangup      Behaviour = "hangup" // takes the whole message, keeps it, and breaks off without an answer
	HangupEarly Behaviour = "early"  // breaks off when the message begins
)

// Behave is what the demo's sink does: addresses at bounce.example do not exist, those at silence.example are
// taken without an answer, and those at busy.example are refused the first time.
func Behave(to string, n int) Behaviour {
	switch domain := to[strings.LastIndex(to, "@")+1:]; {
	case domain == "bounce.example":
		return RefuseEver
	case domain == "silence.example":
		return Hangup
	case domain == "busy.example" && n == 1:
		return RefuseLater
	}
	return Accept
}

// Start listens on addr, such as 127.0.0.1:0. Messages are kept in dir, if it is named, and found there again.
func Start(addr, dir string, behave func(to string, n int) Behaviour) (*Sink, error) {
	s := &Sink{dir: dir, asked: map[string]int{}, behave: behave}
	if err := s.load(); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	s.addr = listener.Addr()
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{sink: s, conn: c}, nil }))
	s.server.Domain, s.server.MaxMessageBytes, s.server.ReadTimeout, s.server.WriteTimeout = "sink.example", 4<<20, time.Minute, time.Minute
	s.server.ErrorLog = log.New(io.Discard, "", 0) // a broken line is what the sink is for
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// Close ends the server; what it has kept in its folder stays.
func (s *Sink) Close() error { return s.server.Close() } //nolint:wrapcheck // nothing to add

// Addr is where the sink listens: 127.0.0.1:4025.
func (s *Sink) Addr() string { return s.addr.String() }

// URL is the sink as KARTIFY_SMTP_URL names it.
func (s *Sink) URL() string { return "smtp://" + s.Addr() }

// Messages are all that came, the oldest first.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// To are the messages for one recipient.
func (s *Sink) To(recipient string) []Message {
	return slices.DeleteFunc(s.Messages(), func(m Message) bool { return !slices.Contains(m.To, recipient) })
}

func (s *Sink) named(to string) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[to]++
	if s.behave == nil {
		return Accept
	}
	return s.behave(to, s.asked[to])
}

func (s *Sink) keep(m Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.N, m.At = len(s.messages)+1, time.Now().UTC()
	if s.dir != "" {
		envelope := fmt.Sprintf("X-Sink-To: %s\r\nX-Sink-From: %s\r\nX-Sink-At: %s\r\n", strings.Join(m.To, ","), m.From, m.At.Format(time.RFC3339))
		if err := os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("%06d.eml", m.N)), append([]byte(envelope), m.Raw...), 0o600); err != nil {
			return fmt.Errorf("keep a message: %w", err)
		}
	}
	s.messages = append(s.messages, m)
	return nil
}

// load finds the messages of an earlier run.
func (s *Sink) load() error {
	if s.dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("mail sink: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.eml"))
	if err != nil {
		return fmt.Errorf("mail sink: %w", err)
	}
	slices.Sort(files)
	for _, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // of our own folder
		if err != nil {
			return fmt.Errorf("mail sink: %w", err)
		}
		m := Message{N: len(s.messages) + 1}
		lines := strings.SplitN(string(data), "\r\n", 4)
		if len(lines) < 4 {
			continue // cut short
		}
		m.To = strings.Split(strings.TrimPrefix(lines[0], "X-Sink-To: "), ",")
		m.From = strings.TrimPrefix(lines[1], "X-Sink-From: ")
		m.At, _ = time.Parse(time.RFC3339, strings.TrimPrefix(lines[2], "X-Sink-At: "))
		m.Raw = []byte(lines[3])
		s.messages = append(s.messages, m)
	}
	return nil
}

// session is one conversation.
type session struct {
	sink *Sink
	conn *smtp.Conn
	from string
	to   []string
	does Behaviour
}

func (s *session) Reset()        { s.from, s.to, s.does = "", nil, Accept }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch s.does = s.sink.named(to); s.does {
	case RefuseLater:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Try again later"}
	case RefuseEver:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox here"}
	}
	s.to = append(s.to, to)
	return nil
}

var errHungUp = errors.New("hung up")

func (s *session) Data(r io.Reader) error {
	if s.does == HangupEarly {
		_ = s.conn.Conn().Close()
		return errHungUp
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read a message: %w", err)
	}
	if s.does == RefuseData {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Not like this"}
	}
	if err := s.sink.keep(Message{From: s.from, To: s.to, Raw: raw}); err != nil {
		return err
	}
	if s.does == Hangup {
		_ = s.conn.Conn().Close()
		return errHungUp
	}
	return nil
}
