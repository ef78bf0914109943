package views

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
	"github.com/kartify/kartify/views/ui"
)

// LimboView is a page of the limbo board.
type LimboView struct {
	Filter models.LimboFilter
	Rows   []models.LimboRow
	Next   string
	Tally  *models.LimboTally // of every kind, for the store and the age asked for
	Stores []models.Store
	Alerts []models.LimboAlert // for those who may set them
	User   *models.User
	CSRF   string
	Now    time.Time
}

// limboText is how a kind reads: its name, and how pressing it is.
var limboText = map[models.NeedKind]struct {
	kind ui.Kind
	name string
}{
	models.NeedReview:        {ui.Bad, "Needs a person"},
	models.NeedContradiction: {ui.Bad, "Contradicted"},
	models.NeedFailedPaid:    {ui.Bad, "Paid, but failed or cancelled"},
	models.NeedUnknown:       {ui.Attention, "Unknown outcome"},
	models.NeedPartner:       {ui.Bad, "Fynd not told"},
	models.NeedAmount:        {ui.Bad, "Another amount asked"},
	models.NeedMissing:       {ui.Attention, "Missing"},
	models.NeedStuck:         {ui.Attention, "Stuck"},
	models.NeedRefunding:     {ui.Attention, "Refunding over 1 h"},
	models.NeedHold:          {ui.Attention, "Authorization ends"},
	models.NeedAction:        {ui.Bad, "Status action failed"},
	models.NeedPlan:          {ui.Bad, "Planned capture failed"},
	models.NeedLapsed:        {ui.Bad, "Authorization ran out"},
	models.NeedOverdue:       {ui.Attention, "Refund overdue"},
	models.NeedPending:       {ui.Busy, "Pending too long"},
}

// limboAges are the ages the board can be kept to, as its address has them.
var limboAges = []struct {
	word, label string
	age         time.Duration
}{
	{"1h", "Over 1 hour", time.Hour}, {"1d", "Over 1 day", 24 * time.Hour}, {"3d", "Over 3 days", 72 * time.Hour}, {"7d", "Over 7 days", 7 * 24 * time.Hour}, {"30d", "Over 30 days", 30 * 24 * time.Hour},
}

// LimboAge is the age of a word in the board's address; 0 when it is none.
func LimboAge(word string) time.Duration {
	for _, a := range limboAges {
		if a.word == word {
			return a.age
		}
	}
	return 0
}

func limboPath(kind models.NeedKind) string { return "/sales/limbo?of=" + string(kind) }

// query is the filter as the address has it, without the place on the board.
func (v LimboView) query() url.Values {
	q := url.Values{}
	if v.Filter.Kind != "" {
		q.Set("of", string(v.Filter.Kind))
	}
	if v.Filter.Store != 0 {
		q.Set("store", strconv.FormatInt(v.Filter.Store, 10))
	}
	for _, a := range limboAges {
		if a.age == v.Filter.Age {
			q.Set("age", a.word)
		}
	}
	return q
}

// back is the query of this very page.
func (v LimboView) back() string {
	q := v.query()
	if v.Filter.After != "" {
		q.Set("after", v.Filter.After)
	}
	return q.Encode()
}

func (v LimboView) path(change func(url.Values)) string {
	q := v.query()
	change(q)
	return withQuery("/sales/limbo", q)
}

func (v LimboView) next() string {
	if v.Next == "" {
		return ""
	}
	return v.path(func(q url.Values) { q.Set("after", v.Next) })
}

func (v LimboView) first() string {
	if v.Filter.After == "" {
		return ""
	}
	return v.path(func(url.Values) {})
}

// kinds are the choices of the kind, with how many there are of each.
func (v LimboView) kinds(ctx context.Context) []ui.Option {
	options := []ui.Option{{Value: "", Label: "Every kind", Chosen: v.Filter.Kind == ""}}
	for _, kind := range models.LimboKinds {
		n := v.Tally.Of(kind)
		label := lang.T(ctx, limboText[kind].name)
		if n.Count > 0 {
			label += " (" + needCount(ctx, n) + ")"
		}
		options = append(options, ui.Option{Value: string(kind), Label: label, Chosen: v.Filter.Kind == kind})
	}
	return options
}

func (v LimboView) ages() []ui.Option {
	options := []ui.Option{{Value: "", Label: "Any age"}}
	for _, a := range limboAges {
		options = append(options, ui.Option{Value: a.word, Label: a.label, Chosen: a.age == v.Filter.Age})
	}
	return options
}

func (v LimboView) stores() []ui.Option {
	options := []ui.Option{{Value: "", Label: "All stores"}}
	for _, s := range v.Stores {
		options = append(options, ui.Option{Value: strconv.FormatInt(s.ID, 10), Label: s.Name, Chosen: s.ID == v.Filter.Store})
	}
	return options
}

