package views

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"net/url"
	"strconv"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// EmailMenu is the page of the menu that e-mails belong to: Systems > Tools > Data Log.
const EmailMenu = "/system/tools/data-log"

// EmailRulesPath is Systems > E-mails.
const EmailRulesPath = "/system/emails"

// EmailView is the page of one e-mail as one person sees it.
type EmailView struct {
	*models.EmailPage
	Person  *models.User
	Token   string          // of the form that sends it again
	Problem *models.Problem // why that was refused
}

// EmailPath is the address of an e-mail's page.
func EmailPath(id int64) string { return "/system/tools/emails/" + strconv.FormatInt(id, 10) }

// EmailTitle is what the page of an e-mail is called.
func EmailTitle(ctx context.Context, p *models.EmailPage) string {
	return lang.T(ctx, "E-mail #%d", p.ID)
}

// EmailCrumbs are the way to an e-mail through the Data Log.
func EmailCrumbs(ctx context.Context, p *models.EmailPage) []ui.Link {
	log := EmailMenu + "?" + url.Values{"table": {"gofynd_email"}, "gofynd_order_id": {p.PartnerOrderID}}.Encode()
	return []ui.Link{{Label: "Systems"}, {Label: "Tools"}, {Label: "Data Log", Path: log}, {Label: EmailTitle(ctx, p)}}
}

// emailKind colours the state of an e-mail.
func emailKind(e *models.Email) ui.Kind {
	switch e.State {
	case models.EmailSent:
		return ui.Good
	case models.EmailQueued, models.EmailSending:
		return ui.Busy
	case models.EmailUnknown:
		return ui.Attention
	case models.EmailFailed:
		return ui.Bad
	}
	if e.Problem() {
		return ui.Bad
	}
	return ui.Neutral
}

// emailWhy is what there is to say about an e-mail's state, or "".
func emailWhy(ctx context.Context, e *models.Email) string {
	switch {
	case e.State == models.EmailSent && e.Audience == "self":
		return lang.T(ctx, "A copy to %s.", e.Requester)
	case e.State == models.EmailSent:
		return lang.T(ctx, "To %s.", e.Recipient)
	}
	return e.Reason().In(ctx)
}

// checkKind colours one check of a chain.
func checkKind(r models.CheckResult) ui.Kind {
	return map[models.CheckResult]ui.Kind{
		models.CheckPassed: ui.Good, models.CheckFailed: ui.Bad, models.CheckWaits: ui.Busy, models.CheckDoubt: ui.Attention, models.CheckSkipped: ui.Neutral,
	}[r]
}

func checkWord(r models.CheckResult) string {
	return map[models.CheckResult]string{
		models.CheckPassed: "Pass", models.CheckFailed: "Fail", models.CheckWaits: "Waiting", models.CheckDoubt: "Unknown", models.CheckSkipped: "Not reached",
	}[r]
}

// chainKind colours what a chain comes to.
func chainKind(c models.MailChain) ui.Kind {
	for _, check := range c.Checks {
		if check.Result != models.CheckPassed && check.Result != models.CheckSkipped {
			return checkKind(check.Result)
		}
	}
	if c.Sent {
		return ui.Good
	}
	return ui.Neutral
}

// mailHeader is one line of an e-mail's head.
type mailHeader struct{ Name, Value string }

// headers are the lines of the head as they were handed over, with encoded words read.
func (v EmailView) headers() []mailHeader {
	head, _, _ := bytes.Cut(v.Raw, []byte("\r\n\r\n"))
	head = bytes.ReplaceAll(head, []byte("\r\n "), []byte(" ")) // folded lines
	head = bytes.ReplaceAll(head, []byte("\r\n\t"), []byte(" "))
	var headers []mailHeader
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, found := bytes.Cut(line, []byte(": "))
		if !found {
			continue
		}
		text, err := new(mime.WordDecoder).DecodeHeader(string(value))
		if err != nil {
			text = string(value)
		}
		headers = append(headers, mailHeader{string(name), text})
	}
	return headers
}

// forCustomer says why the e-mail cannot be sent to the customer by hand, or "".
func (v EmailView) forCustomer(ctx context.Context) string {
	if problem := new(models.Problem); errors.As(v.CheckResend(v.Order), &problem) {
		return problem.In(ctx)
	}
	return ""
}
