package handlers

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views"
	"github.com/kartify/kartify/web"
)

type reconciliationParam struct {
	ID  int64 `param:"reconciliation"`
	Row int64 `param:"row"`
}

// ShowReconciliation is one file, and what of it differs.
func (h *Handlers) ShowReconciliation(c echo.Context) error {
	row, _ := strconv.ParseInt(c.QueryParam("row"), 10, 64) // what is no number is no row
	return h.showReconciliation(c, http.StatusOK, c.QueryParams(), row, nil)
}

func (h *Handlers) showReconciliation(c echo.Context, status int, q url.Values, row int64, change func(*views.ReconciliationView)) error {
	v, err := h.reconciliation(c, q)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if v.Rows, v.Before, v.After, err = h.DB.ReconciliationRows(ctx, v.Reconciliation, v.Filter); err != nil {
		return err
	}
	if v.Tally, err = h.DB.TallyRows(ctx, v.Reconciliation); err != nil {
		return err
	}
	if v.Fees, err = h.DB.ReconciliationFees(ctx, v.Reconciliation); err != nil {
		return err
	}
	if row > 0 {
		if v.Chosen, err = h.DB.ReconciliationRow(ctx, v.Reconciliation, row); err != nil {
			return err
		}
	}
	if change != nil {
		change(&v)
	}
	return web.Render(c, status, views.ReconciliationPage(web.Page(c, "/sales/reconciliations", v.FileName), v))
}

// reconciliation reads a file's record and the filter of a query.
func (h *Handlers) reconciliation(c echo.Context, q url.Values) (v views.ReconciliationView, err error) {
	var param reconciliationParam
	if param.ID, err = strconv.ParseInt(c.Param("reconciliation"), 10, 64); err != nil {
		return v, models.ErrNotFound
	}
	ctx, user := c.Request().Context(), web.User(c)
	v = views.ReconciliationView{User: user, CSRF: web.CSRF(c), Now: time.Now()}
	if v.Reconciliation, err = h.DB.Reconciliation(ctx, param.ID); err != nil {
		return v, err
	}
	if v.Store, err = h.DB.Store(ctx, v.StoreID); err != nil {
		return v, err
	}
	number := func(name string) int64 { n, _ := strconv.ParseInt(q.Get(name), 10, 64); return max(n, 0) }
	v.Filter = models.RowFilter{Class: models.RowClass(q.Get("class")), State: q.Get("state"), Q: q.Get("q"), After: number("after"), Before: number("before"), Limit: 50}
	if limit := number("limit"); limit > 0 {
		v.Filter.Limit = int(min(limit, 500))
	}
	if q.Get("owner") == "me" {
		v.Filter.Owner = user.ID
	}
	return v, nil
}

// ReconciliationProgress is how far a file is. When it is done the page is shown anew.
func (h *Handlers) ReconciliationProgress(c echo.Context) error {
	v, err := h.reconciliation(c, url.Values{})
	if err != nil {
		return err
	}
	if !v.Open() {
		c.Response().Header().Set("HX-Refresh", "true")
	}
	return web.Render(c, http.StatusOK, views.ReconciliationProgress(v))
}

type resolveForm struct {
	Action  string  `form:"action"`
	Comment string  `form:"comment"`
	Which   string  `form:"which"`
	Query   string  `form:"query"`
	Count   string  `form:"count"`
	Rows    []int64 `form:"row"`
}