// total is how many rows the filter has.
func (v LimboView) total(ctx context.Context) string {
	if v.Filter.Kind != "" {
		return needCount(ctx, v.Tally.Of(v.Filter.Kind))
	}
	n, more := v.Tally.Count()
	if more {
		return lang.Number(ctx, thousands(int64(n))+"+")
	}
	return lang.Number(ctx, thousands(int64(n)))
}

// risk is the money of all that the filter has, each order's once.
func (v LimboView) risk(ctx context.Context) string {
	sums := v.Tally.Risk
	if v.Filter.Kind != "" {
		sums = v.Tally.Of(v.Filter.Kind).AtRisk
	}
	if len(sums) == 0 {
		return lang.T(ctx, "No money at risk")
	}
	return lang.T(ctx, "%s at risk", groupedAmounts(ctx, sums))
}

func groupedAmounts(ctx context.Context, list []money.Amount) string {
	words := make([]string, len(list))
	for i, a := range list {
		words[i] = lang.Number(ctx, a.Grouped())
	}
	return strings.Join(words, " · ")
}

func (v LimboView) store(id int64) string {
	for _, s := range v.Stores {
		if s.ID == id {
			return s.Name
		}
	}
	return ""
}

// zone is that of a store the person sees.
func (v LimboView) zone(id int64) *time.Location {
	for i := range v.Stores {
		if v.Stores[i].ID == id {
			return v.Stores[i].Zone()
		}
	}
	return time.UTC
}

// limboOrder leads to the place on the order's page where the row can be seen in full.
func limboOrder(r models.LimboRow) string {
	path := fmt.Sprintf("/sales/orders/%d", r.OrderID)
	switch r.Kind {
	case models.NeedReview, models.NeedContradiction, models.NeedUnknown:
		return fmt.Sprintf("%s#operation-%d", path, r.ID)
	case models.NeedPartner:
		return path + "#partner"
	case models.NeedAmount:
		return path + "#history"
	}
	return path
}

// missingWhy is why an order is missing, by its reason.
var missingWhy = map[string]string{
	"debited":   "The customer was debited, and the callback of the payment did not arrive.",
	"unknown":   "Nobody knows yet whether the customer was debited.",
	"abandoned": "The customer began to pay and turned back.",
}

// limboWhys are the kinds of which one sentence says all.
var limboWhys = map[models.NeedKind]string{
	models.NeedStuck:     "The money is drawn, and whoever must know of it was not told.",
	models.NeedRefunding: "The gateway has not finished the refund for over an hour.",
	models.NeedOverdue:   "Fynd asked for the money over a day ago, and none has moved.",
	models.NeedPending:   "The customer was sent to pay, and nothing more was heard.",
}

// why says in a sentence what does not fit, and behind it what the record says of it.
// Times are the store's.
func (v LimboView) why(ctx context.Context, r models.LimboRow) string {
	at := func(t time.Time) string { return lang.Format(ctx, t.In(v.zone(r.StoreID)), "2 Jan 2006, 15:04") }
	text := limboWhys[r.Kind]
	switch {
	case r.Kind == models.NeedPending && r.State == "unbegun":
		text = "Nobody has begun to pay."
	case r.Kind == models.NeedMissing:
		text = missingWhy[r.Word]
	case r.Kind == models.NeedPartner && r.Word == "confirm_payment":
		text = "Fynd does not know that the order is paid."
	case r.Kind == models.NeedPartner && r.Word == "payment_session":
		text = "Fynd does not know how the payment stands."
	case r.Kind == models.NeedPartner:
		text = "Fynd does not know what became of a refund."
	case r.Kind == models.NeedFailedPaid && r.State == models.StatusFailed:
		text = "The order is failed, and its money is with the store."
	case r.Kind == models.NeedFailedPaid:
		text = "The order is cancelled, and its money is with the store."
	case r.Kind == models.NeedUnknown && r.Problem == "":
		return lang.T(ctx, "%s sent, and not answered.", lang.T(ctx, ui.Words(r.Word)))
	case r.Kind == models.NeedHold && r.State == "expired":
		return lang.T(ctx, "The hold ended on %s.", at(r.HoldEnd()))
	case r.Kind == models.NeedHold:
		return lang.T(ctx, "The hold ends on %s.", at(r.HoldEnd()))
	case r.Kind == models.NeedLapsed:
		return lang.T(ctx, "The authorization ran out on %s without being captured; the money is back with the customer.", at(r.Since))
	case r.Kind == models.NeedAction:
		text = lang.T(ctx, "The change of status to %s failed.", lang.T(ctx, r.State))
	case r.Kind == models.NeedPlan:
		text = "The planned capture did not happen."
	}
	return strings.TrimSpace(lang.T(ctx, text) + " " + lang.T(ctx, r.Problem))
}

