package views

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/notify"
	"github.com/kartify/kartify/views/ui"
)

// NotificationSettingsPath is where stores say how they hear of payments.
const NotificationSettingsPath = "/extensions/notifications"

// ShopNotice is what one person sees of telling a shop of a payment, wherever the payment is shown.
type ShopNotice struct {
	Told    *models.ToldShop
	Person  *models.User
	CSRF    string
	Token   string // of the Send notification form
	Zone    *time.Location
	Partner string           // the order's number at Fynd, or ours, for the Data Log
	Back    string           // the list that an order's page was opened from
	Swap    templ.Attributes // how htmx puts the answer in place; nil for a plain form
	Problem string           // why the last wish was not granted
	Alone   bool             // no heading of the payment stands above it
}

// NoticeForm is what stands in the Send notification forms of an order.
type NoticeForm struct {
	Token     func(payment int64) string
	PaymentID int64 // whose form was refused
	Problem   string
}

// notice is what an order's page shows of telling the shop of one payment.
func (v OrderView) notice(p *models.OrderPayment) ShopNotice {
	n := ShopNotice{
		Told: p.Told, Person: v.Person, CSRF: v.CSRF, Zone: v.zone(), Partner: v.Order.PartnerID(), Back: v.Back,
		Swap: templ.Attributes{"hx-post": NotificationsPath(p.ID), "hx-target": "#order", "hx-swap": "outerHTML", "hx-disabled-elt": "find button"},
	}
	if n.Partner == "" {
		n.Partner = strconv.FormatInt(v.Order.ID, 10)
	}
	if v.Notice.Token != nil {
		n.Token = v.Notice.Token(p.ID)
	}
	if v.Notice.PaymentID == p.ID {
		n.Problem = v.Notice.Problem
	}
	return n
}

// NotificationsPath is where the Send notification form of a payment goes.
func NotificationsPath(payment int64) string {
	return fmt.Sprintf("/sales/payments/%d/notifications", payment)
}

// offered says whether there is a button.
func (v ShopNotice) offered() bool {
	return v.Told.Block == "" && v.Person.May(models.NotificationResend)
}

func (v ShopNotice) logPath() string {
	return DataLogPath(models.LogFilter{Table: models.LogNotice, GofyndOrderID: v.Partner})
}

// state is where the telling stands, as a badge.
func (v ShopNotice) state() (ui.Kind, string) {
	if v.Told.Notification == nil {
		return ui.Neutral, "Not sent"
	}
	switch state := v.Told.Notification.State; state {
	case models.NotificationDelivered:
		return ui.Good, state.Label()
	case models.NotificationStuck:
		return ui.Attention, state.Label()
	case models.NotificationCancelled:
		return ui.Neutral, state.Label()
	default:
		return ui.Busy, state.Label()
	}
}

// sentence is where the telling stands, in words.
func (v ShopNotice) sentence(ctx context.Context) templ.Component {
	n := v.Told.Notification
	if n == nil {
		return ui.Say("The shop was not told of this payment.")
	}
	switch {
	case n.State == models.NotificationDelivered:
		return ui.Say("The shop has heard of it, at attempt %d of %d, %s.", n.Tries, n.Most, v.moment(n.DoneAt))
	case n.State == models.NotificationStuck:
		return ui.SayIn(lang.N(ctx, "The shop has not heard of it in %[1]d attempt. No more are made by themselves since %[2]s.",
			"The shop has not heard of it in %[1]d attempts. No more are made by themselves since %[2]s.", n.Tries), n.Tries, v.moment(n.DoneAt))
	case n.State == models.NotificationCancelled:
		return ui.Say("Nobody waits to be told any more, since %s", v.moment(n.DoneAt))
	case n.State == models.NotificationSending:
		return ui.Say("Attempt %d of %d is under way.", n.Tries, n.Most)
	case n.Tries == 0:
		return ui.SayIn(lang.N(ctx, "The first of %d attempt is about to be made.", "The first of %d attempts is about to be made.", n.Most), n.Most)
	}
	return ui.SayIn(lang.N(ctx, "%[1]d of %[2]d attempt were made; the next one follows %[3]s", "%[1]d of %[2]d attempts were made; the next one follows %[3]s", n.Most),
		n.Tries, n.Most, v.moment(n.NextAt))
}

