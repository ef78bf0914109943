package views

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// PrivacyConfirmation is what somebody types to erase a person.
const PrivacyConfirmation = "ERASE"

// PrivacyRows are the requests on a page.
const PrivacyRows = 50

// PrivacyView is what was wished for people's data.
type PrivacyView struct {
	Requests []*models.PrivacyRequest // one more than a page when there are older ones
	Stores   []models.Store
	CSRF     string
	Now      time.Time
	Later    bool // the first page
	Find     string
	Store    int64
	Preview  *models.PrivacyPreview // of somebody who was looked for
	Refused  *models.Problem
}

func (v PrivacyView) rows() []*models.PrivacyRequest {
	return v.Requests[:min(len(v.Requests), PrivacyRows)]
}

// pager leads to older requests.
func (v PrivacyView) pager() ui.PagerView {
	p := ui.PagerView{Noun: "requests"}
	if len(v.Requests) > PrivacyRows {
		p.Next = "/system/privacy?before=" + strconv.FormatInt(v.Requests[PrivacyRows-1].ID, 10)
	}
	if !v.Later {
		p.Prev = "/system/privacy"
	}
	return p
}

func (v PrivacyView) storeOptions() []ui.Option {
	options := make([]ui.Option, len(v.Stores))
	for i, store := range v.Stores {
		options[i] = ui.Option{Value: strconv.FormatInt(store.ID, 10), Label: fmt.Sprintf("%s (%d)", store.Name, store.ID), Chosen: store.ID == v.Store}
	}
	return options
}

// storesOf names the stores of a request.
func (v PrivacyView) storesOf(ctx context.Context, r *models.PrivacyRequest) string {
	var names []string
	for _, id := range r.Stores {
		name := strconv.FormatInt(id, 10)
		for _, store := range v.Stores {
			if store.ID == id {
				name = store.Name
			}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return lang.T(ctx, "no store here")
	}
	return strings.Join(names, ", ")
}

// privacyState is how far a request is: a colour and a word.
func privacyState(r *models.PrivacyRequest) (kind ui.Kind, word string) {
	switch r.State {
	case "done":
		return "green", "Done"
	case "waiting":
		return "amber", "Waiting"
	case "running":
		return "blue", "Under way"
	}
	if r.Problem != "" {
		return "amber", "Taken up again"
	}
	return "grey", "Queued"
}

var privacyWords = map[string]lang.Text{
	"orders": lang.Textf("orders"), "payments": lang.Textf("payments"), "attempts": lang.Textf("calls to gateways"), "webhooks": lang.Textf("webhooks"), "emails": lang.Textf("e-mails"),
	"notifications": lang.Textf("notifications to the shop"), "sessions": lang.Textf("Fynd sessions"), "exports": lang.Textf("exports"), "files": lang.Textf("files of a data request"),
	"reconciliations": lang.Textf("files of reconciliations"), "records": lang.Textf("other records"), "audit": lang.Textf("rows of the audit log"),
	"credentials": lang.Textf("gateway settings"), "tokens": lang.Textf("API tokens"),
}

// privacyCounts are what was touched as a sentence has it.
func privacyCounts(ctx context.Context, counts map[string]int64) string {
	return strings.Join(privacyParts(ctx, counts), ", ")
}

// privacyParts are what was touched, the orders first.
func privacyParts(ctx context.Context, counts map[string]int64) []string {
	var parts []string
	for _, name := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if (a == "orders") != (b == "orders") {
			return map[bool]int{true: -1, false: 1}[a == "orders"]
		}
		return strings.Compare(a, b)
	}) {
		if n := counts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", orElse(privacyWords[name].In(ctx), name), n))
		}
	}
	if len(parts) == 0 {
		return []string{lang.T(ctx, "nothing")}
	}
	return parts
}

// privacyOrigin is where a request came from, in words.
func privacyOrigin(ctx context.Context, r *models.PrivacyRequest) string {
	switch r.Origin {
	case "fynd":
		return lang.T(ctx, "Fynd, company %s", r.CompanyID)
	case "command":
		return lang.T(ctx, "Command line")
	}
	return r.ActorName
}

func privacyFilePath(r *models.PrivacyRequest) templ.SafeURL {
	return templ.SafeURL(fmt.Sprintf("/system/privacy/%d/file", r.ID))
}
