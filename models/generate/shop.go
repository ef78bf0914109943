package generate

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/kartify/kartify/models"
	"github.com/kartify/kartify/money"
)

// shop makes one order after the other, oldest first.
type shop struct {
	orders int
	seed   uint64
	until  time.Time
	span   time.Duration
	stores []models.Store
	weight []float64 // summed up: the first store sells most
	next   ids
}

func newShop(o Options, stores []models.Store, next ids) *shop {
	s := &shop{
		orders: o.Orders, seed: o.Seed, until: o.Until.UTC(), span: o.Until.Sub(o.Until.AddDate(-o.Years, 0, 0)), stores: stores, next: next,
	}
	sum := 0.0
	for i := range stores {
		sum += 1 / math.Pow(float64(i+1), 1.1)
		s.weight = append(s.weight, sum)
	}
	return s
}

// order is an order and everything that belongs to it.
type order struct {
	rng      *rand.Rand
	id       int64
	store    *models.Store
	at, mod  time.Time
	customer customer
	partner  string
	status   string
	reason   string
	gateway  string
	method   string
	lines    []line
	items, discount, tax,
	shipping, shippingTax int64
	last     string // event
	lastAt   time.Time
	payments []payment
	events   []event
	refund   *operation
	hooks    []webhook
	history  []history
}

type line struct {
	product
	quantity, unit, discount, tax int64
}

func (l line) total() int64 { return l.quantity*l.unit - l.discount + l.tax }

func (o *order) total() int64 { return o.items - o.discount + o.tax + o.shipping + o.shippingTax }

// order makes the i-th order. What it is made of depends on the seed and i alone.
func (s *shop) order(i int) *order {
	rng := rand.New(rand.NewPCG(s.seed, uint64(i))) //nolint:gosec // made-up data
	o := &order{rng: rng, id: s.next.order + int64(i) + 1, store: s.store(rng)}
	// the shop grows: twice as much is sold at the end as at the beginning
	part := (float64(i) + rng.Float64()) / float64(s.orders)
	o.at = s.until.Add(-s.span + time.Duration((math.Sqrt(1+3*part)-1)*float64(s.span))).Truncate(time.Second)
	o.customer = s.buyer(rng, o.store)
	age := s.until.Sub(o.at)
	o.buy()
	o.settle(age)
	if o.store.Fynd && (o.status != models.StatusMissing || rng.IntN(4) > 0) && rng.IntN(500) > 0 {
		o.partner = fmt.Sprintf("FY%06X%08X%04X", rng.IntN(1<<24), uint32(o.id), rng.IntN(1<<16)) //nolint:gosec // the last 32 bits
	}
	o.pay(s)
	o.live(s)
	return o
}

func (s *shop) store(rng *rand.Rand) *models.Store {
	at := rng.Float64() * s.weight[len(s.weight)-1]
	for i, sum := range s.weight {
		if at < sum {
			return &s.stores[i]
		}
	}
	return &s.stores[0]
}

// pick takes from a list, the front of it more often.
func pick[T any](rng *rand.Rand, list []T) T {
	u := rng.Float64()
	return list[int(u*math.Sqrt(u)*float64(len(list)))]
}

type customer struct {
	name, email, phone, company string
	address                     []byte
}

// buyer is one of the store's customers: a third as many as there are orders, some of whom buy often.
func (s *shop) buyer(rng *rand.Rand, store *models.Store) customer {
	u := rng.Float64()
	n := uint64(u * u * float64(s.orders/3+1))
	own := rand.New(rand.NewPCG(s.seed^uint64(store.ID)<<32, n)) //nolint:gosec // made-up data
	group := neighbours(own, store.Currency)
	first, last := pick(own, group.first), pick(own, group.last)
	c := customer{
		name:  first.name + " " + last.name,
		email: fmt.Sprintf("%s.%s%d@%s", first.latin, last.latin, n%9973, pick(own, mailHosts)),
		phone: fmt.Sprintf("%s9%0*d", group.dial, group.digits-1, own.Int64N(int64(math.Pow10(group.digits-1)))),
	}
	if own.IntN(30) == 0 {
		c.company = pick(own, companies)
	}
	town := pick(own, group.cities)
	c.address, _ = json.Marshal(models.Address{ // texts only
		Name: c.name, Company: c.company, Line1: fmt.Sprintf("%d Garden Road", 1+own.IntN(240)), City: town.name, State: town.state,
		Postcode: town.postcode, Country: group.country, Phone: c.phone,
	})
	return c
}

