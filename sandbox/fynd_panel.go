package sandbox

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// panelRoutes are the panel in which a seller installs an extension, enters credentials and sees payments.
func (g *fynd) panelRoutes(mux *http.ServeMux) {
	const at = "/_sandbox/fynd/panel/{key}/{company}/{application}"
	mux.HandleFunc("GET /_sandbox/fynd/panel", g.showPanels)
	mux.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) { g.showPanel(w, r, nil) })
	mux.HandleFunc("POST "+at+"/refund", g.inPanel(g.panelRefund))
	mux.HandleFunc("POST "+at+"/poll", g.inPanel(g.panelPoll))
	mux.HandleFunc("POST "+at+"/uninstall", g.inPanel(g.panelUninstall))
}

// panelLine is an extension in one sales channel.
type panelLine struct {
	Extension fyndExtension
	Channel   fyndChannel
	Install   *fyndInstall
	Path      string
}

// line is an extension in a channel of it. The caller holds the lock.
func (g *fynd) line(e *fyndExtension, ch fyndChannel) panelLine {
	l := panelLine{Extension: *e, Channel: ch}
	if now := g.install(e.APIKey, ch.Company); now != nil && !now.Gone {
		l.Install = clone(now)
	}
	l.Path = "/_sandbox/fynd/panel/" + url.PathEscape(e.APIKey) + "/" + url.PathEscape(ch.Company) + "/" + url.PathEscape(ch.Application)
	return l
}

func (g *fynd) showPanels(w http.ResponseWriter, _ *http.Request) {
	g.s.mu.Lock()
	var lines []panelLine
	for _, e := range g.extensions.oldest() {
		for _, ch := range e.Channels {
			lines = append(lines, g.line(e, ch))
		}
	}
	g.s.mu.Unlock()
	write(w, page("fynd_panels.html", http.StatusOK, map[string]any{"Title": "Fynd panel", "Lines": lines}))
}

// panelPayment is a payment in the panel, its refunds in order.
type panelPayment struct {
	fyndPayment
	Asked []panelRefund
	Left  string // what is not refunded yet, in the main unit
}

type panelRefund struct {
	Request string
	fyndRefund
}

func inPanel(p *fyndPayment) panelPayment {
	shown := panelPayment{fyndPayment: *clone(p)}
	left := p.AmountMinor
	for _, request := range slices.Sorted(maps.Keys(p.Refunds)) {
		refund := p.Refunds[request]
		shown.Asked = append(shown.Asked, panelRefund{request, refund})
		if refund.Status != "refund_failed" && refund.Status != "refund_rejected" {
			left -= refund.AmountMinor
		}
	}
	if p.Status == "complete" && left > 0 {
		shown.Left = decimal(left, p.Currency)
	}
	return shown
}

// showPanel is an extension in a sales channel: installed or not, its own page in a frame, and its payments.
func (g *fynd) showPanel(w http.ResponseWriter, r *http.Request, problem error) {
	company, application := r.PathValue("company"), r.PathValue("application")
	g.s.mu.Lock()
	e := g.extensions.get(r.PathValue("key"))
	if e == nil {
		g.s.mu.Unlock()
		write(w, sentence(http.StatusNotFound, "Not found", "There is no such extension."))
		return
	}
	l := g.line(e, e.channel(company, application))
	var payments []panelPayment
	for _, p := range g.payments.newest() {
		if p.Extension == e.APIKey && p.Company == company && p.Application == application && len(payments) < 50 {
			payments = append(payments, inPanel(p))
		}
	}
	g.s.mu.Unlock()
	frame := ""
	if r.URL.Query().Has("open") {
		frame = l.Extension.BaseURL + "/fp/install?" + url.Values{"application_id": {application}, "company_id": {company}}.Encode()
	}
	status, text := http.StatusOK, ""
	if problem != nil {
		status, text = http.StatusUnprocessableEntity, problem.Error()
	}
	answer := page("fynd_panel.html", status, map[string]any{
		"Title": l.Extension.Name, "Line": l, "Frame": frame, "Payments": payments, "Problem": text,
	})
	answer.header.Set("Content-Security-Policy", pagePolicy+"; frame-src 'self' "+l.Extension.host())
	write(w, answer)
}

// inPanel does what a button of the panel says and shows the panel again.
func (g *fynd) inPanel(do func(e *fyndExtension, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		g.s.mu.Lock()
		e := g.extensions.get(r.PathValue("key"))
		g.s.mu.Unlock()
		err := errors.New("there is no such extension")
		if e != nil {
			if err = do(e, r); err == nil {
				err = g.s.journal.sync()
			}
		}
		if err != nil {
			g.showPanel(w, r, err)
			return
		}
		g.s.mu.Lock()
		l := g.line(e, fyndChannel{Company: r.PathValue("company"), Application: r.PathValue("application")})
		g.s.mu.Unlock()
		http.Redirect(w, r, l.Path, http.StatusSeeOther)
	}
}

// panelRefund asks the extension to give back money of a payment.
func (g *fynd) panelRefund(e *fyndExtension, r *http.Request) error {
	gid := r.PostFormValue("gid")
	g.s.mu.Lock()
	p := g.payments.get(gid)
	if p == nil || p.Extension != e.APIKey {
		g.s.mu.Unlock()
		return errors.New("there is no such payment")
	}
	currency := p.Currency
	g.s.mu.Unlock()
	amount, ok := minorUnits(r.PostFormValue("amount"), currency)
	if !ok || amount == 0 {
		return errors.New(r.PostFormValue("amount") + " is no amount in " + currency)
	}
	out, err := g.giveBack(fyndReturn{asking: asking{Key: e.APIKey}, GID: gid, AmountMinor: amount})
	if err != nil {
		return err
	}
	return out.Answers[0].says(&struct{}{})
}

// panelPoll asks the extension how a payment stands.
func (g *fynd) panelPoll(_ *fyndExtension, r *http.Request) error {
	_, err := g.poll(r.PostFormValue("gid"))
	return err
}

// panelUninstall is rid of the extension for the company.
func (g *fynd) panelUninstall(e *fyndExtension, r *http.Request) error {
	_, err := g.uninstall(r, fyndPlace{asking: asking{Key: e.APIKey}, Company: r.PathValue("company")})
	return err
}
