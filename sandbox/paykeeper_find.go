package sandbox

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What PayKeeper says when a list's filter is not all there; its documents do not give the sentence.
const paykeeperNoFilter = "Не заданы обязательные параметры."

// paykeeperSystems are the payment systems of this server.
var paykeeperSystems = []paykeeperSystem{
	{"30", "Сбербанк", "Банковская карта"},
	{"99", "СБП", "Система быстрых платежей"},
}

type paykeeperSystem struct {
	ID                string `json:"id"`
	SystemDescription string `json:"system_description"`
	SiteDescription   string `json:"site_description"`
}

func (g *paykeeper) listSystems(*call, *merchant) reply { return paykeeperJSON(paykeeperSystems) }

// showUser is GET /info/user/settings/: who asks, and whether they may refund.
func (g *paykeeper) showUser(_ *call, m *merchant) reply {
	may := "1"
	if m.Options["no_refunds"] == "yes" {
		may = "0"
	}
	return paykeeperJSON(map[string]string{"login": m.KeyID, "may_refund": may})
}

// told is the refunds of a payment, with another amount once if a fault said so. The caller holds the lock.
func (g *paykeeper) told(id string, answer reply) reply {
	if g.misread[id] {
		delete(g.misread, id)
		answer.body = misreport(answer.body)
	}
	return answer
}

// showPayment is GET /info/payments/byid/: an array of one row, or nothing.
func (g *paykeeper) showPayment(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, c.URL.Query().Get("id"))
	if p == nil {
		return paykeeperNothing()
	}
	row := g.row(p)
	if c.URL.Query().Get("advanced") == "true" {
		for _, system := range paykeeperSystems {
			if system.ID == row.PaymentSystemID {
				row.SiteDescription, row.SystemDescription = system.SiteDescription, system.SystemDescription
			}
		}
	}
	return paykeeperJSON([]paykeeperRow{row})
}

// showOptions is GET /info/options/byid/: a flat object of what the shop and the payer gave.
func (g *paykeeper) showOptions(c *call, m *merchant) reply {
	return g.flat(c, m, g.optionsOf)
}

// showParams is GET /info/params/byid/: a flat object of what PayKeeper and the bank gave.
func (g *paykeeper) showParams(c *call, m *merchant) reply {
	return g.flat(c, m, g.paramsOf)
}

func (g *paykeeper) flat(c *call, m *merchant, of func(*paykeeperPayment) map[string]string) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, c.URL.Query().Get("id"))
	if p == nil {
		return paykeeperNothing()
	}
	return paykeeperJSON(of(p))
}

func (g *paykeeper) optionsOf(p *paykeeperPayment) map[string]string {
	all := map[string]string{
		"cart": p.Cart, "client_email": p.Email, "client_phone": p.Phone, "service_name": p.Service, "CARD_NUMBER": p.Card,
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

// paramsOf are the request parameters of a payment with its fiscal values. batch_date is there as long
// as nothing of a reserved payment was captured; PayKeeper's documents do not say where else a hold can
// be seen.
func (g *paykeeper) paramsOf(p *paykeeperPayment) map[string]string {
	all := merge(p.Params, p.Fiscal)
	if p.Hold && !p.BatchDate.IsZero() && (p.Captured == 0 || !g.visible("capture:"+p.ID)) {
		all["batch_date"] = p.BatchDate.In(moscow).Format(time.DateOnly)
	}
	return all
}

// listRefunds is GET /info/refunds/bypaymentid/: the refunds of a payment, or nothing.
func (g *paykeeper) listRefunds(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, c.URL.Query().Get("id"))
	if p == nil {
		return paykeeperNothing()
	}
	var rows []paykeeperRefundRow
	for _, id := range g.refundsOf[p.ID] {
		if r := g.refunds.get(id); g.visible(id) {
			rows = append(rows, paykeeperRefundRow{
				r.ID, r.Payment, strconv.Itoa(r.Number), r.User, decimal(r.Amount, paykeeperCurrency),
				decimal(r.Remainder, paykeeperCurrency), moscowTime(r.At), r.Status,
			})
		}
	}
	return g.told(p.ID, paykeeperList(rows))
}

// listReceipts is GET /info/receipts/bypaymentid/; clients name the payment in either way.
func (g *paykeeper) listReceipts(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	p := g.payment(m, cmp.Or(c.URL.Query().Get("payment_id"), c.URL.Query().Get("id")))
	if p == nil || p.Fiscal["fop_receipt_key"] == "" {
		return paykeeperNothing()
	}
	return paykeeperJSON([]map[string]string{merge(p.Fiscal, map[string]string{
		"id": "1" + p.ID, "payment_id": p.ID, "type": "sale", "sum_cashless": decimal(p.Amount, paykeeperCurrency),
	})})
}

// paykeeperFilter is which payments a list is of.
type paykeeperFilter struct {
	from, to        time.Time
	systems, states []string
	skip, limit     int
	query           string
}

// readPaykeeperFilter reads the query of a list: days in Moscow, at least one system and one status.
func readPaykeeperFilter(q url.Values) (paykeeperFilter, bool) {
	from, ok := moscowDay(q.Get("start"))
	to, too := moscowDay(q.Get("end"))
	f := paykeeperFilter{
		from: from, to: to.AddDate(0, 0, 1), systems: q["payment_system_id[]"], states: q["status[]"],
		query: q.Get("query"), limit: 1000,
	}
	if n, err := strconv.Atoi(q.Get("from")); err == nil {
		f.skip = max(0, n)
	}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		f.limit = max(0, n)
	}
	return f, ok && too && len(f.systems) > 0 && len(f.states) > 0
}

