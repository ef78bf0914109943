package modelstest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kartify/kartify/models"
)

// Password is the one of every person that tests put in.
const Password = "kartify-demo"

// Person puts in somebody of this role who sees these stores, or all of them when none are named.
// Their address is the name in lower case at ruosh.example.
func Person(tb testing.TB, db *models.DB, name string, role models.Role, stores ...int64) *models.User {
	tb.Helper()
	user, err := db.SeedUser(tb.Context(), models.UserDetails{
		Email: strings.ToLower(name) + "@ruosh.example", Name: name, Role: role, AllStores: len(stores) == 0, StoreIDs: stores,
	}, Password)
	if err != nil {
		tb.Fatalf("put in %s: %v", name, err)
	}
	return user
}

// Store puts in a store with this id, such as 40, that trades in currency.
func Store(tb testing.TB, db *models.DB, id int64, currency string) {
	tb.Helper()
	_, err := db.Pool().Exec(System(tb.Context()),
		"INSERT INTO stores (id, code, name, currency, time_zone, fynd) VALUES ($1, $2, $3, $4, 'Asia/Kolkata', true)",
		id, fmt.Sprintf("store-%d", id), fmt.Sprintf("Store %d", id), currency)
	if err != nil {
		tb.Fatalf("put in store %d: %v", id, err)
	}
}
