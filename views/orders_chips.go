package views

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kartify/kartify/lang"
	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/views/ui"
)

// chips are the filters in force, each with the list as it would be without it.
func (v OrderListView) chips(ctx context.Context) []ui.Chip {
	f := v.Filter.FirstPage()
	var chips []ui.Chip
	chip := func(label, value string, without func(f *models.OrderFilter)) {
		if value == "" {
			return
		}
		left := f
		without(&left)
		chips = append(chips, ui.Chip{Label: label, Value: value, Path: OrdersPath(left)})
	}
	chip("Search", f.Q, func(f *models.OrderFilter) { f.Q, f.Parts = "", false })
	chip("Order ID", f.OrderID, func(f *models.OrderFilter) { f.OrderID = "" })
	chip("Partner order ID", f.PartnerOrderID, func(f *models.OrderFilter) { f.PartnerOrderID = "" })
	chip("Customer", f.Customer, func(f *models.OrderFilter) { f.Customer = "" })
	for _, code := range f.Statuses {
		chip("Status", v.Choices.Status(code).Label, func(f *models.OrderFilter) { f.Statuses = without(f.Statuses, code) })
	}
	for _, event := range f.Events {
		chip("Has received", event, func(f *models.OrderFilter) {
			f.Events = without(f.Events, event)
			if event == models.EventRefundInitiated {
				f.Waiting = ""
			}
		})
	}
	chip("Refunds", v.waitingChip(ctx), func(f *models.OrderFilter) {
		if f.Waiting == "" {
			f.Waiting = "all"
		} else {
			f.Waiting = ""
		}
	})
	if f.Store != 0 {
		chip("Store", v.storeName(f.Store), func(f *models.OrderFilter) { f.Store = 0 })
	}
	chip("Gateway", v.gatewayName(f.Gateway), func(f *models.OrderFilter) { f.Gateway = "" })
	chip("Payment method", f.PaymentMethod, func(f *models.OrderFilter) { f.PaymentMethod = "" })
	chip("Date added", daysText(ctx, f.Added), func(f *models.OrderFilter) { f.Added = models.DayRange{} })
	chip("Date modified", daysText(ctx, f.Modified), func(f *models.OrderFilter) { f.Modified = models.DayRange{} })
	chip("Reconciliation", reconciledName(f.Reconciled), func(f *models.OrderFilter) { f.Reconciled = "" })
	chip("Authorization", deadlineName(f.Deadline), func(f *models.OrderFilter) { f.Deadline = "" })
	chip("Status action", actionName(f.Action), func(f *models.OrderFilter) { f.Action = "" })
	chip("Total", fromTo(ctx, lang.Number(ctx, f.AmountFrom), lang.Number(ctx, f.AmountTo)), func(f *models.OrderFilter) { f.AmountFrom, f.AmountTo = "", "" })
	return chips
}

// waitingChip says which of the requested refunds are shown.
func (v OrderListView) waitingChip(ctx context.Context) string {
	switch {
	case v.Filter.Waiting == "done":
		return lang.T(ctx, "answered only")
	case v.Filter.Waiting == "all":
		return lang.T(ctx, "waiting and answered")
	case !v.Filter.OnlyWaiting():
		return ""
	case v.Tally == nil || v.Tally.Done == 0:
		return lang.T(ctx, "waiting only")
	}
	return lang.T(ctx, "waiting only (%s done hidden)", upTo(v.Tally.Done, models.MaxAside-1))
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == one })
}

func daysText(ctx context.Context, days models.DayRange) string {
	if days.From != "" && days.From == days.To {
		return days.From
	}
	return fromTo(ctx, days.From, days.To)
}

func fromTo(ctx context.Context, from, to string) string {
	switch {
	case from == "" && to == "":
		return ""
	case to == "":
		return lang.T(ctx, "from %s", from)
	case from == "":
		return lang.T(ctx, "up to %s", to)
	}
	return from + " – " + to
}

// typedAmount is an amount of the filter as its reader types it.
func typedAmount(ctx context.Context, amount string) string {
	if local := lang.Number(ctx, amount); lang.Typed(ctx, local) == amount {
		return local
	}
	return amount
}

func (v OrderListView) gatewayName(code string) string {
	if i := slices.IndexFunc(v.Gateways, func(o ui.Option) bool { return o.Value == code }); i >= 0 && code != "" {
		return v.Gateways[i].Label
	}
	return code
}

