package models

import (
	"context"
	"fmt"
	"html"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/money"
)

// limboTold is how one of a kind and several of it read in an e-mail, after their number. No customer is named in one.
var limboTold = map[NeedKind]lang.Counted{
	NeedReview:        lang.Several("operation needs a person", "operations need a person"),
	NeedContradiction: lang.Several("operation is contradicted", "operations are contradicted"),
	NeedFailedPaid:    lang.Several("failed order that is paid", "failed orders that are paid"),
	NeedUnknown:       lang.Several("operation of unknown outcome", "operations of unknown outcome"),
	NeedPartner:       lang.Several("update Fynd was not told", "updates Fynd was not told"),
	NeedAmount:        lang.Several("order asked for another amount", "orders asked for another amount"),
	NeedMissing:       lang.Several("missing order", "missing orders"),
	NeedStuck:         lang.Several("stuck payment", "stuck payments"),
	NeedRefunding:     lang.Several("refund on its way too long", "refunds on their way too long"),
	NeedHold:          lang.Several("authorization ends within 48 h", "authorizations end within 48 h"),
	NeedAction:        lang.Several("status action failed", "status actions failed"),
	NeedPlan:          lang.Several("planned capture failed", "planned captures failed"),
	NeedLapsed:        lang.Several("authorization ran out", "authorizations ran out"),
	NeedOverdue:       lang.Several("refund asked for over a day ago", "refunds asked for over a day ago"),
	NeedPending:       lang.Several("order pending for over an hour", "orders pending for over an hour"),
}

// limboReader is somebody an alert goes to.
type limboReader struct {
	Email    string
	Language string // "" for English
}

// limboLetter is an alert as its reader has it: its subject, and the same words as text and as HTML.
func (db *DB) limboLetter(ctx context.Context, store *Store, fresh []newLimbo) (subject, text, page string) {
	count := 0
	var lines, rows strings.Builder
	for _, n := range fresh {
		count += n.count
		line := fmt.Sprintf("%d %s", n.count, limboTold[n.kind].In(ctx, n.count))
		if n.minor > 0 {
			line += ", " + lang.T(ctx, "%s at risk", money.New(n.minor, n.currency))
		}
		orders := lang.T(ctx, "Orders: %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(n.orders), " ", ", "), "[]"))
		if n.of > len(n.orders) {
			orders += " " + lang.T(ctx, "and %d more", n.of-len(n.orders))
		}
		fmt.Fprintf(&lines, "- %s\n  %s\n", line, orders)
		fmt.Fprintf(&rows, "<li><b>%s</b><br>%s</li>", html.EscapeString(line), html.EscapeString(orders))
	}
	head := lang.T(ctx, "New in limbo at %s. Look at Sales > Limbo of kartify.", store.Name)
	text = head + "\n\n" + lines.String()
	page = "<!doctype html><html lang=\"" + lang.Code(ctx) + "\"><body><p>" + html.EscapeString(head) + "</p><ul>" + rows.String() + "</ul>"
	if db.public != "" {
		link := fmt.Sprintf("%s/sales/limbo?store=%d", db.public, store.ID)
		text += "\n" + link + "\n"
		page += "<p><a href=\"" + html.EscapeString(link) + "\">" + html.EscapeString(lang.T(ctx, "Open Sales > Limbo")) + "</a></p>"
	}
	return lang.T(ctx, "%s: %d new in limbo", store.Name, count), text, page + "</body></html>"
}

// mailLimbo sends an alert to one of its readers, in the language they chose.
func (db *DB) mailLimbo(ctx context.Context, store *Store, to limboReader, fresh []newLimbo) error {
	subject, text, page := db.limboLetter(lang.With(ctx, to.Language), store, fresh)
	from := db.mail.From()
	raw, err := mail.Message{
		ID: mail.NewID(from), From: from, To: netmail.Address{Address: to.Email}, Subject: mail.Line(subject, 200), Text: text, HTML: page, At: now(),
	}.Bytes()
	if err != nil {
		return fmt.Errorf("write an alert: %w", err)
	}
	sending, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	if _, err := db.mail.Send(sending, to.Email, raw, func() error { return nil }); err != nil {
		return fmt.Errorf("send an alert: %w", err)
	}
	return nil
}
