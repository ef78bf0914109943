package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
)

// registry is the table of payments as the cabinet's button downloads it. The caller holds the lock.
func (g *paykeeper) registry(rows []paykeeperRow) spreadsheet {
	file := spreadsheet{name: "payments", sheet: "Payments", header: []string{
		"id", "pay_amount", "refund_amount", "clientid", "orderid", "payment_system_id", "unique_id", "status",
		"repeat_counter", "pending_datetime", "obtain_datetime", "success_datetime",
	}}
	text := func(v any) string { s, _ := v.(string); return s }
	for _, r := range rows {
		file.rows = append(file.rows, []any{
			r.ID, r.PayAmount, r.RefundAmount, r.ClientID, r.OrderID, r.PaymentSystemID, r.UniqueID, r.Status,
			r.RepeatCounter, text(r.PendingDatetime), text(r.ObtainDatetime), text(r.SuccessDatetime),
		})
	}
	return file
}

// exportPayments is GET /export/payments/: a workbook. All of its filter has to be there (PayKeeper
// docs, Экспорт данных).
func (g *paykeeper) exportPayments(c *call, m *merchant) reply {
	q := c.URL.Query()
	f, ok := readPaykeeperFilter(q)
	_, from := strconv.Atoi(q.Get("from"))
	_, limit := strconv.Atoi(q.Get("limit"))
	if !ok || from != nil || limit != nil || q.Get("type") != "xlsx" {
		return paykeeperFail(paykeeperNoFilter)
	}
	g.s.mu.Lock()
	rows := g.rows(m, f)
	rows = rows[min(f.skip, len(rows)):]
	file := g.registry(rows[:min(f.limit, len(rows))])
	g.s.mu.Unlock()
	answer, err := file.xlsx()
	if err != nil {
		g.s.log.Error("the registry cannot be written", "error", err)
		return g.refuse(refusedCrash)
	}
	return answer
}

// downloadRegistry answers GET /_sandbox/paykeeper/registry.csv and .xlsx?login=&start=&end=&status=:
// what the cabinet's button Download payment registry gives, for days of Moscow.
func (g *paykeeper) downloadRegistry(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	asked := url.Values{"start": {q.Get("start")}, "end": {q.Get("end")}, "status[]": q["status"], "limit": {"1000000"}}
	if len(q["status"]) == 0 {
		asked["status[]"] = paykeeperStates
	}
	for _, system := range paykeeperSystems {
		asked.Add("payment_system_id[]", system.ID)
	}
	f, ok := readPaykeeperFilter(asked)
	g.s.mu.Lock()
	m := g.s.merchantOf(g.code(), q.Get("login"))
	var file spreadsheet
	if m != nil {
		file = g.registry(g.rows(m, f))
	}
	g.s.mu.Unlock()
	switch {
	case !ok || m == nil:
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "start and end are days such as 2026-11-23, login is a cabinet's"})
	case r.PathValue("file") == "registry.csv":
		write(w, file.csv())
	case r.PathValue("file") == "registry.xlsx":
		answer, err := file.xlsx()
		if err != nil {
			answer = g.refuse(refusedCrash)
		}
		write(w, answer)
	default:
		http.NotFound(w, r)
	}
}