// ResolveRow does something about one difference.
func (h *Handlers) ResolveRow(c echo.Context) error {
	var form resolveForm
	var param reconciliationParam
	if err := c.Bind(&param); err != nil {
		return err
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	said, err := h.DB.ResolveRow(c.Request().Context(), models.Resolution{
		ID: param.ID, Action: models.RowAction(form.Action), Comment: form.Comment, User: web.User(c), Address: c.RealIP(),
	}, param.Row)
	var problem *models.Problem
	if errors.As(err, &problem) {
		status := http.StatusUnprocessableEntity
		if problem.Conflict {
			status = http.StatusConflict
		}
		return h.showReconciliation(c, status, url.Values{}, param.Row, func(v *views.ReconciliationView) {
			v.Refused, v.Comment = problem, form.Comment
		})
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, views.ReconciliationPath(param.ID)+"?row="+strconv.FormatInt(param.Row, 10)+"#row")
}

// ResolveRows does something about several differences, after it was shown how many they are.
func (h *Handlers) ResolveRows(c echo.Context) error {
	var form resolveForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	_, query, _ := strings.Cut(form.Query, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		return models.FieldProblem("query", "The filter was damaged on its way. Open the page again.")
	}
	v, err := h.reconciliation(c, q)
	if err != nil {
		return err
	}
	back := views.ReconciliationPath(v.ID)
	if query != "" {
		back += "?" + query
	}
	f := v.Filter
	f.After, f.Before = 0, 0
	if form.Which != "all" {
		if f.Rows = form.Rows; len(f.Rows) == 0 {
			return models.FieldProblem("row", "Tick the rows that are meant first.")
		}
	}
	res := models.Resolution{ID: v.ID, Filter: f, Action: models.RowAction(form.Action), Comment: form.Comment, User: web.User(c), Address: c.RealIP()}
	b := views.ReconciliationBulk{Action: res.Action, Which: form.Which, Query: back, Rows: f.Rows}
	if b.Count, err = h.DB.CountRows(c.Request().Context(), v.Reconciliation, f); err != nil {
		return err
	}
	if form.Count == "" {
		return web.Render(c, http.StatusOK, views.ReconciliationBulkPage(web.Page(c, "/sales/reconciliations", v.FileName), v, b))
	}
	if res.Count, err = strconv.ParseInt(form.Count, 10, 64); err != nil {
		return models.FieldProblem("count", "The number of rows was damaged on its way. Open the page again.")
	}
	said, err := h.DB.ResolveRows(c.Request().Context(), res)
	var problem *models.Problem
	if errors.As(err, &problem) {
		v.Refused, v.Comment = problem, form.Comment
		return web.Render(c, http.StatusUnprocessableEntity, views.ReconciliationBulkPage(web.Page(c, "/sales/reconciliations", v.FileName), v, b))
	}
	if err != nil {
		return err
	}
	if err := web.Notice(c, said); err != nil {
		return err
	}
	return web.SeeOther(c, back)
}

// DownloadReconciliation is the file as it came.
func (h *Handlers) DownloadReconciliation(c echo.Context) error {
	v, err := h.reconciliation(c, url.Values{})
	if err != nil {
		return err
	}
	r, file, err := h.DB.OpenReconciliationFile(c.Request().Context(), v.ID, web.Actor(c))
	if err != nil {
		return err
	}
	kind := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == '.' {
			return r
		}
		return -1
	}, strings.ToLower(path.Ext(r.FileName)))
	fileHeaders(c, "", "reconciliation-"+strconv.FormatInt(r.ID, 10)+"-file"+kind)
	headers := c.Response().Header()
	headers.Set(echo.HeaderContentType, echo.MIMEOctetStream)
	headers.Set(echo.HeaderContentLength, strconv.FormatInt(r.Bytes, 10))
	headers.Set("Repr-Digest", digest(r.SHA256))
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(newDownload(c), file); err != nil {
		panic(http.ErrAbortHandler) // fewer bytes than the header says
	}
	return nil
}

// ExportReconciliation is the rows that fit a filter as CSV or XLSX.
func (h *Handlers) ExportReconciliation(c echo.Context) error {
	v, err := h.reconciliation(c, c.QueryParams())
	if err != nil {
		return err
	}
	if v.State != models.ReconciliationDone {
		return models.ErrNotFound
	}
	format := strings.TrimPrefix(path.Ext(c.Path()), ".")
	fileHeaders(c, format, "reconciliation-"+strconv.FormatInt(v.ID, 10)+"."+format)
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	file := views.NewReconciliationFile(format, newDownload(c))
	err = h.DB.EachReconciliationRow(c.Request().Context(), v.Reconciliation, v.Filter, func(row *models.ReconciliationRow) error {
		return views.AddReconciliationRow(file, v.Reconciliation, row)
	})
	if err == nil {
		err = file.Close(views.ReconciliationCover(v.Reconciliation))
	}
	if err != nil {
		panic(http.ErrAbortHandler) // cut short for all to see
	}
	return nil
}
