package sandbox

import (
	"net/http"
	"slices"
	"strconv"
)

// sveaRow is one row of an order, a delivery or a credit. Quantity and percents are hundredths, the
// price is in minor units with VAT (Svea docs, data types).
type sveaRow struct {
	ID              int64    `json:"OrderRowId"`
	Article         string   `json:"ArticleNumber"`
	Name            string   `json:"Name"`
	Quantity        int64    `json:"Quantity"`
	UnitPrice       int64    `json:"UnitPrice"`
	DiscountPercent int64    `json:"DiscountPercent,omitempty"`
	Discount        int64    `json:"DiscountAmount"`
	Vat             int64    `json:"VatPercent"`
	Unit            string   `json:"Unit"`
	Cancelled       bool     `json:"IsCancelled"`
	Actions         []string `json:"Actions"`
}

// total is unit price times quantity, less the discount.
func (r *sveaRow) total() int64 {
	whole := r.UnitPrice * r.Quantity / 100
	return whole - r.Discount - (whole*r.DiscountPercent+5000)/10000
}

// part is the total of some of the quantity.
func (r *sveaRow) part(quantity int64) int64 {
	if quantity == r.Quantity {
		return r.total()
	}
	return r.total() * quantity / r.Quantity
}

// sveaMost is the largest amount: thirteen digits.
const sveaMost = 9_999_999_999_999

// bad says what is wrong with a row, or nil.
func (r *sveaRow) bad() *reply {
	whole := r.UnitPrice * r.Quantity / 100
	switch n := len([]rune(r.Name)); {
	case n < 1 || n > 40:
		return sveaInvalid("Name", "The name has to have 1 to 40 characters.")
	case len([]rune(r.Article)) > 256:
		return sveaInvalid("ArticleNumber", "The article number has at most 256 characters.")
	case len([]rune(r.Unit)) > 4:
		return sveaInvalid("Unit", "The unit has at most 4 characters.")
	case r.Quantity < 1 || r.Quantity > 999_999_999:
		return sveaInvalid("Quantity", "The quantity has to have 1 to 9 digits.")
	case r.UnitPrice < -sveaMost || r.UnitPrice > sveaMost:
		return sveaInvalid("UnitPrice", "The unit price has at most 13 digits.")
	case r.Vat < 0 || r.Vat > 10000:
		return sveaInvalid("VatPercent", "The VAT is in hundredths of a percent.")
	case r.Discount != 0 && r.DiscountPercent != 0:
		return sveaInvalid("DiscountAmount", "A row has a discount in percent or as an amount, not both.")
	case r.DiscountPercent < 0 || r.DiscountPercent > 10000:
		return sveaInvalid("DiscountPercent", "The discount is 0 to 10000.")
	case r.Discount < 0 || r.Discount > max(0, whole):
		return sveaInvalid("DiscountAmount", "The discount is more than the row.")
	}
	return nil
}

// left is the quantity of a delivery's row that is not credited.
func (o *sveaOrder) left(d *sveaDelivery, r *sveaRow) int64 {
	return r.Quantity - o.Credited[rowKey(d.ID, r.ID)]
}

func rowKey(delivery, row int64) string {
	return strconv.FormatInt(delivery, 10) + "/" + strconv.FormatInt(row, 10)
}

func (o *sveaOrder) row(id int64) *sveaRow {
	for i := range o.Entity.Rows {
		if o.Entity.Rows[i].ID == id {
			return &o.Entity.Rows[i]
		}
	}
	return nil
}

// revalue sets the order's amount after its rows changed. What makes it more needs a credit check.
func (g *svea) revalue(o *sveaOrder) *reply {
	amount := o.delivered()
	for _, r := range o.Entity.Rows {
		amount += r.total()
	}
	if amount > o.Entity.Amount && o.NoRaise && g.s.capped(g.code()) {
		return sveaInvalid("OrderRows", "The credit check of the new amount was not approved.")
	}
	o.Entity.Amount = amount
	g.record("amount_update", o, amount-o.Entity.Cancelled, o.key())
	g.tell(o, "CheckoutOrder.Updated", nil)
	return nil
}

// edit lets do change a copy of the rows, and keeps it when it is good.
func (g *svea) edit(o *sveaOrder, action string, done reply, do func(*sveaOrder) *reply) reply {
	if !o.can(action) {
		return *sveaNoAction(action)
	}
	copied := clone(o)
	bad := do(copied)
	for i := range copied.Entity.Rows {
		if bad == nil {
			bad = copied.Entity.Rows[i].bad()
		}
	}
	if bad == nil {
		bad = g.revalue(copied)
	}
	if bad != nil {
		return *bad
	}
	*o = *copied
	return done
}

