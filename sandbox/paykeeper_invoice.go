package sandbox

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// paykeeperInvoice is a bill somebody can pay by its link. Its number has 17 digits, more than a
// double can hold.
type paykeeperInvoice struct {
	ID        string    `json:"id"`
	Merchant  string    `json:"merchant"`
	Amount    int64     `json:"amount"` // kopecks
	Client    string    `json:"client"`
	Order     string    `json:"order"`
	Service   string    `json:"service"`
	Email     string    `json:"email"`
	Phone     string    `json:"phone"`
	Cart      string    `json:"cart,omitempty"`
	Callback  string    `json:"callback,omitempty"`
	Status    string    `json:"status"` // created, sent, paid, expired
	PaymentID string    `json:"payment_id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	PaidAt    time.Time `json:"paid_at"`
}

// paykeeperInvoiceRow is an invoice as PayKeeper writes it (PayKeeper docs, Счета).
type paykeeperInvoiceRow struct {
	ID              string `json:"id"`
	UserID          string `json:"user_id"`
	UserLogin       string `json:"user_login"`
	Status          string `json:"status"`
	PayAmount       string `json:"pay_amount"`
	ClientID        string `json:"clientid"`
	OrderID         string `json:"orderid"`
	PaymentID       any    `json:"paymentid"` // null until paid
	ServiceName     string `json:"service_name"`
	ClientEmail     string `json:"client_email"`
	ClientPhone     string `json:"client_phone"`
	ExpiryDatetime  any    `json:"expiry_datetime"`
	CreatedDatetime any    `json:"created_datetime"`
	PaidDatetime    any    `json:"paid_datetime"`
}

// paykeeperService is what service_name says when it is an object instead of a title. The goods may be
// an array or a text.
type paykeeperService struct {
	ServiceName string          `json:"service_name"`
	Cart        json.RawMessage `json:"cart"`
	Callback    string          `json:"user_result_callback"`
	Lang        string          `json:"lang"`
}

// readService is the title, the goods and the way back of a service_name.
func readService(text string) (title, cart, callback string) {
	var in paykeeperService
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &in) != nil {
		return text, "", ""
	}
	cart = string(in.Cart)
	if quoted, ok := readText(in.Cart); ok {
		cart = quoted
	}
	return in.ServiceName, goods(cart), in.Callback
}

// goods is a cart that has something in it, or "".
func goods(cart string) string {
	var list []json.RawMessage
	if json.Unmarshal([]byte(cart), &list) != nil || len(list) == 0 {
		return ""
	}
	return cart
}

// makeInvoice is POST /change/invoice/preview/: a bill and the link to pay it.
func (g *paykeeper) makeInvoice(c *call, m *merchant, form url.Values) reply {
	amount, ok := readRoubles(form.Get("pay_amount"))
	if !ok {
		return paykeeperFail("Неверная сумма счёта.")
	}
	_, cart, callback := readService(form.Get("service_name"))
	if !webAddress(callback) {
		return paykeeperFail("Неверный адрес возврата.")
	}
	expires, ok := readExpiry(form.Get("expiry"))
	if !ok {
		return paykeeperFail("Неверный срок действия счёта.")
	}
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	now := g.s.clock()
	if expires.IsZero() {
		expires = now.AddDate(0, 0, 5)
	}
	in := &paykeeperInvoice{
		ID: g.invoiceID(now), Merchant: m.KeyID, Amount: amount, Client: form.Get("clientid"), Order: form.Get("orderid"),
		Service: form.Get("service_name"), Email: form.Get("client_email"), Phone: form.Get("client_phone"),
		Cart: cmp.Or(goods(form.Get("cart")), cart), Callback: callback, Status: "created", CreatedAt: now, ExpiresAt: expires,
	}
	g.invoices.put(in.ID, in)
	g.hide(in.ID, c.plan)
	link := c.origin() + g.prefixes()[0] + "/bill/" + in.ID + "/"
	return paykeeperJSON(map[string]string{
		"invoice_id": in.ID, "invoice_url": link, "invoice": `<a href="` + html.EscapeString(link) + `">` + link + `</a>`,
	})
}

// origin is the scheme and the host a call came to.
func (c *call) origin() string {
	scheme := "http"
	if c.TLS != nil || c.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + c.Host
}

// invoiceID is a free number for a bill made at t: YYYYMMDDhhmmssSSS in Moscow. The caller holds the lock.
func (g *paykeeper) invoiceID(t time.Time) string {
	for ; ; t = t.Add(time.Millisecond) {
		t := t.In(moscow)
		id := t.Format("20060102150405") + t.Format(".000")[1:]
		if g.invoices.get(id) == nil {
			return id
		}
	}
}

// readExpiry reads a day, or a day and a time, in Moscow; zero when none is given.
func readExpiry(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if day, ok := moscowDay(text); ok {
		return day.AddDate(0, 0, 1), true
	}
	t, err := time.ParseInLocation(time.DateTime, text, moscow)
	return t, err == nil
}

// invoiceRow is an invoice as it is now: a bill nobody has paid in time is expired. The caller holds the lock.
func (g *paykeeper) invoiceRow(in *paykeeperInvoice) paykeeperInvoiceRow {
	row := paykeeperInvoiceRow{
		ID: in.ID, UserID: "1", UserLogin: in.Merchant, Status: g.billStatus(in), PayAmount: decimal(in.Amount, paykeeperCurrency),
		ClientID: in.Client, OrderID: in.Order, ServiceName: in.Service, ClientEmail: in.Email, ClientPhone: in.Phone,
		ExpiryDatetime: moscowTime(in.ExpiresAt), CreatedDatetime: moscowTime(in.CreatedAt), PaidDatetime: moscowTime(in.PaidAt),
	}
	if in.PaymentID != "" {
		row.PaymentID = in.PaymentID
	}
	return row
}

func (g *paykeeper) billStatus(in *paykeeperInvoice) string {
	if in.Status != "paid" && !g.s.clock().Before(in.ExpiresAt) {
		return "expired"
	}
	return in.Status
}

// invoice finds a bill of a user's cabinet, or refuses in PayKeeper's words. The caller holds the lock.
func (g *paykeeper) invoice(m *merchant, id string) (*paykeeperInvoice, *reply) {
	in := g.invoices.get(id)
	if in == nil || in.Merchant != m.KeyID || !g.visible(id) {
		bad := paykeeperFail("Счёт не найден.")
		return nil, &bad
	}
	return in, nil
}

func (g *paykeeper) showInvoice(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, bad := g.invoice(m, c.URL.Query().Get("id"))
	if bad != nil {
		return *bad
	}
	return paykeeperJSON(g.invoiceRow(in))
}

// bills are the invoices of a cabinet that a query's days and statuses let through. The caller holds the lock.
func (g *paykeeper) bills(m *merchant, q url.Values) []paykeeperInvoiceRow {
	from, _ := moscowDay(q.Get("start_date"))
	to, ok := moscowDay(q.Get("end_date"))
	var rows []paykeeperInvoiceRow
	for id, in := range g.invoices.newest() {
		row := g.invoiceRow(in)
		if in.Merchant == m.KeyID && g.visible(id) && !in.CreatedAt.Before(from) && (!ok || in.CreatedAt.Before(to.AddDate(0, 0, 1))) &&
			(len(q["status[]"]) == 0 || slices.Contains(q["status[]"], row.Status)) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (g *paykeeper) listInvoices(c *call, m *merchant) reply {
	q := c.URL.Query()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	rows := g.bills(m, q)
	if skip, err := strconv.Atoi(q.Get("from")); err == nil {
		rows = rows[min(max(0, skip), len(rows)):]
	}
	if limit, err := strconv.Atoi(q.Get("limit")); err == nil {
		rows = rows[:min(max(0, limit), len(rows))]
	}
	return paykeeperList(rows)
}

func (g *paykeeper) countInvoices(c *call, m *merchant) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	rows := g.bills(m, c.URL.Query())
	states := []paykeeperCount{}
	for _, state := range []string{"created", "sent", "paid", "expired"} {
		n := 0
		for _, row := range rows {
			if row.Status == state {
				n++
			}
		}
		states = append(states, paykeeperCount{Status: state, Count: strconv.Itoa(n)})
	}
	return paykeeperJSON(map[string][]paykeeperCount{"statuses": states, "fullcount": {{Count: strconv.Itoa(len(rows))}}})
}

func (g *paykeeper) searchInvoices(c *call, m *merchant) reply {
	query := strings.ToLower(c.URL.Query().Get("query"))
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	rows := slices.DeleteFunc(g.bills(m, c.URL.Query()), func(r paykeeperInvoiceRow) bool {
		return !strings.Contains(strings.ToLower(strings.Join([]string{r.ID, r.OrderID, r.ClientID, r.ClientEmail, r.ClientPhone}, "\n")), query)
	})
	return paykeeperList(rows)
}

func (g *paykeeper) sendInvoice(c *call, m *merchant, form url.Values) reply {
	return g.changeInvoice(c, m, form, func(in *paykeeperInvoice) { in.Status = "sent" })
}

func (g *paykeeper) revokeInvoice(c *call, m *merchant, form url.Values) reply {
	return g.changeInvoice(c, m, form, func(in *paykeeperInvoice) { in.Status, in.ExpiresAt = "expired", g.s.clock() })
}

func (g *paykeeper) changeInvoice(c *call, m *merchant, form url.Values, do func(*paykeeperInvoice)) reply {
	c.accept()
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	in, bad := g.invoice(m, form.Get("id"))
	if bad != nil {
		return *bad
	}
	if in.Status == "paid" {
		return paykeeperFail("Счёт уже оплачен.")
	}
	do(in)
	g.invoices.put(in.ID, in)
	return m.done(false)
}

// chargeBinding refuses to charge a card without its owner.
func (g *paykeeper) chargeBinding(*call, *merchant, url.Values) reply {
	return paykeeperFail("Списание по привязанной карте не подключено.")
}

// toBank sends a payer's browser to the bank's page of a payment.
func (g *paykeeper) toBank(p *paykeeperPayment) reply {
	to := g.prefixes()[0] + "/bank/" + p.ID + "/?key=" + p.Unique
	return reply{http.StatusSeeOther, http.Header{"Location": {to}}, nil}
}
