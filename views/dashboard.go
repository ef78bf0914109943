package views

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// DashboardView is the first page.
type DashboardView struct {
	Needs       []models.Need
	Totals      *models.DayTotals
	Now         time.Time
	Zone        *time.Location // in whose clocks times are told
	MaySettings bool
	MayLog      bool
}

// needWords is how a kind of need reads: counted, and what to do about it.
type needWords struct {
	kind    ui.Kind
	counted lang.Counted
	why     string
}

var needTexts = map[models.NeedKind]needWords{
	models.NeedRefund:        {ui.Attention, lang.Several("order waits for a refund", "orders wait for a refund"), "Fynd asked for the money; none has moved yet"},
	models.NeedReview:        {ui.Bad, lang.Several("operation needs a person", "operations need a person"), "The gateway cannot tell what became of it"},
	models.NeedContradiction: {ui.Bad, lang.Several("operation is contradicted", "operations are contradicted"), "The gateway took back what it said before"},
	models.NeedUnknown:       {ui.Attention, lang.Several("operation of unknown outcome", "operations of unknown outcome"), "Sent and not answered; kartify keeps asking"},
	models.NeedMissing:       {ui.Attention, lang.Several("missing order", "missing orders"), "Begun, and never confirmed as an order"},
	models.NeedFailedPaid:    {ui.Bad, lang.Several("failed order that is paid", "failed orders that are paid"), "Failed or cancelled, and the money is here"},
	models.NeedStuck:         {ui.Attention, lang.Several("stuck payment", "stuck payments"), "Drawn, and somebody was not told"},
	models.NeedRefunding:     {ui.Attention, lang.Several("refund on its way too long", "refunds on their way too long"), "The gateway has not finished for over an hour"},
	models.NeedHold:          {ui.Attention, lang.Several("authorization ends within 48 h", "authorizations end within 48 h"), "Capture before the hold ends, or it is lost"},
	models.NeedAction:        {ui.Bad, lang.Several("status action failed", "status actions failed"), "The order waits for the payment to follow"},
	models.NeedPlan:          {ui.Bad, lang.Several("planned capture failed", "planned captures failed"), "The money is held and was not drawn"},
	models.NeedLapsed:        {ui.Bad, lang.Several("authorization ran out", "authorizations ran out"), "Never captured; the money is back with the customer"},
	models.NeedPartner:       {ui.Bad, lang.Several("update Fynd was not told", "updates Fynd was not told"), "Fynd has not heard of it in any attempt"},
	models.NeedAmount:        {ui.Bad, lang.Several("order asked for another amount", "orders asked for another amount"), "Fynd's amount is not the one known here, and was refused"},
	models.NeedDifference:    {ui.Attention, lang.Several("difference from a gateway's file", "differences from gateways' files"), "The gateway says otherwise than is known here"},
	models.NeedSettlement:    {ui.Attention, lang.Several("payment settled late", "payments settled late"), "The gateway took longer than five days to pay out"},
	models.NeedEmail:         {ui.Attention, lang.Several("e-mail not sent this week", "e-mails not sent this week"), "Not sent, or not for certain"},
	models.NeedFailed:        {ui.Bad, lang.Several("webhook failed", "webhooks failed"), "Stored, and could not be acted upon"},
	models.NeedParked:        {ui.Busy, lang.Several("webhook parked", "webhooks parked"), "Waits for its order or payment to appear"},
	models.NeedForged:        {ui.Bad, lang.Several("forged webhook today", "forged webhooks today"), "The signature did not fit; nothing was done"},
}

func needCount(ctx context.Context, n models.Need) string {
	if n.More {
		return lang.Number(ctx, thousands(models.MostNeeds)+"+")
	}
	return lang.Number(ctx, thousands(int64(n.Count)))
}

