package mail_test

import (
	"bytes"
	"context"
	"errors"
	"mime"
	netmail "net/mail"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/mail/sink"
)

var shop = netmail.Address{Name: "Ruosh", Address: "orders@ruosh.example"}

func message(to netmail.Address, subject string) mail.Message {
	return mail.Message{ID: mail.NewID(shop), From: shop, To: to, Subject: subject, HTML: "<p>Grüße\n.\n..\n</p>", Text: "Grüße\n.\n..\nfrom the shop\n", At: time.Now()}
}

func written(t *testing.T, m mail.Message) []byte {
	t.Helper()
	raw, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestNothingInAMessageBeginsAHeader(t *testing.T) {
	for _, evil := range []string{
		"Order\r\nBcc: victim@mail.example", "Order\nBcc: victim@mail.example", "Order\rBcc: victim@mail.example", "Order\u2028Bcc: victim@mail.example",
		"Order\x00Bcc: victim@mail.example", "=?utf-8?q?Order=0D=0ABcc:_victim@mail.example?=", "\"Order\"\r\n\r\n<script>alert(1)</script>",
	} {
		raw := written(t, message(netmail.Address{Name: evil, Address: "meera@mail.example"}, evil))
		got, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%q: %v", evil, err)
		}
		if got.Header.Get("Bcc") != "" || len(got.Header["To"]) != 1 || len(got.Header["Subject"]) != 1 {
			t.Errorf("%q became a header: %v", evil, got.Header)
		}
		to, err := got.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "meera@mail.example" {
			t.Errorf("%q goes to %v (%v)", evil, to, err)
		}
	}
}

func TestSubjectsOfAllScripts(t *testing.T) {
	for _, subject := range []string{
		"Your order FY1", "Ваш заказ № 1001 в пути, и это очень длинная строка, которая займёт несколько строк", "طلبك في الطريق", "注文 1001 🎉 ありがとう", strings.Repeat("å", 150),
	} {
		raw := written(t, message(netmail.Address{Name: subject, Address: "meera@mail.example"}, subject))
		for _, line := range bytes.Split(raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
				t.Errorf("%q: a line of %d bytes", subject, len(line))
			}
			for _, b := range line {
				if b > 126 {
					t.Fatalf("%q travels as bytes above ASCII: %q", subject, line)
				}
			}
		}
		got, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); err != nil || text != subject {
			t.Errorf("subject %q arrives as %q (%v)", subject, text, err)
		}
		if to, err := got.Header.AddressList("To"); err != nil || to[0].Name != mail.Line(subject, 100) {
			t.Errorf("name %q arrives as %v (%v)", subject, to, err)
		}
	}
}

func TestMessageDoesNotNameThisMachine(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	raw := string(written(t, message(netmail.Address{Address: "meera@mail.example"}, "Order")))
	if strings.Contains(raw, host) || strings.Contains(strings.ToLower(raw), "go-mail") {
		t.Errorf("the message names %s or its maker:\n%s", host, raw)
	}
	if !strings.Contains(raw, "@ruosh.example>\r\n") || !strings.Contains(raw, "Auto-Submitted: auto-generated\r\n") {
		t.Errorf("headers are missing:\n%s", raw)
	}
}

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{"meera@mail.example", "o'brien+orders@mail.example", "a.b@sub.mail-host.example"} {
		if err := mail.CheckAddress(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "meera", "@mail.example", "meera@", "meera@localhost", "a@b@mail.example", ".meera@mail.example", "me..era@mail.example", "meera @mail.example",
		"meera@mail.example\r\nBcc: x@mail.example", "meera@mail.example\nRCPT TO:<x@mail.example>", "Meera <meera@mail.example>", "meera@mail.example, x@mail.example",
		"\"a b\"@mail.example", "meera@[127.0.0.1]", "meera@127.0.0.1", "meera@-mail.example", "мира@mail.example", "meera@mail.example>", strings.Repeat("a", 250) + "@mail.example",
	} {
		if mail.CheckAddress(bad) == nil {
			t.Errorf("%q is taken for an address", bad)
		}
	}
}

