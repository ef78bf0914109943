package models

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// fyndDomain is where Fynd's own storefronts are.
const fyndDomain = "fynd.com"

// checkFyndReturn says why the buyer of a session is not sent back to an address, or nil: it must be one of the
// store's return addresses, or below fynd.com. field is the address's name.
func (db *DB) checkFyndReturn(ctx context.Context, store int64, field, text string) error {
	u, err := shopAddress(text)
	switch {
	case err != nil:
		return FieldProblem(field, "The %s cannot be one: %v.", field, err)
	case u.Scheme == "http" && u.Hostname() != "127.0.0.1":
		return FieldProblem(field, "The %s must begin with https.", field)
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if u.Scheme == "https" && u.Port() == "" && (host == fyndDomain || strings.HasSuffix(host, "."+fyndDomain)) {
		return nil
	}
	if err := db.checkReturn(ctx, store, text); err != nil {
		return inField(field, problemf("The %s leads to %s, which is not one of the addresses that buyers of this store may be sent back to. They are listed under Extensions > Extensions > Payment.", field, u.Host))
	}
	return nil
}

// fyndWay is a stored address with what came of the payment. What the address says of that itself, it says.
func fyndWay(stored, word string) string {
	u, err := url.Parse(stored)
	if err != nil {
		return ""
	}
	query, add := u.Query(), url.Values{}
	for name, value := range map[string]string{"success": strconv.FormatBool(word == FyndComplete), "status": word} {
		if !query.Has(name) {
			add.Set(name, value)
		}
	}
	switch {
	case len(add) == 0:
		return stored
	case u.RawQuery == "":
		return strings.TrimSuffix(stored, "?") + "?" + add.Encode()
	}
	return stored + "&" + add.Encode()
}
