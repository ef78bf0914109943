package handlers

import (
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

// ListExports is Sales > Exports.
func (h *Handlers) ListExports(c echo.Context) error {
	v, err := h.exports(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.ExportsPage(web.Page(c, "/exports", "Exports"), v))
}

// ExportProgress is the list of exports for itself, asked while one is being made.
func (h *Handlers) ExportProgress(c echo.Context) error {
	v, err := h.exports(c)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, views.ExportsRegion(v))
}

func (h *Handlers) exports(c echo.Context) (v views.ExportsView, err error) {
	ctx := c.Request().Context()
	v = views.ExportsView{CSRF: web.CSRF(c), Now: time.Now()}
	if v.Choices, err = h.DB.OrderChoices(ctx, web.User(c).ID); err != nil {
		return v, err
	}
	v.Exports, err = h.DB.Exports(ctx)
	return v, err
}

type exportForm struct {
	Query   string `form:"query"`   // of the list
	Missing string `form:"missing"` // "include"
	Format  string `form:"format"`
	When    string `form:"when"` // "now", or in the background
}

// CreateExport is the Export form of the order list. A file that is wanted now is downloaded while it is
// made; any other is made in the background.
func (h *Handlers) CreateExport(c echo.Context) error {
	var form exportForm
	if err := c.Bind(&form); err != nil {
		return err
	}
	query, err := url.ParseQuery(form.Query)
	if err != nil {
		return models.FieldProblem("query", "The filter of the list was damaged on its way. Open the list again.")
	}
	if form.When == "now" && (form.Format == models.ExportCSV || form.Format == models.ExportXLSX) {
		return c.Redirect(http.StatusSeeOther, views.StreamPath(form.Format, query, form.Missing == "include"))
	}
	e, err := h.DB.CreateExport(c.Request().Context(), models.ExportRequest{
		Query: query, WithMissing: form.Missing == "include", Format: form.Format, User: web.User(c), Address: c.RealIP(),
	})
	if err != nil {
		return err
	}
	return web.SeeOther(c, views.ExportPath(e))
}

// ExportOrders sends the whole list as a file while it is made. A download that breaks off is cut short
// for all to see, so that no part of it can pass for the whole.
func (h *Handlers) ExportOrders(c echo.Context) error {
	format := strings.TrimPrefix(path.Ext(c.Path()), ".")
	if c.Request().Method == http.MethodHead {
		fileHeaders(c, format, "orders."+format)
		return c.NoContent(http.StatusOK)
	}
	query := c.QueryParams()
	stream, err := h.DB.StreamExport(c.Request().Context(), models.ExportRequest{
		Query: query, WithMissing: query.Get("missing") == "include", Format: format, User: web.User(c), Address: c.RealIP(),
	})
	if err != nil {
		return err
	}
	fileHeaders(c, format, stream.FileName())
	headers := c.Response().Header()
	headers.Set("Trailer", "Repr-Digest, X-Orders")
	c.Response().WriteHeader(http.StatusOK)
	if err := stream.Send(c.Request().Context(), newDownload(c)); err != nil {
		panic(http.ErrAbortHandler)
	}
	headers.Set("Repr-Digest", digest(stream.SHA256))
	headers.Set("X-Orders", strconv.FormatInt(stream.Written, 10))
	return nil
}

type exportParam struct {
	ID string `param:"export"`
}

// DownloadExport sends a file that was made in the background.
func (h *Handlers) DownloadExport(c echo.Context) error {
	var form exportParam
	if err := c.Bind(&form); err != nil {
		return err
	}
	ctx, head := c.Request().Context(), c.Request().Method == http.MethodHead
	open := h.DB.OpenExport
	if head {
		open = h.DB.ReadyExport // who asks what there is downloads nothing
	}
	e, err := open(ctx, form.ID, web.Actor(c))
	if err != nil {
		return err
	}
	fileHeaders(c, e.Format, e.FileName())
	headers := c.Response().Header()
	headers.Set(echo.HeaderContentLength, strconv.FormatInt(e.Bytes, 10))
	headers.Set("Repr-Digest", digest(e.SHA256))
	c.Response().WriteHeader(http.StatusOK)
	if head {
		return nil
	}
	to := newDownload(c)
	for n := range e.Pieces {
		piece, err := h.DB.ExportPiece(ctx, e, n)
		if err == nil {
			_, err = to.Write(piece)
		}
		if err != nil {
			panic(http.ErrAbortHandler) // fewer bytes than the header says
		}
	}
	return nil
}

// DeleteExport cancels an export or deletes its file.
func (h *Handlers) DeleteExport(c echo.Context) error {
	var form exportParam
	if err := c.Bind(&form); err != nil {
		return err
	}
	if _, err := h.DB.RemoveExport(c.Request().Context(), form.ID, web.Actor(c)); err != nil {
		return err
	}
	return web.SeeOther(c, "/exports")
}