// gatewayOptions are the gateways to choose from, with the one in force even if nobody knows it.
func (v OrderListView) gatewayOptions() []ui.Option {
	options := append([]ui.Option{{Label: "Any gateway"}}, v.Gateways...)
	if code := v.Filter.Gateway; code != "" && v.gatewayName(code) == code {
		options = append(options, ui.Option{Value: code, Label: code})
	}
	return options
}

func (v OrderListView) storeOptions() []ui.Option {
	options := []ui.Option{{Label: "Any store"}}
	for _, s := range v.Choices.Stores {
		options = append(options, ui.Option{Value: fmt.Sprint(s.ID), Label: fmt.Sprintf("%s (%d)", s.Name, s.ID), Chosen: s.ID == v.Filter.Store})
	}
	return options
}

// statusOptions are all statuses but missing, which is a choice of its own.
func (v OrderListView) statusOptions() []ui.Option {
	var options []ui.Option
	for _, s := range v.Choices.Statuses {
		if s.Code != models.StatusMissing {
			options = append(options, ui.Option{Value: s.Code, Label: s.Label, Chosen: slices.Contains(v.Filter.Statuses, s.Code)})
		}
	}
	return options
}

func (v OrderListView) eventOptions() []ui.Option {
	events := slices.Clone(v.Choices.Events)
	for _, event := range append([]string{models.EventRefundInitiated}, v.Filter.Events...) {
		if !slices.Contains(events, event) {
			events = append(events, event)
		}
	}
	options := make([]ui.Option, len(events))
	for i, event := range events {
		options[i] = ui.Option{Value: event, Label: event, Chosen: slices.Contains(v.Filter.Events, event)}
	}
	return options
}

// zone says where the days of the filter begin.
func (v OrderListView) daysBegin(ctx context.Context) string {
	zones := v.Choices.Zones(v.Filter)
	switch {
	case len(zones) == 1:
		return zones[0]
	case len(zones) > 3:
		return lang.T(ctx, "the zone of each order's own store")
	}
	return lang.T(ctx, "the zone of each order's own store (%s)", strings.Join(zones, ", "))
}

// added is the choice of the days on which orders were added.
func (v OrderListView) added(ctx context.Context) ui.DateRangeView {
	return ui.DateRangeView{
		Label: "Date added", FromName: "added_from", From: v.Filter.Added.From, ToName: "added_to", To: v.Filter.Added.To,
		Zone: v.daysBegin(ctx), Presets: v.presets(), Target: orderTarget,
	}
}

// presets are spans of days people ask for most, ending today where the store is.
func (v OrderListView) presets() []ui.Link {
	today := v.Now
	if zones := v.Choices.Zones(v.Filter); len(zones) == 1 && len(v.Choices.Stores) > 0 {
		store := v.Choices.Stores[0].ID
		if v.Filter.Store != 0 {
			store = v.Filter.Store
		}
		today = today.In(v.Choices.Zone(store))
	}
	day := func(back int) string { return today.AddDate(0, 0, -back).Format("2006-01-02") }
	var links []ui.Link
	for _, p := range []struct {
		label string
		days  models.DayRange
	}{
		{"Today", models.DayRange{From: day(0), To: day(0)}},
		{"Yesterday", models.DayRange{From: day(1), To: day(1)}},
		{"Last 7 days", models.DayRange{From: day(6), To: day(0)}},
		{"Last 30 days", models.DayRange{From: day(29), To: day(0)}},
		{"This month", models.DayRange{From: day(today.Day() - 1), To: day(0)}},
	} {
		f := v.Filter.FirstPage()
		f.Added = p.days
		links = append(links, ui.Link{Label: p.label, Path: OrdersPath(f)})
	}
	return links
}

// fewFilters is how many of the filters behind More filters are in force.
func (v OrderListView) fewFilters() int {
	f, n := v.Filter, 0
	for _, set := range []bool{
		f.PartnerOrderID != "", f.Customer != "", f.Store != 0, f.Gateway != "", f.PaymentMethod != "",
		f.Modified != models.DayRange{}, f.Deadline != "", f.Reconciled != "", f.Action != "", f.AmountFrom != "" || f.AmountTo != "",
	} {
		if set {
			n++
		}
	}
	return n
}
