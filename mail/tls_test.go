package mail_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/kartify/kartify/mail"
)

// house issues a certificate of its own for name, and leaves it as a PEM file for those who trust it.
func house(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.ParseIP(name)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if net.ParseIP(name) == nil {
		template.IPAddresses = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// office is a mail server as providers run them: nobody writes without TLS and without having signed in.
type office struct {
	ways []string // of signing in

	mu       sync.Mutex
	signedIn []string // user:password, as often as somebody tried
	messages [][]byte
}

// visit is one conversation with an office.
type visit struct {
	*office
	conn *smtp.Conn
	in   bool
}

func (v *visit) Reset()                               {}
func (v *visit) Logout() error                        { return nil }
func (v *visit) AuthMechanisms() []string             { return v.ways }
func (v *visit) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (v *visit) Auth(way string) (sasl.Server, error) {
	if way == sasl.Login {
		return &loginTalk{visit: v}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return v.signIn(user, password) }), nil
}

func (v *visit) signIn(user, password string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.signedIn = append(v.signedIn, user+":"+password)
	if _, secret := v.conn.TLSConnectionState(); !secret || user != "ruosh" || password != "hush:hush" {
		return errors.New("no such user")
	}
	v.in = true
	return nil
}

func (v *visit) Mail(string, *smtp.MailOptions) error {
	if !v.in {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Sign in first"}
	}
	return nil
}

func (v *visit) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.messages = append(v.messages, raw)
	return nil
}

// loginTalk asks for a name and then for a password, as the way LOGIN does.
type loginTalk struct {
	*visit
	answers []string
}

func (l *loginTalk) Next(answer []byte) (challenge []byte, done bool, err error) {
	if answer != nil {
		l.answers = append(l.answers, string(answer))
	}
	switch len(l.answers) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.signIn(l.answers[0], l.answers[1])
}

// opened starts an office whose certificate is for name; implicit is TLS from the first byte. It gives back the
// office's host and port, and the file that vouches for it.
func (o *office) opened(t *testing.T, name string, implicit bool) (address, ca string) {
	t.Helper()
	certificate, ca := house(t, name)
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &visit{office: o, conn: c}, nil }))
	server.Domain, server.ErrorLog = "office.example", log.New(io.Discard, "", 0)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return address, ca
}

func TestMailGoesSecretAndSignedIn(t *testing.T) {
	const good = "ruosh:hush%3Ahush"
	for _, tt := range []struct {
		name, scheme, user string
		ways               []string
		certificate        string // whom it names
		stranger           bool   // nobody vouches for it
		kind               mail.Kind
		said               string // when it does not go
		asked              []string
	}{
		{name: "STARTTLS and PLAIN", scheme: "smtp", user: good, ways: []string{"PLAIN", "LOGIN"}, certificate: "127.0.0.1", asked: []string{"ruosh:hush:hush"}},
		{name: "STARTTLS and LOGIN alone", scheme: "smtp", user: good, ways: []string{"LOGIN"}, certificate: "127.0.0.1", asked: []string{"ruosh:hush:hush"}},
		{name: "TLS from the start", scheme: "smtps", user: good, ways: []string{"PLAIN"}, certificate: "127.0.0.1", asked: []string{"ruosh:hush:hush"}},
		{name: "a wrong password", scheme: "smtp", user: "ruosh:wr0ng", ways: []string{"PLAIN"}, certificate: "127.0.0.1", kind: mail.Later, said: "no such user", asked: []string{"ruosh:wr0ng"}},
		{name: "a way nobody here knows", scheme: "smtp", user: good, ways: []string{"XOAUTH2"}, certificate: "127.0.0.1", kind: mail.Later, said: "it offers: XOAUTH2"},
		{name: "nobody vouches, STARTTLS", scheme: "smtp", user: good, ways: []string{"PLAIN"}, certificate: "127.0.0.1", stranger: true, kind: mail.Later, said: "certificate"},
		{name: "nobody vouches, TLS", scheme: "smtps", user: good, ways: []string{"PLAIN"}, certificate: "127.0.0.1", stranger: true, kind: mail.Later, said: "certificate"},
		{name: "another's certificate", scheme: "smtp", user: good, ways: []string{"PLAIN"}, certificate: "mail.example", kind: mail.Later, said: "certificate"},
		{name: "nobody signs in", scheme: "smtp", ways: []string{"PLAIN"}, certificate: "127.0.0.1", kind: mail.Later, said: "Sign in first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := &office{ways: tt.ways}
			host, ca := o.opened(t, tt.certificate, tt.scheme == "smtps")
			address := tt.scheme + "://" + strings.TrimPrefix(tt.user+"@", "@") + host
			if !tt.stranger {
				address += "?ca=" + ca
			}
			server, err := mail.Parse(address, "orders@ruosh.example")
			if err != nil {
				t.Fatal(err)
			}
			raw := written(t, message(netmail.Address{Address: "meera@mail.example"}, "Order"))
			_, err = server.Send(t.Context(), "meera@mail.example", raw, ready)
			if !slices.Equal(o.signedIn, tt.asked) {
				t.Errorf("signed in with %q, want %q", o.signedIn, tt.asked)
			}
			if tt.said == "" {
				if err != nil || len(o.messages) != 1 || !bytes.Equal(o.messages[0], raw) {
					t.Errorf("%v; %d messages, or another than was sent", err, len(o.messages))
				}
				return
			}
			if err == nil || mail.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.said) || len(o.messages) != 0 {
				t.Errorf("kind %d, %v, %d messages; want kind %d with %q", mail.KindOf(err), err, len(o.messages), tt.kind, tt.said)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "wr0ng")) {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

func TestCertificatesOfOnesOwn(t *testing.T) {
	_, ca := house(t, "mail.example")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{"?ca=" + ca: "", "?ca=" + empty: "holds no certificate", "?ca=/nowhere/ca.pem": "no such file"} {
		_, err := mail.Parse("smtps://user:hush@mail.example"+query, "orders@ruosh.example")
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}
