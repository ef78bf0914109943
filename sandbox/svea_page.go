package sandbox

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
)

// openPage is the page a buyer pays on: the one within the snippet of a checkout order.
func (g *svea) openPage(c *call) reply {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	k := g.checkouts.get(c.PathValue("id"))
	if k == nil || k.Status == "Cancelled" {
		return sentence(http.StatusNotFound, "This payment cannot be started", "The order is not known here, or it is over.")
	}
	if k.Status == "Final" {
		return sentence(http.StatusOK, "Already paid", "This purchase is complete.")
	}
	return page("svea.html", http.StatusOK, map[string]any{
		"Title": "Pay with Svea", "Items": k.Wire.Cart.Items, "AmountMinor": k.amount(), "Currency": k.Wire.Currency, "ID": k.key(),
		"Order": k.Wire.Number, "Back": sveaURL(k.Wire.Settings.Checkout, k.key()),
	})
}

// pay is the buyer pressing one of the page's buttons. Before that the shop may be asked whether the
// order is still good.
func (g *svea) pay(c *call) reply {
	c.accept()
	form, _ := checkoutForm(c)
	outcome, chosen := form.Get("outcome"), form.Get("type")
	g.s.mu.Lock()
	k := g.checkouts.get(c.PathValue("id"))
	validate := ""
	if k != nil && k.Status == "Created" && (outcome == "pay" || outcome == "pending") {
		validate = sveaURL(k.Wire.Settings.Validation, k.key())
	}
	g.s.mu.Unlock()
	if validate != "" && !g.valid(c.Context(), validate) {
		return sentence(http.StatusConflict, "The shop does not take the order", "Nothing was paid.")
	}

	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if k == nil || k.Status == "Cancelled" {
		return sentence(http.StatusNotFound, "This payment cannot be started", "The order is not known here, or it is over.")
	}
	confirmation, back := sveaURL(k.Wire.Settings.Confirmation, k.key()), sveaURL(k.Wire.Settings.Checkout, k.key())
	switch {
	case k.Status == "Final": // a second press changes nothing
		return backTo(confirmation)
	case outcome == "pay" || outcome == "pending":
		if sveaAdminTypes[chosen] == "" {
			return sentence(http.StatusBadRequest, "This payment cannot be started", "The way of paying is not one of this page.")
		}
		g.complete(c, k, chosen, outcome == "pending")
		return backTo(confirmation)
	case outcome == "cancel":
		k.Status = "Cancelled"
		g.checkouts.put(k.key(), k)
		g.s.emit(g.push(k.Wire.Settings.Push, k.key()))
		return backTo(back)
	}
	return sentence(http.StatusOK, "Payment declined", "The order can still be paid in another way.")
}

func backTo(to string) reply {
	return reply{http.StatusSeeOther, http.Header{"Location": {to}, "Cache-Control": {"no-store"}}, nil}
}

// complete makes an order of a purchase. The caller holds the lock.
func (g *svea) complete(c *call, k *sveaCheckout, chosen string, pending bool) {
	k.Status, k.Type = "Final", chosen
	g.checkouts.put(k.key(), k)
	m := g.s.merchantOf(g.code(), k.Merchant)
	o := g.newOrder(m, k.ID, sveaAdminTypes[chosen], slices.Clone(k.Wire.Cart.Items), k.Wire.Currency)
	o.Entity.MerchantOrderID = k.Wire.Number
	o.Entity.Billing = sveaAddress{Name: "Test Kund", Street: "Gatan 1", Code: "11122", City: "Stockholm", Country: k.Wire.Country}
	o.PushURL = k.Wire.Settings.Push
	if pending {
		o.hold()
	}
	g.place(o)
	if c.plan.hidden {
		gone := clone(o)
		gone.Merchant = "" // it is nobody's yet
		g.show.note(o.key(), "payment", gone, c.plan)
	}
	g.s.emit(g.push(o.PushURL, o.key()))
	g.tell(o, "CheckoutOrder.Created", nil)
}

// hold makes an order one that Svea is still looking at.
func (o *sveaOrder) hold() {
	text := "The order is being reviewed."
	o.Entity.SystemStatus, o.Entity.SystemMessage = "Pending", &text
}

// valid asks the shop whether an order is still good.
func (g *svea) valid(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	answer, err := g.s.client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	var out struct {
		Valid bool `json:"Valid"`
	}
	return err == nil && answer.StatusCode == http.StatusOK && json.Unmarshal([]byte(strings.TrimSpace(string(raw))), &out) == nil && out.Valid
}