type sveaRows struct {
	Rows []sveaRow `json:"OrderRows"`
}

// append adds new rows. The ids of the request are ignored.
func (o *sveaOrder) append(rows ...sveaRow) {
	for _, r := range rows {
		o.NextRow++
		r.ID, r.Cancelled, r.Actions = o.NextRow, false, []string{}
		o.Entity.Rows = append(o.Entity.Rows, r)
	}
}

func (g *svea) addRow(c *call, o *sveaOrder) reply {
	var in sveaRow
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	id := o.NextRow + 1
	done := jsonReply(http.StatusCreated, map[string]int64{"OrderRowId": id})
	done.header.Set("Location", g.address(c, o)+"/rows/"+strconv.FormatInt(id, 10))
	return g.edit(o, "CanAddOrderRow", done, func(o *sveaOrder) *reply {
		o.append(in)
		return nil
	})
}

func (g *svea) addRows(c *call, o *sveaOrder) reply {
	var in sveaRows
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if len(in.Rows) == 0 {
		return *sveaInvalid("OrderRows", "There are no rows.")
	}
	done := sveaBare(http.StatusCreated)
	done.header.Set("Location", g.address(c, o))
	return g.edit(o, "CanAddOrderRow", done, func(o *sveaOrder) *reply {
		o.append(in.Rows...)
		return nil
	})
}

// replaceRows puts new rows in the place of those that are open; cancelled and delivered ones stay.
func (g *svea) replaceRows(c *call, o *sveaOrder) reply {
	var in sveaRows
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	if len(in.Rows) == 0 {
		return *sveaInvalid("OrderRows", "There are no rows.")
	}
	return g.edit(o, "CanUpdateOrderRow", sveaBare(http.StatusNoContent), func(o *sveaOrder) *reply {
		o.Entity.Rows = slices.DeleteFunc(o.Entity.Rows, func(r sveaRow) bool { return !r.Cancelled })
		o.append(in.Rows...)
		return nil
	})
}

// sveaRowPatch is the members of a row that change; those that are not sent stay.
type sveaRowPatch struct {
	ID              int64   `json:"OrderRowId"`
	Article         *string `json:"ArticleNumber"`
	Name            *string `json:"Name"`
	Quantity        *int64  `json:"Quantity"`
	UnitPrice       *int64  `json:"UnitPrice"`
	DiscountPercent *int64  `json:"DiscountPercent"`
	Discount        *int64  `json:"DiscountAmount"`
	Vat             *int64  `json:"VatPercent"`
	Unit            *string `json:"Unit"`
}

// patch changes a row that may be changed.
func (o *sveaOrder) patch(in sveaRowPatch) *reply {
	r := o.row(in.ID)
	if r == nil || r.Cancelled {
		return sveaInvalid("OrderRowId", "The order has no such open row.")
	}
	set(&r.Article, in.Article)
	set(&r.Name, in.Name)
	set(&r.Quantity, in.Quantity)
	set(&r.UnitPrice, in.UnitPrice)
	set(&r.DiscountPercent, in.DiscountPercent)
	set(&r.Discount, in.Discount)
	set(&r.Vat, in.Vat)
	set(&r.Unit, in.Unit)
	return nil
}

func (g *svea) updateRows(c *call, o *sveaOrder) reply {
	var in struct {
		Rows []sveaRowPatch `json:"OrderRows"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	return g.edit(o, "CanUpdateOrderRow", sveaBare(http.StatusNoContent), func(o *sveaOrder) *reply {
		for _, one := range in.Rows {
			if bad := o.patch(one); bad != nil {
				return bad
			}
		}
		return nil
	})
}

// patchRow cancels a row or changes it.
func (g *svea) patchRow(c *call, o *sveaOrder) reply {
	var in struct {
		sveaRowPatch
		Cancelled bool `json:"IsCancelled"`
	}
	if bad := readSvea(c, &in); bad != nil {
		return *bad
	}
	in.ID = number(c.PathValue("row"))
	if o.row(in.ID) == nil {
		return sveaBare(http.StatusNotFound)
	}
	if in.Cancelled {
		return g.giveUp(o, []int64{in.ID})
	}
	return g.edit(o, "CanUpdateOrderRow", sveaBare(http.StatusNoContent), func(o *sveaOrder) *reply { return o.patch(in.sveaRowPatch) })
}
