package models

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// PrivacyWish is what somebody wishes for somebody's data.
type PrivacyWish struct {
	Kind        PrivacyKind
	Origin      string // fynd, staff, command
	Extension   *int64 // through which Fynd asks
	RequestID   string // Fynd's: the same one is the same wish; "" makes one
	Company     string // Fynd's, whose stores it is about
	Application string // one sales channel of it; "" for all
	Stores      []int64
	Person      Person // nobody when a shop is erased
	By          Actor
}

// digest is what of a wish must be the same when it comes again.
func (w *PrivacyWish) message() ([]byte, error) {
	text, err := json.Marshal([]any{w.Kind, w.Origin, w.Company, w.Application, w.Person, w.RequestID})
	if err != nil {
		return nil, fmt.Errorf("write down the wish: %w", err)
	}
	return text, nil
}

const privacyPurpose = "privacy request"

// AskPrivacy stores a wish about somebody's data, which a job fulfils. The same wish under the same id is the same
// request; another one under it is refused.
func (db *DB) AskPrivacy(ctx context.Context, w PrivacyWish) (*PrivacyRequest, error) {
	w.Person = w.Person.tidied()
	if w.Kind != PrivacyShop {
		if err := w.Person.Check(); err != nil {
			return nil, err
		}
	}
	if w.RequestID == "" {
		w.RequestID = rand.Text()
	}
	if len(w.RequestID) > 200 || textOf(w.RequestID) != w.RequestID {
		return nil, FieldProblem("request_id", "A request id has 200 characters at most.")
	}
	var id int64
	err := db.Tx(ctx, func(tx *DB) error {
		if w.Extension != nil {
			var err error
			if w.Stores, err = tx.companyStores(ctx, *w.Extension, w.Company, w.Application); err != nil {
				return err
			}
		}
		var err error
		id, err = tx.storeWish(ctx, &w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store a wish about somebody's data: %w", err)
	}
	return db.PrivacyRequest(ctx, id)
}

func (db *DB) storeWish(ctx context.Context, w *PrivacyWish) (int64, error) {
	message, err := w.message()
	if err != nil {
		return 0, err
	}
	digest := db.keys.MAC(privacyPurpose, message)
	marks, err := db.marks(ctx, w.Person)
	if err != nil {
		return 0, err
	}
	sealed, err := db.sealTask(&task{Person: w.Person}, digest)
	if err != nil {
		return 0, err
	}
	slices.Sort(w.Stores)
	var id int64
	var was []byte
	err = db.raw(func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, `INSERT INTO privacy_requests (origin, extension_id, request_id, kind, company_id, application_id, stores, subject, sealed, digest, marks, next_at, actor, actor_id, actor_name, actor_address)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), $12, $13, $14, $15) ON CONFLICT (coalesce(extension_id, 0), request_id) DO NOTHING RETURNING id`,
			w.Origin, w.Extension, w.RequestID, w.Kind, w.Company, w.Application, append([]int64{}, w.Stores...), w.Person.Masked(), sealed, digest, append([][]byte{}, marks...),
			w.By.Kind, w.By.UserID, w.By.Name, w.By.Address).Scan(&id)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err //nolint:wrapcheck // below
		}
		return conn.QueryRow(ctx, "SELECT id, digest FROM privacy_requests WHERE coalesce(extension_id, 0) = coalesce($1::bigint, 0) AND request_id = $2", w.Extension, w.RequestID).Scan(&id, &was) //nolint:wrapcheck // below
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("insert it: %w", err)
	case was != nil && !db.keys.CheckMAC(privacyPurpose, message, was):
		return 0, conflictf("Something else was asked under this request id before.")
	case was != nil:
		return id, nil // asked before
	}
	if err := db.enqueue(ctx, PrivacyJob{RequestID: id}); err != nil {
		return 0, err
	}
	r := PrivacyRequest{ID: id, Stores: w.Stores}
	return id, db.audit(ctx, r.chain(), w.By, "privacy.requested", r.object(), nil, map[string]any{
		"kind": w.Kind, "origin": w.Origin, "request_id": w.RequestID, "company": w.Company, "application": w.Application, "stores": w.Stores,
	})
}

// companyStores are the stores that a company's sales channels are, also after it has uninstalled the extension:
// that is when Fynd asks to erase it. A company that never installed it is no business of this extension.
func (db *DB) companyStores(ctx context.Context, extension int64, company, application string) ([]int64, error) {
	var installs []int64
	if err := db.in(ctx).Model(&FyndInstall{}).Where("extension_id = ? AND company_id = ?", extension, company).Pluck("id", &installs).Error; err != nil {
		return nil, fmt.Errorf("look for company %s: %w", company, err)
	}
	if len(installs) == 0 {
		return nil, ErrForbidden
	}
	stores := []int64{}
	err := db.in(ctx).Raw(`SELECT store_id FROM fynd_applications WHERE install_id IN ? AND store_id IS NOT NULL AND (? = '' OR application_id = ?)
		UNION SELECT store_id FROM fynd_sessions WHERE extension_id = ? AND company_id = ? AND (? = '' OR application_id = ?) ORDER BY 1`,
		installs, application, application, extension, company, application, application).Scan(&stores).Error
	if err != nil {
		return nil, fmt.Errorf("look for the stores of company %s: %w", company, err)
	}
	if application != "" && len(stores) == 0 {
		var known int64
		if err := db.in(ctx).Model(&FyndApplication{}).Where("install_id IN ? AND application_id = ?", installs, application).Count(&known).Error; err != nil {
			return nil, fmt.Errorf("look for the sales channel %s: %w", application, err)
		}
		if known == 0 {
			return nil, ErrForbidden
		}
	}
	return stores, nil
}
