package models

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// shopBatch is how many orders of a shop are erased before their customers are sought in records of no order. Each
// batch goes through all such records, and what it looks for is kept in memory and, sealed, in the request.
const shopBatch = 2000

// eraseShop erases the customers of stores and what the stores themselves entered: the credentials of gateways, where
// their shop hears of payments, their link to Fynd. Orders and money stay as figures.
func (db *DB) eraseShop(ctx context.Context, r *PrivacyRequest, t *task, digest []byte) error {
	var found map[int64]names
	for {
		// Of a try that was cut short the words are left, and their orders perhaps not.
		if err := db.eraseBatch(ctx, r, t, found); err != nil {
			return err
		}
		rows, err := db.pool.Query(ctx, "SELECT id FROM orders WHERE store_id = ANY ($1) AND erased_at IS NULL ORDER BY id LIMIT $2", r.Stores, shopBatch)
		if err != nil {
			return fmt.Errorf("look for the store's orders: %w", err)
		}
		t.Orders, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return fmt.Errorf("look for the store's orders: %w", err)
		}
		if found, err = db.namesOf(ctx, t.Orders); err != nil {
			return err
		}
		theirs := together(found)
		t.Words, t.Hints = theirs.anywhere, theirs.beside
		if err := db.keepTask(ctx, r, t, digest); err != nil {
			return err
		}
		if len(t.Orders) == 0 {
			break
		}
	}
	if err := db.eraseFiles(ctx, r, nil, traces{}, nil); err != nil {
		return err
	}
	err := db.step(ctx, r, "webhooks", func(conn *pgx.Conn) (int64, error) {
		tag, err := conn.Exec(ctx, `UPDATE webhooks SET erased_at = clock_timestamp(), body = privacy_note(), headers = '{}', effect = privacy_text(effect), next_at = NULL,
				state = CASE WHEN state IN ('received', 'parked') THEN 'failed' ELSE state END
			WHERE erased_at IS NULL AND store_id = ANY ($1)`, r.Stores)
		return tag.RowsAffected(), err //nolint:wrapcheck // below
	})
	if err != nil {
		return fmt.Errorf("erase the webhooks of the store: %w", err)
	}
	if err := db.nothingOpen(ctx, r.Stores); err != nil {
		return err
	}
	if err := db.nothingLeft(ctx, r.Stores); err != nil {
		return err
	}
	return db.closeShop(ctx, r)
}

// eraseBatch erases some orders of a shop, and then whom they name in records of no order. found is whom; nil when it
// is to be looked for.
func (db *DB) eraseBatch(ctx context.Context, r *PrivacyRequest, t *task, found map[int64]names) error {
	if found == nil {
		var err error
		if found, err = db.namesOf(ctx, t.Orders); err != nil {
			return err
		}
	}
	if err := db.eraseOrders(ctx, r, t.Orders, func(order int64) []string { return found[order].all() }); err != nil {
		return err
	}
	return db.eraseLoose(ctx, r, t)
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
func (db *DB) closeShop(ctx context.Context, r *PrivacyRequest) error {
	err := db.Tx(ctx, func(tx *DB) error {
		counts := map[string]int64{}
		err := tx.raw(func(conn *pgx.Conn) error {
			for _, s := range ofShop {
				tag, err := conn.Exec(ctx, s.sql, r.Stores)
				if err != nil {
					return err //nolint:wrapcheck // below
				}
				if s.name != "" && tag.RowsAffected() > 0 {
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
		if err := tx.addCounts(ctx, r, counts); err != nil {
			return err
		}
		return tx.audit(ctx, r.chain(), r.by(), "shop.erased", r.object(), nil, map[string]any{"stores": r.Stores, "company": r.CompanyID, "application": r.ApplicationID})
	})
	if err != nil {
		return fmt.Errorf("take away what the shop entered: %w", err)
	}
	return nil
}