// thousands is a number with its thousands apart.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// needPath is the list that shows what is counted.
func (v DashboardView) needPath(n models.Need) string {
	log := func(pairs ...string) string {
		q := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return "/system/tools/data-log?" + q.Encode()
	}
	switch n.Kind {
	case models.NeedRefund:
		return "/sales/orders?event=" + models.EventRefundInitiated
	case models.NeedMissing:
		return "/sales/orders?status=" + models.StatusMissing
	case models.NeedDifference:
		return reconciliationsPath + "?of=queue"
	case models.NeedSettlement:
		return reconciliationsPath
	case models.NeedEmail:
		return log("table", "gofynd_email", "state", string(models.EmailTrouble), "from", v.Now.In(v.Zone).AddDate(0, 0, -6).Format(time.DateOnly))
	case models.NeedFailed:
		return log("table", "webhook", "state", "failed")
	case models.NeedParked:
		return log("table", "webhook", "state", "parked")
	case models.NeedForged:
		return log("table", "webhook", "verdict", "forged", "from", v.Now.UTC().Format(time.DateOnly))
	}
	return limboPath(n.Kind)
}

// reasons are the missing orders by reason: "5 debited, 6 unknown", or "408+ debited" when not all were counted.
func reasons(ctx context.Context, n models.Need) string {
	words := make([]string, len(n.Reasons))
	for i, r := range n.Reasons {
		words[i] = reasonCount(ctx, r, n.More)
	}
	return strings.Join(words, ", ")
}

func reasonCount(ctx context.Context, r models.NeedReason, more bool) string {
	figure := thousands(int64(r.Count))
	if more {
		figure += "+"
	}
	count := lang.Number(ctx, figure)
	switch r.Reason {
	case "debited":
		return lang.N(ctx, "%s debited", "%s debited", r.Count, count)
	case "unknown":
		return lang.N(ctx, "%s unknown", "%s unknown", r.Count, count)
	case "abandoned":
		return lang.N(ctx, "%s abandoned", "%s abandoned", r.Count, count)
	}
	return count + " " + r.Reason
}

func atRisk(ctx context.Context, n models.Need) string {
	sums := amounts(ctx, n.AtRisk)
	switch missing := n.Kind == models.NeedMissing; {
	case n.More && missing:
		return lang.T(ctx, "More than %s at risk (debited or unknown)", sums)
	case n.More:
		return lang.T(ctx, "More than %s at risk", sums)
	case missing:
		return lang.T(ctx, "%s at risk (debited or unknown)", sums)
	}
	return lang.T(ctx, "%s at risk", sums)
}

// amounts are sums of several currencies, none added to another.
func amounts(ctx context.Context, list []money.Amount) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = lang.Number(ctx, a.String())
	}
	return strings.Join(words, " · ")
}

// plot is one number for each day, or for each of a few steps, drawn.
type plot struct {
	id, title, head string
	noun            lang.Text    // "orders"
	counted         lang.Counted // "%s orders"

	totals *models.DayTotals
	of     func(models.DayTotal) (int64, []money.Amount)
	name   func(i int) lang.Text // of a step; nil for days
	stock  bool                  // the numbers are of one thing that lasts, and do not add up
}

func dayPlot(id, title string, noun lang.Text, counted lang.Counted, totals *models.DayTotals, of func(models.DayTotal) (int64, []money.Amount)) plot {
	return plot{id: id, title: title, noun: noun, counted: counted, head: "Day", totals: totals, of: of}
}

func (v DashboardView) ordersPlot() plot {
	return dayPlot("orders-by-day", "Orders by day", lang.Textf("orders"), lang.Several("%s order", "%s orders"), v.Totals, func(d models.DayTotal) (int64, []money.Amount) { return d.Orders, d.Ordered })
}

func (v DashboardView) refundsPlot() plot {
	return dayPlot("refunds-by-day", "Refunds by day", lang.Textf("refunds"), lang.Several("%s refund", "%s refunds"), v.Totals, func(d models.DayTotal) (int64, []money.Amount) { return d.Refunds, d.Given })
}

// span is the time that is drawn.
func (p plot) span(ctx context.Context) string {
	if p.name != nil {
		return lang.T(ctx, "now")
	}
	n := len(p.totals.Days)
	return lang.N(ctx, "last %d day", "last %d days", n, n)
}

// step is the name of the ith day or step.
func (p plot) step(ctx context.Context, i int) string {
	if p.name != nil {
		return p.name(i).In(ctx)
	}
	return lang.Format(ctx, p.totals.Days[i].Day, "2 Jan 2006")
}

