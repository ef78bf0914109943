package sandbox

import (
	"net/http"
	"strconv"
)

// collection is a page of a list; Count is the number of items on the page, not of all there are.
type collection[T any] struct {
	Entity string `json:"entity"`
	Count  int    `json:"count"`
	Items  []T    `json:"items"`
}

// window is which part of a list somebody asks for: count items after skip others, made between
// from and to (Razorpay API docs, orders/fetch-all).
type window struct {
	count, skip, from, to int64
}

// readWindow reads the query of a list; most is the largest page.
func readWindow(c *call, most int64) (window, *reply) {
	w := window{count: 10, to: 4765046400}
	q := c.URL.Query()
	number := func(name string, into *int64, least, greatest int64, tooSmall, tooLarge string) *reply {
		if !q.Has(name) {
			return nil
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		text := ""
		switch {
		case err != nil:
			text = "The " + name + " must be an integer."
		case n < least:
			text = tooSmall
		case n > greatest:
			text = tooLarge
		}
		if text != "" {
			bad := razorpayInvalid(name, text)
			return &bad
		}
		*into = n
		return nil
	}
	const first, last = 946684800, 4765046400
	most64 := strconv.FormatInt(most, 10)
	for _, bad := range []*reply{
		number("count", &w.count, 1, most, "The count must be at least 1.", "The count may not be greater than "+most64),
		number("skip", &w.skip, 0, last, "The skip must be at least 0.", "The skip is too large."),
		number("from", &w.from, first, last, "from must be between 946684800 and 4765046400", "from must be between 946684800 and 4765046400"),
		number("to", &w.to, first, last, "to must be between 946684800 and 4765046400", "to must be between 946684800 and 4765046400"),
	} {
		if bad != nil {
			return w, bad
		}
	}
	return w, nil
}

// listing is a page of a table, youngest first; keep says which rows belong and how they look.
// The caller holds the lock.
func listing[R, E any](c *call, rows *table[R], keep func(string, *R) (E, bool), made func(E) int64) reply {
	w, bad := readWindow(c, 100)
	if bad != nil {
		return *bad
	}
	items := []E{}
	for id, row := range rows.newest() {
		entity, ok := keep(id, row)
		if at := made(entity); !ok || at < w.from || at > w.to {
			continue
		}
		if w.skip > 0 {
			w.skip--
			continue
		}
		items = append(items, entity)
		if int64(len(items)) == w.count {
			break
		}
	}
	return jsonReply(http.StatusOK, collection[E]{"collection", len(items), items})
}