func TestParse(t *testing.T) {
	for _, good := range []string{"smtp://user:pass@mail.example:587", "smtps://mail.example", "smtp://127.0.0.1:25", "smtp://mail.example?tls=none"} {
		if _, err := mail.Parse(good, "Ruosh <orders@ruosh.example>"); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"mail.example:587", "http://user:hush@mail.example", "smtp://", "smtps://user:hush@mail.example?tls=none", "smtp://user:hush@mail.example?tls=maybe", "smtp://user:hush%zz@mail.example"} {
		if _, err := mail.Parse(bad, "orders@ruosh.example"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := mail.Parse("smtp://mail.example", "Ruosh"); err == nil {
		t.Error("a sender without an address is taken")
	}
}

// post is a sink of one behaviour and the way to it.
func post(t *testing.T, does sink.Behaviour) (*sink.Sink, *mail.Server) {
	t.Helper()
	s, err := sink.Start("127.0.0.1:0", "", func(string, int) sink.Behaviour { return does })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	server, err := mail.Parse(s.URL(), "orders@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	return s, server
}

func ready() error { return nil }

func TestSendHandsOverTheVeryBytes(t *testing.T) {
	s, server := post(t, sink.Accept)
	raw := written(t, message(netmail.Address{Name: "Мира", Address: "meera@mail.example"}, "Ваш заказ"))
	answer, err := server.Send(t.Context(), "meera@mail.example", raw, ready)
	if err != nil || answer == "" {
		t.Fatalf("answer %q, %v", answer, err)
	}
	if got := s.Messages(); len(got) != 1 || !bytes.Equal(got[0].Raw, raw) || got[0].From != "orders@ruosh.example" {
		t.Errorf("the server got %d messages, or others than\n%s", len(got), raw)
	}
}

func TestSendSaysWhatMayBeDone(t *testing.T) {
	for _, tt := range []struct {
		does sink.Behaviour
		kind mail.Kind
		said string
		kept int
	}{
		{sink.RefuseLater, mail.Later, "451", 0},
		{sink.RefuseEver, mail.Rejected, "No such mailbox", 0},
		{sink.RefuseData, mail.Rejected, "554", 0},
		{sink.HangupEarly, mail.Unknown, "did not say", 0},
		{sink.Hangup, mail.Unknown, "did not say", 1},
	} {
		t.Run(string(tt.does), func(t *testing.T) {
			s, server := post(t, tt.does)
			_, err := server.Send(t.Context(), "meera@mail.example", written(t, message(netmail.Address{Address: "meera@mail.example"}, "Order")), ready)
			if err == nil || mail.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.said) {
				t.Errorf("kind %d, %v; want %d with %q", mail.KindOf(err), err, tt.kind, tt.said)
			}
			if n := len(s.Messages()); n != tt.kept {
				t.Errorf("%d messages arrived, want %d", n, tt.kept)
			}
		})
	}
}

func TestSendEndsBeforeTheMessage(t *testing.T) {
	s, server := post(t, sink.Accept)
	_, err := server.Send(t.Context(), "meera@mail.example", []byte("x\r\n"), func() error { return errors.New("another attempt has begun") })
	if mail.KindOf(err) != mail.Later || len(s.Messages()) != 0 {
		t.Errorf("%v, %d messages", err, len(s.Messages()))
	}
	if _, err = server.Send(t.Context(), "meera@mail.example\r\nRCPT TO:<x@mail.example>", []byte("x\r\n"), ready); mail.KindOf(err) != mail.Rejected {
		t.Errorf("a recipient with a command in it: %v", err)
	}
	_ = s.Close()
	if _, err = server.Send(t.Context(), "meera@mail.example", []byte("x\r\n"), ready); mail.KindOf(err) != mail.Later || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: kind %d, %v", mail.KindOf(err), err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = server.Send(over, "meera@mail.example", []byte("x\r\n"), ready); mail.KindOf(err) != mail.Later {
		t.Errorf("no time left: kind %d, %v", mail.KindOf(err), err)
	}
}

func TestNothingIsSentInTheClear(t *testing.T) {
	s, _ := post(t, sink.Accept) // without STARTTLS
	elsewhere := strings.Replace(s.URL(), "smtp://127.0.0.1", "smtp://user:hush@0.0.0.0", 1)
	server, err := mail.Parse(elsewhere, "orders@ruosh.example")
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.Send(t.Context(), "meera@mail.example", []byte("x\r\n"), ready)
	if mail.KindOf(err) != mail.Later || !strings.Contains(err.Error(), "STARTTLS") || strings.Contains(err.Error(), "hush") || len(s.Messages()) != 0 {
		t.Errorf("kind %d, %v, %d messages", mail.KindOf(err), err, len(s.Messages()))
	}
	if server, err = mail.Parse(strings.Replace(elsewhere, "user:hush@", "", 1)+"?tls=none", "orders@ruosh.example"); err != nil {
		t.Fatal(err)
	}
	if _, err = server.Send(t.Context(), "meera@mail.example", []byte("x\r\n"), ready); err != nil || len(s.Messages()) != 1 {
		t.Errorf("told to go in the clear: %v", err)
	}
}
