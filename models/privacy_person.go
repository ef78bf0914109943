package models

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kartify/kartify/mail"
)

// Person is somebody as a wish about their data names them. One of the fields is enough.
type Person struct {
	ID    string `json:"id,omitempty"` // of the customer at Fynd
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// tidied is the person without spaces around.
func (p Person) tidied() Person {
	return Person{ID: clip(tidy(p.ID), 200), Email: tidy(p.Email), Phone: tidy(p.Phone)}
}

// digits are the digits of a phone number, without the country when there are more than ten.
func digits(phone string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return only[max(0, len(only)-10):]
}

// fewestDigits is how short a phone number may be that says who somebody is.
const fewestDigits = 7

// Check says why nobody can be found by this, or nil.
func (p Person) Check() error {
	switch {
	case p.ID == "" && p.Email == "" && p.Phone == "":
		return FieldProblem("email", "Say whose data it is: an e-mail address, a phone number or a customer id.")
	case p.Email != "" && mail.CheckAddress(p.Email) != nil:
		return FieldProblem("email", "This is no e-mail address.")
	case p.Phone != "" && len(digits(p.Phone)) < fewestDigits:
		return FieldProblem("phone", "A phone number has %d digits at least.", fewestDigits)
	}
	return nil
}

// Masked is the person as lists show them, also after they were erased.
func (p Person) Masked() string {
	var parts []string
	if p.Email != "" {
		parts = append(parts, maskOwnDomain(p.Email))
	}
	if p.Phone != "" {
		parts = append(parts, maskPhone(digits(p.Phone)))
	}
	if p.ID != "" && len(parts) == 0 {
		parts = append(parts, "customer "+maskPhone(p.ID))
	}
	return strings.Join(parts, ", ")
}

// maskOwnDomain keeps the first letter of an address and the end of its domain, which may be somebody's own: m•••@•••.example.
func maskOwnDomain(address string) string {
	at, end := strings.LastIndex(address, "@"), strings.LastIndex(address, ".")
	switch {
	case at < 1:
		return masked
	case end < at:
		end = len(address)
	}
	return string([]rune(address)[:1]) + masked + "@" + masked + address[end:]
}

// marks are keyed digests of what a person can be known by: they tell nothing without the key, which is sealed.
func (db *DB) marks(ctx context.Context, p Person) ([][]byte, error) {
	key, err := db.privacyKey(ctx)
	if err != nil {
		return nil, err
	}
	var marks [][]byte
	mark := func(kind, value string) {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(kind + " " + value))
		marks = append(marks, h.Sum(nil))
	}
	if p.Email != "" {
		mark("email", strings.ToLower(strings.TrimSpace(p.Email)))
	}
	if d := digits(p.Phone); len(d) >= fewestDigits {
		mark("phone", d)
	}
	if p.ID != "" {
		mark("customer", p.ID)
	}
	return marks, nil
}

const privacyKeyPlace = "privacy key"

// privacyKey is the key of the marks, made when it is first wanted. It stays while master keys come and go, for
// what it was used on is not kept.
func (db *DB) privacyKey(ctx context.Context) ([]byte, error) {
	var sealed string
	err := db.in(ctx).Raw("SELECT sealed FROM privacy_keys").Scan(&sealed).Error
	if err != nil {
		return nil, fmt.Errorf("read the key of the marks: %w", err)
	}
	if sealed == "" {
		fresh := make([]byte, 32)
		_, _ = rand.Read(fresh) // never fails
		made, err := db.keys.Seal(privacyKeyPlace, base64.StdEncoding.EncodeToString(fresh))
		if err != nil {
			return nil, err
		}
		// Somebody else may have made one meanwhile, and then that is the key.
		err = db.in(ctx).Raw("INSERT INTO privacy_keys (sealed) VALUES (?) ON CONFLICT (id) DO UPDATE SET sealed = privacy_keys.sealed RETURNING sealed", made).Scan(&sealed).Error
		if err != nil {
			return nil, fmt.Errorf("make the key of the marks: %w", err)
		}
	}
	text, err := db.keys.Open(privacyKeyPlace, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the key of the marks: %w", err)
	}
	return base64.StdEncoding.DecodeString(text) //nolint:wrapcheck // it was encoded here
}

