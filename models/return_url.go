package models

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// mostReturnURLs is how many addresses a store lists at most.
const mostReturnURLs = 20

// ReturnURLs are the addresses to which buyers of a store may be sent back after they paid. An address allows
// every address below it.
func (db *DB) ReturnURLs(ctx context.Context, store int64) ([]string, error) {
	if !ScopeOf(ctx).Sees(store) {
		return nil, ErrNotFound
	}
	var list pgtype.FlatArray[string]
	if err := db.pool.QueryRow(ctx, "SELECT return_urls FROM stores WHERE id = $1", store).Scan(&list); err != nil {
		return nil, fmt.Errorf("read the return addresses of store %d: %w", store, err)
	}
	return list, nil
}

// SetReturnURLs replaces the addresses to which buyers of a store may be sent back.
func (db *DB) SetReturnURLs(ctx context.Context, store int64, urls []string, by Actor) error {
	if len(urls) > mostReturnURLs {
		return FieldProblem("return_urls", "These are %d addresses; list at most %d.", len(urls), mostReturnURLs)
	}
	for _, text := range urls {
		if _, err := shopAddress(text); err != nil {
			return FieldProblem("return_urls", "%q cannot be one: %v.", clip(text, 100), err)
		}
	}
	err := db.Tx(ctx, func(tx *DB) error {
		if _, err := tx.lockStore(ctx, store); err != nil {
			return err
		}
		list := "{}"
		if len(urls) > 0 {
			list = `{"` + strings.Join(urls, `","`) + `"}` // none holds a quote or a backslash
		}
		if err := tx.in(ctx).Exec("UPDATE stores SET return_urls = ?::text[] WHERE id = ?", list, store).Error; err != nil {
			return fmt.Errorf("store them: %w", err)
		}
		return tx.audit(ctx, store, by, "store.return_urls", "store "+strconv.FormatInt(store, 10), nil, map[string]any{"return_urls": urls})
	})
	if err != nil {
		return fmt.Errorf("set the return addresses of store %d: %w", store, err)
	}
	return nil
}

// checkReturn says why buyers of a store are not sent to an address, or nil. None at all is fine.
func (db *DB) checkReturn(ctx context.Context, store int64, text string) error {
	if text == "" {
		return nil
	}
	wanted, err := shopAddress(text)
	if err != nil {
		return problemf("The address to go back to cannot be one: %v.", err)
	}
	var list []string
	if err := db.in(ctx).Raw("SELECT unnest(return_urls) FROM stores WHERE id = ?", store).Scan(&list).Error; err != nil {
		return fmt.Errorf("read the return addresses of store %d: %w", store, err)
	}
	for _, allowed := range list {
		base, err := shopAddress(allowed)
		if err != nil {
			continue
		}
		path := strings.TrimSuffix(base.EscapedPath(), "/")
		below := wanted.EscapedPath() == path || strings.HasPrefix(wanted.EscapedPath(), path+"/")
		if wanted.Scheme == base.Scheme && strings.EqualFold(wanted.Host, base.Host) && below {
			return nil
		}
	}
	return problemf("The address to go back to is not one of the shop's.")
}

// shopAddress reads an address of a shop: https, or http on this machine, without a user, a fragment or
// anything that browsers read in several ways.
func shopAddress(text string) (*url.URL, error) {
	if len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\<>{}^|`+"`", r) }) {
		return nil, fmt.Errorf("it holds characters that no address has, or is too long")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("write it as https://shop.example/thanks")
	case u.User != nil || u.Fragment != "" || u.Opaque != "":
		return nil, fmt.Errorf("it must have no user and no fragment")
	case strings.Contains(u.Path, "/../") || strings.HasSuffix(u.Path, "/..") || strings.Contains(u.Path, "/./"):
		return nil, fmt.Errorf("it must not climb out of its folder")
	case u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost"):
		return nil, fmt.Errorf("it must begin with https")
	}
	return u, nil
}
