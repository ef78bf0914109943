package models

import (
	"context"
	"fmt"
	"html"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/kartify/kartify/mail"
	"github.com/kartify/kartify/money"
)

// limboTold is how one of a kind and several of it read in an e-mail. No customer is named in one.
var limboTold = map[NeedKind][2]string{
	NeedReview:        {"operation that needs a person", "operations that need a person"},
	NeedContradiction: {"operation that is contradicted", "operations that are contradicted"},
	NeedFailedPaid:    {"failed or cancelled order whose money is here", "failed or cancelled orders whose money is here"},
	NeedUnknown:       {"operation of unknown outcome", "operations of unknown outcome"},
	NeedPartner:       {"message that Fynd has not heard", "messages that Fynd has not heard"},
	NeedAmount:        {"order of which Fynd asked for another amount", "orders of which Fynd asked for another amount"},
	NeedMissing:       {"missing order", "missing orders"},
	NeedStuck:         {"stuck payment", "stuck payments"},
	NeedRefunding:     {"refund under way for over an hour", "refunds under way for over an hour"},
	NeedHold:          {"authorization that ends within 48 hours, or should have ended", "authorizations that end within 48 hours, or should have ended"},
	NeedAction:        {"change of order status whose payment did not follow", "changes of order status whose payment did not follow"},
	NeedPlan:          {"planned capture that did not happen", "planned captures that did not happen"},
	NeedLapsed:        {"authorization that ran out without being captured", "authorizations that ran out without being captured"},
	NeedOverdue:       {"refund asked for over a day ago", "refunds asked for over a day ago"},
	NeedPending:       {"order pending for over an hour", "orders pending for over an hour"},
}

func (db *DB) mailLimbo(ctx context.Context, store *Store, to string, fresh []newLimbo) error {
	count := 0
	var text, rows strings.Builder
	for _, n := range fresh {
		count += n.count
		risk := ""
		if n.minor > 0 {
			risk = ", " + money.New(n.minor, n.currency).String() + " at risk"
		}
		orders := strings.Trim(strings.ReplaceAll(fmt.Sprint(n.orders), " ", ", "), "[]")
		if n.of > len(n.orders) {
			orders += fmt.Sprintf(" and %d more", n.of-len(n.orders))
		}
		line := fmt.Sprintf("%d %s%s", n.count, limboTold[n.kind][min(n.count, 2)-1], risk)
		fmt.Fprintf(&text, "- %s\n  Orders: %s\n", line, orders)
		fmt.Fprintf(&rows, "<li><b>%s</b><br>Orders: %s</li>", html.EscapeString(line), html.EscapeString(orders))
	}
	head := fmt.Sprintf("New in limbo at %s. Look at Sales > Limbo of kartify.", store.Name)
	from := db.mail.From()
	raw, err := mail.Message{
		ID: mail.NewID(from), From: from, To: netmail.Address{Address: to}, Subject: fmt.Sprintf("%s: %d new in limbo", store.Name, count),
		Text: head + "\n\n" + text.String(), HTML: "<!doctype html><html lang=\"en\"><body><p>" + html.EscapeString(head) + "</p><ul>" + rows.String() + "</ul></body></html>", At: now(),
	}.Bytes()
	if err != nil {
		return fmt.Errorf("write an alert: %w", err)
	}
	sending, cancel := context.WithTimeout(ctx, db.timings.CallTimeout+5*time.Second)
	defer cancel()
	if _, err := db.mail.Send(sending, to, raw, func() error { return nil }); err != nil {
		return fmt.Errorf("send an alert: %w", err)
	}
	return nil
}