// hangs says whether the row is one that only the gateway's people may be able to bring forward.
func hangs(kind models.NeedKind) bool {
	return slices.Contains([]models.NeedKind{models.NeedReview, models.NeedContradiction, models.NeedUnknown, models.NeedRefunding}, kind)
}

// limboLink is the page on which the row is decided, when that is no single press: its words and its address.
func (v LimboView) limboLink(r models.LimboRow) (label, path string) {
	switch {
	case (r.Kind == models.NeedFailedPaid || r.Kind == models.NeedOverdue) && r.PaymentID != 0 && v.User.May(models.RefundMoney):
		return "Refund", fmt.Sprintf("/sales/orders/%d/payments/%d/refunds/new", r.OrderID, r.PaymentID)
	case r.Kind == models.NeedReview:
		return "Decide", limboOrder(r)
	case (r.Kind == models.NeedHold || r.Kind == models.NeedPlan) && v.User.May(models.CaptureMoney):
		return "Capture", limboOrder(r)
	}
	return "", ""
}

// fixes are what this person can do about the row by one press.
func (v LimboView) fixes(r models.LimboRow) []models.LimboFix {
	var fixes []models.LimboFix
	for _, fix := range r.Fixes() {
		if v.User.May(models.LimboRights[fix]) {
			fixes = append(fixes, fix)
		}
	}
	return fixes
}

// fixLabel is what the button of a fix says.
func (v LimboView) fixLabel(ctx context.Context, r models.LimboRow, fix models.LimboFix) string {
	switch {
	case fix == models.FixTake && r.OwnerID == v.User.ID:
		return lang.T(ctx, "Let go")
	case fix == models.FixAccept && r.Kind == models.NeedAmount:
		return lang.T(ctx, "It is settled")
	}
	return lang.T(ctx, fixLabel(fix))
}

func fixLabel(fix models.LimboFix) string {
	return map[models.LimboFix]string{
		models.FixAsk: "Ask the gateway now", models.FixConfirm: "Confirm Payment", models.FixFail: "Mark failed", models.FixTell: "Tell Fynd again",
		models.FixAccept: "Leave it so", models.FixTake: "Take it",
	}[fix]
}

// bulkFixes are what can be done about several rows at once without harm.
func (v LimboView) bulkFixes() []models.LimboFix {
	var fixes []models.LimboFix
	for _, fix := range []models.LimboFix{models.FixAsk, models.FixConfirm, models.FixTell, models.FixTake} {
		if v.User.May(models.LimboRights[fix]) {
			fixes = append(fixes, fix)
		}
	}
	return fixes
}

// LimboSureView asks whether something is to be done about several rows.
type LimboSureView struct {
	CSRF string
	Fix  models.LimboFix
	Rows []string
	Back string
	Path string
}

func (v LimboSureView) question(ctx context.Context) string {
	n := len(v.Rows)
	return map[models.LimboFix]lang.Counted{
		models.FixAsk: lang.Several("Ask the gateways about %d row? What they say is followed; nothing is sent twice.",
			"Ask the gateways about %d rows? What they say is followed; nothing is sent twice."),
		models.FixConfirm: lang.Several("Confirm the payment of %d row? Its gateway is asked first, and Fynd hears of each payment once.",
			"Confirm the payments of %d rows? Each gateway is asked first, and Fynd hears of each payment once."),
		models.FixTell: lang.Several("Tell Fynd of %d row again?", "Tell Fynd of %d rows again?"),
		models.FixTake: lang.Several("Look after %d row? One that is yours already is let go.", "Look after %d rows? Those that are yours already are let go."),
		models.FixFail: lang.Several("Mark the order of %d row as failed? Its gateway is asked first; an order with money stays.",
			"Mark the orders of %d rows as failed? Each gateway is asked first; an order with money stays."),
		models.FixAccept: lang.Several("Leave %d operation as it is?", "Leave %d operations as they are?"),
	}[v.Fix].In(ctx, n, n)
}

// agesPlot is what is in limbo by how long it has been there.
func agesPlot(t *models.LimboTally) plot {
	totals := &models.DayTotals{}
	for _, age := range t.Ages {
		totals.Days = append(totals.Days, models.DayTotal{Orders: age.Orders, Ordered: age.Risk})
	}
	return plot{
		id: "risk-by-age", title: "Money at risk by age", noun: lang.Textf("orders"), counted: lang.Several("%s order", "%s orders"), head: "Age", totals: totals,
		of:   func(d models.DayTotal) (int64, []money.Amount) { return d.Orders, d.Ordered },
		name: func(i int) lang.Text { return t.Ages[i].Name },
	}
}

// limboDaysPlot is how much was in limbo at the end of each day.
func limboDaysPlot(days *models.DayTotals) plot {
	p := dayPlot("risk-by-day", "In limbo by day", lang.Textf("rows"), lang.Several("%s row", "%s rows"), days, func(d models.DayTotal) (int64, []money.Amount) { return d.Orders, d.Ordered })
	p.stock = true
	return p
}
