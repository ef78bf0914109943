package models

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// eraseShop erases the customers of stores and what the stores themselves entered: the credentials of gateways, where
// their shop hears of payments, their link to Fynd. Orders and money stay as figures.
func (db *DB) eraseShop(ctx context.Context, r *PrivacyRequest, t *task, digest []byte) (map[string]int64, error) {
	for {
		// Of a try that was cut short the words are left, and their orders perhaps not.
		if err := db.eraseBatch(ctx, r, t); err != nil {
			return nil, err
		}
		rows, err := db.pool.Query(ctx, "SELECT id FROM orders WHERE store_id = ANY ($1) AND erased_at IS NULL ORDER BY id LIMIT 100", r.Stores)
		if err != nil {
			return nil, fmt.Errorf("look for the store's orders: %w", err)
		}
		t.Orders, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return nil, fmt.Errorf("look for the store's orders: %w", err)
		}
		if t.Words, t.Hints, err = db.wordsOfOrders(ctx, t.Orders); err != nil {
			return nil, err
		}
		if err := db.keepTask(ctx, r, t, digest); err != nil {
			return nil, err
		}
		if len(t.Orders) == 0 {
			break
		}
	}
	counts := map[string]int64{}
	if err := db.eraseFiles(ctx, r, nil, traces{}, nil, counts); err != nil {
		return nil, err
	}
	err := db.Tx(ctx, func(tx *DB) error {
		return tx.raw(func(conn *pgx.Conn) error {
			tag, err := conn.Exec(ctx, `UPDATE webhooks SET erased_at = clock_timestamp(), body = privacy_note(), headers = '{}', effect = privacy_text(effect), next_at = NULL,
					state = CASE WHEN state IN ('received', 'parked') THEN 'failed' ELSE state END
				WHERE erased_at IS NULL AND store_id = ANY ($1)`, r.Stores)
			counts["webhooks"] = tag.RowsAffected()
			return err //nolint:wrapcheck // below
		})
	})
	if err != nil {
		return nil, fmt.Errorf("erase the webhooks of the store: %w", err)
	}
	if err := db.addCounts(ctx, r, counts); err != nil {
		return nil, err
	}
	if err := db.nothingOpen(ctx, r.Stores); err != nil {
		return nil, err
	}
	if err := db.nothingLeft(ctx, r.Stores); err != nil {
		return nil, err
	}
	return db.closeShop(ctx, r)
}

// eraseBatch erases some orders of a shop, and then whom they name in records of no order.
func (db *DB) eraseBatch(ctx context.Context, r *PrivacyRequest, t *task) error {
	for _, id := range t.Orders {
		anywhere, beside, err := db.wordsOfOrders(ctx, []int64{id})
		if err != nil {
			return err
		}
		if err := db.eraseOrder(ctx, r, id, tracesOf(append(anywhere, beside...))); err != nil {
			return err
		}
	}
	if len(t.Words) == 0 {
		return nil
	}
	counts := map[string]int64{}
	if err := db.eraseMessages(ctx, r, t, true, counts); err != nil {
		return err
	}
	if err := db.eraseRecords(ctx, r, t, true, counts); err != nil {
		return err
	}
	return db.addCounts(ctx, r, counts)
}

// nothingOpen has a shop's credentials wait until its money has stopped moving: a refund under way needs them.
func (db *DB) nothingOpen(ctx context.Context, stores []int64) error {
	var open int
	err := db.pool.QueryRow(ctx, "SELECT count(*) FROM operations WHERE store_id = ANY ($1) AND state NOT IN ('succeeded', 'failed', 'cancelled')", stores).Scan(&open)
	if err != nil {
		return fmt.Errorf("look for money on its way: %w", err)
	}
	if open > 0 {
		return &postponed{fmt.Sprintf("The customers are erased. %d operations with money are not finished; the credentials go when they are.", open)}
	}
	return nil
}

// ofShop are the statements that take away what stores $1 entered.
var ofShop = []struct{ name, sql string }{
	{"credentials", `UPDATE gateway_settings SET enabled = false, "values" = '{}', secrets = '{}' WHERE store_id = ANY ($1) AND (enabled OR secrets <> '{}' OR "values" <> '{}')`},
	{"", "UPDATE notification_settings SET channel = 'off', url = '', secret = '', email = '' WHERE store_id = ANY ($1)"},
	{"", "UPDATE limbo_alerts SET mails = false, address = '' WHERE store_id = ANY ($1)"},
	{"tokens", "UPDATE api_tokens SET revoked_at = now(), revoked_by = 'kartify' WHERE revoked_at IS NULL AND NOT all_stores AND stores <@ $1"},
	{"", "UPDATE planned_captures SET state = 'cancelled', finished_at = now(), next_at = NULL, problem = 'The shop was erased.' WHERE store_id = ANY ($1) AND state = 'waiting'"},
	{"", "DELETE FROM capture_rules WHERE store_id = ANY ($1)"},
	{"", "UPDATE stores SET fynd = false, fynd_company_id = NULL, fynd_application_id = NULL, fynd_affiliate_id = NULL, return_urls = '{}' WHERE id = ANY ($1)"},
}

// closeShop takes away what the stores entered, and closes the company's installation.
func (db *DB) closeShop(ctx context.Context, r *PrivacyRequest) (map[string]int64, error) {
	counts := map[string]int64{}
	err := db.Tx(ctx, func(tx *DB) error {
		clear(counts)
		err := tx.raw(func(conn *pgx.Conn) error {
			for _, s := range ofShop {
				tag, err := conn.Exec(ctx, s.sql, r.Stores)
				if err != nil {
					return err //nolint:wrapcheck // below
				}
				if s.name != "" {
					counts[s.name] = tag.RowsAffected()
				}
			}
			if r.ExtensionID == nil {
				return nil
			}
			if r.ApplicationID != "" {
				_, err := conn.Exec(ctx, `UPDATE fynd_applications a SET store_id = NULL FROM fynd_installs i
					WHERE i.id = a.install_id AND i.extension_id = $1 AND i.company_id = $2 AND a.application_id = $3`, *r.ExtensionID, r.CompanyID, r.ApplicationID)
				return err //nolint:wrapcheck // below
			}
			_, err := conn.Exec(ctx, `UPDATE fynd_installs SET access_token = '', refresh_token = '', token_until = NULL, subscribed_at = NULL, problem = '', uninstalled_at = coalesce(uninstalled_at, now())
				WHERE extension_id = $1 AND company_id = $2`, *r.ExtensionID, r.CompanyID)
			return err //nolint:wrapcheck // below
		})
		if err != nil {
			return err
		}
		return tx.audit(ctx, r.chain(), r.by(), "shop.erased", r.object(), nil, map[string]any{"stores": r.Stores, "company": r.CompanyID, "application": r.ApplicationID})
	})
	if err != nil {
		return nil, errors.Join(errors.New("take away what the shop entered"), err)
	}
	return counts, nil
}