func (v ShopNotice) moment(at *time.Time) templ.Component {
	if at == nil {
		return templ.NopComponent
	}
	return ui.Time(*at, v.Zone)
}

// began says which series it is, why and when it began.
func (v ShopNotice) began(ctx context.Context, s models.NotificationSeries) templ.Component {
	if s.Requester == "" {
		return ui.SayIn(lang.N(ctx, "Series %[1]d of at most %[2]d attempt began by itself %[3]s", "Series %[1]d of at most %[2]d attempts began by itself %[3]s", s.Most),
			s.N, s.Most, ui.Time(s.StartedAt, v.Zone))
	}
	return ui.SayIn(lang.N(ctx, "Series %[1]d of at most %[2]d attempt began asked for by %[3]s %[4]s", "Series %[1]d of at most %[2]d attempts began asked for by %[3]s %[4]s", s.Most),
		s.N, s.Most, s.Requester, ui.Time(s.StartedAt, v.Zone))
}

// outcomeLabel is what an attempt came to, as people read it.
func outcomeLabel(o notify.Outcome) string {
	if o == "" {
		return "Under way"
	}
	return map[notify.Outcome]string{
		notify.Accepted: "Accepted", notify.Refused: "Wrong answer", notify.Redirected: "Redirected", notify.Unreachable: "Unreachable",
		notify.Blocked: "Address not allowed", notify.Timeout: "No answer in time", notify.Lost: "Cut short",
	}[o]
}

func outcomeKind(o notify.Outcome) ui.Kind {
	switch o {
	case notify.Accepted:
		return ui.Good
	case "":
		return ui.Busy
	case notify.Lost, notify.Timeout:
		return ui.Attention
	}
	return ui.Bad
}

// outcomeOptions are the choices of the Data Log.
func (v DataLogView) outcomeOptions() []ui.Option {
	options := []ui.Option{{Label: "Any outcome"}}
	for _, o := range models.NoticeOutcomes {
		options = append(options, ui.Option{Value: string(o), Label: outcomeLabel(o), Chosen: string(o) == v.Filter.Outcome})
	}
	return options
}

// outcomeName is an outcome that the Data Log is filtered by.
func (v DataLogView) outcomeName() string {
	if v.is(models.LogNotice) {
		return outcomeLabel(notify.Outcome(v.Filter.Outcome))
	}
	return tryOutcome(v.Filter.Outcome)
}

// NotificationSettings is how a store hears of payments, as one person sees it.
type NotificationSettings struct {
	Stores   []models.Store
	Store    *models.Store // nil when there is none to choose
	Settings *models.NotificationSettings
	Tries    int
	Pauses   []time.Duration
	Networks []netip.Prefix // where shops may be told besides the public internet
	Person   *models.User
	Problem  *models.Problem
	Typed    *models.NotificationForm // as it was sent, when it was refused
}

// urlHelp says which addresses are called.
func (v NotificationSettings) urlHelp(ctx context.Context) string {
	if len(v.Networks) == 0 {
		return "https://, on the public internet."
	}
	names := make([]string, len(v.Networks))
	for i, n := range v.Networks {
		names[i] = n.String()
	}
	return lang.T(ctx, "https://, on the public internet; or http:// too and any port, at addresses of %s.", strings.Join(names, ", "))
}

func (v NotificationSettings) tabs() []ui.Tab {
	var tabs []ui.Tab
	for _, store := range v.Stores {
		tabs = append(tabs, ui.Tab{Label: store.Name, Path: notificationSettingsPath(store.ID), Active: v.Store != nil && v.Store.ID == store.ID})
	}
	return tabs
}

