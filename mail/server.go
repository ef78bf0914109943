package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Server is a mail server that takes our messages.
type Server struct {
	host, port     string
	user, password string
	implicit       bool           // TLS from the first byte
	plain          bool           // STARTTLS is not asked for
	roots          *x509.CertPool // who may vouch for the server; nil are those whom this machine trusts
	from           netmail.Address
}

// Parse reads the address of a mail server. smtp://user:password@host:587 asks for STARTTLS, and without it
// only a server on this machine is spoken to; smtps://host:465 is TLS from the start. ?tls=none gives it up,
// ?ca=/etc/kartify/ca.pem names the certificates that vouch for a server with one of its own.
// Its errors never repeat the address, for it holds a password.
func Parse(address, from string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the mail server is not written as smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	s := &Server{host: u.Hostname(), port: u.Port(), user: u.User.Username(), implicit: u.Scheme == "smtps"}
	s.password, _ = u.User.Password()
	switch mode := u.Query().Get("tls"); {
	case mode == "none" && !s.implicit:
		s.plain = true
	case mode != "":
		return nil, errors.New("of a mail server's address, ?tls= can only be none, and only with smtp://")
	}
	if path := u.Query().Get("ca"); path != "" {
		if s.roots, err = readRoots(path); err != nil {
			return nil, err
		}
	}
	if s.port == "" {
		s.port = map[bool]string{false: "587", true: "465"}[s.implicit]
	}
	if s.from, err = ParseFrom(from); err != nil {
		return nil, fmt.Errorf("the sender: %w", err)
	}
	return s, nil
}

// readRoots reads the certificates of a PEM file.
func readRoots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path) //nolint:gosec // whoever sets kartify up names it
	if err != nil {
		return nil, fmt.Errorf("read the certificates that ?ca= names: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s, which ?ca= names, holds no certificate in PEM", path)
	}
	return roots, nil
}

// From is who messages come from.
func (s *Server) From() netmail.Address { return s.from }

// Name is the server as people know it, without its password.
func (s *Server) Name() string { return net.JoinHostPort(s.host, s.port) }

// Send hands raw to the server for one recipient and gives back what it answered. Ready is asked when the
// server waits for the first byte of the message: an error of it ends everything before the message is sent. A
// failure is an *Error: before the message is complete it was certainly not taken; afterwards silence is Unknown.
func (s *Server) Send(ctx context.Context, to string, raw []byte, ready func() error) (answer string, err error) {
	if err := CheckAddress(to); err != nil {
		return "", &Error{Rejected, fmt.Sprintf("%q cannot be written to: %v.", Line(to, 100), err)}
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return "", before("reach the mail server "+s.Name(), err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		_ = conn.Close()
		return "", before("greet the mail server "+s.Name(), err)
	}
	defer client.Close() //nolint:errcheck // what matters has been answered
	if err := s.introduce(client); err != nil {
		return "", err
	}
	if err := client.Mail(s.from.Address); err != nil {
		return "", before("name the sender", err)
	}
	if err := client.Rcpt(to); err != nil {
		return "", before("name the recipient", err)
	}
	body, err := client.Data()
	if err != nil {
		return "", before("begin the message", err)
	}
	if err := ready(); err != nil {
		return "", before("begin the message", err) // without its last line the server keeps nothing
	}
	if _, err := body.Write(raw); err != nil {
		return "", before("send the message", err)
	}
	if err := body.Close(); err != nil {
		return "", after(err)
	}
	if said, ok := body.(interface{ ServerResponse() string }); ok {
		answer = Line(said.ServerResponse(), 300)
	}
	_ = client.Quit()
	return answer, nil
}

func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if s.implicit {
		return (&tls.Dialer{NetDialer: dialer, Config: s.tls()}).DialContext(ctx, "tcp", s.Name())
	}
	return dialer.DialContext(ctx, "tcp", s.Name())
}

func (s *Server) tls() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// introduce greets, makes the line secret and signs in. It calls itself by the sender's domain, not by the
// name of this machine.
func (s *Server) introduce(client *smtp.Client) error {
	if err := client.Hello(Domain(s.from)); err != nil {
		return before("greet the mail server "+s.Name(), err)
	}
	if !s.implicit && !s.plain {
		switch secret, _ := client.Extension("STARTTLS"); {
		case secret:
			if err := client.StartTLS(s.tls()); err != nil {
				return before("make the line to the mail server secret", err)
			}
		case !s.here():
			return &Error{Later, "The mail server " + s.Name() + " offers no STARTTLS, and messages are not sent in the clear."}
		}
	}
	if s.user == "" {
		return nil
	}
	var auth smtp.Auth
	_, ways := client.Extension("AUTH")
	switch words := strings.Fields(strings.ToUpper(ways)); {
	case slices.Contains(words, "PLAIN"):
		auth = smtp.PlainAuth("", s.user, s.password, s.host, s.plain)
	case slices.Contains(words, "LOGIN"):
		auth = smtp.LoginAuth(s.user, s.password, s.host, s.plain)
	default:
		return &Error{Later, Line("The mail server "+s.Name()+" lets nobody sign in by PLAIN or LOGIN; it offers: "+cmp.Or(ways, "nothing")+".", 500)}
	}
	if err := client.Auth(auth); err != nil {
		refused := before("sign in to the mail server", err)
		refused.Kind = Later // with another password the message goes
		return refused
	}
	return nil
}

// here says whether the server runs on this machine.
func (s *Server) here() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}