// ends are the names under the drawing: of every step, or of the first day, the middle one and the last.
func (p plot) ends(ctx context.Context) []string {
	last := len(p.totals.Days) - 1
	if p.name != nil {
		var names []string
		for i := range p.totals.Days {
			names = append(names, p.step(ctx, i))
		}
		return names
	}
	day := func(i int) string { return lang.Format(ctx, p.totals.Days[i].Day, "2 Jan") }
	return []string{day(0), day((last + 1) / 2), lang.T(ctx, "Today")}
}

// order is the rows of the table: the latest day first, or the steps as they come.
func (p plot) order() []int {
	list := make([]int, len(p.totals.Days))
	for i := range list {
		list[i] = i
		if p.name == nil {
			list[i] = len(list) - 1 - i
		}
	}
	return list
}

// sum is what stands over the drawing: all steps together, or the last one.
func (p plot) sum() (int64, []money.Amount) {
	if p.stock && len(p.totals.Days) > 0 {
		return p.of(p.totals.Days[len(p.totals.Days)-1])
	}
	return p.of(p.totals.Sums())
}

// bar is one day, in the units of a drawing 100 high in which each day is 20 wide.
type bar struct {
	day          models.DayTotal
	x, y, height string
	said         string // "12 Nov 2026: 5 orders, 4,999.50 INR"
}

func (p plot) most() int64 {
	most := int64(1)
	for _, day := range p.totals.Days {
		n, _ := p.of(day)
		most = max(most, n)
	}
	return most
}

func (p plot) bars(ctx context.Context) []bar {
	most := p.most()
	bars := make([]bar, len(p.totals.Days))
	for i, day := range p.totals.Days {
		n, _ := p.of(day)
		height := float64(max(n, 0)) * 100 / float64(most)
		if n > 0 {
			height = max(height, 2) // a day with one is not a day with none
		}
		bars[i] = bar{day: day, x: strconv.Itoa(i*20 + 3), y: strconv.FormatFloat(100-height, 'f', 1, 64), height: strconv.FormatFloat(height, 'f', 1, 64), said: p.says(ctx, i)}
	}
	return bars
}

// full is the place of a bar's whole column.
func (b bar) column() string {
	n, _ := strconv.Atoi(b.x)
	return strconv.Itoa(n - 3)
}

func (p plot) says(ctx context.Context, i int) string {
	n, sums := p.of(p.totals.Days[i])
	return p.step(ctx, i) + ": " + p.figures(ctx, n, sums)
}

// figures are a number and sums of money: "5 orders, 4,999.50 INR".
func (p plot) figures(ctx context.Context, n int64, sums []money.Amount) string {
	text := p.counted.In(ctx, int(n), lang.Number(ctx, thousands(n)))
	if len(sums) > 0 && n != 0 {
		text += ", " + amounts(ctx, sums)
	}
	return text
}

func (p plot) width() string { return "0 0 " + strconv.Itoa(len(p.totals.Days)*20) + " 100" }

// summary says in a sentence what the drawing shows.
func (p plot) summary(ctx context.Context) string {
	n, sums := p.sum()
	all, most, days := p.figures(ctx, n, sums), lang.Number(ctx, thousands(p.mostOrNone())), len(p.totals.Days)
	switch {
	case p.name != nil:
		return lang.T(ctx, "Together: %s. The most in one step: %s.", all, most)
	case p.stock:
		return lang.N(ctx, "Today: %[1]s. The most on one of the last %[2]d days: %[3]s.", "Today: %[1]s. The most on one of the last %[2]d days: %[3]s.", days, all, days, most)
	}
	return lang.N(ctx, "The last %[1]d days: %[2]s. The most on one day: %[3]s.", "The last %[1]d days: %[2]s. The most on one day: %[3]s.", days, days, all, most)
}

func (p plot) mostOrNone() int64 {
	if n, _ := p.of(p.totals.Sums()); n == 0 {
		return 0
	}
	return p.most()
}

// zones says whose days these are.
func (v DashboardView) zones(ctx context.Context) string {
	if zones := v.Totals.Zones(); len(zones) == 1 {
		return lang.T(ctx, "Days begin at midnight in %s.", zones[0])
	}
	return lang.T(ctx, "Each store's days begin at its own midnight.")
}
