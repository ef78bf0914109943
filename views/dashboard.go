package views

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

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

// needWords is how a kind of need reads: one, several, and what to do about it.
type needWords struct {
	kind           ui.Kind
	one, many, why string
}

var needTexts = map[models.NeedKind]needWords{
	models.NeedRefund:        {ui.Attention, "order waits for a refund", "orders wait for a refund", "Fynd asked for the money; none has moved yet"},
	models.NeedReview:        {ui.Bad, "operation needs a person", "operations need a person", "The gateway cannot tell what became of it"},
	models.NeedContradiction: {ui.Bad, "operation is contradicted", "operations are contradicted", "The gateway took back what it said before"},
	models.NeedUnknown:       {ui.Attention, "operation of unknown outcome", "operations of unknown outcome", "Sent and not answered; kartify keeps asking"},
	models.NeedMissing:       {ui.Attention, "missing order", "missing orders", "Begun, and never confirmed as an order"},
	models.NeedFailedPaid:    {ui.Bad, "failed order that is paid", "failed orders that are paid", "Failed or cancelled, and the money is here"},
	models.NeedStuck:         {ui.Attention, "stuck payment", "stuck payments", "Drawn, and somebody was not told"},
	models.NeedRefunding:     {ui.Attention, "refund on its way too long", "refunds on their way too long", "The gateway has not finished for over an hour"},
	models.NeedHold:          {ui.Attention, "authorization ends within 48 h", "authorizations end within 48 h", "Capture before the hold ends, or it is lost"},
	models.NeedAction:        {ui.Bad, "status action failed", "status actions failed", "The order waits for the payment to follow"},
	models.NeedPlan:          {ui.Bad, "planned capture failed", "planned captures failed", "The money is held and was not drawn"},
	models.NeedLapsed:        {ui.Bad, "authorization ran out", "authorizations ran out", "Never captured; the money is back with the customer"},
	models.NeedPartner:       {ui.Bad, "update Fynd was not told", "updates Fynd was not told", "Fynd has not heard of it in any attempt"},
	models.NeedDifference:    {ui.Attention, "difference from a gateway's file", "differences from gateways' files", "The gateway says otherwise than is known here"},
	models.NeedSettlement:    {ui.Attention, "payment settled late", "payments settled late", "The gateway took longer than five days to pay out"},
	models.NeedEmail:         {ui.Attention, "e-mail not sent this week", "e-mails not sent this week", "Not sent, or not for certain"},
	models.NeedFailed:        {ui.Bad, "webhook failed", "webhooks failed", "Stored, and could not be acted upon"},
	models.NeedParked:        {ui.Busy, "webhook parked", "webhooks parked", "Waits for its order or payment to appear"},
	models.NeedForged:        {ui.Bad, "forged webhook today", "forged webhooks today", "The signature did not fit; nothing was done"},
}

func needLabel(n models.Need) string {
	if n.Count == 1 {
		return needTexts[n.Kind].one
	}
	return needTexts[n.Kind].many
}

func needCount(n models.Need) string {
	if n.More {
		return thousands(models.MostNeeds) + "+"
	}
	return thousands(int64(n.Count))
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

// reasons are the missing orders by reason: "5 debited, 6 unknown".
func reasons(n models.Need) string {
	words := make([]string, len(n.Reasons))
	for i, r := range n.Reasons {
		words[i] = thousands(int64(r.Count)) + " " + r.Reason
	}
	return strings.Join(words, ", ")
}

func atRisk(n models.Need) string {
	text := amounts(n.AtRisk) + " at risk"
	if n.More {
		text = "More than " + text
	}
	if n.Kind == models.NeedMissing {
		text += " (debited or unknown)"
	}
	return text
}

// amounts are sums of several currencies, none added to another.
func amounts(list []money.Amount) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = a.String()
	}
	return strings.Join(words, " · ")
}

