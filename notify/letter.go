package notify

import (
	"context"
	"fmt"
	"html"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/kartify/kartify/mail"
)

// Mail makes one attempt to hand a notice to a mail server for an address. The same id, of letters, digits and
// dots, makes the same message for those who collect them. Accepted means that the mail server took it.
func (n Notice) Mail(ctx context.Context, server *mail.Server, to, id string) Result {
	if server == nil {
		return Result{Outcome: Unreachable, Problem: "No mail server is configured."}
	}
	subject, page, text := n.Letter()
	from := server.From()
	raw, err := mail.Message{
		ID: "kfy.payment." + id + "@" + mail.Domain(from), From: from, To: netmail.Address{Address: to}, Subject: subject, HTML: page, Text: text, At: time.Now(),
	}.Bytes()
	if err != nil {
		return Result{Outcome: Refused, Problem: "The message could not be written: " + err.Error() + "."}
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	answer, err := server.Send(ctx, to, raw, func() error { return nil })
	if err == nil {
		return Result{Outcome: Accepted, Answer: answer}
	}
	r := Result{Outcome: Unreachable, Problem: err.Error()}
	switch {
	case mail.KindOf(err) == mail.Unknown:
		r.Outcome = Lost
	case ctx.Err() != nil:
		r.Outcome = Timeout
	case mail.KindOf(err) == mail.Rejected:
		r.Outcome = Refused
	}
	return r
}

// Letter is a notice as an e-mail to the merchant: its subject, and its text as HTML and plain.
func (n Notice) Letter() (subject, page, text string) {
	subject = fmt.Sprintf("Payment %s: %s for order %s", n.ID, n.Sum, n.Order)
	first := fmt.Sprintf("%s was paid for order %s.", n.Sum, n.Order)
	if !n.BatchDate.IsZero() {
		first = fmt.Sprintf("%s is held for order %s, until %s (Moscow time).", n.Sum, n.Order, local(n.BatchDate, time.DateTime))
	}
	var plain, rows strings.Builder
	for _, line := range n.lines() {
		fmt.Fprintf(&plain, "%s: %s\n", line[0], line[1])
		fmt.Fprintf(&rows, `<tr><th align="left">%s</th><td dir="auto">%s</td></tr>`, html.EscapeString(line[0]), html.EscapeString(line[1]))
	}
	page = "<!doctype html><html lang=\"en\"><body><p>" + html.EscapeString(first) + "</p><table>" + rows.String() + "</table></body></html>"
	return subject, page, first + "\n\n" + plain.String()
}

// lines are what is known of the payment, by name.
func (n Notice) lines() [][2]string {
	var lines [][2]string
	for _, line := range [][2]string{
		{"Payment", n.ID},
		{"Amount", n.Sum.String()},
		{"Order", n.Order},
		{"Payer", n.Client},
		{"E-mail", n.Email},
		{"Phone", n.Phone},
		{"Gateway", n.Gateway},
		{"Gateway's id", n.GatewayRef},
		{"Payment system", n.System},
		{"Card", n.Card},
		{"Received", local(n.Obtained, time.DateTime)},
		{"Held until", local(n.BatchDate, time.DateTime)},
		{"Receipt", n.Receipt},
	} {
		if line[1] != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
