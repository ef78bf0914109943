package models

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"
)

// PaymentLink lets the buyer of one order pay for it, without signing in, until it runs out or is revoked.
type PaymentLink struct {
	ID        int64
	StoreID   int64
	OrderID   int64
	CreatedBy *int64
	Maker     string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
}

// linkLifetime is how long a new payment link can be used.
const linkLifetime = 14 * 24 * time.Hour

// payable are the statuses of orders that wait for their money.
var payable = []string{StatusPending, StatusFailed, StatusMissing}

// debited says whether the buyer's money is known to be gone though no payment here has it: nobody is to be asked to
// pay once more before that is settled.
func (o *Order) debited() bool { return o.Status == StatusMissing && o.StatusReason == "debited" }

// ErrDebited is why an order whose buyer was debited has no payment link.
var ErrDebited = conflictf("The buyer was debited for this order. Confirm the payment or give the money back before anybody pays again.")

// PaymentLink is the path of a page on which the buyer of an order can pay for it: /pay/…. One that was made
// before and is good for another day is given again. An order that waits for no money has none.
func (db *DB) PaymentLink(ctx context.Context, order int64, by Actor) (string, error) {
	var link PaymentLink
	err := db.Tx(ctx, func(tx *DB) error {
		o, err := tx.lockOrder(ctx, order)
		if err != nil {
			return err
		}
		if !slices.Contains(payable, o.Status) || o.TotalMinor == 0 {
			return conflictf("This order is %s; nothing is to be paid for it.", o.Status)
		}
		if o.debited() {
			return ErrDebited
		}
		at, err := tx.now(ctx)
		if err != nil {
			return err
		}
		err = tx.in(ctx).Where("order_id = ? AND revoked_at IS NULL AND expires_at > ?", order, at.Add(24*time.Hour)).Order("id DESC").First(&link).Error
		if !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		link = PaymentLink{StoreID: o.StoreID, OrderID: o.ID, CreatedBy: by.UserID, Maker: by.Name, CreatedAt: at, ExpiresAt: at.Add(linkLifetime)}
		if err := tx.in(ctx).Create(&link).Error; err != nil {
			return fmt.Errorf("store it: %w", err)
		}
		err = tx.addHistory(ctx, OrderHistory{OrderID: o.ID, StoreID: o.StoreID, Kind: "payment", Comment: "A payment link was made."}, by)
		if err != nil {
			return err
		}
		return tx.audit(ctx, o.StoreID, by, "payment_link.created", "order "+strconv.FormatInt(o.ID, 10), &o.ID, map[string]any{"link": link.ID, "expires_at": link.ExpiresAt})
	})
	if err != nil {
		return "", fmt.Errorf("make a payment link of order %d: %w", order, err)
	}
	return "/pay/" + db.linkToken(link.ID), nil
}

// RevokePaymentLinks makes the links of an order useless. Payments that were started go on.
func (db *DB) RevokePaymentLinks(ctx context.Context, order int64, by Actor) error {
	err := db.Tx(ctx, func(tx *DB) error {
		o, err := tx.lockOrder(ctx, order)
		if err != nil {
			return err
		}
		res := tx.in(ctx).Model(&PaymentLink{}).Where("order_id = ? AND revoked_at IS NULL", order).Update("revoked_at", gorm.Expr("clock_timestamp()"))
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		err = tx.addHistory(ctx, OrderHistory{OrderID: o.ID, StoreID: o.StoreID, Kind: "payment", Comment: "The payment link was revoked."}, by)
		if err != nil {
			return err
		}
		return tx.audit(ctx, o.StoreID, by, "payment_link.revoked", "order "+strconv.FormatInt(o.ID, 10), &o.ID, nil)
	})
	if err != nil {
		return fmt.Errorf("revoke the payment links of order %d: %w", order, err)
	}
	return nil
}

const linkPurpose = "payment link"

// linkToken is the token of a link: its id and a MAC, which only we can make.
func (db *DB) linkToken(id int64) string {
	head := make([]byte, 8)
	binary.BigEndian.PutUint64(head, uint64(id)) //nolint:gosec // ids are above zero
	return base64.RawURLEncoding.EncodeToString(append(head, db.keys.MAC(linkPurpose, head)...))
}

// linkOf is the link that a token opens. One that nobody here made is not found, whether it was ever valid
// or not; one that has run out or was revoked is spent.
func (db *DB) linkOf(ctx context.Context, token string) (*PaymentLink, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) <= 8 || !db.keys.CheckMAC(linkPurpose, data[:8], data[8:]) {
		return nil, ErrNotFound
	}
	var link PaymentLink
	id := int64(binary.BigEndian.Uint64(data[:8])) //nolint:gosec // minted by us
	err = db.in(ctx).First(&link, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read payment link %d: %w", id, err)
	}
	return &link, nil
}

// spent says whether a link starts no payment any more.
func (l *PaymentLink) spent(at time.Time) bool { return l.RevokedAt != nil || at.After(l.ExpiresAt) }
