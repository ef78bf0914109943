package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

// mostQueued is how many open differences are listed over all files.
const mostQueued = 200

// ListReconciliations is Sales > Reconciliation.
func (h *Handlers) ListReconciliations(c echo.Context) error {
	return h.showReconciliations(c, http.StatusOK, nil)
}

func (h *Handlers) showReconciliations(c echo.Context, status int, change func(*views.ReconciliationsView)) error {
	ctx, user := c.Request().Context(), web.User(c)
	v := views.ReconciliationsView{Of: c.QueryParam("of"), Mine: c.QueryParam("owner") == "me", CSRF: web.CSRF(c), Now: time.Now(), Gateways: h.gatewayOptions()}
	v.Form.Days, v.Ask.Days = "gateway", "gateway"
	v.Mapping.Zone = "Asia/Kolkata"
	var err error
	if v.Stores, err = h.DB.Stores(ctx); err != nil {
		return err
	}
	if v.Mappings, err = h.DB.ReconciliationMappings(ctx); err != nil {
		return err
	}
	if id, _ := strconv.ParseInt(c.QueryParam("mapping"), 10, 64); id != 0 {
		for _, m := range v.Mappings {
			if m.ID == id {
				v.Mapping = *m
			}
		}
	}
	if change != nil {
		change(&v)
	}
	switch v.Of {
	case "queue":
		var owner int64
		if v.Mine {
			owner = user.ID
		}
		v.Queue, err = h.DB.ExceptionQueue(ctx, owner, mostQueued)
	case "mappings":
	case "figures":
		v.Class = models.RowClass(c.QueryParam("class"))
		v.Figures, err = h.DB.ReconciliationFigures(ctx, v.Class, plottedDays)
	default:
		v.Of = ""
		before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64) // what is no number is the beginning
		v.Begun = before > 0
		if v.Sources, err = h.DB.ReconciliationSources(ctx); err != nil {
			return err
		}
		v.List, v.More, err = h.DB.Reconciliations(ctx, before)
	}
	if err != nil {
		return err
	}
	return web.Render(c, status, views.ReconciliationsPage(web.Page(c, "/sales/reconciliations", "Reconciliation"), v))
}

type reconciliationForm struct {
	Store   int64  `form:"store"`
	Mapping int64  `form:"mapping"`
	Days    string `form:"days"`
	From    string `form:"from"`
	To      string `form:"to"`
}

// uploadPatience is how long a large file may take to arrive.
const uploadPatience = 10 * time.Minute

// CreateReconciliation is the upload form: the file is kept and compared in the background.
func (h *Handlers) CreateReconciliation(c echo.Context) error {
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(uploadPatience)) // where it cannot be moved, the usual one holds
	var form reconciliationForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	if parts := c.Request().MultipartForm; parts != nil {
		defer parts.RemoveAll() //nolint:errcheck // its temporary files
	}
	if form.Days == "" {
		form.Days = "gateway"
	}
	r, known, err := h.keepFile(c, form)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showReconciliations(c, http.StatusUnprocessableEntity, func(v *views.ReconciliationsView) {
			v.Of, v.Refused = "", problem
			v.Form = views.ReconciliationForm{Store: form.Store, Mapping: form.Mapping, Days: form.Days, From: form.From, To: form.To}
		})
	}
	if err != nil {
		return err
	}
	if known {
		if err := web.Notice(c, "This file was compared before. Nothing was changed; this is what came of it."); err != nil {
			return err
		}
	}
	return web.SeeOther(c, views.ReconciliationPath(r.ID))
}

func (h *Handlers) keepFile(c echo.Context, form reconciliationForm) (*models.Reconciliation, bool, error) {
	head, err := c.FormFile("file")
	if err != nil {
		return nil, false, models.FieldProblem("file", "Choose the file to compare.")
	}
	file, err := head.Open()
	if err != nil {
		return nil, false, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return h.DB.CreateReconciliation(c.Request().Context(), models.ReconciliationUpload{
		StoreID: form.Store, File: file, Name: head.Filename, Mapping: form.Mapping, Days: form.Days, From: form.From, To: form.To, User: web.User(c), Address: c.RealIP(),
	})
}

type fetchForm struct {
	Source string `form:"source"` // 43 ccavenue test
	Days   string `form:"days"`
	First  string `form:"first"`
	Last   string `form:"last"`
}

// FetchReconciliation has a gateway asked what it was paid, in the background.
func (h *Handlers) FetchReconciliation(c echo.Context) error {
	var form fetchForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	ask := models.ReconciliationFetch{Days: form.Days, From: form.First, To: form.Last, User: web.User(c), Address: c.RealIP()}
	store, rest, _ := strings.Cut(form.Source, " ")
	ask.StoreID, _ = strconv.ParseInt(store, 10, 64) // what is no number is no store
	ask.Gateway, ask.Mode, _ = strings.Cut(rest, " ")
	r, known, err := h.DB.FetchReconciliation(c.Request().Context(), ask)
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showReconciliations(c, http.StatusUnprocessableEntity, func(v *views.ReconciliationsView) {
			v.Of, v.Refused, v.Ask, v.Asked = "", problem, ask, true
		})
	}
	if err != nil {
		return err
	}
	if known {
		if err := web.Notice(c, "These days are being asked for already."); err != nil {
			return err
		}
	}
	return web.SeeOther(c, views.ReconciliationPath(r.ID))
}

// RetryReconciliation asks a gateway on, behind the days that are in.
func (h *Handlers) RetryReconciliation(c echo.Context) error {
	var param reconciliationParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	if err := h.DB.RetryReconciliation(c.Request().Context(), param.ID, web.Actor(c)); err != nil {
		return err
	}
	return web.SeeOther(c, views.ReconciliationPath(param.ID))
}

// SaveReconciliationMapping keeps what the columns of a file mean.
func (h *Handlers) SaveReconciliationMapping(c echo.Context) error {
	m := models.ReconciliationMapping{Columns: map[string]string{}}
	var form struct {
		Store    int64  `form:"store"`
		Name     string `form:"name"`
		Gateway  string `form:"gateway"`
		Currency string `form:"currency"`
		Zone     string `form:"zone"`
		Paid     string `form:"paid"`
		Refunded string `form:"refunded"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	m.StoreID, m.Name, m.Gateway, m.Currency, m.Zone, m.Paid, m.Refunded = form.Store, form.Name, form.Gateway, form.Currency, form.Zone, form.Paid, form.Refunded
	for _, field := range models.MappingFields {
		m.Columns[field.Value] = c.Request().PostForm.Get("column_" + field.Value)
	}
	err := h.DB.SaveReconciliationMapping(c.Request().Context(), &m, web.Actor(c))
	var problem *models.Problem
	if errors.As(err, &problem) {
		return h.showReconciliations(c, http.StatusUnprocessableEntity, func(v *views.ReconciliationsView) {
			v.Of, v.Refused, v.Mapping = "mappings", problem, m
		})
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, "The mapping is saved. Choose it when you upload a file."); err != nil {
		return err
	}
	return web.SeeOther(c, "/sales/reconciliations?of=mappings")
}