// forget has a new order born erased when it is of before its customer was erased: it comes late. What the same
// customer orders afterwards is theirs.
func (db *DB) forget(ctx context.Context, order *Order) error {
	var known bool
	if err := db.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM privacy_people WHERE store_id = ? AND erased_at > ?)", order.StoreID, order.DateAdded).Scan(&known).Error; err != nil {
		return fmt.Errorf("look for people who were erased: %w", err)
	}
	if !known {
		return nil
	}
	marks, err := db.marks(ctx, Person{Email: order.CustomerEmail, Phone: order.CustomerPhone})
	if err != nil || len(marks) == 0 {
		return err
	}
	if err := db.in(ctx).Raw("SELECT EXISTS (SELECT 1 FROM privacy_people WHERE store_id = ? AND erased_at > ? AND mark IN ?)", order.StoreID, order.DateAdded, marks).Scan(&known).Error; err != nil {
		return fmt.Errorf("look for people who were erased: %w", err)
	}
	if known {
		order.ErasedAt = new(time.Now().UTC())
		order.CustomerName, order.CustomerEmail, order.CustomerPhone, order.Company = "Erased", "", "", ""
		order.BillingAddress, order.ShippingAddress = Address{Country: order.BillingAddress.Country}, Address{Country: order.ShippingAddress.Country}
	}
	return nil
}

// remember keeps the marks of people in stores, so that what comes late of them is known.
func remember(ctx context.Context, conn *pgx.Conn, stores []int64, marks [][]byte) error {
	_, err := conn.Exec(ctx, `INSERT INTO privacy_people (store_id, mark) SELECT DISTINCT s, m FROM unnest($1::bigint[]) s CROSS JOIN unnest($2::bytea[]) m
		ON CONFLICT (store_id, mark) DO UPDATE SET erased_at = now()`, stores, marks)
	if err != nil {
		return fmt.Errorf("remember who was erased: %w", err)
	}
	return nil
}

// rewrapPrivacy seals the key of the marks, who open wishes are about and files that wait again with the master
// key in use now.
func (db *DB) rewrapPrivacy(ctx context.Context) (int, error) {
	n := 0
	for _, t := range []struct{ table, column, key, place string }{
		{"privacy_keys", "sealed", "id", "'" + privacyKeyPlace + "'"},
		{"privacy_requests", "sealed", "id", "'privacy request ' || encode(digest, 'hex')"},
		{"privacy_files", "data", "request_id", "'privacy file ' || request_id"},
	} {
		var rows []struct {
			ID            int64
			Place, Sealed string
		}
		if err := db.in(ctx).Raw("SELECT " + t.key + " AS id, " + t.place + " AS place, " + t.column + " AS sealed FROM " + t.table + " WHERE " + t.column + " <> '' FOR UPDATE").Scan(&rows).Error; err != nil {
			return 0, fmt.Errorf("read %s: %w", t.table, err)
		}
		for _, row := range rows {
			if db.keys.Current(row.Sealed) {
				continue
			}
			plain, err := db.keys.Open(row.Place, row.Sealed)
			if err != nil {
				return 0, fmt.Errorf("open %s %d: %w", t.table, row.ID, err)
			}
			sealed, err := db.keys.Seal(row.Place, plain)
			if err != nil {
				return 0, err
			}
			if err := db.in(ctx).Exec("UPDATE "+t.table+" SET "+t.column+" = ? WHERE "+t.key+" = ?", sealed, row.ID).Error; err != nil {
				return 0, fmt.Errorf("save %s %d: %w", t.table, row.ID, err)
			}
			n++
		}
	}
	return n, nil
}
