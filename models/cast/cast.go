// Package cast is one set of named stores, people and orders: the demo shows it, the tests use it, the
// screenshots picture it. Every state an order can be in has somebody in it.
package cast

import (
	"context"
	"fmt"
	"time"

	"github.com/kartify/kartify/models"
)

// The stores of the cast.
const (
	Ruosh   int64 = 40 // integrated with FYND, rupees, Razorpay
	Nordisk int64 = 41 // kronor and euros, Klarna and Svea
	Lavka   int64 = 42 // roubles, PayKeeper
	Chandni int64 = 43 // rupees, CCAvenue, without FYND
)

// Password signs every person of the cast in.
const Password = "kartify-demo"

// People are who works at the stores.
var People = []models.UserDetails{
	{Email: "owner@ruosh.example", Name: "Ravi Menon", Role: models.Owner, AllStores: true},
	{Email: "support@ruosh.example", Name: "Asha Rao", Role: models.Support, StoreIDs: []int64{Ruosh}},
	{Email: "manager@ruosh.example", Name: "Mira Shah", Role: models.Manager, StoreIDs: []int64{Ruosh, Chandni}},
	{Email: "finance@ruosh.example", Name: "Farah Khan", Role: models.Finance, AllStores: true},
	{Email: "auditor@ruosh.example", Name: "Arjun Iyer", Role: models.Auditor, AllStores: true},
	{Email: "viewer@ruosh.example", Name: "Vera Dsouza", Role: models.Viewer, StoreIDs: []int64{Ruosh}},
}

// Load puts the whole cast into an empty database. Orders are placed relative to now. It does nothing
// when the stores are there already.
func Load(ctx context.Context, db *models.DB, now time.Time) error {
	var stores int
	if err := db.Pool().QueryRow(ctx, "SELECT count(*) FROM stores").Scan(&stores); err != nil {
		return fmt.Errorf("look for the cast: %w", err)
	}
	if stores > 0 {
		return nil
	}
	if err := loadStores(ctx, db); err != nil {
		return err
	}
	for _, person := range People {
		if _, err := db.SeedUser(ctx, person, Password); err != nil {
			return fmt.Errorf("seed %s: %w", person.Email, err)
		}
	}
	for _, order := range Orders(now) {
		if err := order.Insert(ctx, db); err != nil {
			return fmt.Errorf("seed order %d: %w", order.ID, err)
		}
	}
	_, err := db.Pool().Exec(ctx, "SELECT setval(pg_get_serial_sequence('orders', 'id'), greatest(2000, max(id))) FROM orders")
	if err != nil {
		return fmt.Errorf("number the orders after the cast: %w", err)
	}
	return nil
}

func loadStores(ctx context.Context, db *models.DB) error {
	_, err := db.Pool().Exec(ctx, `INSERT INTO stores (id, code, name, currency, time_zone, locale, mode, fynd, fynd_company_id, fynd_application_id, fynd_affiliate_id) VALUES
		(40, 'ruosh', 'Ruosh', 'INR', 'Asia/Kolkata', 'en-IN', 'test', true, '1', '64d24a8a911bf1c20ac3685c', 'ruosh-affiliate'),
		(41, 'nordisk', 'Nordisk Form', 'SEK', 'Europe/Stockholm', 'sv-SE', 'test', false, null, null, null),
		(42, 'lavka', 'Лавка', 'RUB', 'Europe/Moscow', 'ru-RU', 'test', false, null, null, null),
		(43, 'chandni', 'Chandni Silks', 'INR', 'Asia/Kolkata', 'en-IN', 'test', false, null, null, null)`)
	if err != nil {
		return fmt.Errorf("seed the stores: %w", err)
	}
	return nil
}
