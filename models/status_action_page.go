package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kartify/kartify/gateways"
	"github.com/kartify/kartify/lang"
)

// StatusActionsPage is what Systems > Order status actions shows of one store.
type StatusActionsPage struct {
	Stores   []Store
	Store    *Store // nil when the person sees none
	Statuses []OrderStatus
	Gateways []StatusGateway // those that can be driven first
}

// StatusGateway is a payment method and whether changes of order status can drive it in a store.
type StatusGateway struct {
	Driver gateways.Driver
	Why    lang.Text // it cannot: a sentence
	Able   bool      // it could, once the store has it
	Rules  *StatusRuleSet
}

// Chosen are the gateways that can be driven in the store.
func (p *StatusActionsPage) Chosen() []StatusGateway {
	return slices.DeleteFunc(slices.Clone(p.Gateways), func(g StatusGateway) bool { return g.Why.Format != "" })
}

// NoneInstalled is why nothing can be set for the store, in the language of who asked, or "".
func (p *StatusActionsPage) NoneInstalled(ctx context.Context) string {
	if p.Store == nil || len(p.Chosen()) > 0 {
		return ""
	}
	var names []string
	for _, g := range p.Gateways {
		if g.Able {
			names = append(names, g.Driver.Name)
		}
	}
	if len(names) == 0 {
		return lang.T(ctx, "No payment method that kartify knows can be driven by order status.")
	}
	either := names[0]
	for _, name := range names[1:] {
		either = lang.T(ctx, "%s or %s", either, name)
	}
	return lang.T(ctx, "Order status actions need %s in %s, and neither is set up there. Enter its settings under Extensions > Extensions > Payment first.", either, p.Store.Name)
}

// StatusActionsPage reads the settings of a store, or of the first one with something to set when store is 0.
func (db *DB) StatusActionsPage(ctx context.Context, store int64) (*StatusActionsPage, error) {
	page := &StatusActionsPage{}
	var err error
	if page.Stores, err = db.Stores(ctx); err != nil {
		return nil, err
	}
	if page.Statuses, err = db.OrderStatuses(ctx); err != nil {
		return nil, err
	}
	for i := range page.Stores {
		if store != 0 && page.Stores[i].ID != store {
			continue
		}
		list, err := db.statusGateways(ctx, &page.Stores[i])
		if err != nil {
			return nil, err
		}
		able := slices.ContainsFunc(list, func(g StatusGateway) bool { return g.Why.Format == "" })
		if page.Store == nil || able {
			page.Store, page.Gateways = &page.Stores[i], list
		}
		if able {
			break
		}
	}
	if store != 0 && page.Store == nil {
		return nil, ErrNotFound
	}
	return page, nil
}

// statusGateways are all payment methods of a store, those that can be driven first.
func (db *DB) statusGateways(ctx context.Context, store *Store) ([]StatusGateway, error) {
	var list []StatusGateway
	for _, driver := range db.Drivers() {
		if driver.Partner {
			continue
		}
		g, err := db.statusGateway(ctx, store, driver)
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	slices.SortStableFunc(list, func(a, b StatusGateway) int { return a.order() - b.order() })
	return list, nil
}

func (g StatusGateway) order() int {
	switch {
	case g.Why.Format == "":
		return 0
	case g.Able:
		return 1
	}
	return 2
}

// statusGateway says whether a store can drive a gateway by order status, and with which rules it does.
func (db *DB) statusGateway(ctx context.Context, store *Store, driver gateways.Driver) (StatusGateway, error) {
	g := StatusGateway{Driver: driver, Able: driver.Can.ByStatus}
	if !g.Able {
		g.Why = notByStatus(driver)
		return g, nil
	}
	var enabled []bool
	err := db.in(ctx).Model(&GatewaySettings{}).Scopes(scoped(ctx, "gateway_settings")).
		Where("store_id = ? AND gateway = ? AND current", store.ID, driver.Code).Pluck("enabled", &enabled).Error
	if err != nil {
		return g, fmt.Errorf("read the settings of %s: %w", driver.Code, err)
	}
	switch {
	case len(enabled) == 0:
		g.Why = lang.Textf("%s is not set up for %s. Enter its settings under Extensions > Extensions > Payment.", driver.Name, store.Name)
	case !slices.Contains(enabled, true):
		g.Why = lang.Textf("%s is switched off for %s under Extensions > Extensions > Payment.", driver.Name, store.Name)
	}
	g.Rules, err = db.statusRules(ctx, store.ID, driver.Code)
	return g, err
}

// notByStatus is why a gateway is not offered at all.
func notByStatus(driver gateways.Driver) lang.Text {
	var lacks lacking
	for _, g := range StatusGroups {
		if !driver.Can.Does(g.Action.verb()) {
			lacks = append(lacks, g.Title)
		}
	}
	if len(lacks) == 0 {
		return lang.Textf("%s is not fully integrated: its payments are driven by the buttons of the order.", driver.Name)
	}
	return lang.Textf("%s is not fully integrated: it has no %s that kartify could ask for.", driver.Name, lacks)
}

// lacking are the titles of groups of actions a gateway has none of.
type lacking []string

func (l lacking) String() string {
	said := strings.ToLower(strings.Join(l, ", no "))
	if i := strings.LastIndex(said, ", no "); i >= 0 {
		said = said[:i] + " and" + said[i+1:]
	}
	return said
}

// In is the list in the language.
func (l lacking) In(ctx context.Context) string {
	said := make([]string, len(l))
	for i, title := range l {
		said[i] = strings.ToLower(lang.T(ctx, title))
	}
	return strings.Join(said, ", ")
}

// OrderStatuses are all order statuses in their order.
func (db *DB) OrderStatuses(ctx context.Context) ([]OrderStatus, error) {
	var list []OrderStatus
	if err := db.in(ctx).Order("position, code").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("read the order statuses: %w", err)
	}
	return list, nil
}