// plot is one number for each day, or for each of a few steps, drawn.
type plot struct {
	id, title, span, noun, one, head string

	totals *models.DayTotals
	of     func(models.DayTotal) (int64, []money.Amount)
	name   func(i int) string // of a step; nil for days
	stock  bool               // the numbers are of one thing that lasts, and do not add up
}

func dayPlot(id, title, noun, one string, totals *models.DayTotals, of func(models.DayTotal) (int64, []money.Amount)) plot {
	return plot{
		id: id, title: title, span: fmt.Sprintf("last %s days", thousands(int64(len(totals.Days)))), noun: noun, one: one, head: "Day", totals: totals, of: of,
	}
}

func (v DashboardView) ordersPlot() plot {
	return dayPlot("orders-by-day", "Orders by day", "orders", "order", v.Totals, func(d models.DayTotal) (int64, []money.Amount) { return d.Orders, d.Ordered })
}

func (v DashboardView) refundsPlot() plot {
	return dayPlot("refunds-by-day", "Refunds by day", "refunds", "refund", v.Totals, func(d models.DayTotal) (int64, []money.Amount) { return d.Refunds, d.Given })
}

// step is the name of the ith day or step.
func (p plot) step(i int) string {
	if p.name != nil {
		return p.name(i)
	}
	return dayName(p.totals.Days[i].Day)
}

// ends are the names under the drawing: the first, the middle and the last.
func (p plot) ends() []string {
	if p.name != nil {
		return []string{p.name(0), p.name(len(p.totals.Days) - 1)}
	}
	return []string{p.totals.Days[0].Day.Format("2 Jan"), p.totals.Days[len(p.totals.Days)/2].Day.Format("2 Jan"), "Today"}
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

func (p plot) bars() []bar {
	most := p.most()
	bars := make([]bar, len(p.totals.Days))
	for i, day := range p.totals.Days {
		n, _ := p.of(day)
		height := float64(max(n, 0)) * 100 / float64(most)
		if n > 0 {
			height = max(height, 2) // a day with one is not a day with none
		}
		bars[i] = bar{day: day, x: strconv.Itoa(i*20 + 3), y: strconv.FormatFloat(100-height, 'f', 1, 64), height: strconv.FormatFloat(height, 'f', 1, 64), said: p.says(i)}
	}
	return bars
}

// full is the place of a bar's whole column.
func (b bar) column() string {
	n, _ := strconv.Atoi(b.x)
	return strconv.Itoa(n - 3)
}

func (p plot) says(i int) string {
	n, sums := p.of(p.totals.Days[i])
	return p.step(i) + ": " + p.counted(n, sums)
}

func (p plot) counted(n int64, sums []money.Amount) string {
	text := thousands(n) + " " + p.noun
	if n == 1 {
		text = "1 " + p.one
	}
	if len(sums) > 0 && n != 0 {
		text += ", " + amounts(sums)
	}
	return text
}

func (p plot) width() string { return "0 0 " + strconv.Itoa(len(p.totals.Days)*20) + " 100" }

// summary says in a sentence what the drawing shows.
func (p plot) summary() string {
	n, sums := p.sum()
	switch {
	case p.name != nil:
		return fmt.Sprintf("Together: %s. The most in one step: %s.", p.counted(n, sums), thousands(p.mostOrNone()))
	case p.stock:
		return fmt.Sprintf("Today: %s. The most on one of the last %d days: %s.", p.counted(n, sums), len(p.totals.Days), thousands(p.mostOrNone()))
	}
	return fmt.Sprintf("The last %d days: %s. The most on one day: %s.", len(p.totals.Days), p.counted(n, sums), thousands(p.mostOrNone()))
}

func (p plot) mostOrNone() int64 {
	if n, _ := p.of(p.totals.Sums()); n == 0 {
		return 0
	}
	return p.most()
}

func dayName(day time.Time) string { return day.Format("2 Jan 2006") }

// zones says whose days these are.
func (v DashboardView) zones() string {
	if zones := v.Totals.Zones(); len(zones) == 1 {
		return "Days begin at midnight in " + zones[0] + "."
	}
	return "Each store's days begin at its own midnight."
}