// rows are the payments that a filter lets through, youngest first. The caller holds the lock.
func (g *paykeeper) rows(m *merchant, f paykeeperFilter) []paykeeperRow {
	var rows []paykeeperRow
	for _, p := range g.payments.newest() {
		row := g.row(p)
		if p.Merchant == m.KeyID && g.visible(p.ID) && !p.PendingAt.Before(f.from) && p.PendingAt.Before(f.to) &&
			slices.Contains(f.systems, row.PaymentSystemID) && slices.Contains(f.states, row.Status) &&
			g.matches(p, f.query) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b paykeeperRow) int {
		return cmp.Compare(g.payments.get(b.ID).PendingAt.Unix(), g.payments.get(a.ID).PendingAt.Unix())
	})
	return rows
}

// listPayments is GET /info/payments/bydate/.
func (g *paykeeper) listPayments(c *call, m *merchant) reply {
	f, ok := readPaykeeperFilter(c.URL.Query())
	if !ok {
		return paykeeperFail(paykeeperNoFilter)
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	rows := g.rows(m, f)
	rows = rows[min(f.skip, len(rows)):]
	return paykeeperList(rows[:min(f.limit, len(rows))])
}

// paykeeperCount is a line of the counts.
type paykeeperCount struct {
	Status          string `json:"status,omitempty"`
	PaymentSystemID string `json:"payment_system_id,omitempty"`
	Count           string `json:"count"`
}

// countPayments is GET /info/payments/bydatecount/, shaped like the count of invoices.
func (g *paykeeper) countPayments(c *call, m *merchant) reply {
	f, ok := readPaykeeperFilter(c.URL.Query())
	if !ok {
		return paykeeperFail(paykeeperNoFilter)
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	rows := g.rows(m, f)
	count := func(of func(paykeeperRow) string, value string) string {
		n := 0
		for _, row := range rows {
			if of(row) == value {
				n++
			}
		}
		return strconv.Itoa(n)
	}
	states, systems := []paykeeperCount{}, []paykeeperCount{}
	for _, state := range f.states {
		states = append(states, paykeeperCount{Status: state, Count: count(func(r paykeeperRow) string { return r.Status }, state)})
	}
	for _, id := range f.systems {
		n := count(func(r paykeeperRow) string { return r.PaymentSystemID }, id)
		systems = append(systems, paykeeperCount{PaymentSystemID: id, Count: n})
	}
	return paykeeperJSON(map[string][]paykeeperCount{
		"statuses": states, "systems": systems, "fullcount": {{Count: strconv.Itoa(len(rows))}},
	})
}

// searchPayments is GET /info/payments/search/: rows any of whose parameters contain the query.
func (g *paykeeper) searchPayments(c *call, m *merchant) reply {
	q := c.URL.Query()
	if q.Get("query") == "" {
		return paykeeperFail(paykeeperNoFilter)
	}
	from, to := time.Time{}, g.s.now().AddDate(1, 0, 0)
	if day, ok := moscowDay(q.Get("beg_date")); ok {
		from = day
	}
	if day, ok := moscowDay(q.Get("end_date")); ok {
		to = day.AddDate(0, 0, 1)
	}
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	var rows []paykeeperRow
	for _, p := range g.payments.newest() {
		if p.Merchant == m.KeyID && g.visible(p.ID) && !p.PendingAt.Before(from) && p.PendingAt.Before(to) &&
			g.matches(p, q.Get("query")) {
			rows = append(rows, g.row(p))
		}
	}
	return paykeeperList(rows)
}

// matches says whether any parameter of a payment contains a text, in any case. The caller holds the lock.
func (g *paykeeper) matches(p *paykeeperPayment, query string) bool {
	query = strings.ToLower(query)
	all := []string{p.ID, p.Order, p.Client, p.Unique, p.Status, decimal(p.Amount, paykeeperCurrency)}
	for _, values := range []map[string]string{g.optionsOf(p), g.paramsOf(p)} {
		for _, value := range values {
			all = append(all, value)
		}
	}
	return slices.ContainsFunc(all, func(v string) bool { return strings.Contains(strings.ToLower(v), query) })
}