func neighbours(rng *rand.Rand, currency string) *people {
	n := rng.IntN(100)
	switch {
	case n < 3:
		return &others
	case currency == "RUB":
		return &russians
	case currency == "SEK" || currency == "EUR" || currency == "NOK" || currency == "DKK":
		return &nordics
	case n < 9:
		return &hindi
	case n < 11:
		return &tamils
	case n < 13:
		return &urdu
	}
	return &indians
}

// buy fills the basket.
func (o *order) buy() {
	unit := int64(math.Pow10(money.Digits(o.store.Currency)))
	for range 1 + min(o.rng.IntN(4)*o.rng.IntN(2), 3) {
		p := pick(o.rng, products)
		l := line{product: p, quantity: 1 + int64(o.rng.IntN(12)/10), unit: p.price * unit}
		if o.rng.IntN(6) == 0 {
			l.discount = l.unit * l.quantity / 10
		}
		l.tax = (l.quantity*l.unit - l.discount) * 12 / 100
		o.lines = append(o.lines, l)
		o.items, o.discount, o.tax = o.items+l.quantity*l.unit, o.discount+l.discount, o.tax+l.tax
	}
	if o.items < 1000*unit {
		o.shipping = 49 * unit
		o.shippingTax = o.shipping * 18 / 100
	}
	o.gateway, o.method = o.chooseGateway()
}

func (o *order) chooseGateway() (gateway, method string) {
	n := o.rng.IntN(100)
	switch o.store.Currency {
	case "RUB":
		return "paykeeper", "Card (PayKeeper)"
	case "SEK", "NOK", "DKK", "EUR":
		if n < 55 {
			return "klarna", "Invoice (Klarna)"
		}
		return "svea", "Card (Svea)"
	}
	switch {
	case n < 12:
		return "cod", "Cash on delivery"
	case !o.store.Fynd && n < 60:
		return "ccavenue", "Netbanking (CCAvenue)"
	case n < 62:
		return "razorpay", "UPI (Razorpay)"
	case n < 92:
		return "razorpay", "Card (Razorpay)"
	}
	return "razorpay", "Netbanking (Razorpay)"
}

// settle decides what has become of the order by its age.
func (o *order) settle(age time.Duration) {
	type share struct {
		status string
		parts  int
	}
	days := age.Hours() / 24
	shares := []share{
		{models.StatusComplete, 650}, {models.StatusShipped, 120}, {models.StatusProcessed, 40}, {models.StatusProcessing, 35}, {models.StatusPending, 16},
	}
	switch {
	case days < 2:
		shares = []share{{models.StatusProcessing, 450}, {models.StatusPending, 150}, {models.StatusProcessed, 200}, {models.StatusShipped, 50}}
	case days < 14:
		shares = []share{{models.StatusShipped, 400}, {models.StatusProcessed, 250}, {models.StatusComplete, 120}, {models.StatusProcessing, 60}, {models.StatusPending, 10}}
	}
	shares = append(shares, share{models.StatusCancelled, 60}, share{models.StatusFailed, 40}, share{models.StatusRefunded, 20},
		share{models.StatusPartiallyRefunded, 10}, share{models.StatusMissing, 9})
	sum := 0
	for _, s := range shares {
		sum += s.parts
	}
	n := o.rng.IntN(sum)
	for _, s := range shares {
		if n -= s.parts; n < 0 {
			o.status = s.status
			break
		}
	}
	if refunded := o.status == models.StatusRefunded || o.status == models.StatusPartiallyRefunded; refunded && (o.gateway == "cod" || age < time.Hour) {
		o.status = models.StatusComplete
	}
	if o.status == models.StatusMissing {
		o.reason = []string{"abandoned", "abandoned", "unknown", "debited"}[o.rng.IntN(4)]
		if o.gateway == "cod" {
			o.reason = "abandoned"
		}
	}
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// code is 14 letters and digits, as payment providers number things; no two ids have the same.
func code(rng *rand.Rand, id int64) string {
	var b strings.Builder
	for range 6 {
		b.WriteByte(letters[rng.IntN(len(letters))])
	}
	for n, i := uint64(id), 0; i < 8; n, i = n/62, i+1 { //nolint:gosec // ids are above zero
		b.WriteByte(letters[n%62])
	}
	return b.String()
}

// digest is 32 bytes that stand for what was asked.
func digest(id int64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), uint64(id)) } //nolint:gosec // ids are above zero
