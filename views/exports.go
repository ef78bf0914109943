package views

import (
	"context"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// ExportsView is the exports a person may see.
type ExportsView struct {
	Exports []*models.Export
	Choices *models.OrderChoices
	CSRF    string
	Now     time.Time
}

// ExportPath is where an export is found on its page.
func ExportPath(e *models.Export) string { return "/exports#export-" + e.ID }

func exportFile(e *models.Export) string   { return "/exports/" + e.ID + "/file" }
func exportDelete(e *models.Export) string { return "/exports/" + e.ID + "/delete" }

// StreamPath is where a list is downloaded from while its file is made.
func StreamPath(format string, query url.Values, withMissing bool) string {
	if withMissing {
		query.Set("missing", "include")
	}
	return withQuery("/sales/orders/export."+format, query)
}

// live has the page ask for news as long as an export is being made.
func (v ExportsView) live() templ.Attributes {
	if !slices.ContainsFunc(v.Exports, (*models.Export).Open) {
		return nil
	}
	return templ.Attributes{"hx-get": "/exports/progress", "hx-trigger": "every 1s", "hx-swap": "outerHTML", "data-background": "true"}
}

// filter is what an export is of, in words.
func (v ExportsView) filter(ctx context.Context, e *models.Export) (filter, missing string) {
	q, err := url.ParseQuery(e.Query)
	if err != nil {
		return e.Query, ""
	}
	f, _ := models.ReadOrderFilter(q, v.Choices)
	return filterWords(ctx, f, v.Choices), missingWords(f, v.Choices)
}

func (v ExportsView) zone(e *models.Export) *time.Location {
	if len(e.Stores) == 0 {
		return time.UTC
	}
	return v.Choices.Zone(e.Stores[0])
}

// state is the word for how far an export has come.
func (v ExportsView) state(e *models.Export) (ui.Kind, string) {
	switch {
	case e.State == models.ExportQueued:
		return ui.Neutral, "Waiting"
	case e.State == models.ExportRunning && e.Streamed:
		return ui.Busy, "Being downloaded"
	case e.State == models.ExportRunning:
		return ui.Busy, "Being made"
	case e.State == models.ExportFailed:
		return ui.Bad, "Failed"
	case e.HasFile(v.Now):
		return ui.Good, "Ready"
	case e.State == models.ExportDone && e.Streamed:
		return ui.Good, "Downloaded"
	}
	return ui.Neutral, "Deleted after a day"
}

// far says how many orders are in the file, or will be.
func far(ctx context.Context, e *models.Export) string {
	switch {
	case e.State == models.ExportQueued:
		return lang.T(ctx, "Not begun yet")
	case e.Promised == nil && e.Open():
		return lang.T(ctx, "Counting the orders")
	case e.Promised == nil:
		return lang.T(ctx, "No orders")
	case e.State == models.ExportDone || e.State == models.ExportExpired:
		return lang.N(ctx, "%s order, as many as promised", "%s orders, as many as promised", int(e.Written), counted(ctx, e.Written))
	}
	return lang.T(ctx, "%s of %s orders", counted(ctx, e.Written), counted(ctx, *e.Promised))
}

// written names the number of orders written: while there is no whole file they are not in one.
func written(e *models.Export) string {
	if e.State == models.ExportDone || e.State == models.ExportExpired {
		return "Orders in the file"
	}
	return "Orders written"
}

func formatName(format string) string {
	return map[string]string{models.ExportCSV: "CSV", models.ExportXLSX: "Excel"}[format]
}

// sizeOf is a number of bytes as the language of the page writes it.
func sizeOf(ctx context.Context, bytes int64) string {
	switch {
	case bytes >= 1<<20:
		return lang.T(ctx, "%s MB", lang.Number(ctx, strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64)))
	case bytes >= 1<<10:
		return lang.T(ctx, "%d kB", bytes>>10)
	}
	return lang.T(ctx, "%d bytes", bytes)
}

// grouped is a number with its thousands set apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// counted is a number as the language of the page writes it.
func counted(ctx context.Context, n int64) string { return lang.Number(ctx, grouped(n)) }

func hexOf(sum []byte) string { return hex.EncodeToString(sum) }

// exportQuery is the filter of the list as an export takes it.
func (v OrderListView) exportQuery() string {
	f := v.Filter.FirstPage()
	f.Limit, f.Columns = 0, nil
	return f.Query().Encode()
}

// exportTally counts the orders of the list to the last.
func (v OrderListView) exportTally() string { return withRawQuery("/exports/count", v.exportQuery()) }

// exportCount says how many orders the list has.
func (v OrderListView) exportCount(ctx context.Context) string {
	switch total := v.total(); {
	case total == "":
		return lang.T(ctx, "Very many orders match")
	case v.Tally.More:
		return lang.N(ctx, "More than %s order matches", "More than %s orders match", v.Tally.Total, counted(ctx, int64(v.Tally.Total)))
	default:
		return lang.N(ctx, "%s order matches", "%s orders match", v.Tally.Total, counted(ctx, int64(v.Tally.Total)))
	}
}

// large says whether the file is better made in the background.
func (v OrderListView) large() bool {
	return v.Tally == nil || v.Tally.More || v.Tally.Total > models.ExportThreshold
}

// missingQuestion asks whether missing orders that match are wanted too; empty when there is nothing to ask.
func (v OrderListView) missingQuestion(ctx context.Context) string {
	switch {
	case v.Filter.WithMissing():
		return ""
	case v.Tally == nil && len(v.Filter.Statuses) == 0:
		return lang.T(ctx, "Missing orders may match this filter: include them?")
	case v.hidden() > 0:
		return lang.N(ctx, "%s missing order matches this filter: include it?", "%s missing orders match this filter: include them?", v.hidden(), v.missingCount(ctx))
	}
	return ""
}

// missingCount is how many missing orders match. The form itself counts them to the last, the list no further
// than MaxAside.
func (v OrderListView) missingCount(ctx context.Context) string {
	if n := v.hidden(); n != models.MaxAside+1 {
		return counted(ctx, int64(n))
	}
	return upTo(v.hidden(), models.MaxAside)
}

// missingRemark says what the file has of missing orders when there is no question.
func (v OrderListView) missingRemark() string {
	switch {
	case v.Filter.WithMissing() && len(v.Filter.Statuses) == 1:
		return "These are missing orders alone."
	case v.Filter.WithMissing():
		return "Missing orders are among them, as the filter says."
	case len(v.Filter.Statuses) > 0:
		return "No missing orders: the filter names other statuses."
	}
	return "No missing order matches."
}