func notificationSettingsPath(store int64) string {
	return NotificationSettingsPath + "?store=" + strconv.FormatInt(store, 10)
}

// entered is what stands in the form.
func (v NotificationSettings) entered() models.NotificationForm {
	if v.Typed != nil {
		return *v.Typed
	}
	return models.NotificationForm{Channel: v.Settings.Channel, URL: v.Settings.URL, Email: v.Settings.Email}
}

func (v NotificationSettings) channels() []ui.Option {
	var options []ui.Option
	for _, c := range []models.NotifyChannel{models.NotifyOff, models.NotifyPost, models.NotifyEmail} {
		options = append(options, ui.Option{Value: string(c), Label: channelLabel(c), Chosen: c == v.entered().Channel})
	}
	return options
}

func channelLabel(c models.NotifyChannel) string {
	return map[models.NotifyChannel]string{
		models.NotifyOff: "Not at all", models.NotifyPost: "POST to the shop's own handler", models.NotifyEmail: "E-mail to the merchant",
	}[c]
}

// error is what is wrong with a field.
func (v NotificationSettings) error(ctx context.Context, field string) string {
	if v.Problem != nil && v.Problem.Field == field {
		return v.Problem.In(ctx)
	}
	return ""
}

// schedule says in words when the attempts are made.
func (v NotificationSettings) schedule(ctx context.Context) string {
	var pauses []string
	for _, pause := range v.Pauses {
		pauses = append(pauses, durationWords(ctx, pause))
	}
	if len(pauses) == 0 {
		return ""
	}
	last := pauses[len(pauses)-1]
	if len(pauses) == 1 {
		return lang.N(ctx, "The first attempt follows the payment within seconds, and every further one after a pause of %[1]s, until the shop has accepted one or %[2]d was made.",
			"The first attempt follows the payment within seconds, and every further one after a pause of %[1]s, until the shop has accepted one or %[2]d were made.", v.Tries, last, v.Tries)
	}
	return lang.N(ctx, "The first attempt follows the payment within seconds. Pauses of %[1]s follow, and then one of %[2]s between any two, until the shop has accepted one or %[3]d was made.",
		"The first attempt follows the payment within seconds. Pauses of %[1]s follow, and then one of %[2]s between any two, until the shop has accepted one or %[3]d were made.",
		v.Tries, strings.Join(pauses[:len(pauses)-1], ", "), last, v.Tries)
}

func durationWords(ctx context.Context, d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		n := int(d / time.Hour)
		return lang.N(ctx, "%d hour", "%d hours", n, n)
	case d >= time.Minute && d%time.Minute == 0:
		n := int(d / time.Minute)
		return lang.N(ctx, "%d minute", "%d minutes", n, n)
	case d%time.Second == 0:
		n := int(d / time.Second)
		return lang.N(ctx, "%d second", "%d seconds", n, n)
	}
	return d.String()
}

// postedFields are what a notification says, for whoever writes a handler.
var postedFields = []struct {
	name    string
	meaning lang.Text
}{
	{"id", lang.Textf("kartify's id of the payment")},
	{"sum", lang.Textf("what was paid, or is held, with two decimals")},
	{"clientid", lang.Textf("the payer's name")},
	{"orderid", lang.Textf("the partner order ID, or kartify's order number where there is none")},
	{"key", lang.Textf("md5 of id, sum, clientid, orderid and the secret word, one after the other")},
	{"service_name", lang.Textf("what was paid for, where the gateway knows it")},
	{"client_email, client_phone", lang.Textf("of the payer")},
	{"ps_id", lang.Textf("the payment system, or the gateway")},
	{"batch_date", lang.Textf("only of held money: when it is drawn at the latest")},
	{"fop_receipt_key", lang.Textf("the receipt's key, where there is one")},
	{"card_number", lang.Textf("the card with its middle hidden")},
	{"obtain_datetime", lang.Textf("when it was paid, in Moscow time")},
	{"currency, gateway, gateway_payment_id", lang.Textf("not known to PayKeeper's own handlers, which leave them alone")},
}
